//! A consultation that was answered at once, and what may follow: the answer stands, or the report takes the ordinary way.

use super::command::{Judgement, Signed};
use super::{Answer, Facts, Phase, Rating, Refusal, Report, encode, later};
use crate::domain::emergency::Line;
use civic::Micros;
use proto::intake::v1::stored::{
    self, AnswerDeclined, Opening, PlaceFollowed, Rated, ReportEvent, report_event::Event,
};

type Decided = Result<Vec<ReportEvent>, Refusal>;

/// Whoever was not satisfied is not asked why they want a person: that is the rule of every rating. The clock of the order begins
/// now: until now nobody had anything to do.
pub(super) fn judge(report: &Report, judgement: &Judgement, facts: &Facts) -> Decided {
    let Judgement { rating, signed, days } = judgement;
    let Phase::Told { .. } = report.phase else {
        return Err(Refusal::NothingToJudge { state: report.phase.name() });
    };
    if facts.now - report.head.filed_at > i64::from(*days) * Micros::DAY {
        return Err(Refusal::JudgedTooLate { days: *days });
    }
    let Rating { answered, solved, satisfied } = *rating;
    let mut events = vec![Event::Rated(Rated { at_us: facts.now.0, answered, solved, satisfied })];
    if !satisfied {
        events.push(declined(report, signed, facts));
    }
    Ok(packed(events))
}

/// Passing on to an emergency line is never refused for a state. A report that has no order yet gets one: somebody has to see to it
/// that the line was reached.
pub(super) fn transfer(report: &Report, to: Line, signed: &Signed, facts: &Facts) -> Decided {
    let transferred = later::transfer(report, to, signed, facts)?;
    let opening = matches!(report.phase, Phase::Told { .. }).then(|| {
        // What was noted is noted once, with the transfer.
        declined(report, &Signed { by: signed.by.clone(), note: None }, facts)
    });
    Ok(packed(opening.into_iter().chain([transferred])))
}

fn declined(report: &Report, signed: &Signed, facts: &Facts) -> Event {
    let head = &report.head;
    Event::AnswerDeclined(AnswerDeclined {
        at_us: facts.now.0,
        by: signed.by.clone(),
        note: encode::sealed(signed.note.as_ref()),
        opening: Some(Opening {
            tracking_number: head.tracking_number.clone(),
            category_code: head.category.code.clone(),
            urgency: head.urgency.number(),
            division_code: head.whereabouts.place.code.as_str().to_owned(),
            kind: head.kind.number(),
            anonymous: head.reporter.anonymous,
            no_reply: head.reporter.no_reply,
            sender: head.sender.clone().unwrap_or_default(),
            due_us: head.due.map_or(0, |due| due.0),
        }),
    })
}

fn packed(events: impl IntoIterator<Item = Event>) -> Vec<ReportEvent> {
    events.into_iter().map(|event| ReportEvent { event: Some(event) }).collect()
}

pub(super) fn rated(mut report: Report, rated: &Rated) -> Report {
    let Rated { answered, solved, satisfied, at_us: _ } = *rated;
    report.head.rating = Some(Rating { answered, solved, satisfied });
    if let Phase::Told { .. } = report.phase {
        report.phase = Phase::Told { satisfied };
    }
    report
}

/// `None`: only an answer that stands can be declined.
pub(super) fn after_declining(mut report: Report) -> Option<Report> {
    let Phase::Told { .. } = report.phase else { return None };
    report.phase = Phase::Filed;
    Some(report)
}

pub(super) fn place_followed(mut report: Report, followed: &PlaceFollowed) -> Option<Report> {
    report.head.whereabouts.place = encode::read_place(followed.place.as_ref()?)?;
    report.head.tree_version.clone_from(&followed.tree_version);
    Some(report)
}

pub(super) fn store(answer: &Answer) -> stored::Answer {
    stored::Answer {
        entry: answer.entry.clone(),
        text: answer.text.clone(),
        law: answer.law.clone(),
        article: answer.article.clone(),
        edition: answer.edition.clone(),
        confidence: i32::from(answer.confidence),
    }
}

/// `None`: the number cannot be a confidence.
pub(super) fn read(stored: &stored::Answer) -> Option<Answer> {
    Some(Answer {
        entry: stored.entry.clone(),
        text: stored.text.clone(),
        law: stored.law.clone(),
        article: stored.article.clone(),
        edition: stored.edition.clone(),
        confidence: u8::try_from(stored.confidence).ok()?,
    })
}
