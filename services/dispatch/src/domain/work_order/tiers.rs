//! 提级, 交办: another tier of the same cluster owns the order from then on. The total clock runs on; the unit is the one that the
//! duty list of that tier knows.

use civic::{Micros, Place, Private, Stopwatch, Tier};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::work_order_event::Event as Body;

use super::command::{Answering, Facts};
use super::decide::{RETURNS_AT_MOST, assigned, name};
use super::event::{limit, place, sealed, store_place, tier};
use super::refusal::Refusal;
use super::state::{Assigned, Assignment, Head, Phase, WorkOrder};
use crate::domain::authority;
use civic::Lamp;

/// Up: the place stays as narrow as it is known, so that the matter can be handed down again.
pub(super) fn escalate(
    order: &WorkOrder,
    to: Option<Tier>,
    reason: &Private<String>,
    facts: &Facts,
) -> Result<Body, Refusal> {
    ruling_is_not_due(order)?;
    let head = &order.head;
    let to = to.or_else(|| head.tier.above());
    let to = to.filter(|tier| *tier < head.tier && *tier >= facts.root.tier());
    let to = to.ok_or_else(|| Refusal::NoSuchTier { order: name(order) })?;
    Ok(moved(order, to, &head.place, reason, false, facts))
}

/// Down: into the narrower place that is named, else to the next tier that the order's place has.
pub(super) fn hand_down(
    order: &WorkOrder,
    into: Option<&Place>,
    reason: &Private<String>,
    facts: &Facts,
) -> Result<Body, Refusal> {
    ruling_is_not_due(order)?;
    let head = &order.head;
    let place = into.unwrap_or(&head.place);
    let inside = facts.view.contains(&head.place.code, &place.code);
    let below = match head.tier {
        Tier::City if place.district.is_some() && into.is_none() => Tier::District,
        Tier::City | Tier::District | Tier::Town | Tier::Village | Tier::Grid => authority::owning_tier(place),
    };
    if !inside || below <= head.tier {
        return Err(Refusal::NoSuchTier { order: name(order) });
    }
    Ok(moved(order, below, place, reason, true, facts))
}

/// After the second return only the centre's ruling leads on, also not to another tier or into another order.
pub(super) fn ruling_is_not_due(order: &WorkOrder) -> Result<(), Refusal> {
    if matches!(order.phase, Phase::Returned(_)) && order.head.returns >= RETURNS_AT_MOST {
        return Err(Refusal::RulingRequired { order: name(order) });
    }
    Ok(())
}

fn moved(order: &WorkOrder, to: Tier, place: &Place, reason: &Private<String>, down: bool, facts: &Facts) -> Body {
    let answering = answering(order, to, place, facts);
    Body::TierMoved(stored::TierMoved {
        tier: to.as_str().to_owned(),
        place: Some(store_place(place)),
        reason: sealed(reason),
        down,
        to: answering.map(|answering| assigned(order, &answering, "", false, facts)),
    })
}

/// By the duty list of that tier: a town's unit is not asked about what the district took over.
fn answering(order: &WorkOrder, to: Tier, place: &Place, facts: &Facts) -> Option<Answering> {
    let code = authority::place_of_tier(to, place).unwrap_or(&facts.root);
    let lies = if down_there(place, to) { place.clone() } else { facts.view.place(code)? };
    let (_, unit) = facts.catalog.duty(&order.head.category, &lies, facts.now)?;
    let unit = facts.catalog.unit(unit.as_str(), &facts.view).ok()?;
    Some(Answering { unit: unit.code, name: unit.name })
}

/// The town owns what lies in its villages and grids, and their lists come first.
const fn down_there(place: &Place, to: Tier) -> bool {
    matches!(to, Tier::Town) && place.town.is_some()
}

pub(super) fn tier_moved(head: &mut Head, body: &stored::TierMoved, at: Micros) -> Option<Phase> {
    let to = tier(&body.tier)?;
    head.origin.get_or_insert(head.tier);
    head.tier = to;
    head.place = place(body.place.as_ref())?;
    head.total.resume(at);
    head.resume_parts(at);
    head.lamps.unit = Lamp::Green;
    let Some(body) = &body.to else { return Some(Phase::Created) };
    let unit: civic::UnitCode = body.unit.parse().ok()?;
    head.responsible.get_or_insert_with(|| unit.clone());
    let to = Assignment {
        unit,
        unit_name: body.unit_name.clone(),
        assignee: body.assignee.clone(),
        watch: Stopwatch::start(at, limit(body.unit_limit.as_ref())?),
        ruled: false,
    };
    let accept_limit = limit(body.accept_limit.as_ref())?;
    Some(Phase::Assigned(Assigned { to, accept_limit, accept_due: Micros(body.accept_due_us), overdue: false }))
}
