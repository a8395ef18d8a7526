//! Care entries.

use casebook::Found;
use civic::Private;
use prost::Message as _;
use proto::dispatch::v1 as pb;

use super::reader::Reader;
use super::{case_id, timestamp};
use crate::app::caring::{Ending, Entry, PlainPerson};
use crate::app::{App, Desk};
use crate::catalog::LONGEST_INTERVAL;
use crate::domain::care::{Basis, CareEntry, Entering, Person};
use crate::domain::day::Day;
use crate::error::Error;

/// An entry as it was asked for.
///
/// # Errors
/// Every field at fault.
pub fn entry(mut request: pb::EnterCareRequest, desk: &Desk) -> Result<Entry, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    if desk.catalog.care().get(&request.purpose).is_none() {
        reader.fault("purpose", "PURPOSE_UNKNOWN", "there are no care lists of this purpose");
    }
    let basis = reader.text("basis", request.basis, "BASIS_MISSING");
    let person = person(&mut reader, request.person.unwrap_or_default());
    let place = reader.place("divisionCode", &request.division_code);
    let until = end(&mut reader, &request.end_date);
    let visit_days = u32::try_from(request.visit_days).ok().filter(|_| request.visit_days <= LONGEST_INTERVAL);
    if visit_days.is_none() {
        reader.fault("visitDays", "VISIT_DAYS_INVALID", "1 to 366, or 0 for the interval of the rule");
    }
    let entering = place.zip(until).zip(visit_days).map(|((place, until), visit_days)| Entering {
        purpose: request.purpose,
        // Sealed once the entry has its id, like the person.
        basis: Private::from_sealed(Vec::new()),
        consent: request.consent,
        place,
        who: Person::unknown(),
        until,
        visit_days,
    });
    let entering = reader.finish(entering)?;
    Ok(Entry { request_id, body, basis, person, entering })
}

/// An entry without an end is none.
fn end(reader: &mut Reader<'_>, date: &str) -> Option<Day> {
    let end = reader.optional_day("endDate", date)?;
    if end.is_none() {
        reader.fault("endDate", "END_MISSING", "nobody is on a care list without an end");
    }
    end
}

fn person(reader: &mut Reader<'_>, person: pb::CarePerson) -> PlainPerson {
    let mut text = |path: &str, text: String| reader.optional_text(path, text).unwrap_or_default();
    let (phone, address) = (text("person.phone", person.phone), text("person.address", person.address));
    let remark = text("person.remark", person.remark);
    PlainPerson { name: reader.text("person.name", person.name, "NAME_MISSING"), phone, address, remark }
}

/// Which entry is ended, and why.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn ending(mut request: pb::EndCareEntryRequest, desk: &Desk) -> Result<Ending, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let id = case_id("careEntries", &request.name)?;
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let reason = reader.text("reason", request.reason, "REASON_MISSING");
    reader.finish(Some(Ending { id, request_id, body, reason }))
}

/// Which entry is looked at, and why.
///
/// # Errors
/// Not found for a malformed name, or no reason.
pub fn look(request: pb::GetCareEntryRequest, desk: &Desk) -> Result<(civic::CaseId, String), Error> {
    let id = case_id("careEntries", &request.name)?;
    let mut reader = Reader::new(desk);
    let reason = reader.text("reason", request.reason, "REASON_MISSING");
    reader.finish(Some((id, reason)))
}

/// The entry without the person, and without words that may name one.
#[must_use]
pub fn answer(desk: &Desk, id: civic::CaseId, version: i64, entry: &CareEntry) -> pb::CareEntry {
    let state = if entry.is_open() { pb::CareState::CaredFor } else { pb::CareState::Ended };
    pb::CareEntry {
        name: format!("careEntries/{id}"),
        etag: version.to_string(),
        state: state.into(),
        purpose: entry.purpose.clone(),
        purpose_name: desk.catalog.care().get(&entry.purpose).map(|p| p.name.clone()).unwrap_or_default(),
        basis: String::new(),
        consent: entry.consent,
        division_code: entry.place.code.to_string(),
        end_date: entry.until.to_string(),
        visit_days: i32::try_from(entry.visit_days).unwrap_or(i32::MAX),
        enter_time: Some(timestamp(entry.entered)),
        entered_by: entry.by.clone(),
        person: None,
    }
}

/// The same with the person and the basis, after the look was recorded.
///
/// # Errors
/// Sealed text that cannot be opened.
pub fn answer_with_person(app: &App, desk: &Desk, found: &Found<CareEntry>) -> Result<pb::CareEntry, Error> {
    let who = &found.state.who;
    let person = pb::CarePerson {
        name: app.open(found.id, &who.name)?,
        phone: app.open(found.id, &who.phone)?,
        address: app.open(found.id, &who.address)?,
        remark: app.open(found.id, &who.remark)?,
    };
    let basis = match &found.state.basis {
        Basis::Sealed(basis) => app.open(found.id, basis)?,
        Basis::Plain(basis) => basis.clone(),
    };
    Ok(pb::CareEntry { basis, person: Some(person), ..answer(desk, found.id, found.version, &found.state) })
}
