//! Who may do what in which state, and who may give work to whom: the contract's column "by" as a table of role and verb. Which rpcs a role
//! may use at all and which cases it may know of is said by the guard's policies, before.
//!
//! Which place lies in which is always asked of today's tree: when a district is dissolved, the district that a place lies in now
//! decides about the place's orders, and a unit of the dissolved one counts as one of its successor.

mod concern;
mod rates;

pub use concern::concern_of;
pub use rates::{
    Rater, asks_exclusion, decides_exclusion, is_stationed, rates_above, reads_ratings_of, speaks_for_town,
};

use casebook::{PlaceColumn, Scope, sender_of};
use civic::{Actor, CaseId, DivisionCode, Place, Role, Tier, UnitCode, View};
use mesh::Reach;

use super::refusal;
use super::work_order::verb::By;
use super::work_order::{Refusal, Verb, WorkOrder};

/// Tier whose dispatchers decide about an order: the town's for a village or grid, else the place's own.
#[must_use]
pub const fn owning_tier(place: &Place) -> Tier {
    if place.town.is_some() {
        Tier::Town
    } else if place.district.is_some() {
        Tier::District
    } else {
        Tier::City
    }
}

/// The place of a tier that a place lies in; `None` for the city, which is no column of a place.
#[must_use]
pub const fn place_of_tier(tier: Tier, place: &Place) -> Option<&DivisionCode> {
    match tier {
        Tier::City => None,
        Tier::District | Tier::Town | Tier::Village | Tier::Grid => place.at(tier),
    }
}

/// Tier whose orders a dispatcher's role is for.
pub(crate) const fn dispatcher_of(role: Role) -> Option<Tier> {
    match role {
        Role::TownDispatcher => Some(Tier::Town),
        Role::DistrictDispatcher => Some(Tier::District),
        Role::CityDispatcher => Some(Tier::City),
        Role::Citizen
        | Role::Volunteer
        | Role::GridWorker
        | Role::GridLeader
        | Role::VillageDesk
        | Role::DepartmentHandler
        | Role::Liaison
        | Role::Commander
        | Role::Supervisor
        | Role::EnforcementOfficer
        | Role::LegalReviewer
        | Role::OrganHead
        | Role::EnforcementSupervisor
        | Role::Mediator
        | Role::MediationClerk
        | Role::Approver
        | Role::Analyst
        | Role::Integrator
        | Role::Operator
        | Role::SecurityAdmin
        | Role::Auditor => None,
    }
}

/// Roles that take on a call for their unit: those that act as the unit, and who sits in a place's own centre.
#[must_use]
pub const fn answers_for_a_unit(role: Role) -> bool {
    is_unit_role(role) || dispatcher_of(role).is_some() || matches!(role, Role::Liaison | Role::Commander)
}

/// Roles that act as "the unit".
const fn is_unit_role(role: Role) -> bool {
    matches!(role, Role::GridWorker | Role::GridLeader | Role::VillageDesk | Role::DepartmentHandler)
}

/// The role may use the verb on an order of this tier, whatever its state.
///
/// # Errors
/// [`Refusal::Role`].
pub fn role_may(verb: Verb, actor: &Actor, order: &WorkOrder) -> Result<(), Refusal> {
    let dispatcher = dispatcher_of(actor.role) == Some(order.head.tier);
    let allowed = match verb.by() {
        By::Dispatcher | By::Verifier => dispatcher,
        By::Unit => is_unit_role(actor.role),
        By::HeadOrDispatcher => dispatcher || actor.head,
        By::CitizenOrHotline => matches!(actor.role, Role::Citizen | Role::Integrator),
        By::UnitOrDispatcher => dispatcher || is_unit_role(actor.role),
        By::CalledUnit => is_unit_role(actor.role),
        By::Supervisor => actor.role == Role::Supervisor,
    };
    if allowed { Ok(()) } else { Err(Refusal::Role { verb, role: actor.role }) }
}

