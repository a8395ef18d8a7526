//! What an event makes of the state.

use civic::{Micros, UnitCode};
use proto::dispatch::v1::stored::emergency_event::Event as Body;
use proto::dispatch::v1::stored::{EmergencyEvent, EmergencyOpened};

use super::command::Verb;
use super::event::{action, party, private};
use super::state::{Call, Emergency, Ended, Head, Phase, Standing, State};
use crate::domain::authority;
use crate::domain::work_order::{stored_place, stored_tier};

/// The step, then the calls that it makes.
pub(super) fn evolve(state: Option<Emergency>, event: &EmergencyEvent) -> Option<Emergency> {
    let mut emergency = apply(state, event)?;
    for call in &event.calls {
        let action = emergency.action_mut(&call.action)?;
        let party = usize::try_from(call.party).ok().filter(|party| *party < action.chain.len())?;
        action.calls.push(Call { party, at: Micros(event.at_us), due: Micros(call.due_us) });
        action.standing = Standing::Called;
    }
    for name in &event.unanswered {
        emergency.action_mut(name)?.standing = Standing::Unanswered;
    }
    Some(emergency)
}

/// The step alone.
pub(super) fn apply(state: Option<Emergency>, event: &EmergencyEvent) -> Option<Emergency> {
    let at = Micros(event.at_us);
    let body = event.event.as_ref()?;
    if let Body::Opened(opened) = body {
        return if state.is_none() { open(opened, at) } else { None };
    }
    let mut emergency = state.filter(Emergency::is_running)?;
    emergency.head.updated = at;
    step(&mut emergency, body, at)?;
    Some(emergency)
}

fn step(emergency: &mut Emergency, body: &Body, at: Micros) -> Option<()> {
    match body {
        Body::Opened(_) => return None,
        Body::Acknowledged(body) => {
            let unit = body.unit.parse().ok()?;
            emergency.action_mut(&body.action)?.standing = Standing::Acknowledged { unit, at };
        }
        Body::Reported(body) => emergency.action_mut(&body.action)?.report = Some(private(&body.text)),
        Body::Done(body) => {
            let action = emergency.action_mut(&body.action)?;
            let acknowledged = if let Standing::Acknowledged { at, .. } = &action.standing { *at } else { at };
            let unit = body.unit.parse().ok()?;
            action.standing = Standing::Done { unit, acknowledged, at, result: private(&body.result) };
        }
        // Behind the one called last: the chain goes on after it.
        Body::Added(body) => {
            let action = emergency.action_mut(&body.action)?;
            let next = action.calls.last().map_or(0, |call| call.party + 1);
            action.chain.insert(next, party(body.party.as_ref()?)?);
        }
        Body::Late(_) => {}
        Body::Ended(body) => emergency.phase = Phase::Ended(Ended { at, result: private(&body.result) }),
    }
    Some(())
}

fn open(opened: &EmergencyOpened, at: Micros) -> Option<Emergency> {
    let place = stored_place(opened.place.as_ref())?;
    let tier = stored_tier(&opened.tier)?;
    let centre = authority::place_of_tier(tier, &place).unwrap_or(&place.code);
    let head = Head {
        work_order: opened.work_order.parse().ok()?,
        plan: opened.plan.clone(),
        plan_version: opened.plan_version.clone(),
        plan_name: opened.plan_name.clone(),
        category: opened.category.clone(),
        category_name: opened.category_name.clone(),
        centre: UnitCode::desk(centre),
        place,
        tier,
        alarm: opened.alarm,
        opened: at,
        updated: at,
    };
    let actions = opened.actions.iter().map(action).collect::<Option<_>>()?;
    Some(Emergency { head, actions, phase: Phase::Running })
}

/// By the table of the module.
pub(super) fn legal(state: Option<&Emergency>, event: &EmergencyEvent) -> bool {
    let Some(body) = &event.event else { return false };
    let Some(emergency) = state else { return matches!(body, Body::Opened(_)) };
    let (verb, name) = match body {
        Body::Opened(_) => return false,
        Body::Acknowledged(body) => (Verb::Acknowledge, &body.action),
        Body::Reported(body) => (Verb::Report, &body.action),
        Body::Done(body) => (Verb::Done, &body.action),
        Body::Added(body) => (Verb::Call, &body.action),
        Body::Ended(_) => return emergency.is_running(),
        Body::Late(late) => {
            let called = |name: &String| emergency.action(name).is_some_and(|action| action.state() == State::Called);
            return emergency.is_running() && late.actions.iter().all(called);
        }
    };
    let from = emergency.action(name).is_some_and(|action| verb.leads_from().contains(&action.state()));
    emergency.is_running() && from
}
