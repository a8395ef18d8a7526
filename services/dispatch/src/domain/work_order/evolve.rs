//! What each event makes of an order. Total and pure; `None` when a stored event cannot belong there (the row is corrupt).

mod answering;
mod standing;

use answering::{answer_again, closed, next_round, rated, reply_approved, resolved, verified};
use civic::{Lamp, Micros, Stopwatch, UnitCode};
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use proto::dispatch::v1::stored::{self, WorkOrderEvent};

use super::clocks::{Lamps, Marks};
use super::event::{limit, optional_unit, place, private, tier};
use super::merging;
use super::ruling;
use super::state::{Accepted, Assigned, Assignment, Head, InProgress, Phase, RequestKind, Returned, WorkOrder};
use super::{aside, parts, supervision, tiers};
use crate::domain::urgency::Urgency;
use standing::{approved, citizen_answered, citizen_awaited, declined, requested, resumed};

pub(super) fn evolve(state: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    let mut order = apply(state, event)?;
    order.head.marks = Marks::from_stored(event.clocks.as_ref()?);
    order.head.lamps.settle(&order.head.marks, Micros(event.at_us));
    parts::settle(&mut order.head, Micros(event.at_us));
    Some(order)
}

/// The step without the instants of the clocks, which the rules have yet to compute.
pub(super) fn apply(state: Option<WorkOrder>, event: &WorkOrderEvent) -> Option<WorkOrder> {
    let at = Micros(event.at_us);
    match (state, event.event.as_ref()?) {
        (None, Body::Created(body)) => created(body, at),
        (None, _) => None,
        (Some(order), body) => {
            let before = order.news();
            let WorkOrder { mut head, phase } = order;
            let phase = step(&mut head, phase, body, &Stamp { at, by: &event.by, person: &event.person })?;
            head.updated = at;
            let mut next = WorkOrder { head, phase };
            next.spread(before, at);
            Some(next)
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
        Body::Reopened(_) | Body::SpotCheckFailed(_) => next_round(head, phase, stamp.at),
        Body::Cancelled(_) => Some(cancelled(head, phase, stamp.at)),
        Body::LampTurned(body) => lamp_turned(head, phase, body),
        Body::AcceptOverdue(_) => accept_overdue(phase),
        Body::CalendarChanged(_) | Body::ReportSpoke(_) => Some(phase),
        Body::Reclassified(body) => ruling::reclassified(head, phase, body),
        Body::PartsCalled(_)
        | Body::PartReportedIn(_)
        | Body::PartAnswered(_)
        | Body::PartReleased(_)
        | Body::PartsLate(_)
        | Body::SupervisionNoticed(_)
        | Body::SupervisionReplied(_)
        | Body::SupervisionReviewed(_)
        | Body::SupervisionLate(_) => beside(head, body, stamp).map(|()| phase),
        Body::SteppedAside(body) => aside::stepped(head, phase, body, stamp.person, stamp.at),
        Body::TierMoved(body) => tiers::tier_moved(head, body, stamp.at),
        Body::Merged(body) => merging::merged(head, phase, body, stamp.at),
        Body::ParentStepped(body) => merging::parent_stepped(phase, body),
        Body::MemberJoined(_) => {
            merging::member_joined(head);
            Some(phase)
        }
        Body::MembersTold(body) => merging::page_told(head, body, stamp.at).map(|()| phase),
    }
}

/// What happens beside the order's own phase.
fn beside(head: &mut Head, body: &Body, stamp: &Stamp<'_>) -> Option<()> {
    if let Body::PartsCalled(body) = body {
        parts::called(head, body, stamp.at)
    } else if let Body::PartReportedIn(body) = body {
        parts::reported_in(head, *body)
    } else if let Body::PartAnswered(body) = body {
        parts::answered(head, body, stamp.at)
    } else if let Body::PartReleased(body) = body {
        parts::released(head, body, stamp.at)
    } else if let Body::PartsLate(body) = body {
        parts::late(head, body)
    } else if let Body::SupervisionNoticed(body) = body {
        supervision::noticed(head, body, stamp.by)
    } else if let Body::SupervisionReplied(body) = body {
        supervision::replied(head, body)
    } else if let Body::SupervisionReviewed(body) = body {
        supervision::reviewed(head, body)
    } else if let Body::SupervisionLate(body) = body {
        supervision::late(head, body)
    } else {
        None
    }
}

/// Grounds of the end that a matter came with, as the clock's page shows them.
pub(super) const IMPORTED: &str = "imported";

/// From intake's commit; to the very instant, where the matter came with one.
fn total_clock(body: &stored::Created) -> Option<Stopwatch> {
    let accepted = Micros(body.accepted_us);
    let mut watch = Stopwatch::start(accepted, limit(body.total_limit.as_ref())?);
    if body.due_us != 0 {
        watch.extend(Micros(body.due_us), "intake", IMPORTED, accepted);
    }
    Some(watch)
}

fn created(body: &stored::Created, at: Micros) -> Option<WorkOrder> {
    let head = Head {
        report: body.report.clone(),
        tracking_number: body.tracking_number.clone(),
        sender: body.sender.clone(),
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
        total: total_clock(body)?,
        marks: Marks::default(),
        lamps: Lamps::GREEN,
        round: 1,
        returns: 0,
        extended: false,
        responsible: None,
        rating: None,
        parts: Vec::new(),
        aside: Vec::new(),
        supervision: None,
        origin: None,
        members: None,
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
    head.resume_parts(at);
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
        | Phase::Merged(_)
        | Phase::Cancelled(_) => None,
    }
}

fn returned(head: &mut Head, phase: Phase, body: &stored::Returned, at: Micros) -> Option<Phase> {
    let mut by = if let Phase::Assigned(Assigned { to, .. }) = phase { to } else { working(phase)? };
    by.watch.stop(at);
    head.returns += 1;
    let proposed = optional_unit(&body.proposed_unit)?;
    Some(Phase::Returned(Returned { by, reason: private(&body.reason), proposed }))
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
        Phase::Merged(phase) => phase.before,
        Phase::Cancelled(to) => to,
    };
    head.total.stop(at);
    head.release_parts(at);
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
