//! Whether what was told in a report is for the tier of whoever knows of it (domain.md 1 and 10). The policies draw the conclusion.

use crate::domain::report::Report;
use casebook::Scope;
use civic::{Actor, Micros, Place, Tier};
use mesh::Concern;

/// How a report stands to the tier of somebody who knows of it by its place. Whoever took it at the door, whose unit works on it, or who
/// knows of it as its sender, it concerns for itself. `home` is the place of the actor's unit.
pub fn concern_of(actor: &Actor, scope: &Scope, home: Option<&Place>, report: &Report, now: Micros) -> Concern {
    let by_place = matches!(scope, Scope::All | Scope::Place(..));
    let unit = actor.unit.as_ref().map(civic::UnitCode::as_str);
    let works = unit.is_some() && report.phase.work().map(|work| work.unit.as_str()) == unit;
    let took = unit.is_some() && report.head.filed_by.split_once('/').map(|(_, unit)| unit) == unit;
    let tier = home.map(|home| home.code.tier());
    // Who has no place is above every tier.
    let above = tier.is_none_or(|tier| tier < owning_tier(report));
    Concern { below: by_place && above && !works && !took, brought: is_brought_to(tier, report, now) }
}

/// The tier that has the order; before one was moved, the lowest with a centre around the place.
fn owning_tier(report: &Report) -> Tier {
    let place = &report.head.whereabouts.place;
    let opened = if place.town.is_some() {
        Tier::Town
    } else if place.district.is_some() {
        Tier::District
    } else {
        Tier::City
    };
    report.later.attention.tier.unwrap_or(opened)
}

/// 交办, 超时, 督办: handed down by this tier, overdue, or under supervision; until it is over.
fn is_brought_to(tier: Option<Tier>, report: &Report, now: Micros) -> bool {
    let attention = &report.later.attention;
    let handed_down = tier.is_some() && attention.origin == tier;
    let overdue = report.phase.due().is_some_and(|due| due <= now);
    report.phase.open() && (handed_down || overdue || attention.supervised)
}
