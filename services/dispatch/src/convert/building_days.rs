//! Building days as callers see them.

use casebook::Found;
use civic::{CaseId, Micros};
use prost::Message;
use proto::dispatch::v1 as pb;

use super::reader::Reader;
use super::{case_id, order_name, timestamp};
use crate::app::{Acting, App, Desk};
use crate::domain::building_day::{BuildingDay, Command, Deciding, Request};
use crate::domain::day::Day;
use crate::error::Error;

/// A session.
///
/// # Errors
/// Every field at fault.
pub fn opening(app: &App, desk: &Desk, mut request: pb::OpenBuildingDayRequest) -> Result<Acting<Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (app.fresh(desk), request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let place = reader.place("divisionCode", &request.division_code);
    let day = reader.optional_day("date", &request.date).map(|day| day.unwrap_or_else(|| Day::of(desk.now)));
    let units = reader.units(&request.units).map(|units| units.into_iter().map(|unit| unit.unit).collect());
    let command = place.zip(day).zip(units).map(|((place, day), units)| Command::Open { place, day, units });
    reader.finish(command.map(|command| Acting { id, rpc: "OpenBuildingDay", request_id, body, command }))
}

/// A request with its decision. Its text is sealed for the order that it opens.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn deciding(app: &App, desk: &Desk, mut request: pb::DecideRequestRequest) -> Result<Acting<Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("buildingDays", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let work_order = app.fresh(desk);
    let text = app.seal(work_order, &reader.text("text", request.text, "TEXT_MISSING"));
    if !request.category.is_empty() && desk.catalog.taxonomy().get(&request.category).is_none() {
        reader.fault("category", "CATEGORY_UNKNOWN", "there is no such category");
    }
    let category = request.category;
    let unit = reader.unit("unit", &request.unit).map(|answering| answering.unit);
    let due = reader.due("dueTime", request.due_time.as_ref());
    let command =
        unit.zip(due).map(|(unit, due)| Command::Decide(Box::new(Deciding { text, category, unit, due, work_order })));
    reader.finish(command.map(|command| Acting { id, rpc: "DecideRequest", request_id, body, command }))
}

/// The end of a session.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn closing(desk: &Desk, mut request: pb::CloseBuildingDayRequest) -> Result<Acting<Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("buildingDays", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    reader.finish(Some(Acting { id, rpc: "CloseBuildingDay", request_id, body, command: Command::Close }))
}

/// The session as those who see the neighbourhood know it.
///
/// # Errors
/// Sealed text that cannot be opened.
pub fn answer(app: &App, id: CaseId, version: i64, session: &BuildingDay) -> Result<pb::BuildingDay, Error> {
    let request = |request: &Request| {
        Ok(pb::BuildingDayRequest {
            text: app.open(request.work_order, &request.text)?,
            category: request.category.clone(),
            unit: request.unit.to_string(),
            due_time: Some(timestamp(request.due)),
            work_order: order_name(request.work_order),
        })
    };
    Ok(pb::BuildingDay {
        name: format!("buildingDays/{id}"),
        etag: version.to_string(),
        open: session.open,
        division_code: session.place.code.to_string(),
        date: session.day.to_string(),
        units: session.units.iter().map(ToString::to_string).collect(),
        opened_by: session.by.clone(),
        requests: session.requests.iter().map(request).collect::<Result<_, Error>>()?,
    })
}

/// The same of a case as read.
///
/// # Errors
/// As [`answer`].
pub fn found(app: &App, found: &Found<BuildingDay>) -> Result<pb::BuildingDay, Error> {
    answer(app, found.id, found.version, &found.state)
}

impl Reader<'_> {
    /// A date that was promised.
    pub(super) fn due(&mut self, path: &str, at: Option<&prost_types::Timestamp>) -> Option<Micros> {
        let due = at.and_then(super::micros);
        if due.is_none() {
            self.fault(path, "DUE_INVALID", "an instant must be given");
        }
        due
    }
}
