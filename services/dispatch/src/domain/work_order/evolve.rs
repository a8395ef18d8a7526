//! What each event makes of an order. Total and pure; `None` when a stored event cannot belong there (the row is corrupt).

use civic::{Lamp, Micros, Stopwatch, UnitCode};
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use proto::dispatch::v1::stored::{self, WorkOrderEvent};

use super::clocks::{Lamps, Marks};
use super::event::{limit, optional_unit, place, private, tier};
use super::state::{
    Accepted, Assigned, Assignment, Before, Closed, Done, Head, InProgress, Phase, Rating, Request, RequestKind,
    Resolution, Resolved, Returned, Suspended, WorkOrder,
};
use crate::domain::urgency::Urgency;

/// Why both clocks stand, in the words a clock explains itself with.
const SUSPENDED: &str = "suspended";
const WAITING: &str = "waiting for the citizen";

pub(super) fn evolve(state: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    let mut order = apply(state, event)?;
    order.head.marks = Marks::from_stored(event.clocks.as_ref()?);
    order.head.lamps.settle(&order.head.marks, Micros(event.at_us));
    Some(order)
}

/// The step without the instants of the clocks, which the rules have yet to compute.
pub(super) fn apply(state: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    let at = Micros(event.at_us);
    match (state, event.event.as_ref()?) {
        (None, Body::Created(body)) => created(body, at),
        (None, _) => None,
        (Some(order), body) => {
            let WorkOrder { mut head, phase } = order;
            let phase = step(&mut head, phase, body, &Stamp { at, by: &event.by, person: &event.person })?;
            head.updated = at;
            Some(WorkOrder { head, phase })
        }
    }
}

/// When, by whom.
struct Stamp<'a> {
    at: Micros,
    by: &'a str,
    person: &'a [u8],
}

fn step(head: &mut Head, phase: Phase, body: &Body, stamp: &Stamp<'_>) -> Option<Phase> {
    match body {
        Body::Created(_) => None,
        Body::Assigned(body) => assigned(head, &phase, body, stamp.at),
        Body::Reassigned(body) => reassigned(head, phase, body, stamp.at),
        Body::Accepted(_) => accepted(head, phase),
        Body::Started(_) => started(phase),
        Body::Resolved(body) => resolved(head, phase, body, stamp),
        Body::ReplyApproved(_) => reply_approved(phase),
        Body::ReplyRefused(_) => answer_again(phase, stamp.at),
        Body::Verified(body) => verified(head, phase, body, stamp.at),
        Body::Rated(body) => rated(head, phase, body, stamp.at),
        Body::Closed(body) => closed(head, phase, body, stamp.at),
        Body::Returned(body) => returned(head, phase, body, stamp.at),
        Body::SuspensionRequested(body) => {
            requested(phase, RequestKind::Suspension, body.until_us, &body.reason, stamp)
        }
        Body::ExtensionRequested(body) => requested(phase, RequestKind::Extension, body.until_us, &body.reason, stamp),
        Body::RequestApproved(_) => approved(head, phase, stamp),
        Body::RequestDeclined(_) => declined(phase),
        Body::Resumed(body) => resumed(head, phase, body.by_timer, stamp.at),
        Body::CitizenAwaited(_) => citizen_awaited(head, phase, stamp),
        Body::CitizenAnswered(_) => citizen_answered(head, phase, stamp.at),
        Body::Reopened(_) => next_round(head, phase, stamp.at),
        Body::Cancelled(_) => Some(cancelled(head, phase, stamp.at)),
        Body::LampTurned(body) => lamp_turned(head, phase, body),
        Body::AcceptOverdue(_) => accept_overdue(phase),
        Body::CalendarChanged(_) => Some(phase),
    }
}

fn created(body: &stored::Created, at: Micros) -> Option<WorkOrder> {
    let head = Head {
        report: body.report.clone(),
        tracking_number: body.tracking_number.clone(),
        category: body.category_code.clone(),
        category_name: body.category_name.clone(),
        urgency: Urgency::from_number(body.urgency)?,
        place: place(body.place.as_ref())?,
        report_kind: body.report_kind,
        anonymous: body.anonymous,
        no_reply: body.no_reply,
        reply_approval: body.reply_approval,
        tier: tier(&body.tier)?,
        owner: body.owner.clone(),
        epoch: body.epoch,
        opened: at,
        updated: at,
        total: Stopwatch::start(Micros(body.accepted_us), limit(body.total_limit.as_ref())?),
        marks: Marks::default(),
        lamps: Lamps::GREEN,
        round: 1,
        returns: 0,
        extended: false,
        responsible: None,
        rating: None,
    };
    Some(WorkOrder { head, phase: Phase::Created })
}

