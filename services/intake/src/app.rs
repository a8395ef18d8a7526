//! What intake can do, one method a use case. Knows cases, catalog, tree, clock and chance; knows neither tonic nor SQL.

mod duplicates;
mod filing;
mod following;
mod later;
mod reading;
mod reform;
mod suggestions;

pub use duplicates::Duplicate;
pub use filing::{Filed, Ruling, is_pressing};
pub use following::{Claim, Secret, Tracked};
pub use later::{Act, Deed};
pub use reading::{Listed, Listing, Moment, Plain};
pub use suggestions::{Group, Opening, Shown, Step, What};

use crate::catalog::Catalog;
use crate::config::Config;
use crate::domain::authority;
use crate::domain::concern::concern_of;
use crate::domain::likeness::{Shelves, Shelving};
use crate::domain::locate::Ground;
use crate::domain::report::Report;
use crate::guesses::Meters;
use crate::peers::WorkOrders;
use casebook::{Casebook, Scope};
use civic::{Actor, Atlas, Clock, DivisionCode, Gazetteer, Micros, Place, Rng, TrackingSequence, Tree, View};
use mesh::{Caller, Matter, Policies};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// A request id of so many characters was drawn and not counted; a UUID has 36. Of ten million drawn from 16 hexadecimal digits in
/// the eight days that ids are kept, two are the same about once in nine thousand years.
const DRAWN: usize = 16;

/// The application: everything a use case needs, handed in.
pub struct App {
    cases: Casebook,
    /// Replaced as a whole by an operator; a call keeps the one it began with. The lock is held for one reference count.
    catalog: RwLock<Arc<Catalog>>,
    map: Arc<Map>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    orders: Arc<dyn WorkOrders>,
    policies: Arc<dyn Policies>,
    numbers: TrackingSequence,
    at_numbers: Meters,
    from_addresses: Meters,
    /// Prints of open reports. The lock is held for one look along a shelf, or for laying one print on it.
    shelves: RwLock<Shelves>,
    /// Where the hashing of prints begins: no two clusters hash alike.
    likeness_seed: u64,
}

/// Places: the dated tree, the map an operator loaded, and what addresses are looked up in.
pub struct Map {
    pub root: DivisionCode,
    pub tree: Arc<Tree>,
    pub atlas: Atlas,
    pub gazetteer: Gazetteer,
}

/// What an [`App`] is made of.
pub struct Parts {
    pub cases: Casebook,
    pub catalog: Catalog,
    pub map: Map,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub orders: Arc<dyn WorkOrders>,
    pub policies: Arc<dyn Policies>,
}

/// What one call decides by: the catalog, the tree and the time of its beginning.
pub struct Desk {
    pub catalog: Arc<Catalog>,
    pub view: View,
    pub map: Arc<Map>,
    pub policies: Arc<dyn Policies>,
    pub now: Micros,
}

/// Who asks, from where, in which trace.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    pub caller: Caller,
    pub traceparent: String,
    /// Where the call comes from; `None` when that is not known for certain.
    pub address: Option<IpAddr>,
}

impl App {
    pub fn new(parts: Parts, config: &Config) -> Self {
        let guesses = &config.guesses;
        let seed = parts.cases.keyed_hash("intake.likeness", &[]);
        Self {
            cases: parts.cases,
            catalog: RwLock::new(Arc::new(parts.catalog)),
            map: Arc::new(parts.map),
            clock: parts.clock,
            rng: parts.rng,
            orders: parts.orders,
            policies: parts.policies,
            numbers: TrackingSequence::new(config.lane),
            at_numbers: Meters::new(guesses.meters, guesses.per_number, guesses.number_seconds),
            from_addresses: Meters::new(guesses.meters, guesses.per_address, guesses.address_seconds),
            shelves: RwLock::new(Shelves::new(Shelving { capacity: config.likeness_capacity })),
            likeness_seed: u64::from_le_bytes(*seed.first_chunk().expect("sixteen bytes hold eight")),
        }
    }

    /// The present catalog, tree and time.
    pub fn desk(&self) -> Desk {
        let now = self.clock.now();
        let catalog = Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner));
        let (map, policies) = (Arc::clone(&self.map), Arc::clone(&self.policies));
        Desk { catalog, view: self.map.tree.today(now), map, policies, now }
    }

    /// Puts another catalog in force, from the next call on.
    pub fn replace_catalog(&self, catalog: Catalog) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }

    /// The caller as request ids are unique for. People without a token are all the same nobody: an id that a machine has drawn
    /// is one person's all the same. A short one may have been counted, and two may count from one: that is told apart by where
    /// it comes from.
    fn requester(&self, asking: &Asking, request_id: &str) -> String {
        if asking.is_known() || request_id.chars().count() >= DRAWN {
            return asking.name();
        }
        let address = asking.address.map(|address| address.to_string()).unwrap_or_default();
        format!("{}{:02x?}", asking.name(), self.cases.keyed_hash("intake nobody 2", &[address.as_bytes()]))
    }

    pub fn cases(&self) -> &Casebook {
        &self.cases
    }
}

impl Desk {
    pub fn ground(&self) -> Ground<'_> {
        Ground {
            view: &self.view,
            root: &self.map.root,
            atlas: &self.map.atlas,
            gazetteer: &self.map.gazetteer,
            bounds: self.catalog.limits.territory,
            thresholds: self.catalog.place_thresholds(),
        }
    }

    /// The reports this actor may know of.
    pub fn scope_of(&self, actor: &Actor) -> Scope {
        let reach = self.policies.reach(actor, Matter::Report);
        authority::scope_of(actor, reach, self.home(actor).as_ref(), &self.map.root)
    }

    /// The place of the actor's unit, by the tree of today.
    fn home(&self, actor: &Actor) -> Option<Place> {
        actor.place().and_then(|place| self.view.place(&place))
    }

    /// Whether somebody who knows of a report reads what was told in it.
    fn reads(&self, actor: &Actor, report: &Report) -> bool {
        let concern = concern_of(actor, &self.scope_of(actor), self.home(actor).as_ref(), report, self.now);
        self.policies.reads(actor.role, concern)
    }
}

impl Asking {
    /// Whether somebody stands behind the call.
    fn is_known(&self) -> bool {
        self.caller.actor.is_some()
    }

    /// Role and subject.
    fn name(&self) -> String {
        format!("{}/{}", self.caller.role(), self.caller.subject())
    }

    /// Role and unit, as events record it.
    fn reference(&self) -> String {
        let unit = self.caller.actor.as_ref().and_then(|actor| actor.unit.as_ref());
        format!("{}/{}", self.caller.role(), unit.map_or("", |unit| unit.as_str()))
    }
}
