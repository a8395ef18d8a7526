//! Cases as SQLite's one writer last committed them. Most of what a case goes through happens soon after it was filed: the events of
//! the other services, the steps of its unit. They are decided and answered from here, without a statement.
//!
//! Only what this process committed stands here, and it alone writes the file, so a row found here is the row in the table. PostgreSQL
//! has several writers and no such memory.

use super::SqlStore;
use crate::{batch::Writes, seal::Keys, store::CaseRow};
use civic::CaseId;
use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::{Arc, PoisonError},
};

/// Entries of a generation. Two are kept, so up to 16,384 cases of about a kilobyte and a half each.
const GENERATION: usize = 8192;

/// The latest entries: when the young generation is full it becomes the old one, and the old one is forgotten.
struct Latest<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq, V> Latest<K, V> {
    fn new() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    fn put(&mut self, key: K, value: V) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

/// See the module.
pub(super) struct Hot {
    cases: Latest<CaseId, Arc<CaseRow>>,
    /// Who took a unique key: tracking numbers, which citizens ask with.
    uniques: Latest<String, CaseId>,
}

impl Default for Hot {
    fn default() -> Self {
        Self { cases: Latest::new(), uniques: Latest::new() }
    }
}

impl Hot {
    pub(super) fn case(&self, id: CaseId) -> Option<Arc<CaseRow>> {
        self.cases.get(&id).cloned()
    }

    pub(super) fn unique(&self, name: &str) -> Option<CaseId> {
        self.uniques.get(&name.to_owned()).copied()
    }

    /// What stands here says again what the table says.
    pub(super) fn rewrap(&mut self, id: CaseId, from: &Keys, to: &Keys) {
        if let Some(case) = self.case(id).filter(|case| case.keys == *from) {
            self.cases.put(id, Arc::new(CaseRow { keys: to.clone(), ..Arc::unwrap_or_clone(case) }));
        }
    }

    /// Only after their commit.
    pub(super) fn note(&mut self, fresh: Fresh) {
        for case in fresh.cases {
            self.cases.put(case.id, Arc::new(case));
        }
        for (name, case) in fresh.uniques {
            self.uniques.put(name, case);
        }
    }
}

/// What a transaction wrote and will be remembered once it is committed.
#[derive(Default)]
pub(super) struct Fresh {
    pub(super) cases: Vec<CaseRow>,
    pub(super) uniques: Vec<(String, CaseId)>,
}

impl Fresh {
    pub(super) fn of(writes: &Writes) -> Self {
        Self {
            cases: writes.cases.values().map(|write| write.case.clone()).collect(),
            uniques: writes.uniques.iter().map(|(name, row)| (name.clone(), row.case)).collect(),
        }
    }
}

impl SqlStore {
    pub(super) fn hot_case(&self, id: CaseId) -> Option<CaseRow> {
        let found = self.hot.lock().unwrap_or_else(PoisonError::into_inner).case(id);
        found.map(Arc::unwrap_or_clone)
    }

    /// Those remembered, and the ids of the others.
    pub(super) fn hot_cases(&self, ids: &BTreeSet<CaseId>) -> (Vec<CaseRow>, Vec<CaseId>) {
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for id in ids {
            match self.hot_case(*id) {
                Some(case) => found.push(case),
                None => others.push(*id),
            }
        }
        (found, others)
    }

    pub(super) fn hot_unique(&self, name: &str) -> Option<CaseId> {
        self.hot.lock().unwrap_or_else(PoisonError::into_inner).unique(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_of_a_key_is_found_and_the_oldest_are_forgotten() {
        let mut latest = Latest::new();
        latest.put(0, "first");
        for key in 1..=GENERATION {
            latest.put(key, "one");
        }
        assert_eq!(latest.get(&0), Some(&"first"), "the old generation is still asked");
        latest.put(0, "second");
        assert_eq!(latest.get(&0), Some(&"second"));
        for key in 1..=2 * GENERATION {
            latest.put(key, "two");
        }
        assert_eq!((latest.get(&0), latest.get(&(2 * GENERATION))), (None, Some(&"two")));
        assert!(latest.young.len() + latest.old.len() <= 2 * GENERATION);
    }
}
