//! A report was filed: what its order begins with.

use casebook::Ask;
use civic::{CaseId, Micros, Place};
use proto::events::v1::ReportFiled;

use super::{App, Desk};
use crate::domain::urgency::Urgency;
use crate::domain::work_order::{Answering, Author, Command, Opening, WorkOrder};

impl App {
    /// The command that opens the order of a report. `None` when the report's id is none.
    #[must_use]
    pub fn opening(&self, report: ReportFiled, traceparent: &str) -> Option<Ask<WorkOrder>> {
        let id: CaseId = report.report.parse().ok()?;
        let desk = self.desk();
        let opening = desk.open(report, self.cases.cluster());
        let facts = desk.facts(Author::Report);
        let ask = Ask::new(id, Command::Open(Box::new(opening)), facts);
        Some(ask.with_traceparent(traceparent.to_owned()))
    }
}

impl Desk {
    fn open(&self, report: ReportFiled, cluster: &str) -> Opening {
        let place = self.place_of(&report);
        let accepted = Micros(report.accepted_us);
        let duty = self.catalog.duty(&report.category_code, &place, accepted);
        let given = Urgency::from_number(report.urgency);
        let listed = duty.as_ref().map(|(duty, _)| duty.urgency);
        let known = self.catalog.taxonomy().get(&report.category_code);
        // The list may name a unit whose place was dissolved, or that an operator's units.csv no longer has: then a person assigns.
        let unit = duty.as_ref().and_then(|(_, code)| self.catalog.unit(code.as_str(), &self.view).ok());
        Opening {
            category_name: known.map(|category| category.name_zh.to_string()).unwrap_or_default(),
            urgency: given.or(listed).unwrap_or(Urgency::LevelFour),
            reply_approval: duty.is_some_and(|(duty, _)| duty.reply_approval),
            answering: unit.map(|unit| Answering { unit: unit.code, name: unit.name }),
            report: report.report,
            tracking_number: report.tracking_number,
            category: report.category_code,
            place,
            report_kind: report.kind,
            anonymous: report.anonymous,
            no_reply: report.no_reply,
            accepted,
            tree_version: self.view.version().to_owned(),
            owner: cluster.to_owned(),
        }
    }

    /// A place that our tree does not know is the whole territory: the report is not lost, and a person looks.
    fn place_of(&self, report: &ReportFiled) -> Place {
        let known = report.division_code.parse().ok().and_then(|code| self.view.place(&code));
        known.unwrap_or_else(|| {
            tracing::warn!(report.id = %report.report, "dispatch.opening.place_unknown");
            self.view.place(&self.root).expect("the territory was looked up when the service was opened")
        })
    }
}
