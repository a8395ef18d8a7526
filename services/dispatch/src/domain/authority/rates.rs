//! Who asks for an exclusion and who decides, who rates whom from below, and who reads it.

use civic::{Actor, DivisionCode, Role, Tier, UnitCode, View};

use super::super::refusal;
use super::{dispatcher_of, home, is_unit_role, lies_in, reaches, within};

/// Who counts as one rater.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rater {
    Person(String),
    Place(DivisionCode),
}

/// Asks for an exclusion: the unit that has the order, and nobody else.
///
/// # Errors
/// [`refusal::Refusal::Role`], [`refusal::Refusal::NotTheUnit`].
pub fn asks_exclusion(actor: &Actor, unit: &UnitCode) -> Result<(), refusal::Refusal> {
    if !is_unit_role(actor.role) {
        return Err(refusal::Refusal::Role { role: actor.role });
    }
    let own = actor.unit.as_ref() == Some(unit);
    if own { Ok(()) } else { Err(refusal::Refusal::NotTheUnit { unit: unit.clone() }) }
}

/// Decides about one: a dispatcher of the tier that owns the order, outside the unit.
///
/// # Errors
/// [`refusal::Refusal::Role`], [`refusal::Refusal::OutOfReach`], [`refusal::Refusal::DeciderInUnit`].
pub fn decides_exclusion(
    actor: &Actor,
    tier: Tier,
    unit: &UnitCode,
    place: &DivisionCode,
    view: &View,
) -> Result<(), refusal::Refusal> {
    if dispatcher_of(actor.role) != Some(tier) {
        return Err(refusal::Refusal::Role { role: actor.role });
    }
    within(actor, place, reaches(actor, place, view))?;
    if actor.unit.as_ref() == Some(unit) { Err(refusal::Refusal::DeciderInUnit) } else { Ok(()) }
}

/// Who speaks when a unit is rated from below: a grid leader for the person, a village's desk and a town's dispatcher for the place.
///
/// # Errors
/// [`refusal::Refusal::Role`], [`refusal::Refusal::UnitNotAbove`].
pub fn rates_above(actor: &Actor, unit: &UnitCode, view: &View) -> Result<Rater, refusal::Refusal> {
    let denied = || refusal::Refusal::Role { role: actor.role };
    let own = actor.place().ok_or_else(denied)?;
    let (above, rater) = if actor.role == Role::GridLeader {
        (Tier::Town, Rater::Person(actor.subject.clone()))
    } else if actor.role == Role::VillageDesk {
        (Tier::Town, Rater::Place(own))
    } else if actor.role == Role::TownDispatcher {
        (Tier::District, Rater::Place(own))
    } else {
        return Err(denied());
    };
    let place = unit.place();
    let is_above = place.tier() == above && reached_from(actor, &place, view);
    let stationed = actor.role == Role::TownDispatcher && is_stationed(unit, actor, view);
    if is_above || stationed { Ok(rater) } else { Err(refusal::Refusal::UnitNotAbove { unit: unit.clone() }) }
}

/// An office of a department above that sits in the caller's own town (派驻机构).
#[must_use]
pub fn is_stationed(unit: &UnitCode, actor: &Actor, view: &View) -> bool {
    /// Slugs of the unit list: police station, judicial office.
    const STATIONED: [&str; 2] = ["paichusuo", "sifasuo"];
    let here = home(actor, view).as_ref() == Some(&unit.place());
    here && unit.slug().is_some_and(|slug| STATIONED.contains(&slug))
}

/// Whose word is the town's.
#[must_use]
pub const fn speaks_for_town(actor: &Actor) -> bool {
    matches!(actor.role, Role::TownDispatcher)
}

/// The caller may read how a unit was rated: one of its own, or of a place around it.
#[must_use]
pub fn reads_ratings_of(actor: &Actor, unit: &UnitCode, view: &View) -> bool {
    let over = dispatcher_of(actor.role).is_some() || matches!(actor.role, Role::Commander | Role::Supervisor);
    (is_unit_role(actor.role) && actor.unit.as_ref() == Some(unit)) || (over && reaches(actor, &unit.place(), view))
}

/// The caller's place lies in this one.
fn reached_from(actor: &Actor, place: &DivisionCode, view: &View) -> bool {
    home(actor, view).is_some_and(|home| lies_in(&home, place, view))
}
