//! The tree as it stands on one date.

use std::sync::Arc;

use super::tree::{Changed, Inner};
use super::{Division, DivisionCode, Place, Tier};

/// The tree on one date: cheap to clone, owns what it needs.
#[derive(Clone)]
pub struct View {
    pub(super) inner: Arc<Inner>,
    /// How many of the dated change sets count.
    pub(super) epoch: usize,
}

impl View {
    /// The place, if it exists on this date.
    #[must_use]
    pub fn get(&self, code: &DivisionCode) -> Option<&Division> {
        match self.changed(code) {
            Some(Changed::Is(division)) => Some(division),
            Some(Changed::Dissolved { .. }) => None,
            None => self.listed(code),
        }
    }

    /// The place that answers today for one that was dissolved; `None` for a place that exists or never did.
    #[must_use]
    pub fn successor(&self, code: &DivisionCode) -> Option<DivisionCode> {
        let mut answering = self.dissolved_into(code)?;
        // A successor can itself be dissolved later: each step leads to a later change set, so this ends.
        while let Some(next) = self.dissolved_into(answering) {
            answering = next;
        }
        Some(answering.clone())
    }

    /// `place` is `ancestor` or lies in it. A dissolved place lies where its successor lies.
    #[must_use]
    pub fn contains(&self, ancestor: &DivisionCode, place: &DivisionCode) -> bool {
        self.ancestors(place).any(|division| division.code == *ancestor)
    }

