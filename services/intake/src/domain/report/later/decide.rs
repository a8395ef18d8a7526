//! The rules of what comes after filing, by the table in [`super::super`].

use super::super::command::{Addition, Agreeing, Check, Refusing, Signed, Unmask, Urge};
use super::super::{Facts, Phase, Refusal, Report, encode};
use super::Agreement;
use crate::domain::emergency::Line;
use civic::Micros;
use proto::intake::v1::stored::{
    Checked, LookAgreed, Refused, Supplemented, Transferred, Unmasked, Urged, Withdrawn, report_event::Event,
};

type Decided = Result<Event, Refusal>;

/// An answered report may still be added to: the call-back reads it.
pub(in super::super) fn supplement(report: &Report, addition: &Addition, facts: &Facts) -> Decided {
    match report.phase {
        Phase::Filed | Phase::Opened { .. } | Phase::WithUnit(_) | Phase::BeingHandled(_) | Phase::Answered(_) => {}
        Phase::Told { .. } | Phase::Done(_) | Phase::Ended(_) | Phase::Stopped(_) => {
            return Err(too_late(report, "supplement"));
        }
    }
    if report.later.supplements.len() >= addition.most {
        return Err(Refusal::SupplementsFull { most: addition.most });
    }
    Ok(Event::Supplemented(Supplemented {
        at_us: facts.now.0,
        by: addition.by.clone(),
        text: encode::sealed(addition.text.as_ref()),
        attachments: addition.attachments.iter().map(encode::stored_attachment).collect(),
    }))
}

/// Who has an answer is asked for a word on it, and need not hurry anybody.
pub(in super::super) fn urge(report: &Report, urge: &Urge, facts: &Facts) -> Decided {
    before_the_answer(report, "urge")?;
    let urges = report.later.urges;
    let today = urges.on_the_day_of(facts.now);
    if today >= urge.most_a_day {
        return Err(Refusal::UrgedEnough { most: urge.most_a_day });
    }
    let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    Ok(Event::Urged(Urged {
        at_us: facts.now.0,
        by: urge.signed.by.clone(),
        note: encode::sealed(urge.signed.note.as_ref()),
        total: number(urges.total.saturating_add(1)),
        today: number(today.saturating_add(1)),
    }))
}

pub(in super::super) fn withdraw(report: &Report, signed: &Signed, facts: &Facts) -> Decided {
    before_the_answer(report, "withdraw")?;
    let note = encode::sealed(signed.note.as_ref());
    Ok(Event::Withdrawn(Withdrawn { at_us: facts.now.0, by: signed.by.clone(), note }))
}

/// Whoever has accepted a matter has found it theirs: then it is too late to say that it is nobody's.
pub(in super::super) fn refuse(report: &Report, refusing: &Refusing, facts: &Facts) -> Decided {
    match report.phase {
        Phase::Filed | Phase::Opened { .. } | Phase::WithUnit(_) => {}
        Phase::Told { .. }
        | Phase::BeingHandled(_)
        | Phase::Answered(_)
        | Phase::Done(_)
        | Phase::Ended(_)
        | Phase::Stopped(_) => {
            return Err(too_late(report, "refuse"));
        }
    }
    Ok(Event::Refused(Refused {
        at_us: facts.now.0,
        by: refusing.signed.by.clone(),
        note: encode::sealed(refusing.signed.note.as_ref()),
        ground: refusing.ground.number(),
    }))
}

/// Never too late, and never refused for a state: somebody may be in danger.
pub(in super::super) fn transfer(report: &Report, to: Line, signed: &Signed, facts: &Facts) -> Decided {
    if report.later.was_transferred_to(to) {
        return Err(Refusal::AlreadyTransferred { to: to.digits() });
    }
    Ok(Event::Transferred(Transferred {
        at_us: facts.now.0,
        by: signed.by.clone(),
        note: encode::sealed(signed.note.as_ref()),
        to: to.number(),
    }))
}

pub(in super::super) fn check(report: &Report, check: &Check, facts: &Facts) -> Decided {
    if !report.later.check_is_due() {
        return Err(Refusal::CheckNotDue { state: report.phase.name() });
    }
    let filer = &report.head.filer;
    if !filer.is_empty() && filer.as_slice() == check.person {
        return Err(Refusal::CheckerReported);
    }
    Ok(Event::Checked(Checked {
        at_us: facts.now.0,
        by: check.signed.by.clone(),
        note: encode::sealed(check.signed.note.as_ref()),
        confirmed: check.confirmed,
    }))
}

/// In every state: who reported may have to be asked long after, and whoever asks what is stored gets an answer for as long as it is.
/// Whoever only supervises does so with a second person.
pub(in super::super) fn unmask(report: &Report, unmask: &Unmask, facts: &Facts) -> Decided {
    let agreed_by = if unmask.alone { String::new() } else { second_person(report, unmask, facts)?.by.clone() };
    Ok(Event::Unmasked(Unmasked {
        at_us: facts.now.0,
        by: unmask.signed.by.clone(),
        note: encode::sealed(unmask.signed.note.as_ref()),
        purpose: unmask.purpose.number(),
        agreed_by,
    }))
}

/// 双人: another one agreed to this purpose, within a day, and the agreement was not used yet.
fn second_person<'r>(report: &'r Report, unmask: &Unmask, facts: &Facts) -> Result<&'r Agreement, Refusal> {
    let agreement = report.later.agreement.as_ref().ok_or(Refusal::SecondPersonMissing)?;
    let holds = agreement.purpose == unmask.purpose
        && agreement.person.as_slice() != unmask.person
        && facts.now.0 - agreement.at.0 <= Micros::DAY;
    if holds { Ok(agreement) } else { Err(Refusal::SecondPersonMissing) }
}

pub(in super::super) fn agree(agreeing: &Agreeing, facts: &Facts) -> Event {
    Event::LookAgreed(LookAgreed {
        at_us: facts.now.0,
        by: agreeing.signed.by.clone(),
        note: encode::sealed(agreeing.signed.note.as_ref()),
        purpose: agreeing.purpose.number(),
        person: agreeing.person.to_vec().into(),
    })
}

fn before_the_answer(report: &Report, attempted: &'static str) -> Result<(), Refusal> {
    match report.phase {
        Phase::Filed | Phase::Opened { .. } | Phase::WithUnit(_) | Phase::BeingHandled(_) => Ok(()),
        Phase::Told { .. } | Phase::Answered(_) | Phase::Done(_) | Phase::Ended(_) | Phase::Stopped(_) => {
            Err(too_late(report, attempted))
        }
    }
}

const fn too_late(report: &Report, attempted: &'static str) -> Refusal {
    Refusal::TooLate { state: report.phase.name(), attempted }
}
