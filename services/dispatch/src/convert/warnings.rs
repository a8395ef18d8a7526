//! Warnings and their places as callers ask for them and see them.

use casebook::{Filter, Found};
use civic::{CaseId, DivisionCode, Micros};
use prost::Message;
use proto::dispatch::v1 as pb;

use super::answer::Answers;
use super::listing::{place, size};
use super::reader::Reader;
use super::{micros, timestamp};
use crate::app::warnings::{Lifting, Request, Warned, Word};
use crate::app::{Desk, Listing};
use crate::domain::warning::place::{Progress, WarningPlace};
use crate::domain::warning::{Level, Phase, Recipient, Terms, Warning};
use crate::error::Error;

/// A warning names what a dispatcher can name by hand; the tree does the rest.
const PLACES_AT_MOST: usize = 64;
/// A forecast does not reach further.
const LONGEST: i64 = 14 * Micros::DAY;
/// Minutes to acknowledge, to answer, and calls in all, when the sender does not say.
const TERMS: [u32; 3] = [10, 60, 3];
const MINUTES_AT_MOST: u32 = 24 * 60;
const CALLS_AT_MOST: u32 = 10;
const KIND_AT_MOST: usize = 40;

/// The id in `warnings/<id>`.
///
/// # Errors
/// Not found.
pub fn warning_id(name: &str) -> Result<CaseId, Error> {
    name.strip_prefix("warnings/").and_then(|id| id.parse().ok()).ok_or(Error::NOT_FOUND)
}

/// A warning as it was asked for.
///
/// # Errors
/// Every field at fault.
pub fn warned(mut request: pb::IssueWarningRequest, desk: &Desk) -> Result<Warned, Error> {
    let id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let id = reader.request_id(id);
    let kind = reader.text("kind", request.kind, "KIND_MISSING");
    if kind.chars().count() > KIND_AT_MOST {
        reader.fault("kind", "TEXT_TOO_LONG", "at most 40 characters");
    }
    let text = reader.text("text", request.text, "TEXT_MISSING");
    let places = places(&request.division_codes, desk, &mut reader);
    let expires = request.expire_time.as_ref().and_then(micros);
    let expires = expires.filter(|expires| *expires > desk.now && expires.0 - desk.now.0 <= LONGEST);
    if expires.is_none() {
        reader.fault("expireTime", "EXPIRY_INVALID", "an instant ahead, at most fourteen days from now");
    }
    let mut number = |path, asked: i32, default, most| match u32::try_from(asked) {
        Ok(0) => default,
        Ok(number) if number <= most => number,
        Ok(_) | Err(_) => {
            reader.fault(path, "LIMIT_INVALID", "1 to 1440 minutes, 1 to 10 calls; left out: 10, 60, 3");
            default
        }
    };
    let acknowledge_minutes = number("acknowledgeMinutes", request.acknowledge_minutes, TERMS[0], MINUTES_AT_MOST);
    let answer_minutes = number("answerMinutes", request.answer_minutes, TERMS[1], MINUTES_AT_MOST);
    let calls = number("calls", request.calls, TERMS[2], CALLS_AT_MOST);
    let warned = expires.map(|expires| Warned {
        request: Request { rpc: "IssueWarning", id, body },
        kind,
        text,
        places,
        terms: Terms { expires, acknowledge_minutes, answer_minutes, calls },
    });
    reader.finish(warned)
}

fn places(codes: &[String], desk: &Desk, reader: &mut Reader<'_>) -> Vec<DivisionCode> {
    if codes.is_empty() || codes.len() > PLACES_AT_MOST {
        reader.fault("divisionCodes", "PLACES_INVALID", "1 to 64 places");
    }
    let mut places = Vec::new();
    for (index, code) in codes.iter().enumerate() {
        let known = code.parse().ok().and_then(|code: DivisionCode| desk.view.get(&code));
        match known.filter(|division| division.tier <= civic::Tier::Village) {
            Some(division) => places.push(division.code.clone()),
            None => {
                let path = format!("divisionCodes[{index}]");
                reader.fault(&path, "DIVISION_UNKNOWN", "a city, district, town or village of today");
            }
        }
    }
    places
}

/// The end of a warning as it was asked for.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn lifting(mut request: pb::LiftWarningRequest, desk: &Desk) -> Result<Lifting, Error> {
    let id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let id = reader.request_id(id);
    let etag = reader.etag(&request.etag);
    let reason = reader.text("reason", request.reason, "REASON_MISSING");
    let warning = warning_id(&request.name)?;
    reader.finish(Some(Lifting { warning, request: Request { rpc: "LiftWarning", id, body }, etag, reason }))
}

/// Which place says what.
pub struct Said {
    pub of: (CaseId, Recipient),
    pub word: (Request, Word),
}

/// A place's acknowledgement.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn acknowledged(mut request: pb::AcknowledgeWarningRequest, desk: &Desk) -> Result<Said, Error> {
    let id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let id = reader.request_id(id);
    let of = of(&request.parent, &request.place)?;
    reader.finish(Some(Said { of, word: (Request { rpc: "AcknowledgeWarning", id, body }, Word::Acknowledge) }))
}

