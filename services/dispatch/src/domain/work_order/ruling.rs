//! A person ruled on the report behind the order: another category, another place, or both.
//!
//! An order that still waits for a unit gets what it waited for. One that has a unit keeps it, because people are at work: it
//! records the ruling, and a dispatcher who finds the unit wrong reassigns. An order that is over stays as it was.
//!
//! A reform of the divisions is recorded the same way: the place keeps its code and lies in another district from then on.

use civic::{Place, Tier};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::WorkOrderEvent;
use proto::dispatch::v1::stored::work_order_event::Event as Body;

use super::command::{Facts, Ruling};
use super::decide::assigned;
use super::event::{limit, place, record, store_limit, store_place, tier};
use super::state::{Head, Phase, WorkOrder};
use crate::domain::authority;
use crate::domain::urgency::Urgency;

pub(super) fn reclassify(order: &WorkOrder, ruling: &Ruling, facts: &Facts) -> Vec<WorkOrderEvent> {
    if !order.state().is_open() {
        return Vec::new();
    }
    let body = after(order, ruling, facts);
    let waits = matches!(order.phase, Phase::Created);
    let to = ruling.answering.as_ref().filter(|_| waits);
    if to.is_none() && says_nothing_new(&order.head, &body) {
        return Vec::new();
    }
    let (reclassified, next) = record(Some(order), Body::Reclassified(body), None, facts);
    let Some(to) = to else { return vec![reclassified] };
    let assigned = Body::Assigned(assigned(&next, to, "", false, facts));
    vec![reclassified, record(Some(&next), assigned, None, facts).0]
}

fn after(order: &WorkOrder, ruling: &Ruling, facts: &Facts) -> stored::Reclassified {
    let head = &order.head;
    let place = ruling.place.as_ref().unwrap_or(&head.place);
    // A unit was promised its limits when it got the order: only an order without one becomes more pressing.
    let waits = matches!(order.phase, Phase::Created);
    let raised = ruling.urgency.filter(|urgency| waits && *urgency < head.urgency);
    stored::Reclassified {
        category_code: ruling.category.clone(),
        category_name: ruling.category_name.clone(),
        place: Some(store_place(place)),
        urgency: raised.unwrap_or(head.urgency).number(),
        // A limit that the matter came with was promised elsewhere: it stays.
        total_limit: raised
            .filter(|_| head.imported_due().is_none())
            .map(|urgency| store_limit(facts.catalog.limits().closing(urgency))),
        reply_approval: ruling.reply_approval.unwrap_or(head.reply_approval),
        tier: owner(head, place).as_str().to_owned(),
        catalog_version: facts.catalog.version().to_owned(),
        tree_version: ruling.tree_version.clone(),
        ruled_by: ruling.by.clone(),
    }
}

/// An order that was handed up or down stays with that tier, as long as it is the same place of that tier: a ruling that names the village
/// does not take the matter from the district that took it over. In another district it begins anew.
fn owner(head: &Head, place: &Place) -> Tier {
    let same = authority::place_of_tier(head.tier, place) == authority::place_of_tier(head.tier, &head.place);
    if head.origin.is_some() && same { head.tier } else { authority::owning_tier(place) }
}

/// The versions it was decided under are no news by themselves.
fn says_nothing_new(head: &Head, body: &stored::Reclassified) -> bool {
    body.category_code == head.category
        && body.place.as_ref() == Some(&store_place(&head.place))
        && body.urgency == head.urgency.number()
        && body.reply_approval == head.reply_approval
}

/// The phase stays; whose dispatchers decide follows the place.
pub(super) fn reclassified(head: &mut Head, phase: Phase, body: &stored::Reclassified) -> Option<Phase> {
    if let Phase::Closed(_) | Phase::Merged(_) | Phase::Cancelled(_) = phase {
        return None;
    }
    head.category.clone_from(&body.category_code);
    head.category_name.clone_from(&body.category_name);
    head.place = place(body.place.as_ref())?;
    head.tier = tier(&body.tier)?;
    head.urgency = Urgency::from_number(body.urgency)?;
    head.reply_approval = body.reply_approval;
    if let Some(another) = &body.total_limit {
        head.total.limit = limit(Some(another))?;
    }
    Some(phase)
}
