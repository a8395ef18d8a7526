//! Reads the fields of a request and collects what is wrong with them.

use civic::{CaseId, Limit, Micros, Place, Tier, UnitCode};
use mesh::FieldFault;
use prost_types::Timestamp;
use proto::dispatch::v1 as pb;

use super::{micros, order_id};
use crate::app::Desk;
use crate::catalog::limits::{LARGEST, MEASURES};
use crate::catalog::{Unit, UnitFault};
use crate::domain::day::Day;
use crate::domain::work_order::{Answering, MILESTONES_AT_MOST};
use crate::error::Error;

/// Characters of a request id (contract).
const LONGEST_REQUEST_ID: usize = 64;
/// Characters of free text, as of a report.
const LONGEST_TEXT: usize = 10_000;
/// Characters of a reference to a person of a unit.
const LONGEST_REFERENCE: usize = 64;

/// Units of one call.
const UNITS_AT_MOST: usize = 16;

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

    /// The units of a call.
    pub(super) fn units(&mut self, codes: &[String]) -> Option<Vec<Answering>> {
        if codes.is_empty() || codes.len() > UNITS_AT_MOST {
            self.fault("units", "UNITS_INVALID", "1 to 16 units");
            return None;
        }
        let unit = |(index, code): (usize, &String)| self.unit(&format!("units[{index}]"), code);
        let units: Vec<_> = codes.iter().enumerate().map(unit).collect();
        units.into_iter().collect()
    }

    /// An amount of time and how it is measured.
    pub(super) fn limit(&mut self, limit: Option<&pb::Limit>) -> Option<Limit> {
        let read = limit.and_then(|limit| {
            let amount = u32::try_from(limit.amount).ok().filter(|amount| (1..=LARGEST).contains(amount))?;
            let measure = MEASURES.into_iter().find(|measure| measure.as_str() == limit.unit)?;
            Some(Limit::new(amount, measure))
        });
        if read.is_none() {
            self.fault("limit", "LIMIT_INVALID", "1 to 100,000 of minute, hour, calendarDay or workingDay");
        }
        read
    }

    /// Such a limit, or none.
    pub(super) fn optional_limit(&mut self, limit: Option<&pb::Limit>) -> Option<Limit> {
        limit.and_then(|limit| self.limit(Some(limit)))
    }

    /// A tier that owns orders, or none. The outer `None`: it was wrong.
    pub(super) fn tier(&mut self, name: &str) -> Option<Option<Tier>> {
        const OWNERS: [Tier; 3] = [Tier::City, Tier::District, Tier::Town];
        let tier = OWNERS.into_iter().find(|tier| tier.as_str() == name);
        if tier.is_none() && !name.is_empty() {
            self.fault("tier", "TIER_UNKNOWN", "city, district or town");
            return None;
        }
        Some(tier)
    }

    /// A division of today, or none. The outer `None`: it was wrong.
    pub(super) fn division(&mut self, code: &str) -> Option<Option<Place>> {
        if code.is_empty() {
            return Some(None);
        }
        let place = code.parse().ok().and_then(|code| self.desk.view.place(&code));
        if place.is_none() {
            self.fault("divisionCode", "DIVISION_UNKNOWN", "there is no such division today");
        }
        place.map(Some)
    }

    /// A day, or none. The outer `None`: it was wrong.
    pub(super) fn optional_day(&mut self, path: &str, text: &str) -> Option<Option<Day>> {
        if text.is_empty() {
            return Some(None);
        }
        let day = text.parse().ok();
        if day.is_none() {
            self.fault(path, "DATE_INVALID", "a date is written 2026-01-31");
        }
        day.map(Some)
    }

    /// A place of this territory, down to grids.
    pub(super) fn place(&mut self, path: &str, code: &str) -> Option<Place> {
        let place = code.parse().ok().and_then(|code| self.desk.locate(&code));
        let place = place.filter(|place| place.lies_in(&self.desk.root));
        if place.is_none() {
            self.fault(path, "DIVISION_UNKNOWN", "there is no such division today");
        }
        place
    }

    /// Titles with dates, in the order of the dates.
    pub(super) fn milestones(&mut self, asked: Vec<pb::SupervisionMilestone>) -> Vec<(String, Micros)> {
        let many = asked.len() > MILESTONES_AT_MOST;
        let read: Option<Vec<_>> =
            asked.into_iter().map(|milestone| Some((milestone.title, micros(milestone.due_time.as_ref()?)?))).collect();
        let read = read.filter(|read| !many && read.is_sorted_by_key(|(_, due)| *due));
        let read = read.filter(|read| read.iter().all(|(title, _)| !title.trim().is_empty()));
        let Some(read) = read else {
            self.fault(
                "milestones",
                "MILESTONES_INVALID",
                "at most 32, each with a title and a date, in the order of the dates",
            );
            return Vec::new();
        };
        read.into_iter().map(|(title, due)| (self.bounded("milestones", title), due)).collect()
    }

    /// The id of another order.
    pub(super) fn order(&mut self, path: &str, name: &str) -> Option<CaseId> {
        let id = order_id(name).ok();
        if id.is_none() {
            self.fault(path, "INTO_INVALID", "workOrders/<id>");
        }
        id
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
