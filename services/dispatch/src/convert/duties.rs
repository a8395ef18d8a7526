//! Duties as callers see them.

use casebook::Found;
use civic::{CaseId, Tier};
use prost::Message;
use proto::dispatch::v1 as pb;

use super::reader::Reader;
use super::{case_id, timestamp};
use crate::app::{Acting, App, Desk};
use crate::domain::day::Day;
use crate::domain::duty::{Change, Command, Duty, Line};
use crate::error::Error;

/// A first proposal.
///
/// # Errors
/// Every field at fault.
pub fn proposing(app: &App, desk: &Desk, mut request: pb::ProposeDutyRequest) -> Result<Acting<Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (app.fresh(desk), request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let line = line(&mut reader, request.duty.unwrap_or_default());
    let from = from(&mut reader, &request.from);
    let reason = app.seal(id, &reader.text("reason", request.reason, "TEXT_MISSING"));
    let command = line.zip(from).map(|(line, from)| Command::Propose { line, from, reason });
    reader.finish(command.map(|command| Acting { id, rpc: "ProposeDuty", request_id, body, command }))
}

/// A change of an admitted one.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn adjusting(app: &App, desk: &Desk, mut request: pb::AdjustDutyRequest) -> Result<Acting<Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("duties", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let line = line(&mut reader, request.duty.unwrap_or_default());
    let from = from(&mut reader, &request.from);
    let reason = app.seal(id, &reader.text("reason", request.reason, "TEXT_MISSING"));
    let command = line.zip(from).map(|(line, from)| Command::Adjust { line, from, reason });
    reader.finish(command.map(|command| Acting { id, rpc: "AdjustDuty", request_id, body, command }))
}

/// The end of an admitted one.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn retiring(app: &App, desk: &Desk, mut request: pb::RetireDutyRequest) -> Result<Acting<Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("duties", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let from = from(&mut reader, &request.from);
    let reason = app.seal(id, &reader.text("reason", request.reason, "TEXT_MISSING"));
    let command = from.map(|from| Command::Retire { from, reason });
    reader.finish(command.map(|command| Acting { id, rpc: "RetireDuty", request_id, body, command }))
}

/// The word of the level that bears it.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn reviewing(app: &App, desk: &Desk, mut request: pb::ReviewDutyRequest) -> Result<Acting<Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("duties", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let reason = app.seal(id, &reader.text("reason", request.reason, "TEXT_MISSING"));
    let command = Command::Review { agrees: request.agrees, reason };
    reader.finish(Some(Acting { id, rpc: "ReviewDuty", request_id, body, command }))
}

/// Admission.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn admitting(desk: &Desk, mut request: pb::AdmitDutyRequest) -> Result<Acting<Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("duties", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    reader.finish(Some(Acting { id, rpc: "AdmitDuty", request_id, body, command: Command::Admit }))
}

/// Refusal.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn refusing(app: &App, desk: &Desk, mut request: pb::RefuseDutyRequest) -> Result<Acting<Command>, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let (id, body) = (case_id("duties", &request.name)?, request.encode_to_vec());
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let reason = app.seal(id, &reader.text("reason", request.reason, "TEXT_MISSING"));
    reader.finish(Some(Acting { id, rpc: "RefuseDuty", request_id, body, command: Command::Refuse { reason } }))
}

/// The id of a duty.
///
/// # Errors
/// Not found for a malformed name.
pub fn duty_id(name: &str) -> Result<CaseId, Error> {
    case_id("duties", name)
}

/// What the catalog checks as a whole is left to it; here only that the line can be one.
fn line(reader: &mut Reader<'_>, line: pb::DutyLine) -> Option<Line> {
    let tier = Tier::ALL.into_iter().find(|tier| tier.as_str() == line.tier);
    if tier.is_none() {
        reader.fault("duty.tier", "TIER_UNKNOWN", "city, district, town, village or grid");
    }
    let urgency = line.urgency.parse().ok();
    if urgency.is_none() {
        reader.fault("duty.urgency", "DUTY_INVALID", "LEVEL_ONE to LEVEL_FOUR");
    }
    Some(Line {
        category: line.category,
        tier: tier?,
        unit: line.unit,
        co_handling: line.co_handling,
        urgency: urgency?,
        reply_approval: line.reply_approval,
        law: line.law,
        article: line.article,
    })
}

fn from(reader: &mut Reader<'_>, text: &str) -> Option<Day> {
    let day = reader.optional_day("from", text)?;
    if day.is_none() {
        reader.fault("from", "DATE_INVALID", "the first day must be given");
    }
    day
}

/// The duty as those see it whom lists burden.
///
/// # Errors
/// Sealed text that cannot be opened.
pub fn answer(app: &App, id: CaseId, version: i64, duty: &Duty) -> Result<pb::Duty, Error> {
    let proposal = &duty.proposal;
    let change = match proposal.change {
        Change::Enter => pb::DutyChange::Enter,
        Change::Adjust => pb::DutyChange::Adjust,
        Change::Retire => pb::DutyChange::Retire,
    };
    let review = proposal.review.as_ref();
    let opened = |text: Option<&civic::Private<String>>| {
        text.map(|t| app.open(id, t)).transpose().map(Option::unwrap_or_default)
    };
    Ok(pb::Duty {
        name: format!("duties/{id}"),
        etag: version.to_string(),
        state: duty.standing.number(),
        duty: duty.admitted.as_ref().map(told),
        change: change.into(),
        proposed: Some(told(&proposal.line)),
        from: proposal.from.to_string(),
        reason: app.open(id, &proposal.reason)?,
        proposed_by: proposal.by.clone(),
        reviewed_by: review.map(|review| review.by.clone()).unwrap_or_default(),
        agrees: review.is_some_and(|review| review.agrees),
        review: opened(review.map(|review| &review.reason))?,
        decided_by: proposal.decided_by.clone(),
        refusal: opened(proposal.refusal.as_ref())?,
        duty_list: duty.listed.clone().unwrap_or_default(),
        update_time: Some(timestamp(duty.updated)),
    })
}

/// The same of a case as read.
///
/// # Errors
/// As [`answer`].
pub fn found(app: &App, found: &Found<Duty>) -> Result<pb::Duty, Error> {
    answer(app, found.id, found.version, &found.state)
}

fn told(line: &Line) -> pb::DutyLine {
    pb::DutyLine {
        category: line.category.clone(),
        tier: line.tier.as_str().to_owned(),
        unit: line.unit.clone(),
        co_handling: line.co_handling.clone(),
        urgency: line.urgency.as_str().to_owned(),
        reply_approval: line.reply_approval,
        law: line.law.clone(),
        article: line.article.clone(),
    }
}
