//! What an order shows to lists, feeds and other services.

use casebook::Row;
use civic::{CaseId, Lamp};
use prost::Message;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use proto::dispatch::v1::stored::{Verified, WorkOrderEvent};
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{CitizenWord, PublicEvent, WorkOrderChanged};

use super::state::{State, WorkOrder};

/// Type of the public event, with its major version.
const CHANGED: &str = "workOrder.changed.v1";

/// Number of the contract's enum.
pub(super) const fn lamp_number(lamp: Lamp) -> i32 {
    match lamp {
        Lamp::Green => 1,
        Lamp::Yellow => 2,
        Lamp::Red => 3,
    }
}

pub(super) fn index(order: &WorkOrder) -> Row {
    let head = &order.head;
    let state = order.state();
    Row {
        open: state.is_open(),
        state: i64::from(state.number()),
        urgency: i64::from(head.urgency.number()),
        category: (!head.category.is_empty()).then(|| head.category.clone()),
        unit: order.unit().map(ToString::to_string),
        // The order's lamp is the total clock's; the unit clock's lamp stands on the order's clock page.
        yellow_at: head.marks.total.map(|mark| mark.yellow),
        red_at: head.marks.total.map(|mark| mark.due),
        lamp: i64::from(lamp_number(head.lamps.total)),
        // No unit has it: a dispatcher must look.
        flagged: matches!(state, State::Created | State::Returned),
        tags: order.tags(),
        ..Row::at(&head.place)
    }
}

/// Type of a stored event. An event of a later release that this one does not know is named so.
pub(super) fn event_type(event: &WorkOrderEvent) -> &'static str {
    let Some(body) = &event.event else { return "workOrder.unknown" };
    match body {
        Body::Created(_) => "workOrder.created",
        Body::Assigned(_) => "workOrder.assigned",
        Body::Accepted(_) => "workOrder.accepted",
        Body::Started(_) => "workOrder.started",
        Body::Resolved(_) => "workOrder.resolved",
        Body::ReplyApproved(_) => "workOrder.replyApproved",
        Body::ReplyRefused(_) => "workOrder.replyRefused",
        Body::Verified(_) => "workOrder.verified",
        Body::Rated(_) => "workOrder.rated",
        Body::Closed(_) => "workOrder.closed",
        Body::Returned(_) => "workOrder.returned",
        Body::Reassigned(_) => "workOrder.reassigned",
        Body::SuspensionRequested(_) => "workOrder.suspensionRequested",
        Body::ExtensionRequested(_) => "workOrder.extensionRequested",
        Body::RequestApproved(_) => "workOrder.requestApproved",
        Body::RequestDeclined(_) => "workOrder.requestDeclined",
        Body::Resumed(_) => "workOrder.resumed",
        Body::CitizenAwaited(_) => "workOrder.citizenAwaited",
        Body::CitizenAnswered(_) => "workOrder.citizenAnswered",
        Body::Reopened(_) => "workOrder.reopened",
        Body::Cancelled(_) => "workOrder.cancelled",
        Body::LampTurned(_) => "workOrder.lampTurned",
        Body::AcceptOverdue(_) => "workOrder.acceptOverdue",
        Body::CalendarChanged(_) => "workOrder.calendarChanged",
        Body::ReportSpoke(spoke) => super::heard::event_type(spoke),
        Body::Reclassified(_) => "workOrder.reclassified",
        Body::PartsCalled(_) => "workOrder.partsCalled",
        Body::PartReportedIn(_) => "workOrder.partReportedIn",
        Body::PartAnswered(_) => "workOrder.partAnswered",
        Body::PartReleased(_) => "workOrder.partReleased",
        Body::SteppedAside(_) => "workOrder.steppedAside",
        Body::SupervisionNoticed(_) => "workOrder.supervisionNoticed",
        Body::SupervisionReplied(_) => "workOrder.supervisionReplied",
        Body::SupervisionReviewed(_) => "workOrder.supervisionReviewed",
        Body::TierMoved(_) => "workOrder.tierMoved",
        Body::PartsLate(_) => "workOrder.partsLate",
        Body::SupervisionLate(_) => "workOrder.supervisionLate",
        Body::Merged(_) => "workOrder.merged",
        Body::SpotCheckFailed(_) => "workOrder.spotCheckFailed",
        Body::ParentStepped(_) => "workOrder.parentStepped",
        Body::MemberJoined(_) => "workOrder.memberJoined",
        Body::MembersTold(_) => "workOrder.membersTold",
    }
}

