//! The rules.

use civic::{Actor, Micros, Role, UnitCode};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored::emergency_event::Event as Body;
use proto::dispatch::v1::stored::{self, EmergencyEvent};

use super::command::{Command, Facts, Opening, Step, Verb};
use super::event::{after, sealed, store_party, store_planned};
use super::evolve;
use super::refusal::Refusal;
use super::state::{Action, Call, Emergency, Party, Standing, State};
use crate::catalog::plans::CHAIN_AT_MOST;
use crate::domain::authority;
use crate::domain::work_order::{Author, store_place};

type Sealed = civic::Private<String>;

pub(super) fn decide(
    state: Option<&Emergency>,
    command: &Command,
    facts: &Facts,
) -> Result<Vec<EmergencyEvent>, Refusal> {
    match (state, command) {
        (None, Command::Open(opening)) => Ok(vec![record(None, open(opening), None, facts)]),
        // The same message twice, or a ruling on a report that began as an emergency.
        (Some(_), Command::Open(_)) => Ok(Vec::new()),
        (None, Command::Step { .. } | Command::Fire) => Err(Refusal::NotOpened),
        (Some(emergency), Command::Step { step, note }) => {
            let body = take(emergency, step, facts)?;
            Ok(vec![record(Some(emergency), body, note.as_ref(), facts)])
        }
        (Some(emergency), Command::Fire) => {
            let late = late(emergency, facts.now);
            if late.is_empty() {
                return Ok(Vec::new());
            }
            let body = Body::Late(stored::CallsLate { actions: late });
            Ok(vec![record(Some(emergency), body, None, facts)])
        }
    }
}

fn open(opening: &Opening) -> Body {
    Body::Opened(stored::EmergencyOpened {
        work_order: opening.work_order.clone(),
        plan: opening.plan.clone(),
        plan_version: opening.plan_version.clone(),
        plan_name: opening.plan_name.clone(),
        category: opening.category.clone(),
        category_name: opening.category_name.clone(),
        place: Some(store_place(&opening.place)),
        tree_version: opening.tree_version.clone(),
        alarm: opening.alarm,
        actions: opening.actions.iter().map(store_planned).collect(),
        owner: opening.owner.clone(),
        tier: authority::owning_tier(&opening.place).as_str().to_owned(),
    })
}

impl Verb {
    /// Standings of an action from which it leads on; the emergency itself is always running.
    #[must_use]
    pub const fn leads_from(self) -> &'static [State] {
        match self {
            Self::Acknowledge | Self::Call => &[State::Called, State::Unanswered],
            Self::Report => &[State::Acknowledged],
            Self::Done => &[State::Called, State::Unanswered, State::Acknowledged],
            Self::End => &State::ALL,
        }
    }
}

/// Role, the emergency's state, the action's, the unit: in this order.
fn take(emergency: &Emergency, step: &Step<Sealed>, facts: &Facts) -> Result<Body, Refusal> {
    let verb = step.verb();
    let actor = asking(facts).ok_or(Refusal::Role { verb, role: Role::Citizen })?;
    role_may(emergency, verb, actor)?;
    if !emergency.is_running() {
        return Err(Refusal::Ended);
    }
    match step {
        Step::Acknowledge { action } => {
            let unit = own(in_state(emergency, action, verb)?, actor)?.to_string();
            Ok(Body::Acknowledged(stored::ActionAcknowledged { action: action.clone(), unit }))
        }
        Step::Report { action, text } => {
            let unit = own(in_state(emergency, action, verb)?, actor)?.to_string();
            Ok(Body::Reported(stored::ActionReported { action: action.clone(), unit, text: sealed(text) }))
        }
        Step::Done { action, result } => {
            let unit = own(in_state(emergency, action, verb)?, actor)?.to_string();
            Ok(Body::Done(stored::ActionDone { action: action.clone(), unit, result: sealed(result) }))
        }
        Step::Call { action, unit, unit_name } => {
            is_own_place(emergency, verb, actor, facts)?;
            let party = Party { unit: unit.clone(), unit_name: unit_name.clone(), role: None };
            may_call(emergency, in_state(emergency, action, verb)?, unit, facts)?;
            Ok(Body::Added(stored::PartyAdded { action: action.clone(), party: Some(store_party(&party)) }))
        }
        Step::End { result } => {
            is_own_place(emergency, verb, actor, facts)?;
            Ok(Body::Ended(stored::EmergencyEnded { result: sealed(result) }))
        }
    }
}

const fn asking(facts: &Facts) -> Option<&Actor> {
    match &facts.author {
        Author::Person { actor, .. } => Some(actor),
        Author::Report
        | Author::Timer
        | Author::Calendar
        | Author::Reform
        | Author::Parent
        | Author::BuildingDay { .. } => None,
    }
}

fn role_may(emergency: &Emergency, verb: Verb, actor: &Actor) -> Result<(), Refusal> {
    let allowed = match verb {
        Verb::Acknowledge | Verb::Report | Verb::Done => authority::answers_for_a_unit(actor.role),
        Verb::Call | Verb::End => authority::dispatcher_of(actor.role) == Some(emergency.head.tier),
    };
    if allowed { Ok(()) } else { Err(Refusal::Role { verb, role: actor.role }) }
}

fn is_own_place(emergency: &Emergency, verb: Verb, actor: &Actor, facts: &Facts) -> Result<(), Refusal> {
    let own = authority::reaches(actor, &emergency.head.place.code, &facts.view);
    if own { Ok(()) } else { Err(Refusal::Place { verb }) }
}

