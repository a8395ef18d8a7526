//! One place of a warning: called until it has said what was done, or as often as may be.
//!
//! ```text
//! a place that is | acknowledge  | answer   | timer "call.due"
//! called          | acknowledged | answered | called again; after the last call silent: the level above is told
//! acknowledged    | refused      | answered | likewise
//! answered        | refused      | refused  | nothing
//! ```
//!
//! Being silent is no end: a late word counts until the warning expires, and then the timer of the silent place closes it. When the
//! warning is over nobody is called any more and nothing is answered; a place learns of it when its timer comes due, so that lifting a
//! warning need not touch twenty thousand cases.

use casebook::{Case, Row, Tag, Timer};
use civic::{Actor, CaseId, Micros, Place, Private, Role, UnitCode, View};
use prost::Message as _;
use prost::bytes::Bytes;
use proto::dispatch::v1::stored::warning_place_event::Event as Body;
use proto::dispatch::v1::stored::{self, WarningPlaceAfter, WarningPlaceEvent};
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{PublicEvent, WarningPlaceChanged};
use serde::{Deserialize, Serialize};

use super::{Facts, Level, Recipient, Refusal, Terms};
use crate::domain::authority;
use crate::domain::work_order::{Author, store_place, stored_place};

pub const CALL_DUE: &str = "call.due";
/// Type of the public event, with its major version.
const CHANGED: &str = "warningPlace.changed.v1";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningPlace {
    pub warning: CaseId,
    pub level: Level,
    pub place: Place,
    pub unit: UnitCode,
    /// Unit of the level above.
    pub above: UnitCode,
    pub terms: Terms,
    pub calls: u32,
    /// When it is called again, or the level above is told; of a silent one, when the warning expires.
    pub due: Option<Micros>,
    /// Called as often as may be.
    pub silent: bool,
    /// The warning was over before the place answered.
    pub over: bool,
    pub updated: Micros,
    pub progress: Progress,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    Called,
    Acknowledged { at: Micros },
    Answered { acknowledged: Micros, at: Micros, result: Private<String>, reached: u32, unreached: u32 },
}

/// The progress of a place without what it carries.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub enum Standing {
    Called,
    Acknowledged,
    Answered,
}

impl Standing {
    pub const ALL: [Self; 3] = [Self::Called, Self::Acknowledged, Self::Answered];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::Acknowledged => "acknowledged",
            Self::Answered => "answered",
        }
    }

    /// Number of the contract's enum.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Called => 1,
            Self::Acknowledged => 2,
            Self::Answered => 3,
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The warning has come this far. Asked again, it changes nothing.
    Call(Box<Calling>),
    Acknowledge,
    Answer {
        result: Private<String>,
        reached: u32,
        unreached: u32,
    },
    /// Its timer came due.
    Fire,
}

/// A place that is to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calling {
    pub warning: CaseId,
    pub recipient: Recipient,
    pub place: Place,
    pub above: UnitCode,
    pub terms: Terms,
}

impl WarningPlace {
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self.progress {
            Progress::Called => Standing::Called,
            Progress::Acknowledged { .. } => Standing::Acknowledged,
            Progress::Answered { .. } => Standing::Answered,
        }
    }

    /// It still owes a word.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !self.over && !matches!(self.progress, Progress::Answered { .. })
    }

    /// When it is called again.
    #[must_use]
    pub fn next_call(&self) -> Option<Micros> {
        self.due.filter(|_| self.is_open() && !self.silent)
    }

    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient { level: self.level, code: self.place.code.clone() }
    }
}

/// The command's body, and when the place is called next after it.
fn decide(state: Option<&WarningPlace>, command: &Command, facts: &Facts) -> Result<Option<(Body, Micros)>, Refusal> {
    let soon = |minutes: u32| facts.now + i64::from(minutes) * Micros::MINUTE;
    let place = match (state, command) {
        (None, Command::Call(calling)) => {
            return Ok(Some((Body::Called(store_calling(calling)), soon(calling.terms.acknowledge_minutes))));
        }
        (Some(_), Command::Call(_)) => return Ok(None),
        (None, Command::Acknowledge | Command::Answer { .. } | Command::Fire) => return Err(Refusal::NotFound),
        (Some(place), Command::Fire) => return Ok(fire(place, facts)),
        (Some(place), Command::Acknowledge | Command::Answer { .. }) => place,
    };
    may_answer(place, facts)?;
    let standing = place.standing();
    match (command, standing) {
        (Command::Acknowledge, Standing::Called) => {
            // A place that was silent has had its last call: what is left is the end of the warning.
            let due = if place.silent { place.terms.expires } else { soon(place.terms.answer_minutes) };
            Ok(Some((Body::Acknowledged(stored::PlaceAcknowledged {}), due)))
        }
        (Command::Answer { result, reached, unreached }, Standing::Called | Standing::Acknowledged) => {
            let result = Bytes::copy_from_slice(result.sealed());
            let (reached, unreached) = (*reached, *unreached);
            Ok(Some((Body::Answered(stored::PlaceAnswered { result, reached, unreached }), Micros(0))))
        }
        (Command::Acknowledge, Standing::Acknowledged | Standing::Answered)
        | (Command::Answer { .. }, Standing::Answered)
        | (Command::Call(_) | Command::Fire, _) => Err(Refusal::Standing { standing }),
    }
}

