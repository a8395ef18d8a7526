//! A matter of a place.
//!
//! ```text
//! state  | open    | close
//! (none) | Open    | refused
//! Open   | refused | Closed
//! Closed | refused | refused
//! ```
//!
//! What is written about it is sealed before a command is made (docs/adr/0004-seal-before-deciding.md).

use super::authority;
use casebook::{Case, Row, Timer};
use civic::{Actor, CaseId, DivisionCode, Micros, Place, Private, Role, View};
use prost::bytes::Bytes;
use proto::specimen::v1::stored;
use proto::specimen::v1::stored::MatterEvent;
use proto::specimen::v1::stored::matter_event::Event as Body;
use serde::{Deserialize, Serialize};

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    pub place: Place,
    pub text: Private<String>,
    pub opened: Micros,
    /// Role and unit of whoever opened it.
    pub by: String,
    pub phase: Phase,
}

/// How far it is; each variant owns what is known then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Open,
    Closed { result: Private<String>, at: Micros },
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Open { place: Place, text: Private<String> },
    Close { result: Private<String> },
}

/// What the rules look at besides the state.
#[derive(Debug, Clone)]
pub struct Facts {
    pub now: Micros,
    pub actor: Actor,
    /// Keyed hash of the person: it tells persons apart and names nobody.
    pub person: [u8; 16],
    pub view: View,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such case, or the caller may not know of it.
    #[error("there is nothing of that name")]
    NotOpened,
    #[error("not for a {role}")]
    Role { role: Role },
    #[error("{place} is not the caller's place and does not lie in it")]
    OutOfReach { place: DivisionCode },
    #[error("it is {state}: this does not lead on from there")]
    State { state: &'static str },
}

impl Refusal {
    /// Stable, for clients: each has a row in docs/errors.md.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotOpened => "NOT_FOUND",
            Self::Role { .. } => "ROLE_DENIED",
            Self::OutOfReach { .. } => "PLACE_OUT_OF_REACH",
            Self::State { .. } => "STATE_REFUSES",
        }
    }
}

impl Phase {
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed { .. } => "closed",
        }
    }

    /// Number of `specimen.v1.MatterState`.
    #[must_use]
    pub const fn number(&self) -> i32 {
        match self {
            Self::Open => 1,
            Self::Closed { .. } => 2,
        }
    }

    const fn is_open(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Closed { .. } => false,
        }
    }
}

fn open(place: &Place, text: &Private<String>, facts: &Facts) -> Result<Body, Refusal> {
    authority::may(&facts.actor, place, &facts.view)?;
    Ok(Body::Opened(stored::MatterOpened { place: Some(store_place(place)), text: sealed(text) }))
}

/// The order of the checks is that of the house: role and place, then the table.
fn close(matter: &Matter, result: &Private<String>, facts: &Facts) -> Result<Body, Refusal> {
    authority::may(&facts.actor, &matter.place, &facts.view)?;
    if !matter.phase.is_open() {
        return Err(Refusal::State { state: matter.phase.name() });
    }
    Ok(Body::Closed(stored::MatterClosed { result: sealed(result) }))
}

/// Role and unit, never a name.
fn written(actor: &Actor) -> String {
    match &actor.unit {
        Some(unit) => format!("{}@{unit}", actor.role),
        None => actor.role.to_string(),
    }
}

fn sealed(text: &Private<String>) -> Bytes {
    Bytes::copy_from_slice(text.sealed())
}

fn private(bytes: &Bytes) -> Private<String> {
    Private::from_sealed(bytes.to_vec())
}

fn store_place(place: &Place) -> stored::StoredPlace {
    let code = |code: &Option<DivisionCode>| code.as_ref().map(ToString::to_string).unwrap_or_default();
    stored::StoredPlace {
        code: place.code.to_string(),
        district: code(&place.district),
        town: code(&place.town),
        village: code(&place.village),
        grid: code(&place.grid),
    }
}

/// A stored value that cannot be makes the row corrupt: `None`, never a default.
fn read_place(stored: &stored::StoredPlace) -> Option<Place> {
    let optional = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    Some(Place {
        code: stored.code.parse().ok()?,
        district: optional(&stored.district)?,
        town: optional(&stored.town)?,
        village: optional(&stored.village)?,
        grid: optional(&stored.grid)?,
    })
}

impl Case for Matter {
    const KIND: &'static str = "matter";
    const SCHEMA: i64 = 1;
    type Event = MatterEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<MatterEvent>, Refusal> {
        let body = match (state, command) {
            (None, Command::Open { place, text }) => open(place, text, facts)?,
            (None, Command::Close { .. }) => return Err(Refusal::NotOpened),
            (Some(matter), Command::Open { .. }) => return Err(Refusal::State { state: matter.phase.name() }),
            (Some(matter), Command::Close { result }) => close(matter, result, facts)?,
        };
        let person = Bytes::copy_from_slice(&facts.person);
        Ok(vec![MatterEvent { at_us: facts.now.0, by: written(&facts.actor), person, event: Some(body) }])
    }

    fn evolve(state: Option<Self>, event: &MatterEvent) -> Option<Self> {
        match (state, event.event.as_ref()?) {
            (None, Body::Opened(body)) => Some(Self {
                place: read_place(body.place.as_ref()?)?,
                text: private(&body.text),
                opened: Micros(event.at_us),
                by: event.by.clone(),
                phase: Phase::Open,
            }),
            (Some(matter), Body::Closed(body)) => {
                let phase = Phase::Closed { result: private(&body.result), at: Micros(event.at_us) };
                Some(Self { phase, ..matter })
            }
            (Some(_), Body::Opened(_)) | (None, Body::Closed(_)) => None,
        }
    }

    fn index(&self) -> Row {
        Row { open: self.phase.is_open(), state: self.phase.number().into(), ..Row::at(&self.place) }
    }

    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }

    fn event_type(event: &MatterEvent) -> &'static str {
        match &event.event {
            Some(Body::Opened(_)) => "matter.opened",
            Some(Body::Closed(_)) => "matter.closed",
            None => "matter.unreadable",
        }
    }

    fn event_time(event: &MatterEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &MatterEvent) -> String {
        event.by.clone()
    }

    /// Internal: no other service needs to hear of it yet.
    fn publish(_: CaseId, _: &MatterEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &MatterEvent) -> bool {
        match (state, &event.event) {
            (None, Some(Body::Opened(_))) => true,
            (Some(matter), Some(Body::Closed(_))) => matter.phase.is_open(),
            (Some(_), Some(Body::Opened(_))) | (None, Some(Body::Closed(_))) | (_, None) => false,
        }
    }
}
