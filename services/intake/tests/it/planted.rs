//! Bugs planted on purpose, one rule each. The model must find every one, or it would not have found the real thing.

use crate::model::search;
use crate::oracle::{Decided, REAL, Rules};
use casebook::{Case, Row};
use civic::CaseId;
use intake::domain::report::{Command, Facts, Phase, Refusal, Report, SpotCheck};
use intake::domain::{OrderState, Urgency};
use proto::intake::v1::stored::{ReportEvent, report_event::Event};
use testkit::Seed;

/// Far more than any of them needs.
const COMMANDS: u32 = 20_000;

fn filed_again(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let state = if matches!(command, Command::File(_)) { None } else { state };
    Report::decide(state, command, facts)
}

fn stale_step_taken(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let forgetful = state.cloned().map(|mut report| {
        report.head.order_version = -1;
        report
    });
    Report::decide(forgetful.as_ref(), command, facts)
}

fn classified_after_the_answer(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let reopened = state.cloned().map(|mut report| {
        if matches!((command, &report.phase), (Command::Classify(_), Phase::Answered(_))) {
            report.phase = Phase::Filed;
        }
        report
    });
    Report::decide(reopened.as_ref(), command, facts)
}

fn lamps_write(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let other = state.cloned().map(|mut report| {
        if matches!(command, Command::Step(_)) {
            report.phase = Phase::Filed;
        }
        report
    });
    Report::decide(other.as_ref(), command, facts)
}

fn erased_twice(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let whole = state.cloned().map(|mut report| {
        report.head.erased = false;
        report
    });
    Report::decide(whole.as_ref(), command, facts)
}

fn empty_ruling_taken(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    match Report::decide(state, command, facts) {
        Err(Refusal::NothingToClassify { .. }) => Ok(Vec::new()),
        decided => decided,
    }
}

fn steps_ignored(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    match (state, command) {
        (Some(_), Command::Step(step)) if step.work.reply_ready => Ok(Vec::new()),
        _ => Report::decide(state, command, facts),
    }
}

fn changed(state: Option<Report>, event: &ReportEvent, bug: fn(&mut Report, &Report, &Event)) -> Option<Report> {
    let before = state.clone();
    let mut after = Report::evolve(state, event)?;
    if let (Some(before), Some(event)) = (&before, &event.event) {
        bug(&mut after, before, event);
    }
    Some(after)
}

fn due_forgotten(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, _, _| {
        if let Phase::BeingHandled(work) = &mut after.phase {
            work.due = None;
        }
    })
}

fn cancelled_shown_as_done(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, _, _| {
        if let Phase::Ended(work) = &after.phase {
            after.phase = Phase::Done(work.clone());
        }
    })
}

fn rating_lost(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, before, _| after.head.rating = before.head.rating)
}

fn still_needs_a_person(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, before, _| after.head.needs_person = before.head.needs_person)
}

fn step_clears_the_rating(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, _, event| {
        if matches!(event, Event::OrderStepped(_)) {
            after.head.rating = None;
        }
    })
}

fn place_kept_after_ruling(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, before, _| after.head.whereabouts.place = before.head.whereabouts.place.clone())
}

fn order_version_forgotten(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, _, _| after.head.order_version = 0)
}

fn erasure_undone(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, _, event| after.head.erased = matches!(event, Event::PersonErased(_)))
}

/// Looks less pressing than it is, so every ruling seems to raise it.
fn made_less_pressing(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let lowered = state.cloned().map(|mut report| {
        report.head.urgency = Urgency::LevelFour;
        report
    });
    Report::decide(lowered.as_ref(), command, facts)
}

fn raised_urgency_lost(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, before, _| after.head.urgency = before.head.urgency)
}

fn rulings_untold(id: CaseId, event: &ReportEvent) -> Option<(String, Vec<u8>)> {
    Report::publish(id, event).filter(|(name, _)| name != "report.classified.v1")
}