/// Everything but the units' own affairs (their lamps, and that they have not accepted, reported in or replied yet) and a parent's count
/// of its members: each member tells of itself.
fn is_public(body: &Body) -> bool {
    match body {
        Body::LampTurned(body) => body.clock == "total",
        Body::AcceptOverdue(_)
        | Body::PartsLate(_)
        | Body::SupervisionLate(_)
        | Body::MemberJoined(_)
        | Body::MembersTold(_) => false,
        Body::Created(_)
        | Body::Assigned(_)
        | Body::Accepted(_)
        | Body::Started(_)
        | Body::Resolved(_)
        | Body::ReplyApproved(_)
        | Body::ReplyRefused(_)
        | Body::Verified(_)
        | Body::Rated(_)
        | Body::Closed(_)
        | Body::Returned(_)
        | Body::Reassigned(_)
        | Body::SuspensionRequested(_)
        | Body::ExtensionRequested(_)
        | Body::RequestApproved(_)
        | Body::RequestDeclined(_)
        | Body::Resumed(_)
        | Body::CitizenAwaited(_)
        | Body::CitizenAnswered(_)
        | Body::Reopened(_)
        | Body::Cancelled(_)
        | Body::CalendarChanged(_)
        | Body::ReportSpoke(_)
        | Body::PartsCalled(_)
        | Body::PartReportedIn(_)
        | Body::PartAnswered(_)
        | Body::PartReleased(_)
        | Body::SteppedAside(_)
        | Body::SupervisionNoticed(_)
        | Body::SupervisionReplied(_)
        | Body::SupervisionReviewed(_)
        | Body::TierMoved(_)
        | Body::Merged(_)
        | Body::SpotCheckFailed(_)
        | Body::ParentStepped(_)
        | Body::Reclassified(_) => true,
    }
}

pub(super) fn publish(id: CaseId, event: &WorkOrderEvent) -> Option<(String, Vec<u8>)> {
    event.event.as_ref().filter(|body| is_public(body))?;
    let public = PublicEvent { event: Some(Public::WorkOrderChanged(summary(id, event)?)) };
    Some((CHANGED.to_owned(), public.encode_to_vec()))
}

/// What others may know of a step: where the order stands after it. `None` for an event without that.
#[must_use]
pub fn summary(id: CaseId, event: &WorkOrderEvent) -> Option<WorkOrderChanged> {
    let body = event.event.as_ref()?;
    let after = event.after.as_ref()?;
    let total = event.clocks.as_ref().and_then(|clocks| clocks.total.as_ref());
    let step = event_type(event);
    Some(WorkOrderChanged {
        work_order: id.to_string(),
        step: step.strip_prefix("workOrder.").unwrap_or(step).to_owned(),
        state: after.state,
        unit: after.unit.clone(),
        unit_name: after.unit_name.clone(),
        due_us: total.map_or(0, |mark| mark.due_us),
        lamp: after.lamp,
        round: after.round,
        reply_ready: reply_ready(body),
        called_units: after.called_units.clone(),
        parent: after.parent.clone(),
        parent_state: after.parent_state,
        sender: after.sender.clone(),
        tier: after.tier.clone(),
        origin_tier: after.origin_tier.clone(),
        supervised: after.supervised,
        word: word(body),
    })
}

/// The step left a reply that the citizen may be told.
fn reply_ready(body: &Body) -> bool {
    match body {
        Body::Resolved(body) => !body.reply_pending,
        Body::ReplyApproved(_) => true,
        Body::Rated(body) => body.closes,
        Body::Closed(_) => true,
        Body::Verified(body) => !body.next_round,
        // What the parent was answered is the member's answer.
        Body::Merged(stored::Merged { news, .. }) | Body::ParentStepped(stored::ParentStepped { news }) => {
            let states = [State::Resolved.number(), State::Closed.number()];
            news.as_ref().is_some_and(|news| states.contains(&news.parent_state))
        }
        Body::Created(_)
        | Body::Assigned(_)
        | Body::Accepted(_)
        | Body::Started(_)
        | Body::ReplyRefused(_)
        | Body::Returned(_)
        | Body::Reassigned(_)
        | Body::SuspensionRequested(_)
        | Body::ExtensionRequested(_)
        | Body::RequestApproved(_)
        | Body::RequestDeclined(_)
        | Body::Resumed(_)
        | Body::CitizenAwaited(_)
        | Body::CitizenAnswered(_)
        | Body::Reopened(_)
        | Body::Cancelled(_)
        | Body::LampTurned(_)
        | Body::AcceptOverdue(_)
        | Body::CalendarChanged(_)
        | Body::ReportSpoke(_)
        | Body::PartsCalled(_)
        | Body::PartReportedIn(_)
        | Body::PartAnswered(_)
        | Body::PartReleased(_)
        | Body::SteppedAside(_)
        | Body::SupervisionNoticed(_)
        | Body::SupervisionReplied(_)
        | Body::SupervisionReviewed(_)
        | Body::TierMoved(_)
        | Body::PartsLate(_)
        | Body::SupervisionLate(_)
        | Body::MemberJoined(_)
        | Body::MembersTold(_)
        | Body::SpotCheckFailed(_)
        | Body::Reclassified(_) => false,
    }
}

/// What the citizen said with this step: whoever counts the rates counts from it.
fn word(body: &Body) -> Option<CitizenWord> {
    if let Body::Verified(body) = body {
        let Verified { reached, answered, solved, satisfied, .. } = *body;
        Some(CitizenWord { reached, answered, solved, satisfied })
    } else if let Body::Rated(body) = body {
        Some(CitizenWord { reached: true, answered: body.answered, solved: body.solved, satisfied: body.satisfied })
    } else {
        None
    }
}
