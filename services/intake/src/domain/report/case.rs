//! The report as the casebook sees it: its columns, the names of its events, and what others may know of them.

use super::{Command, Facts, Refusal, Report, decide, evolve};
use crate::domain::ground::Ground;
use crate::domain::kind::Kind;
use casebook::{Case, Row, Tag, Timer};
use civic::{CaseId, Micros};
use prost::Message;
use proto::events::v1::{
    PublicEvent, ReportAmended, ReportAnswered, ReportClassified, ReportFiled, public_event, report_amended as amended,
};
use proto::intake::v1::stored::{AnswerDeclined, Classified, Filed, Refused, ReportEvent, report_event};

impl Case for Report {
    const KIND: &'static str = "report";
    // 2: the channel's number is sealed. A state kept under 1 is built anew from its events, and loses the number in the clear.
    // 3: what comes after filing, and the limit that a matter came with. One kept under 2 has none of it, and is built anew.
    // 4: how the order stands that a merged one was merged into; consultations answered at once.
    // 5: looks at who reported.
    // 6: the tracking secret is sealed. 7: which machine sent it. 8: what brings the matter to a tier above; agreements to
    // look.
    const SCHEMA: i64 = 8;
    type Event = ReportEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<ReportEvent>, Refusal> {
        decide::decide(state, command, facts)
    }

    fn evolve(state: Option<Self>, event: &ReportEvent) -> Option<Self> {
        evolve::evolve(state, event)
    }

