//! A typed command on its way through the untyped commit.

use crate::{
    batch::{Change, Step, StepVerdict},
    case::{Case, Timer, armed},
    error::Error,
    kinds::{decode_state, encode_state},
    scope::Scope,
    seal::{Keys, Sealer},
    store::{CaseRow, EventRow},
};
use civic::CaseId;
use prost::Message;
use std::{any::Any, sync::Arc};

/// Epoch of a case that has never changed its owner.
const FIRST_EPOCH: i64 = 1;

/// State after the step, if there is a case, and its version; or why not.
type Decided<C> = Result<(Option<C>, i64), Error<<C as Case>::Refusal>>;

pub(crate) struct TypedStep<C: Case> {
    pub(crate) case: CaseId,
    pub(crate) command: C::Command,
    pub(crate) facts: C::Facts,
    pub(crate) scope: Scope,
    pub(crate) etag: Option<i64>,
    pub(crate) epoch: Option<i64>,
    /// A timer asks: whether it stays armed must be known.
    pub(crate) timed: bool,
    pub(crate) traceparent: String,
    /// Seals the case's texts; had once the step is submitted.
    pub(crate) sealer: Option<Arc<dyn Sealer>>,
    /// The last decision, kept for the caller.
    pub(crate) decided: Option<Decided<C>>,
}

impl<C: Case> TypedStep<C> {
    fn try_decide(&self, current: Option<&CaseRow>, cluster: &str) -> Result<Decision<C>, Error<C::Refusal>> {
        let before = current.map(|row| self.read(row, cluster)).transpose()?;
        if before.is_none() && self.scope != Scope::All {
            return Err(Error::NotFound);
        }
        let version = current.map_or(0, |row| row.version);
        if self.etag.is_some_and(|etag| etag != version) {
            return Err(Error::Conflict { current: version });
        }
        let events = C::decide(before.as_ref(), &self.command, &self.facts).map_err(Error::Refused)?;
        if events.is_empty() {
            return Ok(Decision::Unchanged(before, version));
        }
        let timers_before = before.as_ref().map(armed).unwrap_or_default();
        let mut state = before;
        for event in &events {
            state = C::evolve(state, event);
        }
        let state = state.ok_or_else(|| Error::Store(self.corrupt("events")))?;
        let change = self.change(current, &state, &events, timers_before, cluster);
        Ok(Decision::Changed(state, Box::new(change)))
    }

    fn read(&self, row: &CaseRow, cluster: &str) -> Result<C, Error<C::Refusal>> {
        if row.kind != C::KIND || !self.scope.admits(row.id, &row.row) {
            return Err(Error::NotFound);
        }
        if row.owner != cluster || self.epoch.is_some_and(|epoch| epoch != row.epoch) {
            return Err(Error::NotOwner { owner: row.owner.clone(), epoch: row.epoch });
        }
        self.learn(&row.keys);
        // The store has rebuilt an older row, if its events allow it.
        let state = if row.schema == C::SCHEMA { decode_state(&row.state) } else { None };
        state.ok_or_else(|| Error::Store(self.corrupt("cases")))
    }

    fn learn(&self, keys: &Keys) {
        if let Some(sealer) = &self.sealer {
            sealer.learn(self.case, keys);
        }
    }

    /// The keys that the row must hold from now on.
    fn keep(&self, current: Option<&CaseRow>, events: &[EventRow]) -> Keys {
        let keys = current.map(|row| row.keys.clone()).unwrap_or_default();
        let payloads: Vec<&[u8]> = events.iter().map(|event| event.payload.as_slice()).collect();
        match &self.sealer {
            Some(sealer) => sealer.keep(self.case, &keys, &payloads),
            None => keys,
        }
    }

    fn corrupt(&self, table: &'static str) -> crate::StoreError {
        crate::StoreError::Corrupt { table, row: self.case.to_string() }
    }

    fn change(
        &self,
        current: Option<&CaseRow>,
        state: &C,
        events: &[C::Event],
        timers_before: Vec<Timer>,
        cluster: &str,
    ) -> Change {
        let version = current.map_or(0, |row| row.version);
        let row = state.index();
        let place = row.place.clone().unwrap_or_default();
        let erased = events.iter().any(C::erases);
        let events: Vec<EventRow> =
            (version + 1..).zip(events).map(|(version, event)| self.event(version, event, &place)).collect();
        let keys = if erased { Keys::destroyed() } else { self.keep(current, &events) };
        self.learn(&keys);
        let case = CaseRow {
            id: self.case,
            kind: C::KIND.to_owned(),
            version: version + i64::try_from(events.len()).expect("a decision has few events"),
            schema: C::SCHEMA,
            state: encode_state(state),
            owner: cluster.to_owned(),
            epoch: current.map_or(FIRST_EPOCH, |row| row.epoch),
            row,
            keys,
        };
        Change { case, events, timers_before, timers: armed(state) }
    }

    fn event(&self, version: i64, event: &C::Event, place: &str) -> EventRow {
        EventRow {
            case: self.case,
            kind: C::KIND.to_owned(),
            version,
            event_type: C::event_type(event).to_owned(),
            time: C::event_time(event),
            actor: C::event_actor(event),
            place: place.to_owned(),
            traceparent: self.traceparent.clone(),
            payload: event.encode_to_vec(),
        }
    }
}

enum Decision<C> {
    Unchanged(Option<C>, i64),
    Changed(C, Box<Change>),
}

impl<C: Case> Step for TypedStep<C> {
    fn case(&self) -> CaseId {
        self.case
    }

    fn seal_with(&mut self, sealer: &Arc<dyn Sealer>) {
        self.sealer = Some(Arc::clone(sealer));
    }

    fn decide(&mut self, current: Option<&CaseRow>, cluster: &str) -> StepVerdict {
        let (verdict, decided) = match self.try_decide(current, cluster) {
            Ok(Decision::Unchanged(state, version)) => {
                let timers = if self.timed { state.as_ref().map(armed).unwrap_or_default() } else { Vec::new() };
                (StepVerdict::Unchanged(version, timers), Ok((state, version)))
            }
            Ok(Decision::Changed(state, change)) => {
                let version = change.case.version;
                (StepVerdict::Change(change), Ok((Some(state), version)))
            }
            Err(error @ (Error::Refused(_) | Error::NotFound | Error::Conflict { .. })) => {
                (StepVerdict::Refused(error.to_string()), Err(error))
            }
            Err(error) => (StepVerdict::Failed(error.to_string()), Err(error)),
        };
        self.decided = Some(decided);
        verdict
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
