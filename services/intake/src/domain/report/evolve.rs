//! `evolve`: one event onto the state. An event that cannot be read gives `None`, which the casebook reports as a corrupt row:
//! nothing is ever guessed into a report.

use super::{Attention, Head, Later, OrderState, Phase, Report, SpotCheck, Work, encode, later, told};
use crate::domain::kind::Urgency;
use civic::Micros;
use proto::intake::v1::stored::{Classified, OrderStepped, ReportEvent, report_event::Event};

pub(super) fn evolve(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    match (state, event.event.as_ref()?) {
        (None, Event::Filed(filed)) => Some(Report::filed(encode::head(filed)?)),
        (None, _) => None,
        // Filed twice is a history that no decision wrote.
        (Some(_), Event::Filed(_)) => None,
        (Some(report), Event::Classified(classified)) => classify(report, classified),
        (Some(report), Event::OrderStepped(stepped)) => follow(report, stepped),
        (Some(report), Event::Rated(rated)) => Some(told::rated(report, rated)),
        (Some(report), Event::AnswerDeclined(_)) => told::after_declining(report),
        (Some(report), Event::PlaceFollowed(followed)) => told::place_followed(report, followed),
        (Some(report), Event::PersonErased(_)) => Some(Report { head: Head { erased: true, ..report.head }, ..report }),
        (Some(report), Event::Supplemented(added)) => Some(later::supplemented(report, added)),
        (Some(report), Event::Urged(urged)) => later::urged(report, urged),
        (Some(report), Event::Withdrawn(withdrawn)) => Some(later::withdrawn(report, withdrawn)),
        (Some(report), Event::Refused(refused)) => later::refused(report, refused),
        (Some(report), Event::Transferred(transferred)) => later::transferred(report, transferred),
        (Some(report), Event::Checked(checked)) => Some(later::checked(report, checked)),
        (Some(report), Event::Unmasked(unmasked)) => later::unmasked(report, unmasked),
        (Some(report), Event::LookAgreed(agreed)) => later::look_agreed(report, agreed),
    }
}

impl Report {
    /// As it begins.
    #[must_use]
    pub fn filed(head: Head) -> Self {
        let check = head.check_due.then_some(SpotCheck::Pending);
        let phase = if head.answer.is_some() { Phase::Told { satisfied: false } } else { Phase::Filed };
        Self { head, phase, later: Later { check, ..Later::default() } }
    }
}

fn classify(mut report: Report, classified: &Classified) -> Option<Report> {
    if !classified.category_code.is_empty() {
        report.head.category.code.clone_from(&classified.category_code);
        report.head.category.confidence = 100;
        report.head.category.by.clone_from(&classified.by);
    }
    if let Some(place) = &classified.place {
        report.head.whereabouts.place = encode::read_place(place)?;
        report.head.whereabouts.confidence = 100;
        report.head.whereabouts.found_by = super::FoundBy::Code;
    }
    let raised = classified.after.as_ref().map_or(0, |after| after.raised_urgency);
    if raised != 0 {
        report.head.urgency = Urgency::from_number(raised)?;
    }
    // A person has looked at it and let the rest stand.
    report.head.needs_person = report.head.category.code.is_empty();
    Some(report)
}

fn follow(mut report: Report, stepped: &OrderStepped) -> Option<Report> {
    report.head.order_version = stepped.order_version;
    report.later.attention = Attention::told(&stepped.tier, &stepped.origin_tier, stepped.supervised);
    report.phase = Phase::following(Work {
        order: OrderState::from_number(stepped.order_state)?,
        unit: stepped.unit.clone(),
        unit_name: stepped.unit_name.clone(),
        due: (stepped.due_us != 0).then_some(Micros(stepped.due_us)),
        reply_ready: stepped.reply_ready,
        parent: (stepped.parent_state != 0).then(|| OrderState::from_number(stepped.parent_state)).flatten(),
    });
    Some(report)
}
