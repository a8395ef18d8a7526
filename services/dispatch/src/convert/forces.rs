//! Interviews and task forces as callers see them.

use casebook::Found;
use civic::{CaseId, Private, mask_name};
use prost::Message;
use proto::dispatch::v1 as pb;

use super::reader::Reader;
use super::{case_id, order_name, timestamp};
use crate::app::{Acting, App, Asking, Desk};
use crate::domain::authority;
use crate::domain::interview::{self, Interview, Kind, Recording};
use crate::domain::task_force::{self, Forming, TaskForce};
use crate::error::Error;

/// A record, and the order it is about.
///
/// # Errors
/// Every field at fault.
pub fn recording(
    app: &App,
    desk: &Desk,
    mut request: pb::RecordInterviewRequest,
) -> Result<(Option<CaseId>, Acting<interview::Command>), Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body, kind) = (app.fresh(desk), request.encode_to_vec(), kind(request.kind()));
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    if kind.is_none() {
        reader.fault("kind", "INTERVIEW_KIND_UNKNOWN", "REMINDER or INTERVIEW");
    }
    let party = app.seal(id, &reader.text("party", request.party, "NAME_MISSING"));
    let text = app.seal(id, &reader.text("text", request.text, "TEXT_MISSING"));
    let place = reader.place("divisionCode", &request.division_code);
    let work_order = optional_order(&mut reader, &request.work_order);
    let follow_up = match reader.optional_text("followUp", request.follow_up) {
        None => Some(None),
        Some(text) => reader.due("dueTime", request.due_time.as_ref()).map(|due| Some((app.seal(id, &text), due))),
    };
    let read = kind.zip(place).zip(work_order).zip(follow_up);
    let recording = read.map(|(((kind, place), work_order), follow_up)| Recording {
        kind,
        party,
        place,
        text,
        work_order,
        follow_up,
    });
    let recording = reader.finish(recording)?;
    let work_order = recording.work_order;
    let command = interview::Command::Record(Box::new(recording));
    Ok((work_order, Acting { id, rpc: "RecordInterview", request_id, body, command }))
}

const fn kind(kind: pb::InterviewKind) -> Option<Kind> {
    match kind {
        pb::InterviewKind::Unspecified => None,
        pb::InterviewKind::Reminder => Some(Kind::Reminder),
        pb::InterviewKind::Interview => Some(Kind::Interview),
    }
}

/// An order's id, or none. The outer `None`: it was wrong.
fn optional_order(reader: &mut Reader<'_>, name: &str) -> Option<Option<CaseId>> {
    if name.is_empty() {
        return Some(None);
    }
    let order = super::order_id(name).ok();
    if order.is_none() {
        reader.fault("workOrder", "WORK_ORDER_UNKNOWN", "the name of a work order: workOrders/<id>");
    }
    order.map(Some)
}

/// What came of it.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn following_up(
    app: &App,
    desk: &Desk,
    mut request: pb::FollowUpInterviewRequest,
) -> Result<Acting<interview::Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("interviews", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let text = app.seal(id, &reader.text("text", request.text, "TEXT_MISSING"));
    let next = if request.done { Some(None) } else { reader.due("dueTime", request.due_time.as_ref()).map(Some) };
    let command = next.map(|next| interview::Command::FollowUp { text, next });
    reader.finish(command.map(|command| Acting { id, rpc: "FollowUpInterview", request_id, body, command }))
}

/// The record. Whoever sees the place and does not hold interviews there sees that there was one and what is still due: no person's name,
/// and nothing of what was said.
///
/// # Errors
/// Sealed text that cannot be opened.
pub fn interview(app: &App, asking: &Asking, desk: &Desk, found: &Found<Interview>) -> Result<pb::Interview, Error> {
    let (id, interview) = (found.id, &found.state);
    let kind = match interview.kind {
        Kind::Reminder => pb::InterviewKind::Reminder,
        Kind::Interview => pb::InterviewKind::Interview,
    };
    let follow_up = interview.follow_up.as_ref();
    let party = app.open(id, &interview.party)?;
    let answer = pb::Interview {
        name: format!("interviews/{id}"),
        etag: found.version.to_string(),
        kind: kind.into(),
        party: mask_name(&party),
        division_code: interview.place.code.to_string(),
        work_order: interview.work_order.map(order_name).unwrap_or_default(),
        due_time: follow_up.map(|follow_up| timestamp(follow_up.due)),
        overdue: follow_up.is_some_and(|follow_up| follow_up.overdue),
        done: interview.done,
        by: interview.by.clone(),
        create_time: Some(timestamp(interview.at)),
        ..pb::Interview::default()
    };
    if !authority::reads_interviews(&asking.actor, &interview.place, &interview.unit, &desk.view) {
        return Ok(answer);
    }
    Ok(pb::Interview {
        party,
        text: app.open(id, &interview.text)?,
        follow_up: opened(app, id, follow_up.map(|follow_up| &follow_up.text))?,
        result: opened(app, id, interview.result.as_ref())?,
        ..answer
    })
}