fn fire(place: &WarningPlace, facts: &Facts) -> Option<(Body, Micros)> {
    let due = place.due.filter(|due| *due <= facts.now && place.is_open())?;
    if !facts.in_force || facts.now >= place.terms.expires {
        return Some((Body::Over(stored::PlaceOver {}), Micros(0)));
    }
    if place.calls >= place.terms.calls {
        // Its next timer finds the warning over.
        return Some((Body::Silent(stored::PlaceSilent {}), place.terms.expires));
    }
    let minutes = match place.standing() {
        Standing::Called | Standing::Answered => place.terms.acknowledge_minutes,
        Standing::Acknowledged => place.terms.answer_minutes,
    };
    Some((Body::Recalled(stored::PlaceRecalled {}), facts.now.max(due) + i64::from(minutes) * Micros::MINUTE))
}

/// Each place answers for itself: its dispatchers or commander, a village's desk, for households the village's grid workers.
fn may_answer(place: &WarningPlace, facts: &Facts) -> Result<(), Refusal> {
    let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::Role) };
    if !role_may(place.level, actor.role) {
        return Err(Refusal::Role);
    }
    if !is_home(place, actor, &facts.view) {
        return Err(Refusal::Place);
    }
    if place.over || !facts.in_force || facts.now >= place.terms.expires { Err(Refusal::Over) } else { Ok(()) }
}

const fn role_may(level: Level, role: Role) -> bool {
    match level {
        Level::District => matches!(role, Role::DistrictDispatcher | Role::Commander),
        Level::Town => matches!(role, Role::TownDispatcher | Role::Commander),
        Level::Village => matches!(role, Role::VillageDesk),
        Level::Household => matches!(role, Role::GridWorker | Role::GridLeader),
    }
}

/// A grid worker's unit may be a grid of the village; everybody else sits in the place itself.
fn is_home(place: &WarningPlace, actor: &Actor, view: &View) -> bool {
    match place.level {
        Level::District | Level::Town | Level::Village => {
            authority::home(actor, view).as_ref() == Some(&place.place.code)
        }
        Level::Household => authority::village_of(actor, view).as_ref() == Some(&place.place.code),
    }
}

fn store_calling(calling: &Calling) -> stored::PlaceCalled {
    stored::PlaceCalled {
        warning: calling.warning.to_string(),
        level: calling.recipient.level.as_str().to_owned(),
        place: Some(store_place(&calling.place)),
        unit: calling.recipient.unit().to_string(),
        above: calling.above.to_string(),
        expires_us: calling.terms.expires.0,
        acknowledge_minutes: calling.terms.acknowledge_minutes,
        answer_minutes: calling.terms.answer_minutes,
        calls: calling.terms.calls,
    }
}

fn called(body: &stored::PlaceCalled, at: Micros) -> Option<WarningPlace> {
    Some(WarningPlace {
        warning: body.warning.parse().ok()?,
        level: Level::ALL.into_iter().find(|level| level.as_str() == body.level)?,
        place: stored_place(body.place.as_ref())?,
        unit: body.unit.parse().ok()?,
        above: body.above.parse().ok()?,
        terms: Terms {
            expires: Micros(body.expires_us),
            acknowledge_minutes: body.acknowledge_minutes,
            answer_minutes: body.answer_minutes,
            calls: body.calls,
        },
        calls: 1,
        due: None,
        silent: false,
        over: false,
        updated: at,
        progress: Progress::Called,
    })
}