    /// The place itself, then what it lies in, up to the city. Begins with the successor for a dissolved place; empty for an unknown one.
    #[must_use]
    pub fn ancestors(&self, place: &DivisionCode) -> Ancestors<'_> {
        Ancestors { view: self, next: self.answering(place) }
    }

    /// Where the tree has a place today: itself, what answers for a dissolved one, for a grid its village. Grids are in no list of divisions:
    /// the code of one begins with its village's.
    #[must_use]
    pub fn standing(&self, place: &DivisionCode) -> Option<DivisionCode> {
        let known = |code: &DivisionCode| self.answering(code).map(|division| division.code.clone());
        known(place).or_else(|| {
            let village = place.as_str().get(..Tier::Village.digits()).filter(|_| place.tier() == Tier::Grid)?;
            known(&village.parse().ok()?)
        })
    }

    /// Names from the city down: 重庆市铜梁区巴川街道. A dissolved place has the name of its successor.
    #[must_use]
    pub fn full_name(&self, place: &DivisionCode) -> Option<String> {
        let names: Vec<&str> = self.ancestors(place).map(|division| division.name.as_str()).collect();
        if names.is_empty() { None } else { Some(names.into_iter().rev().collect()) }
    }

    /// The places that lie directly in this one, by code.
    pub fn children(&self, code: &DivisionCode) -> impl Iterator<Item = &Division> {
        let divisions = &self.inner.divisions;
        let parent_of = |index: &u32| divisions[*index as usize].parent.as_ref();
        let from = self.inner.by_parent.partition_point(|index| parent_of(index) < Some(code));
        let to = self.inner.by_parent.partition_point(|index| parent_of(index) <= Some(code));
        let listed = self.inner.by_parent[from..to].iter().map(|index| &divisions[*index as usize]);
        let stayed = listed.filter(|division| self.changed(&division.code).is_none());
        let mut found: Vec<&Division> =
            stayed.chain(self.changed_ones().filter(|d| d.parent.as_ref() == Some(code))).collect();
        found.sort_by(|a, b| a.code.cmp(&b.code));
        found.into_iter()
    }

    /// Every place there is on this date: those of the list by code, then those a reform touched.
    pub fn divisions(&self) -> impl Iterator<Item = &Division> {
        let untouched = self.inner.divisions.iter().filter(|division| self.changed(&division.code).is_none());
        untouched.chain(self.changed_ones())
    }

    /// The place with what it lies in, as cases keep it. `None` for a place that never was.
    #[must_use]
    pub fn place(&self, code: &DivisionCode) -> Option<Place> {
        let mut place = Place { code: code.clone(), district: None, town: None, village: None, grid: None };
        let mut known = false;
        for division in self.ancestors(code) {
            known = true;
            let tier = match division.tier {
                Tier::City => continue,
                Tier::District => &mut place.district,
                Tier::Town => &mut place.town,
                Tier::Village => &mut place.village,
                Tier::Grid => &mut place.grid,
            };
            *tier = Some(division.code.clone());
        }
        known.then_some(place)
    }

    /// What cases and events name: the lists' version, and the date of the reform that counts last.
    #[must_use]
    pub fn version(&self) -> &str {
        match self.epoch.checked_sub(1) {
            Some(last) => &self.inner.epochs[last].version,
            None => &self.inner.version,
        }
    }

    /// The districts (and other parents) a place has lain in up to this date, today's first: people go on writing the old name.
    pub(crate) fn parents_ever(&self, code: &DivisionCode) -> Vec<&DivisionCode> {
        let mut parents = Vec::new();
        let later = self.inner.epochs[..self.epoch].iter().rev().filter_map(|epoch| match epoch.changed.get(code) {
            Some(Changed::Is(division)) => Some(division),
            Some(Changed::Dissolved { .. }) | None => None,
        });
        for parent in later.chain(self.listed(code)).filter_map(|division| division.parent.as_ref()) {
            if !parents.contains(&parent) {
                parents.push(parent);
            }
        }
        parents
    }

    /// Places dissolved up to this date: code and last name.
    pub(crate) fn dissolved(&self) -> impl Iterator<Item = (&DivisionCode, &str)> {
        let all = self.inner.epochs[..self.epoch].iter().flat_map(|epoch| &epoch.changed);
        all.filter_map(|(code, changed)| match changed {
            Changed::Dissolved { name, .. } if self.get(code).is_none() => Some((code, name.as_str())),
            Changed::Dissolved { .. } | Changed::Is(_) => None,
        })
    }

    fn listed(&self, code: &DivisionCode) -> Option<&Division> {
        let divisions = &self.inner.divisions;
        divisions.binary_search_by(|division| division.code.cmp(code)).ok().map(|index| &divisions[index])
    }

    fn changed(&self, code: &DivisionCode) -> Option<&Changed> {
        self.inner.epochs[..self.epoch].iter().rev().find_map(|epoch| epoch.changed.get(code))
    }

    /// Places whose state comes from a change set, each once.
    fn changed_ones(&self) -> impl Iterator<Item = &Division> {
        let epochs = &self.inner.epochs[..self.epoch];
        epochs.iter().enumerate().flat_map(move |(index, epoch)| {
            let newest =
                move |code: &DivisionCode| !epochs[index + 1..].iter().any(|later| later.changed.contains_key(code));
            epoch.changed.iter().filter_map(move |(code, changed)| match changed {
                Changed::Is(division) if newest(code) => Some(division),
                Changed::Is(_) | Changed::Dissolved { .. } => None,
            })
        })
    }

    fn dissolved_into(&self, code: &DivisionCode) -> Option<&DivisionCode> {
        match self.changed(code)? {
            Changed::Dissolved { successor, .. } => Some(successor),
            Changed::Is(_) => None,
        }
    }

    fn answering(&self, code: &DivisionCode) -> Option<&Division> {
        self.get(code).or_else(|| self.get(&self.successor(code)?))
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "View({})", self.version())
    }
}

/// A place and what it lies in, from the place up to the city.
#[derive(Clone, Debug)]
pub struct Ancestors<'a> {
    view: &'a View,
    next: Option<&'a Division>,
}

impl<'a> Iterator for Ancestors<'a> {
    type Item = &'a Division;

    fn next(&mut self) -> Option<&'a Division> {
        let division = self.next?;
        self.next = division.parent.as_ref().and_then(|parent| self.view.answering(parent));
        Some(division)
    }
}
