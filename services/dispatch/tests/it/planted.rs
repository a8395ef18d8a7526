//! Bugs put into the rules on purpose. A model that does not find each of them is no model.

mod beside;
mod family;

use casebook::{Case, Timer};
use civic::{Actor, Micros, Role, Stopwatch};
use dispatch::domain::urgency::Urgency;
use dispatch::domain::work_order::{Author, Command, Facts, Phase, Step, TimerName, Verb, WorkOrder};
use proto::dispatch::v1::stored::WorkOrderEvent;
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use testkit::Seed;

use crate::model::{Decided, REAL, Rules, search};
use crate::oracle::actor_of;
use crate::world::{actor, person, reference};

/// Enough for the rarest: a third return needs a dozen right steps in a row.
const OPERATIONS: u32 = 300_000;

fn real(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    WorkOrder::decide(order, command, facts)
}

fn verb(command: &Command) -> Option<Verb> {
    if let Command::Step { step, .. } = command { Some(step.verb()) } else { None }
}

/// The real rules on a changed order, for one verb.
fn with_order(
    order: Option<&WorkOrder>,
    command: &Command,
    facts: &Facts,
    only: Verb,
    change: impl Fn(&mut WorkOrder),
) -> Decided {
    match order {
        Some(order) if verb(command) == Some(only) => {
            let mut changed = order.clone();
            change(&mut changed);
            real(Some(&changed), command, facts)
        }
        _ => real(order, command, facts),
    }
}

/// The real rules as if somebody else had asked, for one verb.
fn as_somebody(order: Option<&WorkOrder>, command: &Command, facts: &Facts, only: Verb, who: u8) -> Decided {
    let mut facts = facts.clone();
    if verb(command) == Some(only) && actor_of(&facts.author).is_some_and(|actor| actor.role != Role::Operator) {
        facts.author = person(actor(who));
    }
    real(order, command, &facts)
}

fn handler_verifies(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let mut facts = facts.clone();
    if let Author::Person { reference, .. } = &mut facts.author
        && verb(command) == Some(Verb::Verify)
    {
        *reference = [0xff; 16];
    }
    real(order, command, &facts)
}

fn unit_verifies_its_own_work(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let mut facts = facts.clone();
    if let Author::Person { actor, .. } = &mut facts.author
        && verb(command) == Some(Verb::Verify)
        && actor.role == Role::TownDispatcher
    {
        let place = actor.place().unwrap();
        actor.unit = Some(format!("{place}-dangjian").parse().unwrap());
    }
    real(order, command, &facts)
}

fn requester_approves(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let mut facts = facts.clone();
    if let Author::Person { reference, .. } = &mut facts.author
        && verb(command) == Some(Verb::Approve)
    {
        *reference = [0xff; 16];
    }
    real(order, command, &facts)
}

fn third_return(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Return, |order| order.head.returns = 0)
}

fn ruling_does_not_bind(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Return, |order| {
        if let Phase::Assigned(phase) = &mut order.phase {
            phase.to.ruled = false;
        }
    })
}

fn assign_instead_of_ruling(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Assign, |order| order.head.returns = 0)
}

fn second_extension(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::RequestExtension, |order| order.head.extended = false)
}

fn verifies_before_the_reply_is_approved(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Verify, |order| {
        if let Phase::Resolved(phase) = &mut order.phase {
            phase.reply_pending = false;
        }
    })
}

fn rates_for_ever(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Rate, |order| {
        if let Phase::Closed(phase) = &mut order.phase {
            phase.resolution.window_until = Micros::MAX;
        }
    })
}

fn reopens_for_ever(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    with_order(order, command, facts, Verb::Reopen, |order| {
        if let Phase::Closed(phase) = &mut order.phase {
            phase.resolution.window_until = Micros::MAX;
        }
    })
}

fn anybody_closes(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    as_somebody(order, command, facts, Verb::Close, 0)
}

fn another_unit_accepts(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    as_somebody(order, command, facts, Verb::Accept, 2)
}

fn a_stranger_rates(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    as_somebody(order, command, facts, Verb::Rate, 9)
}

fn a_town_gives_to_its_neighbour(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let gives = matches!(verb(command), Some(Verb::Assign | Verb::Rule | Verb::Reassign));
    let mut facts = facts.clone();
    if let (true, Some(order), Author::Person { actor, .. }) = (gives, order, &mut facts.author)
        && actor.role == Role::TownDispatcher
        && actor.place().is_some_and(|own| order.head.place.lies_in(&own))
    {
        actor.unit = Some("500151".parse().unwrap());
    }
    real(order, command, &facts)
}

fn a_head_of_the_tier_above_approves(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    match actor_of(&facts.author) {
        Some(head) if head.head && head.role == Role::DistrictDispatcher => {
            as_somebody(order, command, facts, Verb::ApproveReply, 0)
        }
        Some(_) | None => real(order, command, facts),
    }
}

