//! Calendars and duty lists as operators load them: read by the very code that counts by them afterwards.

use civic::Calendar;
use prost::Message as _;
use proto::dispatch::v1 as pb;

use super::reader::Reader;
use super::timestamp;
use crate::app::Desk;
use crate::app::arranging::Loading;
use crate::catalog::Catalog;
use crate::domain::arrangement::{DAYS, Version};
use crate::error::Error;

/// It stands in clocks, events and file names.
const LONGEST_VERSION: usize = 64;

/// A calendar, if it is one.
///
/// # Errors
/// Every field at fault; of the days the first line.
pub fn calendar_loading(mut request: pb::LoadCalendarRequest, desk: &Desk) -> Result<Loading, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    version(&mut reader, &request.version);
    let note = reader.optional_text("note", request.note).unwrap_or_default();
    if let Err(error) = Calendar::load_csv(&request.version, &request.days) {
        reader.fault("days", "CALENDAR_INVALID", &error.to_string());
    }
    let files = vec![(DAYS.to_owned(), request.days)];
    let request_key = Some((request_id, body));
    reader.finish(Some(Loading { request: request_key, name: request.version, files, note }))
}

/// A duty list with what belongs to it, if it is one.
///
/// # Errors
/// Every field at fault; of the files the first one and its line.
pub fn duty_list_loading(mut request: pb::LoadDutyListRequest, desk: &Desk) -> Result<Loading, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    version(&mut reader, &request.version);
    let note = reader.optional_text("note", request.note).unwrap_or_default();
    let files = [
        ("categories.csv", request.categories),
        ("duties.csv", request.duties),
        ("limits.csv", request.limits),
        ("tasks.csv", request.tasks),
        ("care.csv", request.care),
        ("units.csv", request.units),
    ];
    let given = files.into_iter().filter(|(_, text)| !text.is_empty());
    let files: Vec<(String, String)> = given.map(|(name, text)| (name.to_owned(), text)).collect();
    if let Err(error) = Catalog::of(&request.version, &files) {
        reader.fault("duties", "DUTY_LIST_INVALID", &error.to_string());
    }
    let request_key = Some((request_id, body));
    reader.finish(Some(Loading { request: request_key, name: request.version, files, note }))
}

pub(super) fn version(reader: &mut Reader<'_>, version: &str) {
    let plain = version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if version.is_empty() || version.len() > LONGEST_VERSION || !plain || version.starts_with('.') {
        reader.fault("version", "VERSION_INVALID", "up to 64 letters, digits, dashes, underscores and dots");
    }
}

/// Its days are not told again.
#[must_use]
pub fn calendar(version: &Version, settled: bool) -> pb::Calendar {
    let days = version.files.iter().find(|(name, _)| name == DAYS).map_or("", |(_, text)| text.as_str());
    let years = Calendar::load_csv(&version.name, days).map(|calendar| calendar.years().map(i32::from).collect());
    pb::Calendar {
        name: format!("calendars/{}", version.name),
        years: years.unwrap_or_default(),
        load_time: Some(timestamp(version.at)),
        loaded_by: version.by.clone(),
        note: version.note.clone(),
        settled,
    }
}

/// Its files are not told again.
#[must_use]
pub fn duty_list(version: &Version) -> pb::DutyList {
    pb::DutyList {
        name: format!("dutyLists/{}", version.name),
        load_time: Some(timestamp(version.at)),
        loaded_by: version.by.clone(),
        note: version.note.clone(),
    }
}
