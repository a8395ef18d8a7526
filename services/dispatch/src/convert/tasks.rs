//! Daily tasks and rosters as callers see them.

use civic::{CaseId, DivisionCode, Tier};
use prost::Message as _;
use proto::dispatch::v1 as pb;

use super::reader::Reader;
use super::{roster, timestamp};
use crate::app::working::{Assigning, Listed, PostName, RosterLoading, Ticking};
use crate::app::{App, Desk};
use crate::domain::day::Day;
use crate::domain::roster::Roster;
use crate::domain::worklist::{Item, Source};
use crate::error::Error;

/// Days before the one that runs whose lists are shown: each is made again from the history of its post.
const DAYS_BACK: i32 = 31;
/// Characters of where a photo lies.
const LONGEST_URI: usize = 2_000;
const SHA256_DIGITS: usize = 64;

/// Which day and whose.
///
/// # Errors
/// Every field at fault.
pub fn listing(request: &pb::ListTasksRequest, desk: &Desk) -> Result<(Day, Option<PostName>), Error> {
    let mut reader = Reader::new(desk);
    let day = reader.optional_day("date", &request.date);
    if day.flatten().is_some_and(|day| desk.running_day().since(day) > DAYS_BACK) {
        reader.fault("date", "DATE_TOO_EARLY", "a list can be looked at for 31 days");
    }
    let post = if request.post.is_empty() { Some(None) } else { post(&mut reader, &request.post).map(Some) };
    reader.finish(day.zip(post).map(|(day, post)| (day.unwrap_or_else(|| desk.running_day()), post)))
}

/// `<town>/<post>`.
fn post(reader: &mut Reader<'_>, text: &str) -> Option<PostName> {
    let read = text.split_once('/').and_then(|(town, post)| {
        let town: DivisionCode = town.parse().ok().filter(|town: &DivisionCode| town.tier() == Tier::Town)?;
        Some(PostName { town, post: post.to_owned() })
    });
    if read.is_none() {
        reader.fault("post", "POST_UNKNOWN", "a post is named <town>/<post>");
    }
    read
}

/// A tick as it was asked for.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn ticking(mut request: pb::TickTaskRequest, desk: &Desk) -> Result<Ticking, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let (id, number) = task_id(&request.name)?;
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let day = reader.optional_day("date", &request.date);
    if request.note.trim().is_empty() && request.photo.is_none() && request.report.is_empty() {
        reader.fault("note", "EVIDENCE_MISSING", "a note, a photo or a report must be given");
    }
    let note = reader.optional_text("note", request.note);
    let photo = request.photo.and_then(|photo| self::photo(&mut reader, photo));
    let report = report(&mut reader, &request.report);
    reader.finish(day.map(|day| Ticking { request_id, body, id, number, day, note, photo, report }))
}

fn photo(reader: &mut Reader<'_>, photo: pb::Photo) -> Option<(String, String)> {
    let hash =
        photo.sha256.len() == SHA256_DIGITS && photo.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let uri = (1..=LONGEST_URI).contains(&photo.uri.chars().count()) && !photo.uri.contains(char::is_whitespace);
    if !hash || !uri {
        reader.fault("photo", "PHOTO_INVALID", "where it lies, and its SHA-256 in 64 small hexadecimal digits");
        return None;
    }
    Some((photo.uri, photo.sha256))
}

/// The id of the report.
fn report(reader: &mut Reader<'_>, name: &str) -> String {
    let id = name.strip_prefix("reports/").filter(|id| id.parse::<CaseId>().is_ok());
    if id.is_none() && !name.is_empty() {
        reader.fault("report", "REPORT_INVALID", "the name of a report: reports/<id>");
    }
    id.unwrap_or_default().to_owned()
}

/// The list and the number in `tasks/<list>-<number>`.
fn task_id(name: &str) -> Result<(CaseId, u32), Error> {
    let parts = name.strip_prefix("tasks/").and_then(|rest| rest.split_once('-'));
    let read = parts.and_then(|(list, number)| Some((list.parse().ok()?, number.parse().ok()?)));
    read.filter(|(list, number)| task_name(*list, *number) == name).ok_or(Error::NOT_FOUND)
}

fn task_name(list: CaseId, number: u32) -> String {
    format!("tasks/{list}-{number}")
}

/// A task beside the duties as it was asked for.
///
/// # Errors
/// Every field at fault.
pub fn assigning(mut request: pb::AssignTaskRequest, desk: &Desk) -> Result<Assigning, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let post = post(&mut reader, &request.post);
    let text = reader.text("text", request.text, "TEXT_MISSING");
    let on = reader.optional_day("date", &request.date);
    reader.finish(post.zip(on).map(|(post, on)| Assigning { request_id, body, post, text, on }))
}