/// Tells only what the ruling named.
fn half_a_ruling_told(id: CaseId, event: &ReportEvent) -> Option<(String, Vec<u8>)> {
    let mut event = event.clone();
    if let Some(Event::Classified(ruling)) = &mut event.event
        && let Some(after) = &mut ruling.after
    {
        after.category_code.clone_from(&ruling.category_code);
        after.division_code = ruling.place.as_ref().map(|place| place.code.clone()).unwrap_or_default();
    }
    Report::publish(id, &event)
}

fn refused_after_acceptance(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let unaccepted = state.cloned().map(|mut report| {
        if matches!((command, &report.phase), (Command::Refuse(_), Phase::BeingHandled(_))) {
            report.phase = Phase::Filed;
        }
        report
    });
    Report::decide(unaccepted.as_ref(), command, facts)
}

fn withdrawn_after_the_answer(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let reopened = state.cloned().map(|mut report| {
        if matches!((command, &report.phase), (Command::Withdraw(_), Phase::Answered(_))) {
            report.phase = Phase::Filed;
        }
        report
    });
    Report::decide(reopened.as_ref(), command, facts)
}

fn urged_without_end(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let forgetful = state.cloned().map(|mut report| {
        report.later.urges.that_day = 0;
        report
    });
    Report::decide(forgetful.as_ref(), command, facts)
}

/// Yesterday's urging counts today.
fn days_never_end(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let still = state.cloned().map(|mut report| {
        report.later.urges.last = report.later.urges.last.map(|_| facts.now);
        report
    });
    Report::decide(still.as_ref(), command, facts)
}

fn filer_checks_himself(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let stranger = state.cloned().map(|mut report| {
        report.head.filer = vec![9; 16];
        report
    });
    Report::decide(stranger.as_ref(), command, facts)
}

fn checked_twice(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let drawn = state.cloned().map(|mut report| {
        if report.later.check.is_some() {
            report.later.check = Some(SpotCheck::Pending);
        }
        report
    });
    Report::decide(drawn.as_ref(), command, facts)
}

fn passed_on_twice(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let fresh = state.cloned().map(|mut report| {
        report.later.transfers.clear();
        report
    });
    Report::decide(fresh.as_ref(), command, facts)
}

fn supplements_without_end(state: Option<&Report>, command: &Command, facts: &Facts) -> Decided {
    let empty = state.cloned().map(|mut report| {
        report.later.supplements.clear();
        report
    });
    Report::decide(empty.as_ref(), command, facts)
}

/// A step of the order that was on its way brings a withdrawn report back.
fn stopped_revived(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, before, event| {
        if let (Phase::Stopped(stopped), Event::Supplemented(_) | Event::Transferred(_)) = (&before.phase, event)
            && let Some(work) = &stopped.work
        {
            after.phase = Phase::BeingHandled(work.clone());
        }
    })
}

/// A lamp that turns after the answer takes the reply back.
fn reply_taken_back(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, _, event| {
        if let (Phase::Answered(work), Event::OrderStepped(_)) = (&mut after.phase, event) {
            work.reply_ready = false;
        }
    })
}

/// A merged order's report stays where it was, however the other order stands.
fn merged_and_forgotten(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, _, event| {
        if let (Event::OrderStepped(_), Some(work)) = (event, after.phase.work().cloned())
            && work.order == OrderState::Merged
        {
            after.phase = Phase::BeingHandled(work);
        }
    })
}

fn supplement_overwrites(state: Option<Report>, event: &ReportEvent) -> Option<Report> {
    changed(state, event, |after, _, event| {
        if matches!(event, Event::Supplemented(_)) {
            after.later.supplements.drain(..after.later.supplements.len() - 1);
        }
    })
}

fn withdrawals_untold(id: CaseId, event: &ReportEvent) -> Option<(String, Vec<u8>)> {
    Report::publish(id, event).filter(|(name, _)| name != "report.withdrawn.v1")
}

fn due_checks_unflagged(report: &Report) -> Row {
    Row { flagged: report.head.needs_person, ..report.index() }
}

