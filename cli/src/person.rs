//! Whom development makes up: for `jiewang token`, and for who chooses a role at the page of `jiewang up --sign-in`.

use civic::{Actor, DivisionCode, Micros, Role, Tree, UnitCode};

/// Why there is nobody like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PersonError {
    #[error("a {0} acts for a unit: name it with --unit")]
    NoUnit(Role),
    #[error("{0} is no place")]
    NoPlace(DivisionCode),
    #[error("there is no place {place} in today's divisions{instead}")]
    NotToday { place: DivisionCode, instead: String },
}

/// Whom somebody wants to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub role: Role,
    /// `<place>-<slug>`, or a place's code for its own desk; citizens and volunteers may have none.
    pub unit: Option<UnitCode>,
    /// A reference, never a name; without one it is made of the others.
    pub subject: Option<String>,
    pub head: bool,
}

impl Person {
    /// As services know them.
    ///
    /// # Errors
    /// A work role without a unit, a unit of no place of today.
    pub(crate) fn actor(self, now: Micros) -> Result<Actor, PersonError> {
        let Self { role, unit, subject, head } = self;
        match (&unit, role) {
            (None, Role::Citizen | Role::Volunteer) => {}
            (None, role) => return Err(PersonError::NoUnit(role)),
            (Some(unit), _) => known_place(&unit.place(), now)?,
        }
        // A head is another person than the handlers of the unit: nobody approves the own reply.
        let who = if head { "dev-head" } else { "dev" };
        let subject = subject.unwrap_or_else(|| match &unit {
            Some(unit) => format!("{who}-{role}-{unit}"),
            None => format!("{who}-{role}"),
        });
        Ok(Actor { role, subject, unit, head })
    }
}

/// Grids are the operator's data, so they are known by their village.
fn known_place(place: &DivisionCode, now: Micros) -> Result<(), PersonError> {
    const VILLAGE_DIGITS: usize = 12;
    let view = Tree::chongqing().today(now);
    let digits = &place.as_str()[..place.as_str().len().min(VILLAGE_DIGITS)];
    let code: DivisionCode = digits.parse().map_err(|_| PersonError::NoPlace(place.clone()))?;
    if view.get(&code).is_some() {
        return Ok(());
    }
    let successor = view.successor(&code);
    let instead = successor.map(|code| format!(": {code} answers for it today")).unwrap_or_default();
    Err(PersonError::NotToday { place: place.clone(), instead })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(role: Role, unit: Option<&str>) -> Result<Actor, PersonError> {
        let unit = unit.map(|unit| unit.parse().unwrap());
        // 2026-11-22
        Person { role, unit, subject: None, head: false }.actor(Micros(1_795_276_800_000_000))
    }

    #[test]
    fn work_roles_need_a_unit_of_a_place_that_exists() {
        assert_eq!(asked(Role::TownDispatcher, Some("500151001")).unwrap().subject, "dev-town-dispatcher-500151001");
        assert!(asked(Role::Citizen, None).is_ok());
        assert!(asked(Role::GridWorker, Some("500151001001001")).is_ok(), "a grid is known by its village");
        for (role, unit, says) in [
            (Role::TownDispatcher, None, "--unit"),
            (Role::DepartmentHandler, Some("509999-gongan"), "no place 509999"),
            (Role::GridWorker, Some("500151001999001"), "no place 500151001999001"),
            (Role::DistrictDispatcher, Some("500105"), "500194 answers for it today"),
        ] {
            let refused = asked(role, unit).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