/// A roster as it was asked for.
///
/// # Errors
/// Every field at fault; of the files the first line.
pub fn roster_loading(mut request: pb::LoadRosterRequest, desk: &Desk) -> Result<RosterLoading, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    reader.optional_text("note", request.note);
    let town = reader.place("divisionCode", &request.division_code).map(|place| place.code);
    let town = town.filter(|town| town.tier() == Tier::Town);
    let read = town.as_ref().and_then(|town| {
        let posts = roster::posts(&mut reader, desk, town, &request.posts)?;
        let absences = roster::absences(&mut reader, &posts, &request.absences)?;
        Some((posts, absences))
    });
    if town.is_none() {
        reader.fault("divisionCode", "DIVISION_UNKNOWN", "a roster is a town's");
    }
    let loading = town.zip(read);
    reader.finish(loading.map(|(town, (posts, absences))| RosterLoading { request_id, body, town, posts, absences }))
}

/// The town in `rosters/<town>`.
///
/// # Errors
/// Not found.
pub fn roster_town(name: &str) -> Result<DivisionCode, Error> {
    let town = name.strip_prefix("rosters/").and_then(|town| town.parse::<DivisionCode>().ok());
    town.filter(|town| town.tier() == Tier::Town).ok_or(Error::NOT_FOUND)
}

/// The roster as those who see the town know it.
#[must_use]
pub fn roster(version: i64, roster: &Roster) -> pb::Roster {
    let post = |post: &crate::domain::roster::Post| pb::RosterPost {
        post: post.post.clone(),
        unit: post.unit.to_string(),
        worker: post.worker.clone(),
    };
    let absence = |absence: &crate::domain::roster::Absence| pb::RosterAbsence {
        worker: absence.worker.clone(),
        stand_in: absence.stand_in.clone(),
        from: absence.from.to_string(),
        to: absence.to.to_string(),
    };
    pb::Roster {
        name: format!("rosters/{}", roster.town),
        etag: version.to_string(),
        posts: roster.posts.iter().map(post).collect(),
        absences: roster.absences.iter().map(absence).collect(),
        date: roster.made.map(|day| day.to_string()).unwrap_or_default(),
        next_time: Some(timestamp(roster.next)),
    }
}

/// What stands on a list, done or not.
///
/// # Errors
/// Sealed text that cannot be opened.
pub fn tasks(app: &App, desk: &Desk, listed: &Listed) -> Result<Vec<pb::Task>, Error> {
    listed.list.on_list().map(|item| task(app, desk, listed, item)).collect()
}

/// One of them.
///
/// # Errors
/// Sealed text that cannot be opened; not found, which cannot be after a command on it.
pub fn numbered(app: &App, desk: &Desk, listed: &Listed, number: u32) -> Result<pb::Task, Error> {
    let item = listed.list.items.iter().find(|item| item.number == number).ok_or(Error::NOT_FOUND)?;
    task(app, desk, listed, item)
}

fn task(app: &App, desk: &Desk, listed: &Listed, item: &Item) -> Result<pb::Task, Error> {
    let Listed { id, list, town, on_duty } = listed;
    let name_of = |rule: &str| desk.catalog.tasks().get(rule).map(|rule| rule.name.clone()).unwrap_or_default();
    let (rule, care_entry) = match &item.source {
        Source::Rule(rule) => (rule.clone(), String::new()),
        Source::Care(rule, entry) => (rule.clone(), format!("careEntries/{entry}")),
        Source::Assigned => (String::new(), String::new()),
    };
    let text = match &item.text {
        Some(text) => app.open(*id, text)?,
        None => name_of(&rule),
    };
    let mut task = pb::Task {
        name: task_name(*id, item.number),
        date: list.day.to_string(),
        post: format!("{town}/{}", list.post),
        unit: list.unit.to_string(),
        worker: on_duty.clone(),
        rule,
        text,
        care_entry,
        state: pb::TaskState::Due.into(),
        since: item.since.to_string(),
        carried_days: item.carried(list.day),
        ..pb::Task::default()
    };
    if let Some(done) = &item.done {
        task.state = pb::TaskState::Done.into();
        task.tick_time = Some(timestamp(done.at));
        task.note = done.evidence.note.as_ref().map(|note| app.open(*id, note)).transpose()?.unwrap_or_default();
        task.photo = done.evidence.photo.clone().map(|(uri, sha256)| pb::Photo { uri, sha256 });
        let report = &done.evidence.report;
        task.report = if report.is_empty() { String::new() } else { format!("reports/{report}") };
    }
    Ok(task)
}
