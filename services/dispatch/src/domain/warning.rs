//! The call-and-response warning (叫应): what is coming, told to every place of every level below the sender's, each of which must
//! acknowledge and say what was done.
//!
//! ```text
//! a warning in | spread       | lift     | timer "expires"
//! in force     | in force     | lifted   | expired
//! lifted       | nothing      | refused  | nothing
//! expired      | nothing      | refused  | nothing
//! ```
//!
//! A city's warning may concern twenty thousand places. They are no list in the warning: each is a case of its own ([`place`]), found by
//! its parent. A timer that is due at once opens them a page at a time, highest level first, and the warning keeps how far it has come;
//! which places they are is computed each time from the tree of the day of issue, so a page done twice opens nothing twice.
//! Nobody's silence holds up the levels below: a village is called when its town has not answered, too.

pub mod place;
mod recipients;
mod refusal;

pub use recipients::{Level, Recipient, recipients};
pub use refusal::Refusal;

use casebook::{Case, Row, Timer};
use civic::{CaseId, DivisionCode, Micros, Place, Private, UnitCode};
use prost::Message as _;
use prost::bytes::Bytes;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::WarningEvent;
use proto::dispatch::v1::stored::warning_event::Event as Body;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{PublicEvent, WarningChanged};
use serde::{Deserialize, Serialize};

use crate::domain::authority;
use crate::domain::work_order::{Author, store_place, stored_place};

/// The places that are not called yet: due at once.
pub const SPREAD: &str = "spread";
/// Its time is over.
pub const EXPIRES: &str = "expires";
/// Type of the public event, with its major version.
const CHANGED: &str = "warning.changed.v1";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub kind: String,
    pub text: Private<String>,
    /// Place whose dispatcher issued it.
    pub issuer: Place,
    pub places: Vec<DivisionCode>,
    pub terms: Terms,
    /// Places of all levels, and those called so far.
    pub total: u32,
    pub spread: u32,
    pub opened: Micros,
    pub updated: Micros,
    pub phase: Phase,
}

/// How places are called.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub expires: Micros,
    pub acknowledge_minutes: u32,
    pub answer_minutes: u32,
    /// In all.
    pub calls: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    InForce,
    Lifted { at: Micros, reason: Private<String> },
    Expired { at: Micros },
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Issue(Box<Issue>),
    Spread { upto: u32 },
    Lift { reason: Private<String> },
    Expire,
}

/// What a dispatcher wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub kind: String,
    pub text: Private<String>,
    pub issuer: Place,
    pub places: Vec<DivisionCode>,
    pub terms: Terms,
    pub total: u32,
    pub tree_version: String,
    /// Cluster that issues it.
    pub owner: String,
}

/// What the rules look at besides.
#[derive(Debug, Clone)]
pub struct Facts {
    pub now: Micros,
    pub author: Author,
    /// The division tree of today.
    pub view: civic::View,
    /// Of the warning, for the rules of its places: a warning that was lifted calls nobody any more.
    pub in_force: bool,
}

impl Warning {
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        matches!(self.phase, Phase::InForce)
    }

    /// Number of the contract's enum.
    #[must_use]
    pub const fn number(&self) -> i32 {
        match self.phase {
            Phase::InForce => 1,
            Phase::Lifted { .. } => 2,
            Phase::Expired { .. } => 3,
        }
    }

    /// Whoever works for this place is meant: it is warned, or lies in what is, or holds it.
    #[must_use]
    pub fn concerns(&self, home: &DivisionCode, view: &civic::View) -> bool {
        let near = |place: &DivisionCode| view.contains(place, home) || view.contains(home, place);
        view.contains(&self.issuer.code, home) && self.places.iter().any(near)
    }
}

fn decide(state: Option<&Warning>, command: &Command, facts: &Facts) -> Result<Vec<Body>, Refusal> {
    let body = match (state, command) {
        (None, Command::Issue(issue)) => {
            may_issue(issue, facts)?;
            Body::Issued(store_issue(issue))
        }
        // Ids are drawn anew for each: only the same request comes here twice, and the casebook answers it.
        (Some(_), Command::Issue(_)) => return Ok(Vec::new()),
        (None, Command::Spread { .. } | Command::Lift { .. } | Command::Expire) => return Err(Refusal::NotFound),
        (Some(warning), Command::Lift { reason }) => {
            may_lift(warning, facts)?;
            Body::Lifted(stored::WarningLifted { reason: Bytes::copy_from_slice(reason.sealed()) })
        }
        (Some(warning), Command::Spread { upto }) => {
            if !warning.is_in_force() || *upto <= warning.spread {
                return Ok(Vec::new());
            }
            Body::Spread(stored::WarningSpread { upto: (*upto).min(warning.total) })
        }
        (Some(warning), Command::Expire) => {
            if !warning.is_in_force() || facts.now < warning.terms.expires {
                return Ok(Vec::new());
            }
            Body::Expired(stored::WarningExpired {})
        }
    };
    Ok(vec![body])
}

/// A dispatcher warns places inside the own place, in the own name.
fn may_issue(issue: &Issue, facts: &Facts) -> Result<(), Refusal> {
    dispatches(&issue.issuer, facts)?;
    for (index, place) in issue.places.iter().enumerate() {
        if !facts.view.contains(&issue.issuer.code, place) {
            return Err(Refusal::OutOfReach { index, place: place.clone() });
        }
    }
    Ok(())
}