fn assigned(head: &mut Head, phase: &Phase, body: &stored::Assigned, at: Micros) -> Option<Phase> {
    let (Phase::Created | Phase::Assigned(_) | Phase::Returned(_)) = phase else { return None };
    let unit: UnitCode = body.unit.parse().ok()?;
    head.responsible.get_or_insert_with(|| unit.clone());
    head.lamps.unit = Lamp::Green;
    let to = Assignment {
        unit,
        unit_name: body.unit_name.clone(),
        assignee: body.assignee.clone(),
        watch: Stopwatch::start(at, limit(body.unit_limit.as_ref())?),
        ruled: body.by_ruling,
    };
    let accept_limit = limit(body.accept_limit.as_ref())?;
    Some(Phase::Assigned(Assigned { to, accept_limit, accept_due: Micros(body.accept_due_us), overdue: false }))
}

fn reassigned(head: &mut Head, phase: Phase, body: &stored::Reassigned, at: Micros) -> Option<Phase> {
    working(phase)?;
    head.total.resume(at);
    head.lamps.unit = Lamp::Green;
    let to = Assignment {
        unit: body.unit.parse().ok()?,
        unit_name: body.unit_name.clone(),
        assignee: body.assignee.clone(),
        watch: Stopwatch::start(at, limit(body.unit_limit.as_ref())?),
        ruled: false,
    };
    let accept_limit = limit(body.accept_limit.as_ref())?;
    Some(Phase::Assigned(Assigned { to, accept_limit, accept_due: Micros(body.accept_due_us), overdue: false }))
}

fn accepted(head: &mut Head, phase: Phase) -> Option<Phase> {
    let Phase::Assigned(Assigned { to, .. }) = phase else { return None };
    head.responsible = Some(to.unit.clone());
    Some(Phase::Accepted(Accepted { to, request: None }))
}

fn started(phase: Phase) -> Option<Phase> {
    let Phase::Accepted(Accepted { to, request }) = phase else { return None };
    Some(Phase::InProgress(InProgress { to, request, waiting: false }))
}