/// The caller's unit, or for a citizen the caller's own report, is the one the verb asks for.
///
/// # Errors
/// [`Refusal::Unit`], [`Refusal::VerifierInUnit`].
pub fn unit_may(verb: Verb, actor: &Actor, order: &WorkOrder, view: &View) -> Result<(), Refusal> {
    let has_it = is_handler(actor, order);
    let is_own_place = || reaches(actor, &order.head.place.code, view);
    let denied = || Refusal::Unit { order: order.head.report.clone(), verb };
    let allowed = match verb.by() {
        By::Dispatcher => is_own_place(),
        By::Unit => has_it,
        By::HeadOrDispatcher => {
            (actor.head && is_over(actor, order))
                || (dispatcher_of(actor.role) == Some(order.head.tier) && is_own_place())
        }
        By::Verifier if has_it => return Err(Refusal::VerifierInUnit { order: order.head.report.clone() }),
        By::Verifier => is_own_place(),
        By::CitizenOrHotline => actor.role != Role::Citizen || own_report(actor) == Some(&*order.head.report),
        By::UnitOrDispatcher if is_unit_role(actor.role) => has_it,
        By::UnitOrDispatcher | By::Supervisor => is_own_place(),
        By::CalledUnit => actor.unit.as_ref().is_some_and(|own| order.head.parts.iter().any(|part| part.unit == *own)),
    };
    if allowed { Ok(()) } else { Err(denied()) }
}

/// The caller belongs to the unit that has the order.
fn is_handler(actor: &Actor, order: &WorkOrder) -> bool {
    let handling = order.assignment().map(|assignment| &assignment.unit);
    actor.unit.is_some() && actor.unit.as_ref() == handling
}

/// The caller belongs to the unit that has the order, or to the centre of that unit's place: a head approves for either, and
/// for no other unit or tier.
fn is_over(actor: &Actor, order: &WorkOrder) -> bool {
    let Some(handling) = order.assignment().map(|assignment| &assignment.unit) else { return false };
    actor.unit.as_ref().is_some_and(|own| own == handling || *own == UnitCode::desk(&handling.place()))
}

/// A dispatcher may give work to this unit: it lies in the dispatcher's own place. A town's dispatcher gives to the town's
/// sections, villages and grids, a district's to any unit of the district, the city's to any. Whoever needs a unit above calls it
/// in (吹哨) or hands the order up (提级).
///
/// # Errors
/// [`Refusal::OutOfReach`].
pub fn may_give_to(unit: &UnitCode, actor: &Actor, view: &View) -> Result<(), Refusal> {
    if reaches(actor, &unit.place(), view) { Ok(()) } else { Err(Refusal::OutOfReach { unit: unit.clone() }) }
}

/// A dispatcher of the place, or of one around it.
///
/// # Errors
/// [`refusal::Refusal::Role`], [`refusal::Refusal::OutOfReach`].
pub fn dispatches(actor: &Actor, place: &DivisionCode, view: &View) -> Result<(), refusal::Refusal> {
    if dispatcher_of(actor.role).is_none() {
        return Err(refusal::Refusal::Role { role: actor.role });
    }
    within(actor, place, reaches(actor, place, view))
}

/// Keeps the care lists of a place: its village's desk, or its town's. District and city see how many there are, not whom.
///
/// # Errors
/// [`refusal::Refusal::Role`], [`refusal::Refusal::OutOfReach`].
pub fn keeps_lists_of(actor: &Actor, place: &Place, view: &View) -> Result<(), refusal::Refusal> {
    if !matches!(actor.role, Role::TownDispatcher | Role::VillageDesk) {
        return Err(refusal::Refusal::Role { role: actor.role });
    }
    within(actor, &place.code, reaches(actor, &place.code, view))
}

/// Leads the grid workers of a place: gives them tasks and sees their lists.
///
/// # Errors
/// [`refusal::Refusal::Role`], [`refusal::Refusal::OutOfReach`].
pub fn leads_at(actor: &Actor, place: &Place, view: &View) -> Result<(), refusal::Refusal> {
    if dispatcher_of(actor.role).is_none() && !matches!(actor.role, Role::VillageDesk | Role::GridLeader) {
        return Err(refusal::Refusal::Role { role: actor.role });
    }
    within(actor, &place.code, reaches(actor, &place.code, view))
}

/// A dispatcher of a tier above this one: proposes to it, and decides what it bears.
///
/// # Errors
/// [`refusal::Refusal::Role`].
pub fn is_above(actor: &Actor, tier: Tier) -> Result<(), refusal::Refusal> {
    let above = dispatcher_of(actor.role).is_some_and(|own| own < tier);
    if above { Ok(()) } else { Err(refusal::Refusal::Role { role: actor.role }) }
}

/// Speaks for the tier that a list burdens.
///
/// # Errors
/// [`refusal::Refusal::Role`].
pub fn bears(actor: &Actor, tier: Tier) -> Result<(), refusal::Refusal> {
    let speaker = match tier {
        Tier::City => Role::CityDispatcher,
        Tier::District => Role::DistrictDispatcher,
        Tier::Town => Role::TownDispatcher,
        Tier::Village => Role::VillageDesk,
        Tier::Grid => Role::GridLeader,
    };
    if actor.role == speaker { Ok(()) } else { Err(refusal::Refusal::Role { role: actor.role }) }
}

