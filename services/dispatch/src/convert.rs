//! Between the contract's messages and the domain. A failure names the field's path in JSON; all of a request's faults are told at once.

pub mod answer;
pub mod arrangements;
pub mod building_days;
pub mod care;
mod cooperation;
pub mod duties;
pub mod emergencies;
pub mod evaluations;
pub mod forces;
pub mod listing;
pub mod rates;
pub mod reader;
mod roster;
pub mod tasks;
pub mod timeline;
pub mod totals;
pub mod verb;
mod verbs;
pub mod warnings;

use civic::{CaseId, Micros};
use prost_types::Timestamp;

use crate::error::Error;

/// The id in `workOrders/<id>`. A malformed name is the name of nothing.
///
/// # Errors
/// Not found.
pub fn order_id(name: &str) -> Result<CaseId, Error> {
    name.strip_prefix("workOrders/").and_then(|id| id.parse().ok()).ok_or(Error::NOT_FOUND)
}

/// The id in `<collection>/<id>`, likewise.
///
/// # Errors
/// Not found.
pub(crate) fn case_id(collection: &str, name: &str) -> Result<CaseId, Error> {
    let id = name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
    id.and_then(|id| id.parse().ok()).ok_or(Error::NOT_FOUND)
}

pub(crate) fn order_name(id: CaseId) -> String {
    format!("workOrders/{id}")
}

pub(crate) fn timestamp(at: Micros) -> Timestamp {
    const MICROS: i64 = 1_000_000;
    let nanos = at.0.rem_euclid(MICROS) * 1_000;
    Timestamp { seconds: at.0.div_euclid(MICROS), nanos: i32::try_from(nanos).expect("less than a second") }
}

/// `None` for an instant that no clock here can show.
pub(crate) fn micros(at: &Timestamp) -> Option<Micros> {
    if !(0..1_000_000_000).contains(&at.nanos) {
        return None;
    }
    let whole = at.seconds.checked_mul(1_000_000)?;
    whole.checked_add(i64::from(at.nanos) / 1_000).map(Micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_go_there_and_back_also_before_the_epoch() {
        for at in [Micros(-1), Micros(0), Micros(1_795_305_600_123_456)] {
            assert_eq!(micros(&timestamp(at)), Some(at));
        }
        assert_eq!(micros(&Timestamp { seconds: i64::MAX, nanos: 0 }), None);
        assert_eq!(micros(&Timestamp { seconds: 0, nanos: -1 }), None);
    }

    #[test]
    fn a_malformed_name_is_not_found() {
        let id = CaseId::from_bytes([7; 16]);
        assert_eq!(order_id(&order_name(id)).ok(), Some(id));
        for name in ["", "workOrders/", "reports/01k9", "workOrders/x", &id.to_string()] {
            assert!(matches!(order_id(name), Err(Error::Case(mesh::CaseError::NotFound))), "{name}");
        }
    }
}