/// The unit at work, in either of the two phases.
fn working(phase: Phase) -> Option<Assignment> {
    match phase {
        Phase::Accepted(phase) => Some(phase.to),
        Phase::InProgress(phase) => Some(phase.to),
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Suspended(_)
        | Phase::Resolved(_)
        | Phase::Verified(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Cancelled(_) => None,
    }
}

fn resolved(head: &mut Head, phase: Phase, body: &stored::Resolved, stamp: &Stamp<'_>) -> Option<Phase> {
    let mut to = working(phase)?;
    head.total.resume(stamp.at);
    to.watch.stop(stamp.at);
    let resolution = Resolution {
        result: private(&body.result),
        reply: private(&body.reply),
        handler: stamp.person.to_vec(),
        window_until: Micros(body.window_until_us),
    };
    Some(Phase::Resolved(Resolved { to, resolution, reply_pending: body.reply_pending }))
}

fn reply_approved(phase: Phase) -> Option<Phase> {
    let Phase::Resolved(resolved) = phase else { return None };
    Some(Phase::Resolved(Resolved { reply_pending: false, ..resolved }))
}

/// Back to the unit: the time since it resolved becomes a pause of its clock.
fn answer_again(phase: Phase, at: Micros) -> Option<Phase> {
    let mut to = answered(phase)?;
    to.watch.reopen(at);
    Some(Phase::InProgress(InProgress { to, request: None, waiting: false }))
}

/// The unit that has answered, in any of the three phases.
fn answered(phase: Phase) -> Option<Assignment> {
    match phase {
        Phase::Resolved(phase) => Some(phase.to),
        Phase::Verified(phase) => Some(phase.to),
        Phase::Closed(phase) => Some(phase.to),
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Accepted(_)
        | Phase::InProgress(_)
        | Phase::Suspended(_)
        | Phase::Returned(_)
        | Phase::Cancelled(_) => None,
    }
}

fn next_round(head: &mut Head, phase: Phase, at: Micros) -> Option<Phase> {
    if let Phase::Closed(_) = phase {
        head.total.reopen(at);
    }
    head.round += 1;
    answer_again(phase, at)
}

fn verified(head: &mut Head, phase: Phase, body: &stored::Verified, at: Micros) -> Option<Phase> {
    if body.next_round {
        return next_round(head, phase, at);
    }
    let Phase::Resolved(Resolved { to, resolution, .. }) = phase else { return None };
    Some(Phase::Verified(Done { to, resolution }))
}

fn rated(head: &mut Head, phase: Phase, body: &stored::Rated, at: Micros) -> Option<Phase> {
    head.rating = Some(Rating {
        answered: body.answered,
        solved: body.solved,
        satisfied: body.satisfied,
        comment: private(&body.comment),
    });
    if body.next_round {
        next_round(head, phase, at)
    } else if body.closes {
        close(head, phase, body.window_until_us, at)
    } else {
        let Phase::Closed(closed) = phase else { return None };
        Some(Phase::Closed(closed))
    }
}

fn closed(head: &mut Head, phase: Phase, body: &stored::Closed, at: Micros) -> Option<Phase> {
    let Phase::Verified(_) = phase else { return None };
    close(head, phase, body.window_until_us, at)
}

fn close(head: &mut Head, phase: Phase, window_until_us: i64, at: Micros) -> Option<Phase> {
    let done = match phase {
        Phase::Resolved(Resolved { to, resolution, .. }) => Done { to, resolution },
        Phase::Verified(done) => done,
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Accepted(_)
        | Phase::InProgress(_)
        | Phase::Suspended(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Cancelled(_) => return None,
    };
    head.total.stop(at);
    let resolution = Resolution { window_until: Micros(window_until_us), ..done.resolution };
    Some(Phase::Closed(Closed { to: done.to, resolution, at }))
}

fn returned(head: &mut Head, phase: Phase, body: &stored::Returned, at: Micros) -> Option<Phase> {
    let mut by = if let Phase::Assigned(Assigned { to, .. }) = phase { to } else { working(phase)? };
    by.watch.stop(at);
    head.returns += 1;
    let proposed = optional_unit(&body.proposed_unit)?;
    Some(Phase::Returned(Returned { by, reason: private(&body.reason), proposed }))
}

fn requested(
    phase: Phase,
    kind: RequestKind,
    until_us: i64,
    reason: &prost::bytes::Bytes,
    stamp: &Stamp<'_>,
) -> Option<Phase> {
    let request = Request {
        kind,
        until: Micros(until_us),
        reason: private(reason),
        asked: stamp.at,
        person: stamp.person.to_vec(),
    };
    with_request(phase, Some(request)).map(|(phase, _)| phase)
}

fn declined(phase: Phase) -> Option<Phase> {
    with_request(phase, None).map(|(phase, _)| phase)
}

/// The same phase with another request, and the one it had.
fn with_request(phase: Phase, request: Option<Request>) -> Option<(Phase, Option<Request>)> {
    match phase {
        Phase::Accepted(Accepted { to, request: had }) => Some((Phase::Accepted(Accepted { to, request }), had)),
        Phase::InProgress(InProgress { to, request: had, waiting }) => {
            Some((Phase::InProgress(InProgress { to, request, waiting }), had))
        }
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Suspended(_)
        | Phase::Resolved(_)
        | Phase::Verified(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Cancelled(_) => None,
    }
}

fn approved(head: &mut Head, phase: Phase, stamp: &Stamp<'_>) -> Option<Phase> {
    let (phase, request) = with_request(phase, None)?;
    let request = request?;
    match request.kind {
        RequestKind::Suspension => suspended(head, phase, request.until, stamp),
        RequestKind::Extension => extended(head, phase, request.until, stamp),
    }
}

fn suspended(head: &mut Head, phase: Phase, until: Micros, stamp: &Stamp<'_>) -> Option<Phase> {
    let before = match &phase {
        Phase::Accepted(_) => Before::Accepted,
        Phase::InProgress(phase) => Before::InProgress { waiting: phase.waiting },
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Suspended(_)
        | Phase::Resolved(_)
        | Phase::Verified(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Cancelled(_) => return None,
    };
    let mut to = working(phase)?;
    if before != (Before::InProgress { waiting: true }) {
        pause(head, &mut to, SUSPENDED, stamp);
    }
    Some(Phase::Suspended(Suspended { to, until, before }))
}

fn extended(head: &mut Head, mut phase: Phase, until: Micros, stamp: &Stamp<'_>) -> Option<Phase> {
    const GRANTED: &str = "extended";
    head.extended = true;
    head.total.extend(until, stamp.by, GRANTED, stamp.at);
    let to = match &mut phase {
        Phase::Accepted(phase) => &mut phase.to,
        Phase::InProgress(phase) => &mut phase.to,
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Suspended(_)
        | Phase::Resolved(_)
        | Phase::Verified(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Cancelled(_) => return None,
    };
    to.watch.extend(until, stamp.by, GRANTED, stamp.at);
    Some(phase)
}

/// A timer that fires late does not lengthen the pause: it ends at the date that was granted.
fn resumed(head: &mut Head, phase: Phase, by_timer: bool, at: Micros) -> Option<Phase> {
    let Phase::Suspended(Suspended { mut to, until, before }) = phase else { return None };
    let from = if by_timer { until } else { at };
    match before {
        Before::Accepted => {
            run(head, &mut to, from);
            Some(Phase::Accepted(Accepted { to, request: None }))
        }
        Before::InProgress { waiting } => {
            if !waiting {
                run(head, &mut to, from);
            }
            Some(Phase::InProgress(InProgress { to, request: None, waiting }))
        }
    }
}

fn citizen_awaited(head: &mut Head, phase: Phase, stamp: &Stamp<'_>) -> Option<Phase> {
    let Phase::InProgress(InProgress { mut to, request, waiting: false }) = phase else { return None };
    pause(head, &mut to, WAITING, stamp);
    Some(Phase::InProgress(InProgress { to, request, waiting: true }))
}

fn citizen_answered(head: &mut Head, phase: Phase, at: Micros) -> Option<Phase> {
    let Phase::InProgress(InProgress { mut to, request, waiting: true }) = phase else { return None };
    run(head, &mut to, at);
    Some(Phase::InProgress(InProgress { to, request, waiting: false }))
}

fn pause(head: &mut Head, to: &mut Assignment, why: &str, stamp: &Stamp<'_>) {
    head.total.pause(stamp.at, stamp.by, why);
    to.watch.pause(stamp.at, stamp.by, why);
}

fn run(head: &mut Head, to: &mut Assignment, from: Micros) {
    head.total.resume(from);
    to.watch.resume(from);
}

fn cancelled(head: &mut Head, phase: Phase, at: Micros) -> Phase {
    let to = match phase {
        Phase::Created => None,
        Phase::Assigned(phase) => Some(phase.to),
        Phase::Accepted(phase) => Some(phase.to),
        Phase::InProgress(phase) => Some(phase.to),
        Phase::Suspended(phase) => Some(phase.to),
        Phase::Resolved(phase) => Some(phase.to),
        Phase::Verified(phase) => Some(phase.to),
        Phase::Closed(phase) => Some(phase.to),
        Phase::Returned(phase) => Some(phase.by),
        Phase::Cancelled(to) => to,
    };
    head.total.stop(at);
    Phase::Cancelled(to.map(|mut to| {
        to.watch.stop(at);
        to
    }))
}

fn lamp_turned(head: &mut Head, phase: Phase, body: &stored::LampTurned) -> Option<Phase> {
    let lamp = [Lamp::Yellow, Lamp::Red].into_iter().find(|lamp| super::publish::lamp_number(*lamp) == body.lamp)?;
    match body.clock.as_str() {
        "total" => head.lamps.total = lamp,
        "unit" => head.lamps.unit = lamp,
        _ => return None,
    }
    Some(phase)
}

fn accept_overdue(phase: Phase) -> Option<Phase> {
    let Phase::Assigned(assigned) = phase else { return None };
    Some(Phase::Assigned(Assigned { overdue: true, ..assigned }))
}
