//! What Cedar is asked with: a caller of some role before a matter that stands in some relation to the caller.
//!
//! Which place lies in which, and who has a share in what, is the services' knowledge. Policies say which *relation* lets a role know of
//! a matter, so they are asked about one matter for each relation.

use super::rules::PolicyError;
use cedar_policy::{Entity, EntityUid, RestrictedExpression};
use civic::Role;
use mesh::Concern;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How a matter stands to whoever asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Relation {
    /// It lies in the place that the caller acts for.
    pub(super) place: bool,
    /// The caller's unit answers for it or has a share in it.
    pub(super) unit: bool,
    /// It was opened for the caller.
    pub(super) own: bool,
    /// The caller sent it, or it was made of what the caller sent.
    pub(super) sent: bool,
}

impl Relation {
    /// Every way in which a matter can stand to somebody.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let bit = |bits: u8, at: u8| bits & (1 << at) != 0;
        (0..16).map(move |bits| Self { place: bit(bits, 0), unit: bit(bits, 1), own: bit(bits, 2), sent: bit(bits, 3) })
    }
}

/// Who is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Somebody who has not signed in.
    Nobody,
    /// A service of this cluster.
    Service,
    Member {
        role: Role,
        head: bool,
        unit: bool,
        /// An operator to whom two people opened a case.
        glass: bool,
    },
}

pub(super) fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_json(json!({"__entity": {"type": format!("Jiewang::{kind}"), "id": id}}))
        .expect("a type and an id make a name")
}

pub(super) fn caller(who: Who) -> EntityUid {
    match who {
        Who::Service => uid("Service", "other"),
        Who::Nobody | Who::Member { .. } => uid("Person", "caller"),
    }
}

/// The caller with role, unit and place.
pub(super) fn callers(who: Who) -> Result<Vec<Entity>, PolicyError> {
    let (roles, head, unit, glass) = match who {
        Who::Service => return Ok(vec![bare("Service", "other", &[])]),
        Who::Nobody => (HashSet::new(), false, false, false),
        Who::Member { role, head, unit, glass } => (HashSet::from([uid("Role", role.as_str())]), head, unit, glass),
    };
    let mut attributes = HashMap::from(
        [("head", head), ("glass", glass)].map(|(name, is)| (name.to_owned(), RestrictedExpression::new_bool(is))),
    );
    if unit {
        attributes.insert("unit".to_owned(), RestrictedExpression::new_entity_uid(uid("Unit", "own")));
        attributes.insert("place".to_owned(), RestrictedExpression::new_entity_uid(uid("Place", "own")));
    }
    let person = Entity::new(caller(who), attributes, roles).map_err(|error| PolicyError::World(error.to_string()))?;
    Ok(vec![person, bare("Unit", "own", &[("Place", "own")]), bare("Place", "own", &[("Place", "around")])])
}

/// A matter that stands so to the caller: a grid inside of the caller's place or elsewhere.
pub(super) fn matter(kind: &str, relation: Relation) -> Result<Vec<Entity>, PolicyError> {
    let place = if relation.place { ("Place", "inside") } else { ("Place", "elsewhere") };
    let units = ["other", "own"].into_iter().filter(|unit| *unit == "other" || relation.unit);
    let units = units.map(|unit| RestrictedExpression::new_entity_uid(uid("Unit", unit)));
    let mut attributes = HashMap::from([("units".to_owned(), RestrictedExpression::new_set(units))]);
    for (name, is_caller) in [("openedFor", relation.own), ("sender", relation.sent)] {
        let person = uid("Person", if is_caller { "caller" } else { "somebody" });
        attributes.insert(name.to_owned(), RestrictedExpression::new_entity_uid(person));
    }
    let parents = HashSet::from([uid(place.0, place.1)]);
    let matter = Entity::new(uid(kind, "asked"), attributes, parents);
    Ok(vec![
        matter.map_err(|error| PolicyError::World(error.to_string()))?,
        bare("Place", "inside", &[("Place", "own")]),
        bare("Place", "elsewhere", &[("Place", "around")]),
    ])
}

/// What was written in a matter that concerns the caller so.
pub(super) fn text(concern: Concern) -> Result<Vec<Entity>, PolicyError> {
    let Concern { below, brought } = concern;
    let attributes = [("below", below), ("brought", brought)];
    let attributes = attributes.map(|(name, is)| (name.to_owned(), RestrictedExpression::new_bool(is)));
    let text = Entity::new(uid("Text", "asked"), HashMap::from(attributes), HashSet::new());
    Ok(vec![text.map_err(|error| PolicyError::World(error.to_string()))?])
}

/// Roles and the groups that they are in.
pub(super) fn roles(groups: &str) -> Result<Vec<Entity>, PolicyError> {
    let groups: BTreeMap<String, Vec<String>> =
        serde_json::from_str(groups).map_err(|error| PolicyError::Groups(error.to_string()))?;
    if let Some(stranger) = groups.values().flatten().find(|name| name.parse::<Role>().is_err()) {
        return Err(PolicyError::Groups(format!("{stranger} is no role")));
    }
    let of = |role: &Role| {
        let inside = groups.iter().filter(|(_, roles)| roles.iter().any(|name| name == role.as_str()));
        inside.map(|(group, _)| ("Role", group.as_str())).collect::<Vec<_>>()
    };
    let roles = Role::all().iter().map(|role| bare("Role", role.as_str(), &of(role)));
    let groups = groups.keys().filter(|group| group.parse::<Role>().is_err()).map(|group| bare("Role", group, &[]));
    Ok(roles.chain(groups).collect())
}

fn bare(kind: &str, id: &str, parents: &[(&str, &str)]) -> Entity {
    Entity::new_no_attrs(uid(kind, id), parents.iter().map(|(kind, id)| uid(kind, id)).collect())
}
