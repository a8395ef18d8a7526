//! Between our types and the stored messages. A stored value that cannot be makes the row corrupt: `None`, never a default.

use civic::{DivisionCode, Limit, Measure, Place, Private, Tier, UnitCode};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use proto::dispatch::v1::stored::{After, StoredLimit, StoredPlace, WorkOrderEvent};

use super::WorkOrder;
use super::clocks::Marks;
use super::command::Facts;
use super::evolve;
use super::parts;
use super::supervision::Supervision;

pub(super) fn sealed(text: &Private<String>) -> Bytes {
    Bytes::copy_from_slice(text.sealed())
}

pub(super) fn private(bytes: &Bytes) -> Private<String> {
    Private::from_sealed(bytes.to_vec())
}

pub(super) fn store_limit(limit: Limit) -> StoredLimit {
    StoredLimit { amount: limit.amount, measure: limit.measure.as_str().to_owned() }
}

pub(super) fn limit(stored: Option<&StoredLimit>) -> Option<Limit> {
    const MEASURES: [Measure; 4] = [Measure::Minute, Measure::Hour, Measure::CalendarDay, Measure::WorkingDay];
    let stored = stored?;
    let measure = MEASURES.into_iter().find(|measure| measure.as_str() == stored.measure)?;
    Some(Limit::new(stored.amount, measure))
}

pub(crate) fn store_place(place: &Place) -> StoredPlace {
    let code = |code: &Option<DivisionCode>| code.as_ref().map(ToString::to_string).unwrap_or_default();
    StoredPlace {
        code: place.code.to_string(),
        district: code(&place.district),
        town: code(&place.town),
        village: code(&place.village),
        grid: code(&place.grid),
    }
}

pub(crate) fn place(stored: Option<&StoredPlace>) -> Option<Place> {
    let stored = stored?;
    Some(Place {
        code: stored.code.parse().ok()?,
        district: optional(&stored.district)?,
        town: optional(&stored.town)?,
        village: optional(&stored.village)?,
        grid: optional(&stored.grid)?,
    })
}

pub(super) fn optional_unit(text: &str) -> Option<Option<UnitCode>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

fn optional(text: &str) -> Option<Option<DivisionCode>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

pub(crate) fn tier(text: &str) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| tier.as_str() == text)
}

/// Writes a step: who, when, and the instants both clocks have after it.
pub(super) fn record(
    order: Option<&WorkOrder>,
    body: Body,
    note: Option<&Private<String>>,
    facts: &Facts,
) -> (WorkOrderEvent, WorkOrder) {
    // A clock stepped back does not make history run backwards.
    let at = order.map_or(facts.now, |order| facts.now.max(order.head.updated));
    let moves = moves_clocks(&body);
    let mut event = WorkOrderEvent {
        at_us: at.0,
        by: facts.author.written(),
        note: note.map(sealed).unwrap_or_default(),
        clocks: None,
        after: None,
        person: Bytes::copy_from_slice(facts.author.reference()),
        event: Some(body),
    };
    let mut next = evolve::apply(order.cloned(), &event).expect("the rules only propose what can be applied");
    if moves {
        next.head.marks = Marks::measure(&next, &facts.calendar);
        next.head.lamps.settle(&next.head.marks, at);
        parts::settle(&mut next.head, at);
    }
    event.clocks = Some(next.head.marks.to_stored());
    event.after = Some(after(&next));
    (event, next)
}

fn after(order: &WorkOrder) -> After {
    let unit_name = order.assignment().map(|assignment| assignment.unit_name.clone()).unwrap_or_default();
    After {
        state: order.state().number(),
        unit: order.unit().map(ToString::to_string).unwrap_or_default(),
        unit_name,
        round: order.head.round,
        lamp: super::publish::lamp_number(order.head.lamps.total),
        called_units: order.head.called_units().into_iter().map(ToString::to_string).collect(),
        parent: order.merged().map(|merged| merged.into.to_string()).unwrap_or_default(),
        parent_state: order.merged().map_or(0, |merged| merged.news.standing.number()),
        sender: order.head.sender.clone(),
        tier: order.head.origin.map(|_| order.head.tier.as_str().to_owned()).unwrap_or_default(),
        origin_tier: order.head.origin.map(|origin| origin.as_str().to_owned()).unwrap_or_default(),
        supervised: order.head.supervision.as_ref().is_some_and(Supervision::is_open),
    }
}

/// A note or a step that leaves the clocks alone never moves a due date, whatever calendar was loaded meanwhile.
fn moves_clocks(body: &Body) -> bool {
    match body {
        Body::Created(_)
        | Body::Assigned(_)
        | Body::Reassigned(_)
        | Body::Resolved(_)
        | Body::ReplyRefused(_)
        | Body::Closed(_)
        | Body::Returned(_)
        | Body::RequestApproved(_)
        | Body::Resumed(_)
        | Body::CitizenAwaited(_)
        | Body::CitizenAnswered(_)
        | Body::Reopened(_)
        | Body::Cancelled(_)
        | Body::PartsCalled(_)
        | Body::PartAnswered(_)
        | Body::PartReleased(_)
        | Body::SteppedAside(_)
        | Body::TierMoved(_)
        | Body::Merged(_)
        | Body::SpotCheckFailed(_)
        | Body::CalendarChanged(_) => true,
        // Only another limit moves the total clock; the unit's is its assignment's.
        Body::Reclassified(body) => body.total_limit.is_some(),
        Body::Verified(body) => body.next_round,
        Body::Rated(body) => body.next_round || body.closes,
        Body::Accepted(_)
        | Body::Started(_)
        | Body::ReplyApproved(_)
        | Body::SuspensionRequested(_)
        | Body::ExtensionRequested(_)
        | Body::RequestDeclined(_)
        | Body::LampTurned(_)
        | Body::ReportSpoke(_)
        | Body::AcceptOverdue(_)
        | Body::PartReportedIn(_)
        | Body::PartsLate(_)
        | Body::SupervisionNoticed(_)
        | Body::SupervisionReplied(_)
        | Body::SupervisionReviewed(_)
        | Body::SupervisionLate(_)
        | Body::ParentStepped(_)
        | Body::MemberJoined(_)
        | Body::MembersTold(_) => false,
    }
}
