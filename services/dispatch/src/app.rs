//! What dispatch can do, one method a use case. Knows cases, catalog, tree, calendar and clock; knows neither tonic nor SQL.

mod acting;
pub mod arranging;
pub mod caring;
mod commanding;
pub mod counting;
pub mod emergencies;
pub mod evaluating;
mod listing_duties;
mod merging;
mod opening;
mod reading;
mod reform;
mod timing;
mod totals;
pub mod warnings;
pub mod working;

pub use acting::{Acting, Paging};
pub use reading::{Listed, Listing};

use std::sync::{Arc, PoisonError, RwLock};

use casebook::Found;
use casebook::{Ask, Casebook, Done, Scope};
use civic::CaseId;
use civic::{Actor, Calendar, Clock, DivisionCode, Micros, Place, Private, Rng, Tree, View};

use crate::catalog::{Catalog, Plans};
use crate::domain::authority;
use crate::domain::work_order::{Author, Command, Facts, Step, WorkOrder};
use crate::error::Error;
use arranging::Standing;
use mesh::{Matter, Policies};
use tokio::sync::watch;

/// Keeps the hash of a person's reference from serving another purpose.
const PERSON: &str = "dispatch person 1";

/// The application: everything a use case needs, handed in.
pub struct App {
    cases: Casebook,
    /// Replaced as a whole by an operator; a call keeps the one it began with. The locks are held for one reference count.
    catalog: RwLock<Arc<Catalog>>,
    plans: RwLock<Arc<Plans>>,
    calendar: RwLock<Arc<Calendar>>,
    /// What operators' calendars are laid over.
    built_in: Arc<Calendar>,
    standing: watch::Sender<Standing>,
    tree: Arc<Tree>,
    root: DivisionCode,
    policies: Arc<dyn Policies>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

/// What an [`App`] is made of.
pub struct Parts {
    pub cases: Casebook,
    pub catalog: Catalog,
    pub plans: Plans,
    pub calendar: Arc<Calendar>,
    pub tree: Arc<Tree>,
    /// The territory.
    pub root: DivisionCode,
    pub policies: Arc<dyn Policies>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
}

/// What one call decides by: catalog, plans, calendar, tree and time of its beginning.
pub struct Desk {
    pub catalog: Arc<Catalog>,
    pub plans: Arc<Plans>,
    pub calendar: Arc<Calendar>,
    pub view: View,
    pub root: DivisionCode,
    pub policies: Arc<dyn Policies>,
    pub now: Micros,
}

/// Who asks, in which trace.
#[derive(Debug, Clone)]
pub struct Asking {
    pub actor: Actor,
    pub traceparent: String,
}

/// A verb as somebody asked for it, its text still plain.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked<S> {
    pub id: CaseId,
    pub rpc: &'static str,
    pub request_id: String,
    /// The encoded request without its id: the same id with another body is another request.
    pub body: Vec<u8>,
    pub etag: Option<i64>,
    pub note: Option<String>,
    pub step: S,
}

