//! A report was filed: what its order begins with. A person ruled on it: what its order learns.

use casebook::Ask;
use civic::{CaseId, Micros, Place, UnitCode};
use proto::events::v1::report_amended::What;
use proto::events::v1::{ReportAmended, ReportClassified, ReportFiled};

use super::{App, Desk};
use crate::domain::urgency::Urgency;
use crate::domain::work_order::{Answering, Author, Command, Heard, Opening, Ruling, Said, WorkOrder};

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

    /// The command that tells an order of a ruling on its report. `None` when the report's id is none.
    #[must_use]
    pub fn ruling(&self, ruling: ReportClassified, traceparent: &str) -> Option<Ask<WorkOrder>> {
        let id: CaseId = ruling.report.parse().ok()?;
        let desk = self.desk();
        let ruling = desk.rule(ruling);
        let ask = Ask::new(id, Command::Reclassify(Box::new(ruling)), desk.facts(Author::Report));
        Some(ask.with_traceparent(traceparent.to_owned()))
    }
}

impl App {
    /// The command that tells an order what came to its report. `None` when the report's id is none.
    #[must_use]
    pub fn hearing(&self, amended: &ReportAmended, what: &What, traceparent: &str) -> Option<Ask<WorkOrder>> {
        let id: CaseId = amended.report.parse().ok()?;
        let ended = |reason: &str| Said::Ended { reason: self.cases.sealer().seal(id, reason) };
        let said = match what {
            What::Supplemented(added) => Said::Supplemented { attachments: added.attachments },
            What::Urged(urged) => Said::Urged { total: urged.total },
            What::Transferred(transferred) => Said::Transferred { to: transferred.to },
            What::Checked(checked) => Said::Checked { confirmed: checked.confirmed },
            What::Withdrawn(_) => ended("诉求人撤回"),
            What::Refused(refused) => ended(&format!("不予受理：{}（{}）", refused.text, refused.law)),
        };
        let command = Command::Hear(Heard { said, by: amended.by.clone() });
        let ask = Ask::new(id, command, self.desk().facts(Author::Report));
        Some(ask.with_traceparent(traceparent.to_owned()))
    }
}

/// Number of intake's `ReportKind`: an idea about fire engines is not a fire.
pub(super) const SUGGESTION: i32 = proto::intake::v1::ReportKind::Suggestion as i32;

impl Desk {
    fn open(&self, report: ReportFiled, cluster: &str) -> Opening {
        let place = self.place_of(&report);
        let accepted = Micros(report.accepted_us);
        let duty = self.catalog.duty(&report.category_code, &place, accepted);
        let given = Urgency::from_number(report.urgency);
        let listed = duty.as_ref().map(|(duty, _)| duty.urgency).filter(|_| report.kind != SUGGESTION);
        Opening {
            category_name: self.category_name(&report.category_code),
            // Whoever calls it more pressing is believed: the report, or the duty list.
            urgency: given.into_iter().chain(listed).min().unwrap_or(Urgency::LevelFour),
            reply_approval: duty.as_ref().is_some_and(|(duty, _)| duty.reply_approval),
            answering: duty.and_then(|(_, code)| self.answering(&code)),
            report: report.report,
            tracking_number: report.tracking_number,
            sender: report.sender,
            category: report.category_code,
            place,
            report_kind: report.kind,
            anonymous: report.anonymous,
            no_reply: report.no_reply,
            accepted,
            due: (report.due_us != 0).then_some(Micros(report.due_us)),
            note: None,
            tree_version: self.view.version().to_owned(),
            owner: cluster.to_owned(),
        }
    }

    /// By the list of the day of the ruling: the unit that has the duty now, not the one that had it when the report came.
    fn rule(&self, ruling: ReportClassified) -> Ruling {
        let place = self.known_place(&ruling.division_code);
        if place.is_none() {
            tracing::warn!(report.id = %ruling.report, "dispatch.ruling.place_unknown");
        }
        let at = Micros(ruling.at_us);
        let duty = place.as_ref().and_then(|place| self.catalog.duty(&ruling.category_code, place, at));
        Ruling {
            category_name: self.category_name(&ruling.category_code),
            urgency: Urgency::from_number(ruling.urgency),
            reply_approval: duty.as_ref().map(|(duty, _)| duty.reply_approval),
            answering: duty.and_then(|(_, code)| self.answering(&code)),
            category: ruling.category_code,
            place,
            tree_version: self.view.version().to_owned(),
            by: ruling.by,
        }
    }

    pub(super) fn category_name(&self, code: &str) -> String {
        self.catalog.taxonomy().get(code).map(|category| category.name_zh.to_string()).unwrap_or_default()
    }

    /// The list may name a unit whose place was dissolved, or that an operator's units.csv no longer has: then a person assigns.
    fn answering(&self, code: &UnitCode) -> Option<Answering> {
        let unit = self.catalog.unit(code.as_str(), &self.view).ok()?;
        Some(Answering { unit: unit.code, name: unit.name })
    }

    fn known_place(&self, code: &str) -> Option<Place> {
        self.view.place(&code.parse().ok()?)
    }

    /// A place that our tree does not know is the whole territory: the report is not lost, and a person looks.
    fn place_of(&self, report: &ReportFiled) -> Place {
        self.known_place(&report.division_code).unwrap_or_else(|| {
            tracing::warn!(report.id = %report.report, "dispatch.opening.place_unknown");
            self.view.place(&self.root).expect("the territory was looked up when the service was opened")
        })
    }
}
