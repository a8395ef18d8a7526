//! Prints by town, in memory, bounded: what is older than the window or beyond the capacity goes, the oldest first. Read back from the
//! reports at a start, because it holds nothing that they do not.

use super::{LIKELY, Neighbourhood, Sketch, WINDOW, score};
use civic::{CaseId, Micros};
use std::collections::{HashMap, VecDeque};

/// Candidates that are looked at for one question, the newest first. A town has some two thousand reports a month (Beijing's hotline,
/// by the number of its streets); where there are more, what is as old as these is not looked for.
const LOOKED_AT: usize = 4_000;

/// How much may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shelving {
    /// Prints in all. Each takes 128 bytes.
    pub capacity: usize,
}

impl Default for Shelving {
    fn default() -> Self {
        Self { capacity: 1_000_000 }
    }
}

/// All prints, a shelf for each town.
#[derive(Debug, Default)]
pub struct Shelves {
    shelving: Shelving,
    pub(super) shelves: HashMap<u64, VecDeque<(CaseId, Sketch)>>,
    kept: usize,
}

impl Shelves {
    pub fn new(shelving: Shelving) -> Self {
        Self { shelving, ..Self::default() }
    }

    /// Lays a report on its shelf. The same report again changes nothing.
    pub fn put(&mut self, id: CaseId, sketch: Sketch) {
        let shelf = self.shelves.entry(sketch.place.town).or_default();
        let before = shelf.len();
        while shelf.front().is_some_and(|(_, oldest)| sketch.at.0 - oldest.at.0 > WINDOW) {
            shelf.pop_front();
        }
        // In the order of time, and of ids within an instant.
        if let Err(slot) = shelf.binary_search_by_key(&(sketch.at, id), |(other, theirs)| (theirs.at, *other)) {
            shelf.insert(slot, (id, sketch));
        }
        self.kept = self.kept + shelf.len() - before;
        if self.kept > self.shelving.capacity {
            self.shed(sketch.at);
        }
    }

    /// Takes a report away, wherever it lies: a ruling may have found that it is elsewhere. A search in each shelf, a thousand or so.
    pub fn take(&mut self, id: CaseId, at: Micros) {
        for shelf in self.shelves.values_mut() {
            if let Ok(slot) = shelf.binary_search_by_key(&(at, id), |(other, theirs)| (theirs.at, *other)) {
                shelf.remove(slot);
                self.kept -= 1;
            }
        }
    }

    /// Whether a report filed at that time lies on the shelf of that place.
    pub fn holds(&self, place: Neighbourhood, at: Micros, id: CaseId) -> bool {
        let shelf = self.shelves.get(&place.town);
        shelf.is_some_and(|shelf| shelf.binary_search_by_key(&(at, id), |(other, theirs)| (theirs.at, *other)).is_ok())
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

    /// The likeliest first, at most `most`, the report itself left out. Who asks must still be allowed to see each: the caller reads them
    /// through its scope.
    pub fn like(&self, sketch: &Sketch, id: Option<CaseId>, most: usize) -> Vec<(CaseId, u8)> {
        let Some(shelf) = self.shelves.get(&sketch.place.town) else {
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
