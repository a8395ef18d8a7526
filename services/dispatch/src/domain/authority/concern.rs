//! Whether what was written in an order is for the tier of whoever knows of it (domain.md 1 and 10). The policies draw the conclusion.

use casebook::{Case as _, Scope};
use civic::{Actor, CaseId, Lamp, Micros, Tier, View};
use mesh::Concern;

use super::home;
use crate::domain::work_order::WorkOrder;

/// How an order stands to the tier of somebody who knows of it by its place. Whoever knows of it otherwise (as the unit that has it, its
/// sender, its reporter) it concerns for itself.
#[must_use]
pub fn concern_of(actor: &Actor, scope: &Scope, order: (CaseId, &WorkOrder), view: &View, now: Micros) -> Concern {
    let (id, order) = order;
    let by_place = matches!(scope, Scope::All | Scope::Place(..));
    let has_share = actor.unit.as_ref().is_some_and(|unit| Scope::Unit(unit.to_string()).admits(id, &order.index()));
    let tier = home(actor, view).map(|home| home.tier());
    // Who has no place is above every tier.
    let above = tier.is_none_or(|tier| tier < order.head.tier);
    Concern { below: by_place && above && !has_share, brought: is_brought_to(tier, order, now) }
}

/// 交办, 超时, 督办: handed down by this tier, overdue, or under supervision; until it is over.
fn is_brought_to(tier: Option<Tier>, order: &WorkOrder, now: Micros) -> bool {
    let head = &order.head;
    let handed_down = tier.is_some() && head.origin == tier;
    let overdue = head.marks.total.map_or(head.lamps.total, |mark| mark.lamp(now)) == Lamp::Red;
    let supervised = head.supervision.as_ref().is_some_and(|supervision| supervision.is_open());
    order.state().is_open() && (handed_down || overdue || supervised)
}