    fn index(&self) -> Row {
        Row {
            open: self.phase.open(),
            state: i64::from(self.phase.number()),
            // Lists of reports ask for place, state and what waits for a person; every further column would cost an index. Only
            // suggestions are listed as what they are.
            category: (self.head.kind == Kind::Suggestion).then(|| Self::SUGGESTION.to_owned()),
            unit: self.phase.work().map(|work| work.unit.clone()),
            // A report has no clock of its own: its work order's lamp is dispatch's to show.
            flagged: self.is_flagged(),
            tags: self.head.sender.clone().map(Tag::Sender).into_iter().collect(),
            ..Row::at(&self.head.whereabouts.place)
        }
    }

    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }

    fn event_type(event: &ReportEvent) -> &'static str {
        match &event.event {
            Some(report_event::Event::Filed(_)) => "report.filed",
            Some(report_event::Event::Classified(_)) => "report.classified",
            Some(report_event::Event::Supplemented(_)) => "report.supplemented",
            Some(report_event::Event::Urged(_)) => "report.urged",
            Some(report_event::Event::Withdrawn(_)) => "report.withdrawn",
            Some(report_event::Event::Refused(_)) => "report.refused",
            Some(report_event::Event::Transferred(_)) => "report.transferred",
            Some(report_event::Event::Checked(_)) => "report.checked",
            Some(report_event::Event::Unmasked(_)) => "report.unmasked",
            Some(report_event::Event::LookAgreed(_)) => "report.lookAgreed",
            Some(report_event::Event::OrderStepped(_)) => "report.orderStepped",
            Some(report_event::Event::Rated(_)) => "report.rated",
            Some(report_event::Event::AnswerDeclined(_)) => "report.answerDeclined",
            Some(report_event::Event::PlaceFollowed(_)) => "report.placeFollowed",
            Some(report_event::Event::PersonErased(_)) => "report.personErased",
            None => "report.unreadable",
        }
    }

    /// 个人信息保护法 47: what the reporter said and left goes; where, when and what was done stays.
    fn erases(event: &ReportEvent) -> bool {
        matches!(event.event, Some(report_event::Event::PersonErased(_)))
    }

    fn event_time(event: &ReportEvent) -> Micros {
        Micros(match &event.event {
            Some(report_event::Event::Filed(filed)) => filed.at_us,
            Some(report_event::Event::Classified(classified)) => classified.at_us,
            Some(report_event::Event::Supplemented(added)) => added.at_us,
            Some(report_event::Event::Urged(urged)) => urged.at_us,
            Some(report_event::Event::Withdrawn(withdrawn)) => withdrawn.at_us,
            Some(report_event::Event::Refused(refused)) => refused.at_us,
            Some(report_event::Event::Transferred(transferred)) => transferred.at_us,
            Some(report_event::Event::Checked(checked)) => checked.at_us,
            Some(report_event::Event::Unmasked(unmasked)) => unmasked.at_us,
            Some(report_event::Event::LookAgreed(agreed)) => agreed.at_us,
            Some(report_event::Event::OrderStepped(stepped)) => stepped.at_us,
            Some(report_event::Event::Rated(rated)) => rated.at_us,
            Some(report_event::Event::AnswerDeclined(declined)) => declined.at_us,
            Some(report_event::Event::PlaceFollowed(followed)) => followed.at_us,
            Some(report_event::Event::PersonErased(erased)) => erased.at_us,
            None => 0,
        })
    }

    fn event_actor(event: &ReportEvent) -> String {
        match &event.event {
            Some(report_event::Event::Filed(filed)) => filed.filed_by.clone(),
            Some(report_event::Event::Classified(classified)) => classified.by.clone(),
            Some(report_event::Event::Supplemented(added)) => added.by.clone(),
            Some(report_event::Event::Urged(urged)) => urged.by.clone(),
            Some(report_event::Event::Withdrawn(withdrawn)) => withdrawn.by.clone(),
            Some(report_event::Event::Refused(refused)) => refused.by.clone(),
            Some(report_event::Event::Transferred(transferred)) => transferred.by.clone(),
            Some(report_event::Event::Checked(checked)) => checked.by.clone(),
            Some(report_event::Event::Unmasked(unmasked)) => unmasked.by.clone(),
            Some(report_event::Event::LookAgreed(agreed)) => agreed.by.clone(),
            // Dispatch's own timeline says which person; here it is the unit that moved.
            Some(report_event::Event::OrderStepped(stepped)) => format!("/{}", stepped.unit),
            Some(report_event::Event::Rated(_)) => "citizen/".to_owned(),
            Some(report_event::Event::AnswerDeclined(declined)) => declined.by.clone(),
            Some(report_event::Event::PersonErased(erased)) => erased.by.clone(),
            Some(report_event::Event::PlaceFollowed(_)) | None => String::new(),
        }
    }

    fn publish(id: CaseId, event: &ReportEvent) -> Option<(String, Vec<u8>)> {
        let (name, public) = match event.event.as_ref()? {
            report_event::Event::Filed(filed) => match &filed.answer {
                None => ("report.filed.v1", of_filed(id, filed)),
                Some(answer) => ("report.answered.v1", of_answered(id, filed, &answer.entry)),
            },
            report_event::Event::AnswerDeclined(declined) => ("report.filed.v1", of_declined(id, declined)?),
            report_event::Event::Classified(ruling) => ("report.classified.v1", of_classified(id, ruling)?),
            report_event::Event::Supplemented(_)
            | report_event::Event::Urged(_)
            | report_event::Event::Withdrawn(_)
            | report_event::Event::Refused(_)
            | report_event::Event::Transferred(_)
            | report_event::Event::Checked(_) => of_amended(id, event)?,
            // Dispatch told us of the order, and the reporter's word went to it first: nobody else need hear of them. Looks are the reporter's.
            report_event::Event::OrderStepped(_)
            | report_event::Event::Unmasked(_)
            | report_event::Event::LookAgreed(_)
            | report_event::Event::Rated(_)
            | report_event::Event::PlaceFollowed(_)
            | report_event::Event::PersonErased(_) => return None,
        };
        Some((name.to_owned(), PublicEvent { event: Some(public) }.encode_to_vec()))
    }
}

fn of_filed(id: CaseId, filed: &Filed) -> public_event::Event {
    public_event::Event::ReportFiled(ReportFiled {
        report: id.to_string(),
        tracking_number: filed.tracking_number.clone(),
        category_code: filed.category_code.clone(),
        urgency: filed.urgency,
        division_code: filed.place.as_ref().map(|place| place.code.clone()).unwrap_or_default(),
        kind: filed.kind,
        accepted_us: filed.at_us,
        anonymous: filed.anonymous,
        no_reply: filed.no_reply,
        due_us: filed.due_us,
        channel: filed.channel,
        sender: filed.sender.clone(),
    })
}