/// A place's answer.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn answered(mut request: pb::AnswerWarningRequest, desk: &Desk) -> Result<Said, Error> {
    let id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let id = reader.request_id(id);
    let of = of(&request.parent, &request.place)?;
    let result = reader.text("result", request.result, "RESULT_MISSING");
    let mut count = |path, asked: i32| {
        u32::try_from(asked).unwrap_or_else(|_| {
            reader.fault(path, "COUNT_INVALID", "none or more");
            0
        })
    };
    let (reached, unreached) = (count("reached", request.reached), count("unreached", request.unreached));
    let word = Word::Answer { result, reached, unreached };
    reader.finish(Some(Said { of, word: (Request { rpc: "AnswerWarning", id, body }, word) }))
}

fn of(parent: &str, place: &str) -> Result<(CaseId, Recipient), Error> {
    Ok((warning_id(parent)?, Recipient::of_name(place).ok_or(Error::NOT_FOUND)?))
}

/// Filter and page of a list of warnings.
///
/// # Errors
/// Every field at fault.
pub fn warnings_listing(request: pb::ListWarningsRequest, desk: &Desk) -> Result<Listing, Error> {
    let mut reader = Reader::new(desk);
    if pb::warning::State::try_from(request.state).is_err() {
        reader.fault("state", "STATE_UNKNOWN", "not a value of this field");
    }
    let filter = Filter { state: (request.state != 0).then_some(i64::from(request.state)), ..Filter::default() };
    let size = size(request.page_size, &mut reader);
    reader.finish(Some(Listing { filter, size, token: request.page_token }))
}

/// Filter and page of a list of places. Of any warning: only those that still owe a word.
///
/// # Errors
/// Not found for a malformed parent, else every field at fault.
pub fn places_listing(request: pb::ListWarningPlacesRequest, desk: &Desk) -> Result<Listing, Error> {
    let mut reader = Reader::new(desk);
    let parent = if request.parent == "warnings/-" { None } else { Some(warning_id(&request.parent)?) };
    if !request.level.is_empty() && !Level::ALL.iter().any(|level| level.as_str() == request.level) {
        reader.fault("level", "LEVEL_UNKNOWN", "district, town, village or household");
    }
    let filter = Filter {
        place: place(&request.division_code, desk, &mut reader),
        category: (!request.level.is_empty()).then_some(request.level),
        flagged: request.answered.map(|answered| !answered),
        parent,
        ..Filter::default()
    };
    let size = size(request.page_size, &mut reader);
    reader.finish(Some(Listing { filter, size, token: request.page_token }))
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

impl Answers<'_> {
    /// The warning: it is meant to be read.
    ///
    /// # Errors
    /// Sealed text that cannot be opened.
    pub fn warning(&self, id: CaseId, version: i64, warning: &Warning) -> Result<pb::Warning, Error> {
        let (end, reason) = match &warning.phase {
            Phase::InForce => (None, String::new()),
            Phase::Lifted { at, reason } => (Some(timestamp(*at)), self.app.open(id, reason)?),
            Phase::Expired { at } => (Some(timestamp(*at)), String::new()),
        };
        Ok(pb::Warning {
            name: format!("warnings/{id}"),
            etag: version.to_string(),
            state: warning.number(),
            kind: warning.kind.clone(),
            text: self.app.open(id, &warning.text)?,
            issuer: warning.issuer.code.to_string(),
            division_codes: warning.places.iter().map(ToString::to_string).collect(),
            acknowledge_minutes: number(warning.terms.acknowledge_minutes),
            answer_minutes: number(warning.terms.answer_minutes),
            calls: number(warning.terms.calls),
            places: number(warning.total),
            called: number(warning.spread),
            create_time: Some(timestamp(warning.opened)),
            expire_time: Some(timestamp(warning.terms.expires)),
            end_time: end,
            reason,
        })
    }

    /// One place of a warning.
    ///
    /// # Errors
    /// Sealed text that cannot be opened.
    pub fn warning_place(&self, found: &Found<WarningPlace>) -> Result<pb::WarningPlace, Error> {
        let place = &found.state;
        let mut answer = pb::WarningPlace {
            name: format!("warnings/{}/places/{}", place.warning, place.recipient().name()),
            state: place.standing().number(),
            level: place.level.as_str().to_owned(),
            division_code: place.place.code.to_string(),
            division_name: self.desk.view.full_name(&place.place.code).unwrap_or_default(),
            unit: place.unit.to_string(),
            calls: number(place.calls),
            due_time: place.next_call().map(timestamp),
            silent: place.silent,
            ..pb::WarningPlace::default()
        };
        match &place.progress {
            Progress::Called => {}
            Progress::Acknowledged { at } => answer.acknowledge_time = Some(timestamp(*at)),
            Progress::Answered { acknowledged, at, result, reached, unreached } => {
                answer.acknowledge_time = Some(timestamp(*acknowledged));
                answer.answer_time = Some(timestamp(*at));
                answer.result = self.app.open(found.id, result)?;
                (answer.reached, answer.unreached) = (number(*reached), number(*unreached));
            }
        }
        Ok(answer)
    }
}