fn in_state<'a>(emergency: &'a Emergency, name: &str, verb: Verb) -> Result<&'a Action, Refusal> {
    let action = emergency.action(name).ok_or_else(|| Refusal::ActionUnknown { action: name.to_owned() })?;
    if verb.leads_from().contains(&action.state()) {
        return Ok(action);
    }
    Err(Refusal::ActionState { action: name.to_owned(), state: action.state(), verb })
}

/// The caller's unit, when it was called to the action with the caller's role, and nobody else has taken the action on.
fn own<'a>(action: &Action, actor: &'a Actor) -> Result<&'a UnitCode, Refusal> {
    let not_called = || Refusal::NotCalled { action: action.name.clone() };
    let unit = actor.unit.as_ref().ok_or_else(not_called)?;
    let called = action.called().any(|party| party.unit == *unit && party.role.is_none_or(|role| role == actor.role));
    let free = match &action.standing {
        Standing::Acknowledged { unit: taken, .. } | Standing::Done { unit: taken, .. } => taken == unit,
        Standing::Waiting | Standing::Called | Standing::Unanswered => true,
    };
    if called && free { Ok(unit) } else { Err(not_called()) }
}

/// In minutes that count a centre calls whom it needs: of its own place, or of a tier above it, as one whistles.
fn may_call(emergency: &Emergency, action: &Action, unit: &UnitCode, facts: &Facts) -> Result<(), Refusal> {
    if action.called().any(|party| party.unit == *unit) {
        return Err(Refusal::CalledAlready { action: action.name.clone(), unit: unit.clone() });
    }
    if action.chain.len() >= CHAIN_AT_MOST {
        return Err(Refusal::ChainFull { action: action.name.clone() });
    }
    let inside = facts.view.contains(&emergency.head.centre.place(), &unit.place());
    let above = facts.view.contains(&unit.place(), &emergency.head.place.code);
    if inside || above { Ok(()) } else { Err(Refusal::OutOfReach { unit: unit.clone() }) }
}

/// Actions whose last call nobody acknowledged in time. All are told in one event, so that the next timer lies later.
fn late(emergency: &Emergency, now: Micros) -> Vec<String> {
    let running = emergency.actions.iter().filter(|_| emergency.is_running());
    let late = running.filter(|action| action.due().is_some_and(|due| due <= now));
    late.map(|action| action.name.clone()).collect()
}

/// Writes a step: who, when, and whom it calls.
fn record(emergency: Option<&Emergency>, body: Body, note: Option<&Sealed>, facts: &Facts) -> EmergencyEvent {
    // A clock stepped back does not make history run backwards.
    let at = emergency.map_or(facts.now, |emergency| facts.now.max(emergency.head.updated));
    let mut event = EmergencyEvent {
        at_us: at.0,
        by: facts.author.written(),
        note: note.map(sealed).unwrap_or_default(),
        person: Bytes::copy_from_slice(facts.author.reference()),
        event: Some(body),
        ..EmergencyEvent::default()
    };
    let mut next = evolve::apply(emergency.cloned(), &event).expect("the rules only propose what can be applied");
    let mut follow = Follow { at, event: &mut event };
    follow.late(&mut next);
    follow.begin(&mut next);
    event.after = Some(after(&next));
    event
}

/// Whom a step calls, written into its event while the state is carried along.
struct Follow<'a> {
    at: Micros,
    event: &'a mut EmergencyEvent,
}

impl Follow<'_> {
    /// Calls that were not acknowledged go on, and so does the one that a dispatcher adds.
    fn late(&mut self, next: &mut Emergency) {
        let names = match &self.event.event {
            Some(Body::Late(late)) => late.actions.clone(),
            Some(Body::Added(added)) => vec![added.action.clone()],
            Some(Body::Opened(_) | Body::Acknowledged(_) | Body::Reported(_) | Body::Done(_) | Body::Ended(_))
            | None => {
                return;
            }
        };
        for action in next.actions.iter_mut().filter(|action| names.contains(&action.name)) {
            self.advance(action);
        }
    }

    /// Actions that need wait no longer begin; one without anybody to call is over at once, and may let others begin.
    fn begin(&mut self, next: &mut Emergency) {
        while next.is_running() {
            let over: Vec<String> =
                next.actions.iter().filter(|action| action.is_over()).map(|action| action.name.clone()).collect();
            let ready = |action: &&mut Action| {
                action.standing == Standing::Waiting && action.after.iter().all(|before| over.contains(before))
            };
            let Some(action) = next.actions.iter_mut().find(ready) else { return };
            self.advance(action);
        }
    }

    fn advance(&mut self, action: &mut Action) {
        let party = action.calls.last().map_or(0, |call| call.party + 1);
        let Some(called) = action.chain.get(party) else {
            action.standing = Standing::Unanswered;
            self.event.unanswered.push(action.name.clone());
            return;
        };
        let due = self.at + i64::from(action.minutes) * Micros::MINUTE;
        self.event.calls.push(stored::PartyCall {
            action: action.name.clone(),
            party: u32::try_from(party).expect("a chain has at most sixteen parties"),
            unit: called.unit.to_string(),
            due_us: due.0,
        });
        action.calls.push(Call { party, at: self.at, due });
        action.standing = Standing::Called;
    }
}
