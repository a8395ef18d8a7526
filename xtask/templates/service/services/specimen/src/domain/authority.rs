//! Who may do what, and who may know of what. Which place lies in which is always asked of today's tree.

use super::matter::Refusal;
use casebook::{PlaceColumn, Scope};
use civic::{Actor, DivisionCode, Place, Role, Tier, View};

/// Roles that open and close matters: those that sit in a place's own centre.
const fn acts(role: Role) -> bool {
    matches!(
        role,
        Role::VillageDesk | Role::TownDispatcher | Role::DistrictDispatcher | Role::CityDispatcher
    )
}

/// Each acts in the own place only.
///
/// # Errors
/// [`Refusal::Role`], [`Refusal::OutOfReach`].
pub fn may(actor: &Actor, place: &Place, view: &View) -> Result<(), Refusal> {
    if !acts(actor.role) {
        return Err(Refusal::Role { role: actor.role });
    }
    let reaches = home(actor, view).is_some_and(|home| view.contains(&home, &place.code));
    if reaches { Ok(()) } else { Err(Refusal::OutOfReach { place: place.code.clone() }) }
}

/// What the caller may know of. A case outside it does not exist for the caller.
#[must_use]
pub fn scope_of(actor: &Actor, view: &View, root: &DivisionCode) -> Scope {
    let Some(home) = home(actor, view).filter(|_| acts(actor.role)) else { return Scope::Nothing };
    if home == *root {
        return Scope::All;
    }
    // A city's unit in a district's cluster: not this territory's.
    column_of(home.tier()).map_or(Scope::Nothing, |column| Scope::Place(column, home.to_string()))
}

/// The place of the caller's unit; for a dissolved one the place that answers today.
fn home(actor: &Actor, view: &View) -> Option<DivisionCode> {
    view.standing(&actor.place()?)
}

/// Column of a tier; `None` for the city, which is the territory.
const fn column_of(tier: Tier) -> Option<PlaceColumn> {
    match tier {
        Tier::City => None,
        Tier::District => Some(PlaceColumn::District),
        Tier::Town => Some(PlaceColumn::Town),
        Tier::Village => Some(PlaceColumn::Village),
        Tier::Grid => Some(PlaceColumn::Grid),
    }
}