fn opened(app: &App, id: CaseId, text: Option<&Private<String>>) -> Result<String, Error> {
    text.map(|text| app.open(id, text)).transpose().map(Option::unwrap_or_default)
}

/// A task force.
///
/// # Errors
/// Every field at fault.
pub fn forming(
    app: &App,
    desk: &Desk,
    mut request: pb::FormTaskForceRequest,
) -> Result<Acting<task_force::Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (app.fresh(desk), request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let title = app.seal(id, &reader.text("title", request.title, "NAME_MISSING"));
    let purpose = app.seal(id, &reader.text("purpose", request.purpose, "TEXT_MISSING"));
    let place = reader.place("divisionCode", &request.division_code);
    let lead = reader.unit("lead", &request.lead).map(|answering| answering.unit);
    let units = reader.units(&request.units).map(|units| units.into_iter().map(|unit| unit.unit).collect());
    let until = reader.optional_day("endDate", &request.end_date);
    if until == Some(None) {
        reader.fault("endDate", "END_MISSING", "a task force has an end");
    }
    let asked = request.milestones.into_iter();
    let asked = asked.map(|m| pb::SupervisionMilestone { title: m.title, due_time: m.due_time, ..Default::default() });
    let milestones = reader.milestones(asked.collect()).into_iter().map(|(title, due)| (app.seal(id, &title), due));
    let milestones = milestones.collect();
    let read = place.zip(lead).zip(units).zip(until.flatten());
    let forming =
        read.map(|(((place, lead), units), until)| Forming { title, purpose, place, lead, units, until, milestones });
    let command = forming.map(|forming| task_force::Command::Form(Box::new(forming)));
    reader.finish(command.map(|command| Acting { id, rpc: "FormTaskForce", request_id, body, command }))
}

/// Which order is held by which task force.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn holding(desk: &Desk, mut request: pb::HoldOrderRequest) -> Result<(CaseId, Acting<()>), Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("taskForces", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let order = super::order_id(&request.work_order).ok();
    if order.is_none() {
        reader.fault("workOrder", "WORK_ORDER_UNKNOWN", "the name of a work order: workOrders/<id>");
    }
    reader.finish(order.map(|order| (order, Acting { id, rpc: "HoldOrder", request_id, body, command: () })))
}

/// Which milestone is reached.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn reaching(desk: &Desk, mut request: pb::ReachMilestoneRequest) -> Result<Acting<task_force::Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("taskForces", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let command = task_force::Command::Reach(u32::try_from(request.milestone).unwrap_or(0));
    reader.finish(Some(Acting { id, rpc: "ReachMilestone", request_id, body, command }))
}

/// With what it is dissolved.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn dissolving(
    app: &App,
    desk: &Desk,
    mut request: pb::DissolveTaskForceRequest,
) -> Result<(Private<String>, Acting<()>), Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("taskForces", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let result = app.seal(id, &reader.text("result", request.result, "TEXT_MISSING"));
    reader.finish(Some((result, Acting { id, rpc: "DissolveTaskForce", request_id, body, command: () })))
}

/// The task force as those who see the place know it.
///
/// # Errors
/// Sealed text that cannot be opened.
pub fn task_force(app: &App, id: CaseId, version: i64, force: &TaskForce) -> Result<pb::TaskForce, Error> {
    let milestone = |milestone: &crate::domain::work_order::Milestone| {
        Ok(pb::PlanMilestone {
            title: app.open(id, &milestone.title)?,
            due_time: Some(timestamp(milestone.due)),
            reached: milestone.reached,
            missed: milestone.missed,
        })
    };
    Ok(pb::TaskForce {
        name: format!("taskForces/{id}"),
        etag: version.to_string(),
        active: force.is_active(),
        title: app.open(id, &force.title)?,
        purpose: app.open(id, &force.purpose)?,
        division_code: force.place.code.to_string(),
        lead: force.lead.to_string(),
        units: force.units.iter().map(ToString::to_string).collect(),
        end_date: force.until.to_string(),
        overdue: force.overdue,
        milestones: force.milestones.iter().map(milestone).collect::<Result<_, Error>>()?,
        behind: force.is_behind(),
        work_orders: force.orders.iter().map(|order| order_name(*order)).collect(),
        result: opened(app, id, force.result.as_ref())?,
        formed_by: force.by.clone(),
    })
}

/// The same of a case as read.
///
/// # Errors
/// As [`task_force`].
pub fn found_force(app: &App, found: &Found<TaskForce>) -> Result<pb::TaskForce, Error> {
    task_force(app, found.id, found.version, &found.state)
}

/// The ids in the names of interviews and task forces.
///
/// # Errors
/// Not found for a malformed name.
pub fn named(collection: &str, name: &str) -> Result<CaseId, Error> {
    case_id(collection, name)
}
