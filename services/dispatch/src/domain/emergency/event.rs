//! Between our types and the stored messages. A stored value that cannot be makes the row corrupt: `None`, never a default.

use civic::{Private, Role};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored::{EmergencyAfter, StoredAction, StoredParty};

use super::command::Planned;
use super::state::{Action, Emergency, Party, Standing};

pub(super) fn sealed(text: &Private<String>) -> Bytes {
    Bytes::copy_from_slice(text.sealed())
}

pub(super) fn private(bytes: &Bytes) -> Private<String> {
    Private::from_sealed(bytes.to_vec())
}

pub(super) fn store_planned(planned: &Planned) -> StoredAction {
    StoredAction {
        action: planned.name.clone(),
        text: planned.text.clone(),
        after: planned.after.clone(),
        chain: planned.chain.iter().map(store_party).collect(),
        minutes: planned.minutes,
    }
}

pub(super) fn action(stored: &StoredAction) -> Option<Action> {
    Some(Action {
        name: stored.action.clone(),
        text: stored.text.clone(),
        after: stored.after.clone(),
        chain: stored.chain.iter().map(party).collect::<Option<_>>()?,
        minutes: stored.minutes,
        calls: Vec::new(),
        standing: Standing::Waiting,
        report: None,
    })
}

pub(super) fn store_party(party: &Party) -> StoredParty {
    StoredParty {
        unit: party.unit.to_string(),
        unit_name: party.unit_name.clone(),
        role: party.role.map(|role| role.to_string()).unwrap_or_default(),
    }
}

pub(super) fn party(stored: &StoredParty) -> Option<Party> {
    let role: Option<Option<Role>> =
        if stored.role.is_empty() { Some(None) } else { stored.role.parse().ok().map(Some) };
    Some(Party { unit: stored.unit.parse().ok()?, unit_name: stored.unit_name.clone(), role: role? })
}

pub(super) fn after(emergency: &Emergency) -> EmergencyAfter {
    EmergencyAfter {
        work_order: emergency.head.work_order.to_string(),
        plan: emergency.head.plan.clone(),
        state: emergency.number(),
        centre: emergency.head.centre.to_string(),
    }
}