/// Duties lie in no place: whoever decides about lists, or is burdened by them, sees all.
#[must_use]
pub fn duty_scope(actor: &Actor) -> Scope {
    let sees = dispatcher_of(actor.role).is_some()
        || matches!(actor.role, Role::VillageDesk | Role::GridLeader | Role::Commander | Role::Supervisor);
    if sees { Scope::All } else { Scope::Nothing }
}

/// A district's leader or the centre that keeps the minutes, in the own district (楼栋工作日).
///
/// # Errors
/// [`refusal::Refusal::Role`], [`refusal::Refusal::OutOfReach`].
pub fn leads_district(actor: &Actor, place: &Place, view: &View) -> Result<(), refusal::Refusal> {
    let district = home(actor, view).is_some_and(|home| home.tier() == Tier::District);
    if !district || !matches!(actor.role, Role::Commander | Role::DistrictDispatcher) {
        return Err(refusal::Refusal::Role { role: actor.role });
    }
    within(actor, &place.code, reaches(actor, &place.code, view))
}

/// A commander or dispatcher of the place.
///
/// # Errors
/// [`refusal::Refusal::Role`], [`refusal::Refusal::OutOfReach`].
pub fn commands_at(actor: &Actor, place: &Place, view: &View) -> Result<(), refusal::Refusal> {
    if dispatcher_of(actor.role).is_none() && actor.role != Role::Commander {
        return Err(refusal::Refusal::Role { role: actor.role });
    }
    within(actor, &place.code, reaches(actor, &place.code, view))
}

/// Reminds or interviews a responsible person or enterprise of the place (约谈).
///
/// # Errors
/// [`refusal::Refusal::Role`], [`refusal::Refusal::OutOfReach`].
pub fn interviews(actor: &Actor, place: &Place, view: &View) -> Result<(), refusal::Refusal> {
    let may = matches!(actor.role, Role::Commander | Role::Supervisor | Role::DepartmentHandler);
    if dispatcher_of(actor.role).is_none() && !may {
        return Err(refusal::Refusal::Role { role: actor.role });
    }
    within(actor, &place.code, reaches(actor, &place.code, view))
}

/// May read of an interview whom it was with and what was said: those who may hold one there, and the people of the unit that held it. A machine
/// that is connected for the unit is none of them.
#[must_use]
pub fn reads_interviews(actor: &Actor, place: &Place, unit: &UnitCode, view: &View) -> bool {
    let of_the_unit = actor.unit.as_ref() == Some(unit) && actor.role != Role::Integrator;
    of_the_unit || interviews(actor, place, view).is_ok()
}

fn within(actor: &Actor, place: &DivisionCode, reached: bool) -> Result<(), refusal::Refusal> {
    debug_assert!(actor.unit.is_some() || !reached, "whoever has no unit has no place");
    if reached { Ok(()) } else { Err(refusal::Refusal::OutOfReach { place: place.clone() }) }
}

/// The place is the caller's own or lies in it, as the tree stands.
pub(crate) fn reaches(actor: &Actor, place: &DivisionCode, view: &View) -> bool {
    home(actor, view).is_some_and(|home| lies_in(place, &home, view))
}

/// The place of the caller's unit; for a dissolved one the place that answers today. A grid of a known village is its own: whoever
/// works for a grid does not reach its whole village.
pub(crate) fn home(actor: &Actor, view: &View) -> Option<DivisionCode> {
    let own = actor.place()?;
    let known = view.standing(&own)?;
    Some(if own.tier() == Tier::Grid { own } else { known })
}

/// A place is another or lies in it, as the tree stands.
pub(crate) fn lies_in(place: &DivisionCode, outer: &DivisionCode, view: &View) -> bool {
    place == outer || view.standing(place).is_some_and(|known| view.contains(outer, &known))
}

/// The village in which the caller works; `None` for whoever works for more than one.
pub(crate) fn village_of(actor: &Actor, view: &View) -> Option<DivisionCode> {
    view.standing(&actor.place()?).filter(|known| known.tier() == Tier::Village)
}

/// The report that a citizen's own token is for: its subject is `reports/<id>`.
fn own_report(actor: &Actor) -> Option<&str> {
    actor.subject.strip_prefix("reports/")
}