fn the_handler_approves_the_own_reply(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let mut facts = facts.clone();
    if let Author::Person { reference, .. } = &mut facts.author
        && verb(command) == Some(Verb::ApproveReply)
    {
        *reference = [0xff; 16];
    }
    real(order, command, &facts)
}

fn fires_early(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let early = matches!(command, Command::Fire(_));
    let facts = if early { Facts { now: facts.now + Micros::HOUR, ..facts.clone() } } else { facts.clone() };
    real(order, command, &facts)
}

fn fires_what_is_not_armed(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    match (order, command) {
        (Some(order), Command::Fire(TimerName::TotalRed)) => {
            let mut order = order.clone();
            order.head.lamps.total = civic::Lamp::Green;
            real(Some(&order), command, facts)
        }
        _ => real(order, command, facts),
    }
}

fn loses_the_second_event(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    real(order, command, facts).map(|events| events.into_iter().take(1).collect())
}

fn opens_twice(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let opens = matches!(command, Command::Open(_));
    real(order.filter(|_| !opens), command, facts)
}

fn a_note_moves_the_date(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let mut events = real(order, command, facts)?;
    for event in &mut events {
        if let (Some(Body::Accepted(_)), Some(clocks)) = (&event.event, &mut event.clocks) {
            clocks.total.as_mut().unwrap().due_us += 1;
        }
    }
    Ok(events)
}

fn satisfied_does_not_close(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    if let (Some(Verb::Rate), Command::Step { step: Step::Rate { opinion, comment }, note }) = (verb(command), command)
    {
        let mut opinion = *opinion;
        opinion.satisfied = opinion.solved;
        let step = Step::Rate { opinion, comment: comment.clone() };
        return real(order, &Command::Step { step, note: note.clone() }, facts);
    }
    real(order, command, facts)
}

/// The real evolution, then something done to the order after events of one kind.
fn then(
    order: Option<WorkOrder>,
    event: &WorkOrderEvent,
    kind: &str,
    change: impl Fn(Option<&WorkOrder>, &mut WorkOrder),
) -> Option<WorkOrder> {
    let before = order.clone();
    let mut next = WorkOrder::evolve(order, event)?;
    if WorkOrder::event_type(event) == kind {
        change(before.as_ref(), &mut next);
    }
    Some(next)
}

fn forgets_a_pause(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.citizenAwaited", |_, order| drop(order.head.total.pauses.pop()))
}

fn does_not_run_again(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.resumed", |before, order| {
        order.head.total.pauses.clone_from(&before.unwrap().head.total.pauses);
    })
}

fn resets_the_total_clock(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.reopened", |_, order| {
        order.head.total = Stopwatch::start(order.head.updated, order.head.total.limit);
    })
}

fn never_stops(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.closed", |_, order| order.head.total.stopped = None)
}

fn forgets_the_first_receiver(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.returned", |_, order| order.head.responsible = None)
}

fn keeps_the_old_unit(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.reassigned", |before, order| {
        if let (Phase::Assigned(phase), Some(old)) = (&mut order.phase, before.and_then(WorkOrder::assignment)) {
            phase.to.unit = old.unit.clone();
        }
    })
}

fn counts_no_round(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.reopened", |_, order| order.head.round -= 1)
}

fn depends_on_what_is_not_stored(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    use std::sync::atomic::{AtomicI32, Ordering};
    static CALLS: AtomicI32 = AtomicI32::new(0);
    then(order, event, "workOrder.started", |_, order| {
        order.head.report_kind = CALLS.fetch_add(1, Ordering::Relaxed);
    })
}

/// The real rules on a changed order, for a ruling on the report.
fn ruled_on(order: Option<&WorkOrder>, command: &Command, facts: &Facts, change: impl Fn(&mut WorkOrder)) -> Decided {
    match order {
        Some(order) if matches!(command, Command::Reclassify(_)) => {
            let mut changed = order.clone();
            change(&mut changed);
            real(Some(&changed), command, facts)
        }
        _ => real(order, command, facts),
    }
}

fn a_ruling_wakes_a_closed_order(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    ruled_on(order, command, facts, |order| {
        if let Phase::Closed(_) = order.phase {
            order.phase = Phase::Created;
        }
    })
}

fn a_ruling_takes_an_order_from_its_unit(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    ruled_on(order, command, facts, |order| {
        if let Phase::Assigned(_) = order.phase {
            order.phase = Phase::Created;
        }
    })
}

fn a_ruling_leaves_an_order_without_a_unit(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    let mut events = real(order, command, facts)?;
    if matches!(command, Command::Reclassify(_)) {
        events.truncate(1);
    }
    Ok(events)
}

fn a_ruling_makes_less_pressing(order: Option<&WorkOrder>, command: &Command, facts: &Facts) -> Decided {
    ruled_on(order, command, facts, |order| order.head.urgency = Urgency::LevelFour)
}

fn keeps_the_place(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.reclassified", |before, order| {
        order.head.place = before.unwrap().head.place.clone();
    })
}

fn keeps_the_owning_tier(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.reclassified", |before, order| order.head.tier = before.unwrap().head.tier)
}

