//! The rules of the clocks: requests to suspend or extend, waiting for the citizen, timers, a new calendar.

use civic::{Lamp, Micros, Private, UnitCode};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::WorkOrderEvent;
use proto::dispatch::v1::stored::work_order_event::Event as Body;

use super::clocks::Marks;
use super::command::Facts;
use super::decide::{name, same_person};
use super::event::{record, sealed};
use super::parts::{self, Late};
use super::publish::lamp_number;
use super::refusal::Refusal;
use super::state::{RequestKind, WorkOrder};
use super::supervision;
use super::timers::{self, TimerName};
use crate::domain::authority;

pub(super) fn request_suspension(
    order: &WorkOrder,
    until: Micros,
    reason: &Private<String>,
    facts: &Facts,
) -> Result<Body, Refusal> {
    none_pending(order)?;
    if until <= facts.now {
        return Err(Refusal::UntilNotLater { order: name(order) });
    }
    Ok(Body::SuspensionRequested(stored::SuspensionRequested { until_us: until.0, reason: sealed(reason) }))
}

pub(super) fn request_extension(
    order: &WorkOrder,
    until: Micros,
    reason: &Private<String>,
    facts: &Facts,
) -> Result<Body, Refusal> {
    none_pending(order)?;
    if order.head.extended {
        return Err(Refusal::AlreadyExtended { order: name(order) });
    }
    if !extends(order, until, facts) {
        return Err(Refusal::UntilNotLater { order: name(order) });
    }
    Ok(Body::ExtensionRequested(stored::ExtensionRequested { until_us: until.0, reason: sealed(reason) }))
}

/// The date lies ahead, and beyond the present due date of the total clock while that is running.
fn extends(order: &WorkOrder, until: Micros, facts: &Facts) -> bool {
    until > facts.now && order.head.marks.total.is_none_or(|mark| until > mark.due)
}

fn none_pending(order: &WorkOrder) -> Result<(), Refusal> {
    match order.request() {
        Some(_) => Err(Refusal::RequestPending { order: name(order) }),
        None => Ok(()),
    }
}

pub(super) fn approve(order: &WorkOrder, facts: &Facts) -> Result<Body, Refusal> {
    let Some(request) = order.request() else {
        return Err(Refusal::NoRequestPending { order: name(order) });
    };
    if same_person(&request.person, facts) {
        return Err(Refusal::ApproverIsRequester { order: name(order) });
    }
    // The date may have passed while the request lay there: granting it would mean nothing, or end a pause before it began.
    let ahead = match request.kind {
        RequestKind::Suspension => request.until > facts.now.max(order.head.updated),
        RequestKind::Extension => extends(order, request.until, facts),
    };
    if !ahead {
        return Err(Refusal::UntilNotLater { order: name(order) });
    }
    Ok(Body::RequestApproved(stored::RequestApproved {}))
}

pub(super) fn decline(order: &WorkOrder, reason: &Private<String>) -> Result<Body, Refusal> {
    match order.request() {
        Some(_) => Ok(Body::RequestDeclined(stored::RequestDeclined { reason: sealed(reason) })),
        None => Err(Refusal::NoRequestPending { order: name(order) }),
    }
}

pub(super) fn wait_for_citizen(order: &WorkOrder, reason: &Private<String>) -> Result<Body, Refusal> {
    if order.waiting() {
        return Err(Refusal::AlreadyWaiting { order: name(order) });
    }
    Ok(Body::CitizenAwaited(stored::CitizenAwaited { reason: sealed(reason) }))
}

pub(super) fn citizen_answered(order: &WorkOrder) -> Result<Body, Refusal> {
    if !order.waiting() {
        return Err(Refusal::NotWaiting { order: name(order) });
    }
    Ok(Body::CitizenAnswered(stored::CitizenAnswered {}))
}

/// A timer takes effect only if this very state has it armed and its instant has come: fired early, twice or late after
/// something else happened, it changes nothing.
pub(super) fn fire(order: &WorkOrder, timer: TimerName, facts: &Facts) -> Vec<WorkOrderEvent> {
    if timers::due(order, timer).is_none_or(|due| facts.now < due) {
        return Vec::new();
    }
    let turned = |clock: &str, lamp: Lamp| {
        let told = if (clock, lamp) == ("total", Lamp::Red) { told(order, facts) } else { String::new() };
        Body::LampTurned(stored::LampTurned { clock: clock.to_owned(), lamp: lamp_number(lamp), told })
    };
    let body = match timer {
        TimerName::TotalYellow => turned("total", Lamp::Yellow),
        TimerName::TotalRed => turned("total", Lamp::Red),
        TimerName::UnitYellow => turned("unit", Lamp::Yellow),
        TimerName::UnitRed => turned("unit", Lamp::Red),
        TimerName::AcceptDue => Body::AcceptOverdue(stored::AcceptOverdue {}),
        TimerName::SuspensionUntil => Body::Resumed(stored::Resumed { by_timer: true }),
        TimerName::PartReportIn => parts::fire(order, Late::ReportIn, facts.now),
        TimerName::PartYellow => parts::fire(order, Late::Yellow, facts.now),
        TimerName::PartRed => parts::fire(order, Late::Red, facts.now),
        TimerName::SupervisionDue => supervision::fire(order, facts.now),
        // The app tells a page of members, and says so by [`Command::MembersTold`](super::Command::MembersTold).
        TimerName::MembersTell => return Vec::new(),
    };
    vec![record(Some(order), body, None, facts).0]
}

/// The command centre of the next tier in this cluster; empty above the highest.
fn told(order: &WorkOrder, facts: &Facts) -> String {
    let above = order.head.tier.above().filter(|tier| *tier >= facts.root.tier());
    let place = above.map(|tier| authority::place_of_tier(tier, &order.head.place).unwrap_or(&facts.root));
    place.map(|place| UnitCode::desk(place).to_string()).unwrap_or_default()
}

/// Writes new instants when the loaded calendar moves one of them. An order whose clocks stand gets its instants when they run again.
pub(super) fn recalculate(order: &WorkOrder, facts: &Facts) -> Vec<WorkOrderEvent> {
    let now = Marks::measure(order, &facts.calendar);
    let before = &order.head.marks;
    if (now.total, now.unit, &now.parts) == (before.total, before.unit, &before.parts) {
        return Vec::new();
    }
    vec![record(Some(order), Body::CalendarChanged(stored::CalendarChanged {}), None, facts).0]
}