/// What the caller may know of, as far as policies let the role reach. A case outside it does not exist for the caller.
#[must_use]
pub fn scope_of(actor: &Actor, reach: Reach, view: &View, root: &DivisionCode) -> Scope {
    match reach {
        Reach::All => Scope::All,
        Reach::Place => place_scope(actor, view, root),
        Reach::Unit => unit_scope(actor.unit.as_ref()),
        Reach::Sent => sender_of(actor).map_or(Scope::Nothing, Scope::Sender),
        Reach::Own => own_scope(actor),
        Reach::Nothing => Scope::Nothing,
    }
}

fn own_scope(actor: &Actor) -> Scope {
    let own = own_report(actor).and_then(|id| id.parse::<CaseId>().ok());
    own.or_else(|| mesh::opened_to(actor)).map_or(Scope::Nothing, Scope::Case)
}

fn unit_scope(unit: Option<&UnitCode>) -> Scope {
    unit.map_or(Scope::Nothing, |unit| Scope::Unit(unit.to_string()))
}

/// What lies in the caller's place, whether or not the caller may know of it: for counting alone.
pub(crate) fn territory_of(actor: &Actor, view: &View, root: &DivisionCode) -> Scope {
    place_scope(actor, view, root)
}

/// The subtree of the unit's place, by today's tree: a unit of a dissolved place sees what its successor sees.
fn place_scope(actor: &Actor, view: &View, root: &DivisionCode) -> Scope {
    let Some(place) = actor.place() else { return Scope::Nothing };
    let Some(division) = view.ancestors(&place).next() else { return Scope::Nothing };
    if division.code == *root {
        return Scope::All;
    }
    // A city's unit in a district's cluster: not this territory's.
    column_of(division.tier).map_or(Scope::Nothing, |column| Scope::Place(column, division.code.to_string()))
}

/// Column of a tier; `None` for the city, which is the territory.
#[must_use]
pub const fn column_of(tier: Tier) -> Option<PlaceColumn> {
    match tier {
        Tier::City => None,
        Tier::District => Some(PlaceColumn::District),
        Tier::Town => Some(PlaceColumn::Town),
        Tier::Village => Some(PlaceColumn::Village),
        Tier::Grid => Some(PlaceColumn::Grid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use civic::{Micros, Tree};

    fn member(role: Role, unit: &str) -> Actor {
        Actor::member(role, "s", unit.parse().unwrap())
    }

    fn scope(actor: &Actor, reach: Reach) -> Scope {
        scope_of(actor, reach, &Tree::chongqing().today(Micros::from_secs(1_790_000_000)), &"50".parse().unwrap())
    }

    #[test]
    fn a_reach_over_a_place_is_what_the_unit_s_place_contains() {
        assert_eq!(scope(&member(Role::CityDispatcher, "50"), Reach::Place), Scope::All);
        let town = Scope::Place(PlaceColumn::Town, "500151001".into());
        assert_eq!(scope(&member(Role::TownDispatcher, "500151001"), Reach::Place), town);
        assert_eq!(scope(&member(Role::Supervisor, "500151001-pingan"), Reach::Place), town);
        assert_eq!(scope(&Actor::alone(Role::CityDispatcher, "without a unit"), Reach::Place), Scope::Nothing);
    }

    #[test]
    fn an_interview_is_read_by_who_may_hold_one_and_by_the_people_of_the_unit_and_by_no_machine() {
        let view = Tree::chongqing().today(Micros::from_secs(1_790_000_000));
        let place = view.place(&"500151001".parse().unwrap()).unwrap();
        let reads =
            |role, unit: &str| reads_interviews(&member(role, unit), &place, &"500151001".parse().unwrap(), &view);
        assert!(reads(Role::Supervisor, "500151") && reads(Role::Liaison, "500151001"));
        assert!(!reads(Role::Liaison, "500151001-pingan") && !reads(Role::Integrator, "500151001"));
    }

    #[test]
    fn a_unit_s_and_one_s_own_are_known_by_unit_and_subject() {
        let handler = member(Role::DepartmentHandler, "500151001-pingan");
        assert_eq!(scope(&handler, Reach::Unit), Scope::Unit("500151001-pingan".into()));
        let id = CaseId::from_bytes([7; 16]);
        let citizen = Actor::alone(Role::Citizen, format!("reports/{id}"));
        assert_eq!(scope(&citizen, Reach::Own), Scope::Case(id));
        assert_eq!(scope(&Actor::alone(Role::Citizen, ""), Reach::Own), Scope::Nothing);
        assert_eq!(scope(&handler, Reach::Nothing), Scope::Nothing);
    }
}