fn keeps_the_limit(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.reclassified", |before, order| {
        order.head.total.limit = before.unwrap().head.total.limit;
    })
}

fn starts_the_clock_at_the_ruling(order: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    then(order, event, "workOrder.reclassified", |_, order| order.head.total.started = order.head.updated)
}

fn keeps_a_timer_after_closing(order: &WorkOrder) -> Vec<Timer> {
    let mut timers = WorkOrder::timers(order);
    if matches!(order.phase, Phase::Closed(_)) {
        timers.push(Timer { name: "total.red".to_owned(), due: order.head.updated + Micros::HOUR });
    }
    timers
}

fn forgets_the_end_of_a_suspension(order: &WorkOrder) -> Vec<Timer> {
    WorkOrder::timers(order).into_iter().filter(|timer| timer.name != "suspension.until").collect()
}

fn runs_while_suspended(order: &WorkOrder) -> Vec<Timer> {
    let mut timers = WorkOrder::timers(order);
    if matches!(order.phase, Phase::Suspended(_)) {
        timers.push(Timer { name: "unit.red".to_owned(), due: order.head.updated + Micros::DAY });
    }
    timers
}

/// The name of a bug and the rules with it.
fn bugs() -> Vec<(&'static str, Rules)> {
    let decide = |name, decide| (name, Rules { decide, ..REAL });
    let evolve = |name, evolve| (name, Rules { evolve, ..REAL });
    let timers = |name, timers| (name, Rules { timers, ..REAL });
    vec![
        decide("the handler calls back about the own work", handler_verifies),
        decide("a unit verifies its own work", unit_verifies_its_own_work),
        decide("the requester approves", requester_approves),
        decide("a third return", third_return),
        decide("a ruling does not bind", ruling_does_not_bind),
        decide("assign instead of a ruling", assign_instead_of_ruling),
        decide("a second extension", second_extension),
        decide("verify before the reply is approved", verifies_before_the_reply_is_approved),
        decide("rating for ever", rates_for_ever),
        decide("reopening for ever", reopens_for_ever),
        decide("anybody closes", anybody_closes),
        decide("another unit accepts", another_unit_accepts),
        decide("a stranger rates", a_stranger_rates),
        decide("a town gives to its neighbour", a_town_gives_to_its_neighbour),
        decide("a head of the tier above approves", a_head_of_the_tier_above_approves),
        decide("the handler approves the own reply", the_handler_approves_the_own_reply),
        decide("a timer fires early", fires_early),
        decide("a timer fires that is not armed", fires_what_is_not_armed),
        decide("the second event is lost", loses_the_second_event),
        decide("an order opens twice", opens_twice),
        decide("a note moves a due date", a_note_moves_the_date),
        decide("solved is taken for satisfied", satisfied_does_not_close),
        evolve("a pause is forgotten", forgets_a_pause),
        evolve("the clock does not run again", does_not_run_again),
        evolve("the total clock is reset", resets_the_total_clock),
        evolve("the total clock never stops", never_stops),
        evolve("the first receiver is forgotten", forgets_the_first_receiver),
        evolve("the old unit is kept", keeps_the_old_unit),
        evolve("a round is not counted", counts_no_round),
        evolve("the state depends on what is not stored", depends_on_what_is_not_stored),
        decide("a ruling wakes a closed order", a_ruling_wakes_a_closed_order),
        decide("a ruling takes an order from its unit", a_ruling_takes_an_order_from_its_unit),
        decide("a ruling leaves an order without a unit", a_ruling_leaves_an_order_without_a_unit),
        decide("a ruling makes an order less pressing", a_ruling_makes_less_pressing),
        evolve("the ruled place is forgotten", keeps_the_place),
        evolve("the owning tier does not follow the place", keeps_the_owning_tier),
        evolve("a more pressing order keeps its limit", keeps_the_limit),
        evolve("the total clock starts at the ruling", starts_the_clock_at_the_ruling),
        timers("a timer is kept after closing", keeps_a_timer_after_closing),
        timers("the end of a suspension is forgotten", forgets_the_end_of_a_suspension),
        timers("a clock runs while suspended", runs_while_suspended),
    ]
}

#[test]
fn each_planted_bug_is_found() {
    let all = bugs().into_iter().chain(beside::bugs()).chain(family::bugs());
    // By one seed for all time: the rarest are found by one search in a hundred thousand operations, and not by every one.
    let missed: Vec<_> = all.filter(|(_, rules)| search(*rules, OPERATIONS, 0, &Seed::new(1)).is_ok()).collect();
    let names: Vec<_> = missed.iter().map(|(name, _)| name).collect();
    assert!(names.is_empty(), "not found: {names:?}");
}

#[test]
fn persons_are_told_apart_by_reference() {
    let subjects: Vec<Actor> = (0..crate::world::people()).map(actor).collect();
    for a in &subjects {
        for b in &subjects {
            assert_eq!(a.subject == b.subject, reference(&a.subject) == reference(&b.subject));
        }
    }
}