fn may_lift(warning: &Warning, facts: &Facts) -> Result<(), Refusal> {
    dispatches(&warning.issuer, facts)?;
    if warning.is_in_force() { Ok(()) } else { Err(Refusal::Over) }
}

/// The caller is a dispatcher of this very place, as its tier's.
fn dispatches(place: &Place, facts: &Facts) -> Result<(), Refusal> {
    let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::Role) };
    if authority::dispatcher_of(actor.role) != Some(place.tier()) {
        return Err(Refusal::Role);
    }
    if authority::home(actor, &facts.view).as_ref() == Some(&place.code) { Ok(()) } else { Err(Refusal::Place) }
}

fn store_issue(issue: &Issue) -> stored::WarningIssued {
    stored::WarningIssued {
        kind: issue.kind.clone(),
        text: Bytes::copy_from_slice(issue.text.sealed()),
        issuer: Some(store_place(&issue.issuer)),
        places: issue.places.iter().map(ToString::to_string).collect(),
        expires_us: issue.terms.expires.0,
        acknowledge_minutes: issue.terms.acknowledge_minutes,
        answer_minutes: issue.terms.answer_minutes,
        calls: issue.terms.calls,
        total: issue.total,
        tree_version: issue.tree_version.clone(),
        owner: issue.owner.clone(),
    }
}

fn issued(body: &stored::WarningIssued, at: Micros) -> Option<Warning> {
    Some(Warning {
        kind: body.kind.clone(),
        text: Private::from_sealed(body.text.to_vec()),
        issuer: stored_place(body.issuer.as_ref())?,
        places: body.places.iter().map(|code| code.parse().ok()).collect::<Option<_>>()?,
        terms: Terms {
            expires: Micros(body.expires_us),
            acknowledge_minutes: body.acknowledge_minutes,
            answer_minutes: body.answer_minutes,
            calls: body.calls,
        },
        total: body.total,
        spread: 0,
        opened: at,
        updated: at,
        phase: Phase::InForce,
    })
}

impl Case for Warning {
    const KIND: &'static str = "warning";
    const SCHEMA: i64 = 1;
    type Event = WarningEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<WarningEvent>, Refusal> {
        // A clock stepped back does not make history run backwards.
        let at = state.map_or(facts.now, |warning| facts.now.max(warning.updated));
        let event = |body| WarningEvent {
            at_us: at.0,
            by: facts.author.written(),
            person: Bytes::copy_from_slice(facts.author.reference()),
            event: Some(body),
        };
        Ok(decide(state, command, facts)?.into_iter().map(event).collect())
    }

    fn evolve(state: Option<Self>, event: &WarningEvent) -> Option<Self> {
        let at = Micros(event.at_us);
        let body = event.event.as_ref()?;
        if let Body::Issued(body) = body {
            return if state.is_none() { issued(body, at) } else { None };
        }
        let mut warning = state.filter(Self::is_in_force)?;
        warning.updated = at;
        match body {
            Body::Issued(_) => return None,
            Body::Spread(body) => warning.spread = body.upto,
            Body::Lifted(body) => {
                warning.phase = Phase::Lifted { at, reason: Private::from_sealed(body.reason.to_vec()) };
            }
            Body::Expired(_) => warning.phase = Phase::Expired { at },
        }
        Some(warning)
    }

    fn legal(state: Option<&Self>, event: &WarningEvent) -> bool {
        match (state, &event.event) {
            (None, Some(Body::Issued(_))) => true,
            (Some(warning), Some(Body::Spread(body))) => {
                warning.is_in_force() && body.upto > warning.spread && body.upto <= warning.total
            }
            (Some(warning), Some(Body::Lifted(_) | Body::Expired(_))) => warning.is_in_force(),
            (None, Some(Body::Spread(_) | Body::Lifted(_) | Body::Expired(_)))
            | (Some(_), Some(Body::Issued(_)))
            | (_, None) => false,
        }
    }

    fn index(&self) -> Row {
        Row {
            open: self.is_in_force(),
            state: i64::from(self.number()),
            unit: Some(UnitCode::desk(&self.issuer.code).to_string()),
            ..Row::at(&self.issuer)
        }
    }

    fn timers(&self) -> Vec<Timer> {
        if !self.is_in_force() {
            return Vec::new();
        }
        let spread = (self.spread < self.total).then_some((SPREAD, self.opened));
        let timer = |(name, due): (&str, Micros)| Timer { name: name.to_owned(), due };
        spread.into_iter().chain([(EXPIRES, self.terms.expires)]).map(timer).collect()
    }

    fn event_type(event: &WarningEvent) -> &'static str {
        match &event.event {
            Some(Body::Issued(_)) => "warning.issued",
            Some(Body::Spread(_)) => "warning.spread",
            Some(Body::Lifted(_)) => "warning.lifted",
            Some(Body::Expired(_)) => "warning.expired",
            None => "warning.unknown",
        }
    }

    fn event_time(event: &WarningEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &WarningEvent) -> String {
        event.by.clone()
    }

    /// How far it has spread is its own affair: each place tells of itself.
    fn publish(id: CaseId, event: &WarningEvent) -> Option<(String, Vec<u8>)> {
        let step = match event.event.as_ref()? {
            Body::Issued(_) => "issued",
            Body::Lifted(_) => "lifted",
            Body::Expired(_) => "expired",
            Body::Spread(_) => return None,
        };
        let changed = WarningChanged { warning: id.to_string(), step: step.to_owned() };
        Some((CHANGED.to_owned(), PublicEvent { event: Some(Public::WarningChanged(changed)) }.encode_to_vec()))
    }
}
