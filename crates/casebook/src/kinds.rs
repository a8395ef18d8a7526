//! The kinds of case a database holds, types erased: what the relay, the verifier and the rebuilding of older rows need of them.

use crate::{
    case::{Case, Row, Timer, armed},
    store::{CaseRow, EventRow},
};
use civic::CaseId;
use prost::Message;
use std::collections::BTreeMap;

/// State, row and timers that a case's events give when they are applied from the first on.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebuilt {
    pub state: Vec<u8>,
    pub schema: i64,
    pub row: Row,
    pub timers: Vec<Timer>,
}

type Publish = fn(CaseId, &[u8]) -> Option<(String, Vec<u8>)>;
/// What the verifier learns from a case's events.
pub(crate) struct Replayed {
    pub(crate) rebuilt: Rebuilt,
    /// Versions that the kind's table does not allow where they stand.
    pub(crate) illegal: Vec<i64>,
}

type Rebuild = fn(&[EventRow]) -> Option<Rebuilt>;
type Replay = fn(&[EventRow]) -> Result<Replayed, i64>;

struct Kind {
    schema: i64,
    publish: Publish,
    rebuild: Rebuild,
    replay: Replay,
}

/// Registry of the kinds of one service.
#[derive(Default)]
pub struct Kinds(BTreeMap<&'static str, Kind>);

impl Kinds {
    pub fn with<C: Case>(mut self) -> Self {
        let kind = Kind { schema: C::SCHEMA, publish: publish::<C>, rebuild: rebuild::<C>, replay: replay::<C> };
        self.0.insert(C::KIND, kind);
        self
    }

    /// Type and data of what others may know of an event; `None`: internal (or of a kind this binary does not know).
    pub fn publish(&self, event: &EventRow) -> Option<(String, Vec<u8>)> {
        (self.0.get(event.kind.as_str())?.publish)(event.case, &event.payload)
    }

    /// `None` when the events cannot give a state: the row is corrupt.
    pub fn rebuild(&self, kind: &str, events: &[EventRow]) -> Option<Rebuilt> {
        (self.0.get(kind)?.rebuild)(events)
    }

    /// Applies events one by one and asks the kind about each. `Err`: the version that does not lead on. `None`: unknown kind.
    pub(crate) fn replay(&self, kind: &str, events: &[EventRow]) -> Option<Result<Replayed, i64>> {
        Some((self.0.get(kind)?.replay)(events))
    }

    /// Whether a row was stored under another schema than this binary's.
    pub fn is_stale(&self, row: &CaseRow) -> bool {
        self.0.get(row.kind.as_str()).is_some_and(|k| k.schema != row.schema)
    }
}

fn publish<C: Case>(id: CaseId, payload: &[u8]) -> Option<(String, Vec<u8>)> {
    C::publish(id, &C::Event::decode(payload).ok()?)
}

fn rebuild<C: Case>(events: &[EventRow]) -> Option<Rebuilt> {
    let state: C = fold(events)?;
    Some(Rebuilt { state: encode_state(&state), schema: C::SCHEMA, row: state.index(), timers: armed(&state) })
}

fn replay<C: Case>(events: &[EventRow]) -> Result<Replayed, i64> {
    let mut state: Option<C> = None;
    let mut illegal = Vec::new();
    for stored in events {
        let event = C::Event::decode(stored.payload.as_slice()).map_err(|_| stored.version)?;
        if !C::legal(state.as_ref(), &event) {
            illegal.push(stored.version);
        }
        state = Some(C::evolve(state, &event).ok_or(stored.version)?);
    }
    let state = state.ok_or(0)?;
    let rebuilt = Rebuilt { state: encode_state(&state), schema: C::SCHEMA, row: state.index(), timers: armed(&state) };
    Ok(Replayed { rebuilt, illegal })
}

/// Applies stored events from the first on.
pub(crate) fn fold<C: Case>(events: &[EventRow]) -> Option<C> {
    let mut state = None;
    for event in events {
        state = Some(C::evolve(state, &C::Event::decode(event.payload.as_slice()).ok()?)?);
    }
    state
}

/// Deterministic: postcard writes fields in order, and stored states hold no maps.
pub(crate) fn encode_state<C: Case>(state: &C) -> Vec<u8> {
    postcard::to_stdvec(state).expect("a state of plain fields always encodes")
}

pub(crate) fn decode_state<C: Case>(bytes: &[u8]) -> Option<C> {
    // Bytes left over are a sign of another type.
    postcard::take_from_bytes(bytes).ok().and_then(|(state, rest)| rest.is_empty().then_some(state))
}
