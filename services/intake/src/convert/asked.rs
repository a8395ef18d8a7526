//! The other requests: lists, claims, words, rulings.

use super::draft::division;
use super::{Checks, given, report_id};
use crate::app::{Claim, Desk, Listing, Ruling, Secret};
use crate::domain::report::Rating;
use crate::error::Error;
use crate::peers::{Merging, Word};
use civic::CaseId;
use prost::Message;
use proto::intake::v1::{
    ClassifyReportRequest, ListReportsRequest, MergeReportRequest, RateReportRequest, ReportState, TrackReportRequest,
};

const DEFAULT_PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;

pub fn listing(request: ListReportsRequest, desk: &Desk) -> Result<Listing, Error> {
    let mut checks = Checks::default();
    let size = match usize::try_from(request.page_size) {
        Ok(0) => DEFAULT_PAGE,
        Ok(size) if size <= LARGEST_PAGE => size,
        Ok(_) | Err(_) => {
            checks.refuse("pageSize", "PAGE_SIZE_INVALID", format!("1 to {LARGEST_PAGE}"));
            DEFAULT_PAGE
        }
    };
    let state = ReportState::try_from(request.state);
    if state.is_err() {
        checks.refuse("state", "STATE_UNKNOWN", "no such state");
    }
    let code = division(&mut checks, "divisionCode", &request.division_code);
    if code.as_ref().is_some_and(|code| desk.view.place(code).is_none()) {
        checks.refuse("divisionCode", "DIVISION_UNKNOWN", "no such division");
    }
    checks.done()?;
    Ok(Listing {
        size,
        token: request.page_token,
        division: code,
        state: (request.state != 0).then_some(request.state),
        needs_person: request.needs_person,
        flagged: request.flagged,
    })
}

pub fn claim(request: TrackReportRequest) -> Result<Claim, Error> {
    let mut checks = Checks::default();
    let secret = secret(&mut checks, request.phone_last4, request.pin);
    checks.done()?;
    Ok(Claim { number: request.tracking_number, secret })
}

/// Who claims the report, and the word to give.
pub fn word(request: RateReportRequest, desk: &Desk) -> Result<(Claim, Word), Error> {
    let mut checks = Checks::default();
    checks.request_id(&request.request_id);
    checks.length("comment", "COMMENT_TOO_LONG", &request.comment, desk.catalog.limits.note_characters);
    let secret = secret(&mut checks, request.phone_last4, request.pin);
    checks.done()?;
    let rating = Rating { answered: request.answered, solved: request.solved, satisfied: request.satisfied };
    let word = Word { request_id: request.request_id, rating, comment: request.comment };
    Ok((Claim { number: request.tracking_number, secret }, word))
}

/// Exactly one of the two. A secret of the wrong shape is not a violation: it simply opens nothing.
pub(super) fn secret(checks: &mut Checks, last4: String, pin: String) -> Secret {
    match (given(last4), given(pin)) {
        (Some(digits), None) => Secret::PhoneLast4(digits),
        (None, Some(digits)) => Secret::Pin(digits),
        (None, None) => {
            checks.refuse("phoneLast4", "SECRET_MISSING", "the phone's last four digits or the pin is required");
            Secret::Pin(String::new())
        }
        (Some(_), Some(_)) => {
            checks.refuse("pin", "SECRET_AMBIGUOUS", "either the phone's last four digits or the pin");
            Secret::Pin(String::new())
        }
    }
}

/// The id of a report and what its order is to be merged into.
pub fn merging(request: MergeReportRequest, desk: &Desk) -> Result<(CaseId, Merging), Error> {
    let id = report_id(&request.name)?;
    let mut checks = Checks::default();
    checks.request_id(&request.request_id);
    checks.length("note", "NOTE_TOO_LONG", &request.note, desk.catalog.limits.note_characters);
    let into = request.into.strip_prefix("workOrders/").or_else(|| request.into.strip_prefix("reports/"));
    let into = into.and_then(|id| id.parse::<CaseId>().ok());
    if into.is_none() {
        checks.refuse("into", "INTO_INVALID", "reports/<id> or workOrders/<id>");
    }
    checks.done()?;
    let into = into.expect("an id that is none is a violation");
    Ok((id, Merging { request_id: request.request_id, into, note: request.note }))
}

pub fn ruling(mut request: ClassifyReportRequest, desk: &Desk) -> Result<Ruling, Error> {
    let id = report_id(&request.name)?;
    let mut checks = Checks::default();
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    checks.request_id(&request_id);
    checks.length("note", "NOTE_TOO_LONG", &request.note, desk.catalog.limits.note_characters);
    let etag = etag(&mut checks, &request.etag);
    let category = given(request.category_code);
    if category.as_ref().is_some_and(|code| desk.catalog.taxonomy.get(code).is_none()) {
        checks.refuse("categoryCode", "CATEGORY_UNKNOWN", "no such category");
    }
    let place = division(&mut checks, "divisionCode", &request.division_code);
    if let Some(code) = &place {
        if desk.view.place(code).is_none() {
            checks.refuse("divisionCode", "DIVISION_UNKNOWN", "no such division");
        } else if !desk.view.contains(&desk.map.root, code) {
            checks.refuse("divisionCode", "OUTSIDE_TERRITORY", "the division lies outside the territory");
        }
    }
    if category.is_none() && place.is_none() && request.division_code.is_empty() {
        checks.refuse("categoryCode", "NOTHING_TO_CLASSIFY", "a category or a division is required");
    }
    checks.done()?;
    Ok(Ruling { id, request_id, etag, category, place, note: given(request.note), body })
}

pub(super) fn etag(checks: &mut Checks, etag: &str) -> Option<i64> {
    if etag.is_empty() {
        return None;
    }
    let version = etag.parse().ok().filter(|version: &i64| *version > 0 && version.to_string() == etag);
    if version.is_none() {
        checks.refuse("etag", "ETAG_INVALID", "not an etag of ours");
    }
    version
}
