//! What it can do, one method a use case. Knows cases, tree, clock and chance; knows neither tonic nor SQL.

use crate::domain::authority;
use crate::domain::matter::{Command, Facts, Matter};
use crate::error::Error;
use casebook::{Ask, Casebook, Done, Found, Scope};
use civic::{Actor, CaseId, Clock, DivisionCode, Micros, Place, Private, Rng, Tree, View};
use std::sync::Arc;

/// Keeps the hash of a person's reference from serving another purpose.
const PERSON: &str = "specimen person 1";

/// The application: everything a use case needs, handed in.
pub struct App {
    cases: Casebook,
    tree: Arc<Tree>,
    /// The territory.
    root: DivisionCode,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

/// What one call decides by: tree and time of its beginning.
pub struct Desk {
    pub view: View,
    pub root: DivisionCode,
    pub now: Micros,
}

/// Who asks, in which trace.
#[derive(Debug, Clone)]
pub struct Asking {
    pub actor: Actor,
    pub traceparent: String,
}

/// What the requests of all commands have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub rpc: &'static str,
    pub request_id: String,
    /// The encoded request without its id: the same id with another body is another request.
    pub body: Vec<u8>,
}

impl App {
    pub(crate) fn new(
        cases: Casebook,
        tree: Arc<Tree>,
        root: DivisionCode,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        Self { cases, tree, root, clock, rng }
    }

    /// The present tree and time.
    #[must_use]
    pub fn desk(&self) -> Desk {
        let now = self.clock.now();
        Desk { view: self.tree.today(now), root: self.root.clone(), now }
    }

    /// Opens a matter, once per request id.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn open(
        &self,
        asking: &Asking,
        desk: &Desk,
        asked: Asked,
        place: Place,
        text: &str,
    ) -> Result<Done<Matter>, Error> {
        let id = CaseId::new(desk.now, &*self.rng);
        let command = Command::Open { place, text: self.seal(id, text) };
        Ok(self.cases.execute(self.ask(asking, desk, asked, id, command)).await?)
    }

    /// Closes one that the caller may know of, once per request id; with an etag only as the caller has seen it.
    ///
    /// # Errors
    /// Not found, the rules', the store's.
    pub async fn close(
        &self,
        asking: &Asking,
        desk: &Desk,
        asked: Asked,
        (id, etag): (CaseId, Option<i64>),
        result: &str,
    ) -> Result<Done<Matter>, Error> {
        let command = Command::Close { result: self.seal(id, result) };
        let ask = self.ask(asking, desk, asked, id, command);
        Ok(self.cases.execute(ask.with_scope(desk.scope_of(asking)).with_etag(etag)).await?)
    }

    /// One that the caller may know of.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn get(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Found<Matter>, Error> {
        Ok(self.cases.get(&desk.scope_of(asking), id).await?)
    }

    /// Opens sealed text for an answer to somebody who may know of the matter.
    ///
    /// # Errors
    /// The text was changed or its key is gone.
    pub fn unseal(&self, id: CaseId, text: &Private<String>) -> Result<String, Error> {
        Ok(self.cases.sealer().open(id, text)?)
    }

    fn seal(&self, id: CaseId, text: &str) -> Private<String> {
        self.cases.sealer().seal(id, text)
    }

    fn ask(&self, asking: &Asking, desk: &Desk, asked: Asked, id: CaseId, command: Command) -> Ask<Matter> {
        let Asked { rpc, request_id, body } = asked;
        let caller = format!("{}/{}", asking.actor.role, asking.actor.subject);
        let person = self.cases.keyed_hash(PERSON, &[asking.actor.subject.as_bytes()]);
        let facts = Facts { now: desk.now, actor: asking.actor.clone(), person, view: desk.view.clone() };
        Ask::new(id, command, facts)
            .with_request(self.cases.request_key(&caller, rpc, &request_id, &body))
            .with_traceparent(asking.traceparent.clone())
    }
}

impl Desk {
    fn scope_of(&self, asking: &Asking) -> Scope {
        authority::scope_of(&asking.actor, &self.view, &self.root)
    }
}
