//! An exclusion: the unit asks that a round of its order be left out of rates, and somebody outside the unit decides. A case of its own
//! beside the order, whose id is made of the order's: nothing of the order changes, least of all the reporter's word.
//!
//! ```text
//! state     | request                          | rule
//! (none)    | Requested                        | refused
//! requested | refused; of a later round: Requested | Ruled
//! granted, refused | refused; of a later round: Requested | refused
//! ```

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros, Place, Private, Tier, UnitCode};
use prost::Message as _;
use prost::bytes::Bytes;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::ExclusionEvent;
use proto::dispatch::v1::stored::exclusion_event::Event as Body;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{ExclusionDecided, PublicEvent};
use serde::{Deserialize, Serialize};

use super::authority;
use super::rates::{Ground, LeftOut, Rate};
use super::refusal::Refusal;
use super::work_order::stored_place::{place, store_place};
use super::work_order::{Author, Facts, State, WorkOrder};

/// Type of the public event, with its major version.
const DECIDED: &str = "exclusion.decided.v1";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    pub order: CaseId,
    pub unit: UnitCode,
    pub place: Place,
    /// Whose dispatchers decide.
    pub tier: Tier,
    pub round: i32,
    pub rates: Vec<Rate>,
    pub ground: Ground,
    pub reason: Private<String>,
    pub requested: Micros,
    /// Role and unit.
    pub by: String,
    /// Keyed hash of who asked.
    pub person: Vec<u8>,
    pub standing: Standing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    Requested,
    Ruled(Ruled),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruled {
    pub granted: bool,
    pub reason: Private<String>,
    pub at: Micros,
    /// Role and unit.
    pub by: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Request(Box<Asking>),
    Rule { granted: bool, reason: Private<String> },
}

/// What is asked for, beside the order as it was looked at. An order that goes on meanwhile makes the exclusion one of a round that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Asking {
    pub order: CaseId,
    pub seen: WorkOrder,
    pub rates: Vec<Rate>,
    pub ground: Ground,
    pub reason: Private<String>,
}

impl Exclusion {
    /// The id beside the order's: the same instant, other random bits.
    #[must_use]
    pub fn id_of(order: CaseId) -> CaseId {
        let mut bytes = *order.as_bytes();
        // The byte before holds the two bits that mark the variant.
        for byte in &mut bytes[9..] {
            *byte = !*byte;
        }
        CaseId::from_bytes(bytes)
    }

    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.standing {
            Standing::Requested => true,
            Standing::Ruled(_) => false,
        }
    }

    /// What it takes out of the rates.
    #[must_use]
    pub fn left_out(&self) -> Option<LeftOut> {
        match &self.standing {
            Standing::Ruled(Ruled { granted: true, .. }) => {
                Some(LeftOut { round: self.round, rates: self.rates.clone(), ground: self.ground })
            }
            Standing::Ruled(_) | Standing::Requested => None,
        }
    }

    fn told(&self) -> stored::RuledOn {
        stored::RuledOn {
            work_order: self.order.to_string(),
            round: self.round,
            rates: self.rates.iter().map(|rate| rate.number()).collect(),
            ground: self.ground.number(),
            unit: self.unit.to_string(),
        }
    }

    const fn state(&self) -> (i64, &'static str) {
        match &self.standing {
            Standing::Requested => (1, "requested"),
            Standing::Ruled(Ruled { granted: true, .. }) => (2, "granted"),
            Standing::Ruled(_) => (3, "refused"),
        }
    }
}

/// The unit that has it asks, once a round, when the unit's work is over and the citizen was asked.
fn request(state: Option<&Exclusion>, asking: &Asking, facts: &Facts) -> Result<Body, Refusal> {
    let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::NotOpened) };
    let order = &asking.seen;
    let unit = order.unit().ok_or(Refusal::State { state: order.state().as_str() })?;
    authority::asks_exclusion(actor, unit)?;
    if !matches!(order.state(), State::Verified | State::Closed) {
        return Err(Refusal::State { state: order.state().as_str() });
    }
    if state.is_some_and(|before| before.round >= order.head.round) {
        return Err(Refusal::ExclusionAskedAlready { round: order.head.round });
    }
    Ok(Body::Requested(stored::ExclusionRequested {
        work_order: asking.order.to_string(),
        unit: unit.to_string(),
        place: Some(store_place(&order.head.place)),
        tier: order.head.tier.as_str().to_owned(),
        round: order.head.round,
        rates: asking.rates.iter().map(|rate| rate.number()).collect(),
        ground: asking.ground.number(),
        reason: Bytes::copy_from_slice(asking.reason.sealed()),
    }))
}