/// Told for whoever counts; there is nothing to do.
fn of_answered(id: CaseId, filed: &Filed, entry: &str) -> public_event::Event {
    public_event::Event::ReportAnswered(ReportAnswered {
        report: id.to_string(),
        tracking_number: filed.tracking_number.clone(),
        category_code: filed.category_code.clone(),
        division_code: filed.place.as_ref().map(|place| place.code.clone()).unwrap_or_default(),
        entry: entry.to_owned(),
        at_us: filed.at_us,
    })
}

/// As if it were filed now: the order's clock begins with the citizen's word, because until then nobody had anything to do.
fn of_declined(id: CaseId, declined: &AnswerDeclined) -> Option<public_event::Event> {
    let opening = declined.opening.as_ref()?;
    Some(public_event::Event::ReportFiled(ReportFiled {
        report: id.to_string(),
        tracking_number: opening.tracking_number.clone(),
        category_code: opening.category_code.clone(),
        urgency: opening.urgency,
        division_code: opening.division_code.clone(),
        kind: opening.kind,
        accepted_us: declined.at_us,
        anonymous: opening.anonymous,
        no_reply: opening.no_reply,
        due_us: opening.due_us,
        // Told for alarms of devices only, and a device asks no questions.
        channel: 0,
        sender: opening.sender.clone(),
    }))
}

/// `None` for a ruling that was stored before rulings were published: it does not say what holds after it.
fn of_classified(id: CaseId, ruling: &Classified) -> Option<public_event::Event> {
    let after = ruling.after.as_ref()?;
    Some(public_event::Event::ReportClassified(ReportClassified {
        report: id.to_string(),
        category_code: after.category_code.clone(),
        division_code: after.division_code.clone(),
        urgency: after.raised_urgency,
        at_us: ruling.at_us,
        by: written(&ruling.by),
    }))
}

impl Report {
    /// What stands in the index column of a suggestion's category; other reports have none there.
    pub const SUGGESTION: &'static str = "suggestion";
    /// What stands in the column of the state when its order was closed: [`super::Phase::number`].
    pub const DONE: i64 = 5;
    /// Cancelled, withdrawn or not taken.
    pub const ENDED: i64 = 6;
}

/// What others may know of what came later: that it came, and never what people wrote.
fn of_amended(id: CaseId, event: &ReportEvent) -> Option<(&'static str, public_event::Event)> {
    let (name, what) = match event.event.as_ref()? {
        report_event::Event::Supplemented(added) => {
            let attachments = i32::try_from(added.attachments.len()).unwrap_or(i32::MAX);
            ("report.supplemented.v1", amended::What::Supplemented(amended::Supplemented { attachments }))
        }
        report_event::Event::Urged(urged) => {
            ("report.urged.v1", amended::What::Urged(amended::Urged { total: urged.total }))
        }
        report_event::Event::Withdrawn(_) => ("report.withdrawn.v1", amended::What::Withdrawn(amended::Withdrawn {})),
        report_event::Event::Refused(refused) => ("report.refused.v1", amended::What::Refused(of_refused(refused))),
        report_event::Event::Transferred(transferred) => {
            ("report.transferred.v1", amended::What::Transferred(amended::Transferred { to: transferred.to }))
        }
        report_event::Event::Checked(checked) => {
            ("report.checked.v1", amended::What::Checked(amended::Checked { confirmed: checked.confirmed }))
        }
        report_event::Event::Filed(_)
        | report_event::Event::Classified(_)
        | report_event::Event::Unmasked(_)
        | report_event::Event::LookAgreed(_)
        | report_event::Event::OrderStepped(_)
        | report_event::Event::Rated(_)
        | report_event::Event::AnswerDeclined(_)
        | report_event::Event::PlaceFollowed(_)
        | report_event::Event::PersonErased(_) => return None,
    };
    let by = written(&Report::event_actor(event));
    let told = ReportAmended { report: id.to_string(), at_us: Report::event_time(event).0, by, what: Some(what) };
    Some((name, public_event::Event::ReportAmended(told)))
}

fn of_refused(refused: &Refused) -> amended::Refused {
    let ground = Ground::from_number(refused.ground);
    amended::Refused {
        ground: refused.ground,
        text: ground.map(|ground| ground.words().0.to_owned()).unwrap_or_default(),
        law: ground.map(|ground| ground.law().to_owned()).unwrap_or_default(),
    }
}

/// `role@unit` of `role/unit`.
fn written(by: &str) -> String {
    by.trim_end_matches('/').replacen('/', "@", 1)
}
