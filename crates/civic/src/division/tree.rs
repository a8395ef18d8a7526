//! The dated tree: a base list, and for each date of a reform what is different from then on.
//!
//! Reforms touch a few dozen of twelve thousand places, so a date stores its differences only, and a look-up goes from the newest date that
//! counts back to the base list.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::load::{self, TreeError};
use super::{DivisionCode, Tier, View};
use crate::Micros;

const BASE: &str = include_str!("../../data/divisions.csv");
const ZONES: &str = include_str!("../../data/zones.csv");
const REFORM_2025: &str = include_str!("../../data/reform-2025-11-06.csv");
const BASE_VERSION: &str = "nbs-2023-06-30";

/// What is special about a place's code.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// In the national list.
    National,
    /// A division of the state with a local code, its national one not being known.
    Local,
    /// A development zone: no division of the state, hence a local code.
    Zone,
}

/// A place as it is from some date on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Division {
    pub code: DivisionCode,
    pub name: String,
    pub tier: Tier,
    pub parent: Option<DivisionCode>,
    /// The code is ours, not the national list's.
    pub local: bool,
    /// A development zone: it runs a command centre, but is not counted among districts and counties.
    pub zone: bool,
}

impl Division {
    pub(super) fn new(code: DivisionCode, name: &str, parent: Option<DivisionCode>, mark: Mark) -> Self {
        let tier = code.tier();
        Self { code, name: name.to_owned(), tier, parent, local: mark != Mark::National, zone: mark == Mark::Zone }
    }
}

/// What a date made of a place.
#[derive(Clone, Debug)]
pub(super) enum Changed {
    Is(Division),
    Dissolved { name: String, successor: DivisionCode },
}

/// The differences from a date on.
#[derive(Clone, Debug)]
pub(super) struct Epoch {
    pub(super) from: Date,
    pub(super) version: String,
    pub(super) changed: BTreeMap<DivisionCode, Changed>,
}

#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub(super) version: String,
    /// Ordered by code.
    pub(super) divisions: Vec<Division>,
    /// Places of `divisions`, ordered by parent, then code.
    pub(super) by_parent: Vec<u32>,
    /// Ordered by date.
    pub(super) epochs: Vec<Epoch>,
}

/// Which place lies in which, by date. A handle: clones share the data.
#[derive(Clone)]
pub struct Tree {
    pub(super) inner: Arc<Inner>,
}

impl Tree {
    /// Chongqing as built in. Parses the embedded lists anew at each call: keep the handle.
    #[must_use]
    pub fn chongqing() -> Arc<Self> {
        let tree = Self::load(BASE_VERSION, &[BASE, ZONES], &[REFORM_2025]);
        Arc::new(tree.expect("the built-in lists are checked by a test"))
    }

    /// Reads lists of places (`code,name[,parent[,mark]]`; without a parent the code's own prefix; mark `local` or `zone`) and dated change sets
    /// (`date,op,code,name,parent`; op `create`, `create-local`, `create-zone`, `rename`, `move`, `dissolve`, where `parent` is the place that
    /// answers for the dissolved one). Lines that begin with `#` and header lines are passed over; nothing is quoted.
    ///
    /// # Errors
    /// [`TreeError`] names the list or change set (counted from 1) and the line.
    pub fn load(version: &str, lists: &[&str], changes: &[&str]) -> Result<Self, TreeError> {
        load::build(version, Vec::new(), Vec::new(), lists, changes)
    }

    /// This tree with an operator's data added: grids, a zone's own towns, a reform. Places already known may not be listed again; change sets
    /// may come at any date later than the last one known.
    ///
    /// # Errors
    /// As [`Tree::load`].
    pub fn extended(&self, version: &str, lists: &[&str], changes: &[&str]) -> Result<Self, TreeError> {
        let known = &self.inner;
        let version = format!("{}+{version}", known.version);
        load::build(&version, known.divisions.clone(), known.epochs.clone(), lists, changes)
    }

    /// The tree as it stands on a date.
    #[must_use]
    pub fn on(&self, date: Date) -> View {
        let epoch = self.inner.epochs.partition_point(|epoch| epoch.from <= date);
        View { inner: Arc::clone(&self.inner), epoch }
    }

    /// The tree as it stands on the day in China that `now` lies in.
    #[must_use]
    pub fn today(&self, now: Micros) -> View {
        self.on(now.local_date())
    }

    /// The dates from which something is different, ascending.
    pub fn dates(&self) -> impl Iterator<Item = Date> + '_ {
        self.inner.epochs.iter().map(|epoch| epoch.from)
    }

    /// Districts from which a place has moved away, or that were dissolved, by a reform in force on `today`. What was opened there
    /// before may lie elsewhere since.
    #[must_use]
    pub fn districts_that_lost_a_place(&self, today: Date) -> BTreeSet<DivisionCode> {
        let mut districts = BTreeSet::new();
        for date in self.dates().filter(|date| *date <= today) {
            let Ok(eve) = date.yesterday() else { continue };
            let (before, after) = (self.on(eve), self.on(date));
            for division in before.divisions() {
                let old = before.place(&division.code).and_then(|place| place.district);
                if old != after.place(&division.code).and_then(|place| place.district) {
                    districts.extend(old);
                }
            }
        }
        districts
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({}, {} places)", self.inner.version, self.inner.divisions.len())
    }
}