fn apply(state: Option<WarningPlace>, event: &WarningPlaceEvent) -> Option<WarningPlace> {
    let at = Micros(event.at_us);
    let body = event.event.as_ref()?;
    let mut place = match (state, body) {
        (None, Body::Called(body)) => called(body, at)?,
        (Some(place), _) => place,
        (None, _) => return None,
    };
    place.updated = at;
    place.due = (event.due_us != 0).then_some(Micros(event.due_us));
    match body {
        Body::Called(_) => {}
        Body::Acknowledged(_) => place.progress = Progress::Acknowledged { at },
        Body::Answered(body) => {
            let acknowledged = if let Progress::Acknowledged { at } = place.progress { at } else { at };
            let result = Private::from_sealed(body.result.to_vec());
            let (reached, unreached) = (body.reached, body.unreached);
            place.progress = Progress::Answered { acknowledged, at, result, reached, unreached };
        }
        Body::Recalled(_) => place.calls += 1,
        Body::Silent(_) => place.silent = true,
        Body::Over(_) => place.over = true,
    }
    Some(place)
}

impl Case for WarningPlace {
    const KIND: &'static str = "warningPlace";
    const SCHEMA: i64 = 1;
    type Event = WarningPlaceEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<WarningPlaceEvent>, Refusal> {
        let Some((body, due)) = decide(state, command, facts)? else { return Ok(Vec::new()) };
        // A clock stepped back does not make history run backwards.
        let at = state.map_or(facts.now, |place| facts.now.max(place.updated));
        let mut event = WarningPlaceEvent {
            at_us: at.0,
            by: facts.author.written(),
            person: Bytes::copy_from_slice(facts.author.reference()),
            after: None,
            due_us: due.0,
            event: Some(body),
        };
        let next = apply(state.cloned(), &event).expect("the rules only propose what can be applied");
        event.after = Some(WarningPlaceAfter {
            warning: next.warning.to_string(),
            level: next.level.as_str().to_owned(),
            code: next.place.code.to_string(),
            unit: next.unit.to_string(),
            above: next.above.to_string(),
            calls: next.calls,
            silent: next.silent,
        });
        Ok(vec![event])
    }

    fn evolve(state: Option<Self>, event: &WarningPlaceEvent) -> Option<Self> {
        if state.is_some() && matches!(event.event, Some(Body::Called(_))) {
            return None;
        }
        apply(state, event)
    }

    fn legal(state: Option<&Self>, event: &WarningPlaceEvent) -> bool {
        let Some(place) = state else { return matches!(event.event, Some(Body::Called(_))) };
        match &event.event {
            Some(Body::Called(_)) | None => false,
            Some(Body::Acknowledged(_)) => place.is_open() && place.standing() == Standing::Called,
            Some(Body::Answered(_) | Body::Over(_)) => place.is_open(),
            Some(Body::Recalled(_)) => place.is_open() && place.calls < place.terms.calls,
            Some(Body::Silent(_)) => place.is_open() && place.calls == place.terms.calls && !place.silent,
        }
    }

    fn index(&self) -> Row {
        Row {
            open: self.is_open(),
            state: i64::from(self.standing().number()),
            // Lists of one level.
            category: Some(self.level.as_str().to_owned()),
            unit: Some(self.unit.to_string()),
            // Who has not answered, also when the warning is over.
            flagged: !matches!(self.progress, Progress::Answered { .. }),
            tags: vec![Tag::Parent(self.warning)],
            ..Row::at(&self.place)
        }
    }

    fn timers(&self) -> Vec<Timer> {
        let due = self.due.filter(|_| self.is_open());
        due.map(|due| Timer { name: CALL_DUE.to_owned(), due }).into_iter().collect()
    }

    fn event_type(event: &WarningPlaceEvent) -> &'static str {
        match &event.event {
            Some(Body::Called(_)) => "warningPlace.called",
            Some(Body::Acknowledged(_)) => "warningPlace.acknowledged",
            Some(Body::Answered(_)) => "warningPlace.answered",
            Some(Body::Recalled(_)) => "warningPlace.recalled",
            Some(Body::Silent(_)) => "warningPlace.silent",
            Some(Body::Over(_)) => "warningPlace.over",
            None => "warningPlace.unknown",
        }
    }

    fn event_time(event: &WarningPlaceEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &WarningPlaceEvent) -> String {
        event.by.clone()
    }

    fn publish(_: CaseId, event: &WarningPlaceEvent) -> Option<(String, Vec<u8>)> {
        let after = event.after.as_ref()?;
        event.event.as_ref()?;
        let changed = WarningPlaceChanged {
            warning: after.warning.clone(),
            step: Self::event_type(event).trim_start_matches("warningPlace.").to_owned(),
            level: after.level.clone(),
            division_code: after.code.clone(),
            unit: after.unit.clone(),
            above: after.above.clone(),
            calls: i32::try_from(after.calls).unwrap_or(i32::MAX),
            // A silent place has had its last call.
            due_us: if after.silent { 0 } else { event.due_us },
        };
        Some((CHANGED.to_owned(), PublicEvent { event: Some(Public::WarningPlaceChanged(changed)) }.encode_to_vec()))
    }
}