fn rule(exclusion: &Exclusion, granted: bool, reason: &Private<String>, facts: &Facts) -> Result<Body, Refusal> {
    let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::NotOpened) };
    authority::decides_exclusion(actor, exclusion.tier, &exclusion.unit, &exclusion.place.code, &facts.view)?;
    if facts.author.reference() == exclusion.person {
        return Err(Refusal::DeciderAsked);
    }
    if !exclusion.is_open() {
        return Err(Refusal::State { state: exclusion.state().1 });
    }
    Ok(Body::Ruled(stored::ExclusionRuled { granted, reason: Bytes::copy_from_slice(reason.sealed()) }))
}

fn requested(body: &stored::ExclusionRequested, event: &ExclusionEvent) -> Option<Exclusion> {
    Some(Exclusion {
        order: body.work_order.parse().ok()?,
        unit: body.unit.parse().ok()?,
        place: place(body.place.as_ref())?,
        tier: Tier::ALL.into_iter().find(|tier| tier.as_str() == body.tier)?,
        round: body.round,
        rates: body.rates.iter().map(|number| Rate::from_number(*number)).collect::<Option<_>>()?,
        ground: Ground::contestable(body.ground)?,
        reason: Private::from_sealed(body.reason.to_vec()),
        requested: Micros(event.at_us),
        by: event.by.clone(),
        person: event.person.to_vec(),
        standing: Standing::Requested,
    })
}

impl Case for Exclusion {
    const KIND: &'static str = "exclusion";
    const SCHEMA: i64 = 1;
    type Event = ExclusionEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<ExclusionEvent>, Refusal> {
        let body = match (state, command) {
            (state, Command::Request(asking)) => request(state, asking, facts)?,
            (None, Command::Rule { .. }) => return Err(Refusal::NotOpened),
            (Some(exclusion), Command::Rule { granted, reason }) => rule(exclusion, *granted, reason, facts)?,
        };
        let person = Bytes::copy_from_slice(facts.author.reference());
        let by = facts.author.written();
        // The event that others count by names what was ruled on: they do not see the request.
        let ruled_on = match (&body, state) {
            (Body::Ruled(_), Some(exclusion)) => Some(exclusion.told()),
            (Body::Ruled(_) | Body::Requested(_), _) => None,
        };
        Ok(vec![ExclusionEvent { at_us: facts.now.0, by, person, ruled_on, event: Some(body) }])
    }

    fn evolve(state: Option<Self>, event: &ExclusionEvent) -> Option<Self> {
        match event.event.as_ref()? {
            Body::Requested(body) => requested(body, event),
            Body::Ruled(body) => {
                let reason = Private::from_sealed(body.reason.to_vec());
                let ruled = Ruled { granted: body.granted, reason, at: Micros(event.at_us), by: event.by.clone() };
                Some(Self { standing: Standing::Ruled(ruled), ..state? })
            }
        }
    }

    fn index(&self) -> Row {
        Row { open: self.is_open(), state: self.state().0, unit: Some(self.unit.to_string()), ..Row::at(&self.place) }
    }

    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }

    fn event_type(event: &ExclusionEvent) -> &'static str {
        match &event.event {
            Some(Body::Requested(_)) => "exclusion.requested",
            Some(Body::Ruled(_)) => "exclusion.decided",
            None => "exclusion.unreadable",
        }
    }

    fn event_time(event: &ExclusionEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &ExclusionEvent) -> String {
        event.by.clone()
    }

    /// A request alone moves no rate: others are told what was decided.
    fn publish(_: CaseId, event: &ExclusionEvent) -> Option<(String, Vec<u8>)> {
        let (Some(Body::Ruled(body)), Some(on)) = (&event.event, &event.ruled_on) else { return None };
        let decided = ExclusionDecided {
            work_order: on.work_order.clone(),
            round: on.round,
            granted: body.granted,
            rates: on.rates.clone(),
            ground: on.ground,
            unit: on.unit.clone(),
        };
        Some((DECIDED.to_owned(), PublicEvent { event: Some(Public::ExclusionDecided(decided)) }.encode_to_vec()))
    }

    fn legal(state: Option<&Self>, event: &ExclusionEvent) -> bool {
        match (state, &event.event) {
            (None, Some(Body::Requested(_))) => true,
            (Some(before), Some(Body::Requested(body))) => body.round > before.round,
            (Some(before), Some(Body::Ruled(_))) => before.is_open(),
            (None, Some(Body::Ruled(_))) | (_, None) => false,
        }
    }
}
