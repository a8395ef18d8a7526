//! What an emergency shows to lists, feeds and other services.

use std::collections::BTreeSet;

use casebook::{Row, Tag};
use civic::CaseId;
use prost::Message;
use proto::dispatch::v1::stored::EmergencyEvent;
use proto::dispatch::v1::stored::emergency_event::Event as Body;
use proto::events::v1::emergency_changed::Call;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{EmergencyChanged, PublicEvent};

use super::state::{Emergency, Standing};
use crate::domain::urgency::Urgency;

/// Type of the public event, with its major version.
const CHANGED: &str = "emergency.changed.v1";

pub(super) fn index(emergency: &Emergency) -> Row {
    let head = &emergency.head;
    Row {
        open: emergency.is_running(),
        state: i64::from(emergency.number()),
        urgency: i64::from(Urgency::LevelOne.number()),
        category: (!head.category.is_empty()).then(|| head.category.clone()),
        unit: Some(head.centre.to_string()),
        // Nobody in a chain answered: a dispatcher must look.
        flagged: emergency.actions.iter().any(|action| action.standing == Standing::Unanswered),
        tags: called(emergency),
        ..Row::at(&head.place)
    }
}

/// Every unit that was called has the emergency in its lists.
fn called(emergency: &Emergency) -> Vec<Tag> {
    let called = emergency.actions.iter().flat_map(super::state::Action::called);
    let units: BTreeSet<Tag> = called.map(|party| Tag::Unit(party.unit.to_string())).collect();
    units.into_iter().collect()
}

pub(super) const fn event_type(event: &EmergencyEvent) -> &'static str {
    let Some(body) = &event.event else { return "emergency.unknown" };
    match body {
        Body::Opened(_) => "emergency.opened",
        Body::Acknowledged(_) => "emergency.acknowledged",
        Body::Reported(_) => "emergency.reported",
        Body::Done(_) => "emergency.done",
        Body::Added(_) => "emergency.called",
        Body::Late(_) => "emergency.late",
        Body::Ended(_) => "emergency.ended",
    }
}

/// What others may know of an event. `None` for one of a later release.
#[must_use]
pub fn summary(id: CaseId, event: &EmergencyEvent) -> Option<EmergencyChanged> {
    let after = event.after.as_ref()?;
    let (action, unit) = match event.event.as_ref()? {
        Body::Opened(_) | Body::Late(_) | Body::Ended(_) => (String::new(), String::new()),
        Body::Acknowledged(body) => (body.action.clone(), body.unit.clone()),
        Body::Reported(body) => (body.action.clone(), body.unit.clone()),
        Body::Done(body) => (body.action.clone(), body.unit.clone()),
        Body::Added(body) => (body.action.clone(), String::new()),
    };
    let call = |call: &proto::dispatch::v1::stored::PartyCall| Call {
        action: call.action.clone(),
        unit: call.unit.clone(),
        due_us: call.due_us,
    };
    Some(EmergencyChanged {
        emergency: id.to_string(),
        work_order: after.work_order.clone(),
        plan: after.plan.clone(),
        step: event_type(event).trim_start_matches("emergency.").to_owned(),
        state: after.state,
        action,
        unit,
        calls: event.calls.iter().map(call).collect(),
        unanswered: event.unanswered.clone(),
        centre: after.centre.clone(),
    })
}

pub(super) fn publish(id: CaseId, event: &EmergencyEvent) -> Option<(String, Vec<u8>)> {
    let public = PublicEvent { event: Some(Public::EmergencyChanged(summary(id, event)?)) };
    Some((CHANGED.to_owned(), public.encode_to_vec()))
}
