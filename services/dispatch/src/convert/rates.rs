//! Facts of the rates, and exclusions from them.

use casebook::{Filter, Found};
use civic::{CaseId, Role};
use prost::Message as _;
use proto::dispatch::v1 as pb;
use proto::types::v1::{Urgency, WorkOrderState};

use super::listing::{number, place, size};
use super::reader::Reader;
use super::{order_id, order_name, timestamp};
use crate::app::counting::{Counted, FactsListing, Request, Ruling};
use crate::app::{App, Asking, Desk, Paging};
use crate::domain::exclusion::{Exclusion, Standing};
use crate::domain::rates::{Ground, Rate, Verdict};
use crate::error::Error;

/// Which facts are asked for.
///
/// # Errors
/// Every field at fault.
pub fn facts_listing(request: pb::ListOrderFactsRequest, desk: &Desk) -> Result<FactsListing, Error> {
    let mut reader = Reader::new(desk);
    let place = place(&request.division_code, desk, &mut reader);
    let known = WorkOrderState::try_from(request.state).is_ok();
    let state = number(known, request.state, "state", "STATE_UNKNOWN", &mut reader);
    let closed = i64::from(i32::from(WorkOrderState::Closed));
    let filter = Filter { place, state: state.or(Some(closed)), ..Filter::default() };
    let (from, to) = (reader.optional_day("from", &request.from), reader.optional_day("to", &request.to));
    let size = size(request.page_size, &mut reader);
    let bounds = from.zip(to).map(|(from, to)| (from.map(|day| day.start()), to.map(|day| day.plus(1).start())));
    reader.finish(bounds.map(|(from, until)| FactsListing {
        filter,
        from,
        until,
        paging: Paging { size, token: request.page_token },
    }))
}

/// An exclusion as it was asked for.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn request(mut request: pb::RequestExclusionRequest, desk: &Desk) -> Result<Request, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let order = order_id(&request.name)?;
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let ground = Ground::contestable(request.ground);
    if ground.is_none() {
        reader.fault("ground", "GROUND_INVALID", "one that an exclusion may be asked for on");
    }
    let rates = rates(&request.rates);
    if rates.is_none() {
        reader.fault("rates", "RATES_INVALID", "each of the three at most once; none given: all");
    }
    let reason = reader.text("reason", request.reason, "REASON_MISSING");
    let read = ground.zip(rates);
    reader.finish(read.map(|(ground, rates)| Request { order, request_id, body, rates, ground, reason }))
}

fn rates(numbers: &[i32]) -> Option<Vec<Rate>> {
    if numbers.is_empty() {
        return Some(Rate::ALL.to_vec());
    }
    let mut rates: Vec<Rate> = numbers.iter().map(|number| Rate::from_number(*number)).collect::<Option<_>>()?;
    rates.sort_unstable();
    rates.dedup();
    (rates.len() == numbers.len()).then_some(rates)
}

/// A ruling as it was asked for.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn ruling(mut request: pb::DecideExclusionRequest, desk: &Desk) -> Result<Ruling, Error> {
    let request_id = std::mem::take(&mut request.request_id);
    let body = request.encode_to_vec();
    let order = order_id(&request.name)?;
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let reason = reader.text("reason", request.reason, "REASON_MISSING");
    let etag = reader.etag(&request.etag);
    reader.finish(Some(Ruling { order, request_id, body, etag, granted: request.granted, reason }))
}

/// What an order counts for.
#[must_use]
pub fn facts(counted: &Counted) -> pb::OrderFacts {
    let Counted { order, told, left_out } = counted;
    let head = &order.state.head;
    let rate = |rate: Rate| {
        let (counts, met, ground) = match told.verdict(rate, left_out.as_ref()) {
            Verdict::Counts { met } => (true, met, 0),
            Verdict::Excluded(ground) => (false, false, ground.number()),
        };
        pb::RateFact { rate: rate.number(), counts, met, ground }
    };
    let word =
        told.word.map(|word| pb::OrderWord { answered: word.answered, solved: word.solved, satisfied: word.satisfied });
    pb::OrderFacts {
        name: order_name(order.id),
        state: told.state.into(),
        division_code: head.place.code.to_string(),
        unit: order.state.unit().map(ToString::to_string).unwrap_or_default(),
        category_code: head.category.clone(),
        urgency: Urgency::try_from(head.urgency.number()).unwrap_or_default().into(),
        report_kind: told.report_kind,
        anonymous: told.anonymous,
        no_reply: told.no_reply,
        round: told.round,
        create_time: Some(timestamp(head.opened)),
        close_time: told.closed.map(timestamp),
        unreachable: told.unreachable,
        word,
        rates: Rate::ALL.map(rate).to_vec(),
    }
}

/// An exclusion. Reasons are for those who work on the order, not for its reporter.
///
/// # Errors
/// Sealed text that cannot be opened.
pub fn exclusion(app: &App, asking: &Asking, found: &Found<Exclusion>) -> Result<pb::Exclusion, Error> {
    let (id, exclusion) = (found.id, &found.state);
    let shown = asking.actor.role != Role::Citizen;
    let open = |text| if shown { app.open(id, text) } else { Ok(String::new()) };
    let answer = pb::Exclusion {
        name: exclusion_name(exclusion.order),
        etag: found.version.to_string(),
        state: pb::ExclusionState::ExclusionRequested.into(),
        round: exclusion.round,
        ground: exclusion.ground.number(),
        rates: exclusion.rates.iter().map(|rate| rate.number()).collect(),
        reason: open(&exclusion.reason)?,
        request_time: Some(timestamp(exclusion.requested)),
        requested_by: exclusion.by.clone(),
        ..pb::Exclusion::default()
    };
    let Standing::Ruled(ruled) = &exclusion.standing else { return Ok(answer) };
    let state = if ruled.granted { pb::ExclusionState::ExclusionGranted } else { pb::ExclusionState::ExclusionRefused };
    Ok(pb::Exclusion {
        state: state.into(),
        decision_reason: open(&ruled.reason)?,
        decide_time: Some(timestamp(ruled.at)),
        decided_by: ruled.by.clone(),
        ..answer
    })
}

fn exclusion_name(order: CaseId) -> String {
    format!("{}/exclusion", order_name(order))
}
