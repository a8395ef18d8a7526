//! Reads the fields of a request and collects what is wrong with them.

use civic::{Micros, UnitCode};
use mesh::FieldFault;
use prost_types::Timestamp;

use super::micros;
use crate::app::Desk;
use crate::catalog::{Unit, UnitFault};
use crate::domain::work_order::Answering;
use crate::error::Error;

/// Characters of a request id (contract).
const LONGEST_REQUEST_ID: usize = 64;
/// Characters of free text, as of a report.
const LONGEST_TEXT: usize = 10_000;
/// Characters of a reference to a person of a unit.
const LONGEST_REFERENCE: usize = 64;

/// The faults of one request, beside what its fields are checked against.
pub struct Reader<'a> {
    desk: &'a Desk,
    faults: Vec<FieldFault>,
}

impl<'a> Reader<'a> {
    #[must_use]
    pub const fn new(desk: &'a Desk) -> Self {
        Self { desk, faults: Vec::new() }
    }

    /// Notes that a field is wrong.
    pub fn fault(&mut self, path: &str, reason: &'static str, detail: &str) {
        self.faults.push(FieldFault { path: path.to_owned(), reason, detail: detail.to_owned() });
    }

    /// What was read, unless something was wrong.
    ///
    /// # Errors
    /// Every fault that was noted.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Error> {
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            Some(_) | None => Err(Error::Invalid(self.faults)),
        }
    }

    pub(super) fn request_id(&mut self, id: String) -> String {
        if id.is_empty() {
            self.fault("requestId", "REQUEST_ID_MISSING", "1 to 64 characters, chosen anew for every request");
        } else if id.chars().count() > LONGEST_REQUEST_ID {
            self.fault("requestId", "REQUEST_ID_TOO_LONG", "at most 64 characters");
        }
        id
    }

    /// The version the caller has seen; not given: any.
    pub(super) fn etag(&mut self, etag: &str) -> Option<i64> {
        if etag.is_empty() {
            return None;
        }
        let version = etag.parse().ok().filter(|version: &i64| *version > 0 && version.to_string() == etag);
        if version.is_none() {
            self.fault("etag", "ETAG_INVALID", "an etag is given back as it was received");
        }
        version
    }

    /// Text that must be there.
    pub(super) fn text(&mut self, path: &str, text: String, missing: &'static str) -> String {
        if text.trim().is_empty() {
            self.fault(path, missing, "must be given");
        }
        self.bounded(path, text)
    }

    /// Text that may be left out.
    pub(super) fn optional_text(&mut self, path: &str, text: String) -> Option<String> {
        if text.is_empty() { None } else { Some(self.bounded(path, text)) }
    }

    fn bounded(&mut self, path: &str, text: String) -> String {
        if text.chars().count() > LONGEST_TEXT {
            self.fault(path, "TEXT_TOO_LONG", "at most 10,000 characters");
        }
        text
    }

    /// A reference to a person of the unit; never a name, so it is short and without spaces.
    pub(super) fn assignee(&mut self, assignee: String) -> String {
        if assignee.chars().count() > LONGEST_REFERENCE || assignee.contains(char::is_whitespace) {
            self.fault("assignee", "ASSIGNEE_INVALID", "a reference of at most 64 characters without spaces");
        }
        assignee
    }

    /// A unit of this territory that exists today, with its name.
    pub(super) fn unit(&mut self, path: &str, code: &str) -> Option<Answering> {
        match self.desk.catalog.unit(code, &self.desk.view) {
            // A unit elsewhere would never see the order: this cluster does not serve it.
            Ok(Unit { code, .. }) if !self.desk.view.contains(&self.desk.root, &code.place()) => {
                self.unknown_unit(path, UnitFault::Place);
                None
            }
            Ok(Unit { code, name }) => Some(Answering { unit: code, name }),
            Err(fault) => {
                self.unknown_unit(path, fault);
                None
            }
        }
    }

    /// Such a unit, or none. The outer `None`: it was wrong.
    pub(super) fn optional_unit(&mut self, path: &str, code: &str) -> Option<Option<UnitCode>> {
        if code.is_empty() { Some(None) } else { self.unit(path, code).map(|answering| Some(answering.unit)) }
    }

    fn unknown_unit(&mut self, path: &str, fault: UnitFault) {
        self.fault(path, "UNIT_UNKNOWN", &fault.to_string());
    }

    /// A date that lies ahead of nothing yet: the rules compare it with the clocks.
    pub(super) fn until(&mut self, until: Option<&Timestamp>) -> Option<Micros> {
        let read = until.and_then(micros);
        if read.is_none() {
            self.fault("until", "UNTIL_INVALID", "an instant must be given");
        }
        read
    }
}
