//! Between the wire and the domain. A failure names the field by its JSON path, and a request that is wrong in several places
//! hears of all of them at once.

pub mod answer;
pub mod asked;
pub mod draft;
pub mod language;
pub mod later;
pub mod suggestions;

use crate::error::Error;
use civic::{CaseId, Micros};
use mesh::FieldFault;
use prost_types::Timestamp;

/// A request id is 1 to this many characters (contract, HTTP and JSON).
const REQUEST_ID_CHARACTERS: usize = 64;

const COLLECTION: &str = "reports/";

/// Violations as they are found.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<FieldFault>);

impl Checks {
    pub(crate) fn refuse(&mut self, path: impl Into<String>, reason: &'static str, detail: impl Into<String>) {
        self.0.push(FieldFault { path: path.into(), reason, detail: detail.into() });
    }

    /// All of them, or the value that was built meanwhile.
    pub(crate) fn done(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }

    pub(crate) fn request_id(&mut self, id: &str) {
        if id.is_empty() {
            self.refuse("requestId", "REQUEST_ID_MISSING", "a request id is required");
        } else if exceeds(id, REQUEST_ID_CHARACTERS) {
            self.refuse("requestId", "REQUEST_ID_TOO_LONG", format!("at most {REQUEST_ID_CHARACTERS} characters"));
        }
    }

    pub(crate) fn length(&mut self, path: &str, reason: &'static str, text: &str, most: usize) {
        if exceeds(text, most) {
            self.refuse(path, reason, format!("at most {most} characters"));
        }
    }
}

/// More characters than `most`? Looks at no more than that many, however long the text is.
fn exceeds(text: &str, most: usize) -> bool {
    text.len() > most && text.chars().nth(most).is_some()
}

/// `None` when empty.
fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// `None` when the timestamp is not one (nanoseconds out of range, beyond the years that microseconds hold).
pub fn micros(time: &Timestamp) -> Option<Micros> {
    let nanos = i64::from(time.nanos);
    if !(0..1_000_000_000).contains(&nanos) {
        return None;
    }
    time.seconds.checked_mul(Micros::SECOND)?.checked_add(nanos / 1_000).map(Micros)
}

pub fn timestamp(at: Micros) -> Timestamp {
    let nanos = at.0.rem_euclid(Micros::SECOND) * 1_000;
    Timestamp { seconds: at.secs(), nanos: i32::try_from(nanos).expect("less than a second in nanoseconds") }
}

/// The id in `reports/<id>`. A name that is none names nothing: not found.
pub fn report_id(name: &str) -> Result<CaseId, Error> {
    name.strip_prefix(COLLECTION).and_then(|id| id.parse().ok()).ok_or(Error::NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_and_not_bytes() {
        assert!(!exceeds("一二三", 3));
        assert!(exceeds("一二三四", 3));
        assert!(exceeds(&"a".repeat(1_000_000), 10));
    }

    #[test]
    fn instants_survive_the_wire_also_before_the_epoch() {
        for at in [0, 1, -1, 1_764_000_000_123_456, -1_764_000_000_123_456] {
            assert_eq!(micros(&timestamp(Micros(at))), Some(Micros(at)));
        }
        assert_eq!(micros(&Timestamp { seconds: 0, nanos: 1_000_000_000 }), None);
        assert_eq!(micros(&Timestamp { seconds: 0, nanos: -1 }), None);
        assert_eq!(micros(&Timestamp { seconds: i64::MAX, nanos: 0 }), None);
    }

    #[test]
    fn a_malformed_name_is_not_found() {
        for name in
            ["", "reports/", "workOrders/01k9xxxxxxxxxxxxxxxxxxxxxx", "reports/01K9", "01k9xxxxxxxxxxxxxxxxxxxxxx"]
        {
            assert!(matches!(report_id(name), Err(Error::Case(mesh::CaseError::NotFound))), "{name}");
        }
    }
}
