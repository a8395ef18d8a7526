//! Prints by place, in memory, bounded: what is older than the window or beyond the capacity goes, the oldest first. Rebuilt
//! from the log at start, because it holds nothing that the reports do not.

use super::{LIKELY, Sketch, WINDOW, score};
use civic::{CaseId, Micros};
use std::collections::{HashMap, VecDeque};

/// Candidates that are looked at for one question, the newest first: at 5 ns each a tenth of a millisecond, and a place
/// with more reports in a month than that has an incident, which is another list.
const LOOKED_AT: usize = 20_000;

/// How much may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shelving {
    /// Prints in all. Each takes some 120 bytes.
    pub capacity: usize,
}

impl Default for Shelving {
    fn default() -> Self {
        Self { capacity: 1_000_000 }
    }
}

/// All prints. One shelf a place: a town, or the district when the town is not known.
#[derive(Debug, Default)]
pub struct Shelves {
    shelving: Shelving,
    pub(super) shelves: HashMap<Box<str>, VecDeque<(CaseId, Sketch)>>,
    kept: usize,
}

impl Shelves {
    pub fn new(shelving: Shelving) -> Self {
        Self { shelving, ..Self::default() }
    }

    /// Lays a report on its shelf. The same report again changes nothing.
    pub fn put(&mut self, place: &str, id: CaseId, sketch: Sketch) {
        let shelf = self.shelves.entry(place.into()).or_default();
        let before = shelf.len();
        while shelf.front().is_some_and(|(_, oldest)| sketch.at.0 - oldest.at.0 > WINDOW) {
            shelf.pop_front();
        }
        // A shelf is in the order of time; what is rebuilt from 64 partitions of a log comes nearly so.
        let slot = shelf.iter().rposition(|(_, other)| other.at <= sketch.at).map_or(0, |index| index + 1);
        let known = shelf.iter().skip(slot.saturating_sub(1)).take(2).any(|(known, _)| *known == id);
        if !known {
            shelf.insert(slot, (id, sketch));
        }
        self.kept = self.kept + shelf.len() - before;
        if self.kept > self.shelving.capacity {
            self.shed(sketch.at);
        }
    }

    /// Takes the older half of the longest shelf, after everything past the window.
    fn shed(&mut self, now: Micros) {
        for shelf in self.shelves.values_mut() {
            while shelf.front().is_some_and(|(_, oldest)| now.0 - oldest.at.0 > WINDOW) {
                shelf.pop_front();
            }
        }
        self.shelves.retain(|_, shelf| !shelf.is_empty());
        self.kept = self.shelves.values().map(VecDeque::len).sum();
        if self.kept > self.shelving.capacity {
            let longest = self.shelves.values_mut().max_by_key(|shelf| shelf.len());
            if let Some(shelf) = longest {
                let half = shelf.len().div_ceil(2);
                shelf.drain(..half);
                self.kept -= half;
            }
        }
    }

    /// Forgets a report, as when its person is erased.
    pub fn forget(&mut self, place: &str, id: CaseId) {
        if let Some(shelf) = self.shelves.get_mut(place) {
            let before = shelf.len();
            shelf.retain(|(known, _)| *known != id);
            self.kept -= before - shelf.len();
        }
    }

    /// The likeliest first, at most `most`, the report itself left out. Who asks must still be allowed to see each: the caller
    /// reads them through its scope.
    pub fn like(&self, place: &str, id: Option<CaseId>, sketch: &Sketch, most: usize) -> Vec<(CaseId, u8)> {
        let Some(shelf) = self.shelves.get(place) else {
            return Vec::new();
        };
        let others = shelf.iter().rev().take(LOOKED_AT).filter(|(other, _)| Some(*other) != id);
        let scored = others.map(|(other, theirs)| (*other, score(sketch, theirs)));
        let mut likely: Vec<(CaseId, u8)> = scored.filter(|(_, score)| *score >= LIKELY).collect();
        // Of equals the newer: it is the one that is still open.
        likely.sort_by_key(|(other, score)| (std::cmp::Reverse(*score), std::cmp::Reverse(*other)));
        likely.truncate(most);
        likely
    }

    /// Prints kept.
    pub fn kept(&self) -> usize {
        self.kept
    }
}
