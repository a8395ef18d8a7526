//! Bugs in what happens beside the order's own state: parts, stepping aside, supervision, tiers.

use super::*;
use dispatch::domain::work_order::PartStanding;
use proto::dispatch::v1::stored;

fn resolves_with_an_open_part(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Resolve, |order| order.head.parts.clear())
}

fn another_unit_answers(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let (Some(order), Command::Step { step: Step::AnswerPart { part, .. }, .. }) = (order, command) else {
        return real(order, command, facts);
    };
    let mut facts = facts.clone();
    let share = order.head.parts.iter().find(|share| share.number == *part);
    if let (Some(share), Author::Person { actor, .. }) = (share, &mut facts.author)
        && order.head.parts.iter().any(|other| Some(&other.unit) == actor.unit.as_ref())
    {
        actor.unit = Some(share.unit.clone());
    }
    real(Some(order), command, &facts)
}

fn who_stepped_aside_goes_on(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Accept, |order| order.head.aside.clear())
}

fn a_co_handler_of_the_tier_above(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    if let Command::Step { step: Step::CoHandle { units, limit }, note } = command {
        let step = Step::Whistle { units: units.clone(), limit: *limit };
        return real(order, &Command::Step { step, note: note.clone() }, facts);
    }
    real(order, command, facts)
}

fn a_unit_is_called_twice(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Whistle, |order| {
        for part in &mut order.head.parts {
            part.standing = PartStanding::Answered;
        }
    })
}

fn two_supervisions(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Supervise, |order| order.head.supervision = None)
}

fn reviews_before_the_reply(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::ReviewSupervision, |order| {
        if let Some(supervision) = &mut order.head.supervision {
            supervision.standing = dispatch::domain::work_order::SupervisionStanding::Replied;
        }
    })
}

fn escalates_instead_of_a_ruling(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Escalate, |order| order.head.returns = 0)
}

fn keeps_the_unit_below(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let mut events = real(order, command, facts)?;
    for event in &mut events {
        if let Some(Body::TierMoved(stored::TierMoved { to: Some(to), .. })) = &mut event.event {
            to.unit = "500151001-pingan".to_owned();
        }
    }
    Ok(events)
}

fn a_part_runs_on_when_answered(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.partAnswered", |_, order| {
        for part in &mut order.head.parts {
            part.watch.stopped = None;
        }
    })
}

fn a_part_does_not_stand_with_its_order(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.citizenAwaited", |before, order| {
        order.head.marks.parts.clone_from(&before.unwrap().head.marks.parts);
    })
}

fn a_moved_order_resets_its_clock(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.tierMoved", |_, order| {
        order.head.total = Stopwatch::start(order.head.updated, order.head.total.limit);
    })
}

fn the_lead_changes_with_a_whistle(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.partsCalled", |_, order| {
        let called = order.head.parts.last().unwrap().unit.clone();
        if let Phase::Accepted(phase) = &mut order.phase {
            phase.to.unit = called;
        }
    })
}

fn nobody_looks_after_the_time_to_report_in(order: &WorkOrder) -> Vec<Timer> {
    WorkOrder::timers(order).into_iter().filter(|timer| timer.name != "part.reportIn").collect()
}

fn supervision_waits_for_ever(order: &WorkOrder) -> Vec<Timer> {
    WorkOrder::timers(order).into_iter().filter(|timer| timer.name != "supervision.due").collect()
}

pub(super) fn bugs() -> Vec<(&'static str, Rules)> {
    let decide = |name, decide| (name, Rules { decide, ..REAL });
    let evolve = |name, evolve| (name, Rules { evolve, ..REAL });
    let timers = |name, timers| (name, Rules { timers, ..REAL });
    vec![
        decide("the lead resolves with an open part", resolves_with_an_open_part),
        decide("another unit answers a part", another_unit_answers),
        decide("who stepped aside goes on", who_stepped_aside_goes_on),
        decide("a unit of the tier above is a co-handler", a_co_handler_of_the_tier_above),
        decide("a unit is called twice", a_unit_is_called_twice),
        decide("two supervisions at once", two_supervisions),
        decide("a review before the reply", reviews_before_the_reply),
        decide("escalation instead of a ruling", escalates_instead_of_a_ruling),
        decide("the unit of the tier below is kept", keeps_the_unit_below),
        evolve("a part's clock runs on when it is answered", a_part_runs_on_when_answered),
        evolve("a part's clock does not stand with its order", a_part_does_not_stand_with_its_order),
        evolve("a moved order resets its clock", a_moved_order_resets_its_clock),
        evolve("the lead changes with a whistle", the_lead_changes_with_a_whistle),
        timers("nobody looks after the time to report in", nobody_looks_after_the_time_to_report_in),
        timers("a supervision waits for ever", supervision_waits_for_ever),
    ]
}
