//! Between the contract's messages and the domain. A failure names the field's path in JSON; all of a request's faults are told at once.

use crate::app::{App, Asked, Desk};
use crate::domain::matter::{Matter, Phase};
use crate::error::Error;
use civic::{CaseId, Micros, Place};
use mesh::FieldFault;
use prost::Message;
use prost_types::Timestamp;
use proto::specimen::v1 as pb;

/// Characters of a request id (contract).
const LONGEST_REQUEST_ID: usize = 64;
/// Characters of free text, as of a report.
const LONGEST_TEXT: usize = 10_000;

/// What a matter is opened with.
///
/// # Errors
/// Every field at fault.
pub fn opening(desk: &Desk, mut request: pb::OpenMatterRequest) -> Result<(Asked, Place, String), Error> {
    let mut faults = Faults::default();
    let request_id = faults.request_id(std::mem::take(&mut request.request_id));
    let asked = Asked { rpc: "OpenMatter", request_id, body: request.encode_to_vec() };
    let place = faults.place(desk, &request.division_code);
    let text = faults.text("text", request.text, "TEXT_MISSING");
    faults.none_in(place.map(|place| (asked, place, text)))
}

/// What one is closed with.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn closing(mut request: pb::CloseMatterRequest) -> Result<(Asked, (CaseId, Option<i64>), String), Error> {
    let mut faults = Faults::default();
    let request_id = faults.request_id(std::mem::take(&mut request.request_id));
    let asked = Asked { rpc: "CloseMatter", request_id, body: request.encode_to_vec() };
    let which = (matter_id(&request.name)?, faults.etag(&request.etag));
    let result = faults.text("result", request.result, "RESULT_MISSING");
    faults.none_in(Some((asked, which, result)))
}

/// The id in `specimenMatters/<id>`. A malformed name is the name of nothing.
///
/// # Errors
/// Not found.
pub fn matter_id(name: &str) -> Result<CaseId, Error> {
    name.strip_prefix("specimenMatters/").and_then(|id| id.parse().ok()).ok_or(Error::NOT_FOUND)
}

/// A matter as those who may know of it see it.
///
/// # Errors
/// Sealed text that cannot be opened.
pub fn answer(app: &App, id: CaseId, version: i64, matter: &Matter) -> Result<pb::Matter, Error> {
    let (result, close_time) = match &matter.phase {
        Phase::Open => (String::new(), None),
        Phase::Closed { result, at } => (app.unseal(id, result)?, Some(timestamp(*at))),
    };
    Ok(pb::Matter {
        name: format!("specimenMatters/{id}"),
        etag: version.to_string(),
        state: matter.phase.number(),
        division_code: matter.place.code.to_string(),
        text: app.unseal(id, &matter.text)?,
        opened_by: matter.by.clone(),
        open_time: Some(timestamp(matter.opened)),
        result,
        close_time,
    })
}

fn timestamp(at: Micros) -> Timestamp {
    const MICROS: i64 = 1_000_000;
    let nanos = at.0.rem_euclid(MICROS) * 1_000;
    Timestamp { seconds: at.0.div_euclid(MICROS), nanos: i32::try_from(nanos).expect("less than a second") }
}

/// What is wrong with a request, collected field by field.
#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn note(&mut self, path: &str, reason: &'static str, detail: &str) {
        self.0.push(FieldFault { path: path.to_owned(), reason, detail: detail.to_owned() });
    }

    /// What was read, unless something was wrong.
    fn none_in<T>(self, read: Option<T>) -> Result<T, Error> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            Some(_) | None => Err(Error::Invalid(self.0)),
        }
    }

    fn request_id(&mut self, id: String) -> String {
        if id.is_empty() {
            self.note("requestId", "REQUEST_ID_MISSING", "1 to 64 characters, chosen anew for every request");
        } else if id.chars().count() > LONGEST_REQUEST_ID {
            self.note("requestId", "REQUEST_ID_TOO_LONG", "at most 64 characters");
        }
        id
    }

    /// The version the caller has seen; not given: any.
    fn etag(&mut self, etag: &str) -> Option<i64> {
        if etag.is_empty() {
            return None;
        }
        let version = etag.parse().ok().filter(|version: &i64| *version > 0 && version.to_string() == etag);
        if version.is_none() {
            self.note("etag", "ETAG_INVALID", "an etag is given back as it was received");
        }
        version
    }

    /// A place of this territory that exists today.
    fn place(&mut self, desk: &Desk, code: &str) -> Option<Place> {
        let place = code.parse().ok().and_then(|code| desk.view.place(&code));
        let place = place.filter(|place| place.lies_in(&desk.root));
        if place.is_none() {
            self.note("divisionCode", "DIVISION_UNKNOWN", "there is no such division today");
        }
        place
    }

    fn text(&mut self, path: &str, text: String, missing: &'static str) -> String {
        if text.trim().is_empty() {
            self.note(path, missing, "must be given");
        } else if text.chars().count() > LONGEST_TEXT {
            self.note(path, "TEXT_TOO_LONG", "at most 10,000 characters");
        }
        text
    }
}