impl App {
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { cases, catalog, plans, calendar, tree, root, policies, clock, rng } = parts;
        Self {
            cases,
            catalog: RwLock::new(Arc::new(catalog)),
            plans: RwLock::new(Arc::new(plans)),
            calendar: RwLock::new(Arc::clone(&calendar)),
            built_in: calendar,
            standing: watch::Sender::new(Standing::default()),
            tree,
            root,
            policies,
            clock,
            rng,
        }
    }

    /// The present catalog, calendar, tree and time.
    #[must_use]
    pub fn desk(&self) -> Desk {
        let now = self.clock.now();
        Desk {
            catalog: Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner)),
            plans: Arc::clone(&self.plans.read().unwrap_or_else(PoisonError::into_inner)),
            calendar: Arc::clone(&self.calendar.read().unwrap_or_else(PoisonError::into_inner)),
            view: self.tree.today(now),
            root: self.root.clone(),
            policies: Arc::clone(&self.policies),
            now,
        }
    }

    /// Puts another catalog in force, from the next call on.
    pub fn replace_catalog(&self, catalog: Catalog) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }

    /// Puts other emergency plans in force, from the next alarm on.
    pub fn replace_plans(&self, plans: Plans) {
        *self.plans.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plans);
    }

    /// Puts another calendar in force, from the next call on.
    pub fn replace_calendar(&self, calendar: Calendar) {
        *self.calendar.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(calendar);
    }

    #[must_use]
    pub const fn cases(&self) -> &Casebook {
        &self.cases
    }

    /// Takes a step of the table, once per request id.
    ///
    /// # Errors
    /// The rules', the store's.
    pub async fn step(
        &self,
        asking: &Asking,
        desk: &Desk,
        asked: Asked<Step<String>>,
    ) -> Result<Done<WorkOrder>, Error> {
        if let Step::Merge { into, .. } = asked.step {
            return self.merge(asking, desk, asked, into).await;
        }
        Ok(self.cases.execute(self.ask(asking, desk, asked)?).await?)
    }

    fn ask(&self, asking: &Asking, desk: &Desk, asked: Asked<Step<String>>) -> Result<Ask<WorkOrder>, Error> {
        let Asked { id, rpc, request_id, body, etag, note, step } = asked;
        let request = self.cases.request_key(&asking.caller(), rpc, &request_id, &body);
        let seal = |text: String| Ok::<Private<String>, Error>(self.cases.sealer().seal(id, &text));
        let command = Command::Step { step: step.try_map(seal)?, note: note.map(seal).transpose()? };
        let ask = Ask::<WorkOrder>::new(id, command, desk.facts(self.author(asking)))
            .with_scope(desk.scope_of(&asking.actor))
            .with_etag(etag)
            .with_request(request);
        Ok(ask.with_traceparent(asking.traceparent.clone()))
    }

    /// Seals a text of a case.
    pub(crate) fn seal(&self, id: CaseId, text: &str) -> Private<String> {
        self.cases.sealer().seal(id, text)
    }

    /// Who asks, as events keep it.
    fn author(&self, asking: &Asking) -> Author {
        let reference = self.cases.keyed_hash(PERSON, &[asking.actor.subject.as_bytes()]);
        Author::Person { actor: asking.actor.clone(), reference }
    }

    /// One order in the caller's scope.
    ///
    /// # Errors
    /// Not found, the store's.
    pub async fn get(&self, asking: &Asking, desk: &Desk, id: CaseId) -> Result<Found<WorkOrder>, Error> {
        Ok(self.cases.get(&desk.scope_of(&asking.actor), id).await?)
    }

    /// Opens sealed text for an answer to somebody who may know of the order.
    ///
    /// # Errors
    /// The text was changed or its key is gone.
    pub fn open(&self, id: CaseId, sealed: &Private<String>) -> Result<String, Error> {
        if sealed.sealed().is_empty() {
            return Ok(String::new());
        }
        Ok(self.cases.sealer().open(id, sealed)?)
    }
}

impl Desk {
    /// What the rules look at.
    #[must_use]
    pub fn facts(&self, author: Author) -> Facts {
        let (catalog, calendar) = (Arc::clone(&self.catalog), Arc::clone(&self.calendar));
        Facts { now: self.now, author, catalog, calendar, view: self.view.clone(), root: self.root.clone() }
    }

    /// Where a place lies today. Grids are in no list of divisions: one lies where the village whose code begins its own does.
    #[must_use]
    pub fn locate(&self, code: &DivisionCode) -> Option<Place> {
        if let Some(place) = self.view.place(code) {
            return Some(place);
        }
        let around = self.view.place(&self.view.standing(code)?)?;
        Some(Place { code: code.clone(), grid: Some(code.clone()), ..around })
    }

    /// The orders this actor may know of.
    #[must_use]
    pub fn scope_of(&self, actor: &Actor) -> Scope {
        authority::scope_of(actor, self.policies.reach(actor, Matter::Order), &self.view, &self.root)
    }

    /// Whether somebody who knows of an order reads what was written in it.
    #[must_use]
    pub fn reads(&self, actor: &Actor, id: CaseId, order: &WorkOrder) -> bool {
        let concern = authority::concern_of(actor, &self.scope_of(actor), (id, order), &self.view, self.now);
        self.policies.reads(actor.role, concern)
    }
}

impl Asking {
    /// The caller as request ids are unique for.
    fn caller(&self) -> String {
        format!("{}/{}", self.actor.role, self.actor.subject)
    }
}