fn closed_too_early(report: &Report) -> Row {
    Row { open: report.phase.number() < 4, ..report.index() }
}

fn never_flagged(report: &Report) -> Row {
    Row { flagged: false, ..report.index() }
}

fn unit_column_empty(report: &Report) -> Row {
    Row { unit: None, ..report.index() }
}

fn planted() -> Vec<(&'static str, Rules)> {
    vec![
        ("filed again", Rules { decide: filed_again, ..REAL }),
        ("a stale step is taken", Rules { decide: stale_step_taken, ..REAL }),
        ("classified after the answer", Rules { decide: classified_after_the_answer, ..REAL }),
        ("lamps write", Rules { decide: lamps_write, ..REAL }),
        ("erased twice", Rules { decide: erased_twice, ..REAL }),
        ("an empty ruling is taken", Rules { decide: empty_ruling_taken, ..REAL }),
        ("steps with a reply are ignored", Rules { decide: steps_ignored, ..REAL }),
        ("the promised date is forgotten", Rules { evolve: due_forgotten, ..REAL }),
        ("cancelled is shown as done", Rules { evolve: cancelled_shown_as_done, ..REAL }),
        ("the rating is lost", Rules { evolve: rating_lost, ..REAL }),
        ("a classified report still needs a person", Rules { evolve: still_needs_a_person, ..REAL }),
        ("a step clears the rating", Rules { evolve: step_clears_the_rating, ..REAL }),
        ("the place is kept after a ruling", Rules { evolve: place_kept_after_ruling, ..REAL }),
        ("the order's version is forgotten", Rules { evolve: order_version_forgotten, ..REAL }),
        ("an erasure is undone", Rules { evolve: erasure_undone, ..REAL }),
        ("a ruling makes a report less pressing", Rules { decide: made_less_pressing, ..REAL }),
        ("a raised urgency is lost", Rules { evolve: raised_urgency_lost, ..REAL }),
        ("dispatch does not hear of a ruling", Rules { publish: rulings_untold, ..REAL }),
        ("dispatch hears half of a ruling", Rules { publish: half_a_ruling_told, ..REAL }),
        ("refused after a unit accepted", Rules { decide: refused_after_acceptance, ..REAL }),
        ("withdrawn after the answer", Rules { decide: withdrawn_after_the_answer, ..REAL }),
        ("urged without end", Rules { decide: urged_without_end, ..REAL }),
        ("yesterday's urging counts", Rules { decide: days_never_end, ..REAL }),
        ("who filed it checks it", Rules { decide: filer_checks_himself, ..REAL }),
        ("checked twice", Rules { decide: checked_twice, ..REAL }),
        ("passed on twice", Rules { decide: passed_on_twice, ..REAL }),
        ("supplements without end", Rules { decide: supplements_without_end, ..REAL }),
        ("a stopped report comes back", Rules { evolve: stopped_revived, ..REAL }),
        ("a lamp takes the reply back", Rules { evolve: reply_taken_back, ..REAL }),
        ("a merged order's report follows nobody", Rules { evolve: merged_and_forgotten, ..REAL }),
        ("a supplement overwrites the last", Rules { evolve: supplement_overwrites, ..REAL }),
        ("dispatch does not hear of a withdrawal", Rules { publish: withdrawals_untold, ..REAL }),
        ("checks that are due are not flagged", Rules { index: due_checks_unflagged, ..REAL }),
        ("answered leaves the open index", Rules { index: closed_too_early, ..REAL }),
        ("nothing is flagged", Rules { index: never_flagged, ..REAL }),
        ("the unit's column is empty", Rules { index: unit_column_empty, ..REAL }),
    ]
}

#[test]
fn every_planted_bug_is_found() {
    let missed: Vec<&str> = planted()
        .into_iter()
        .filter(|(_, rules)| search(*rules, COMMANDS, &Seed::new(1)).is_ok())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(missed, Vec::<&str>::new(), "bugs that the model does not find");
}
