//! Open cases by the columns that lists ask for, in the memory of SQLite's one writer.
//!
//! A case has an entry in the index of its district, town, unit, category and more. In the file each of these is a page that hardly
//! any other case of the same commit touches: ten of the twenty-eight kilobytes that were written for a report were such pages.
//! Open cases are few beside all that ever were, they can be read from the table at open, and one process has the file: so their
//! index lives here. Closed cases keep theirs in the file, written once. PostgreSQL has several writers and keeps both in tables.
//!
//! Changed only after the COMMIT and before it is answered, so that a list shows every write that was acknowledged. After a COMMIT
//! whose end is not known the index is thrown away and read anew.

use super::{
    SqlStore,
    list::Asked,
    rows::id_of,
    term::{Column, Term, Wanted, is_indexed, tag_term},
};
use crate::{batch::Writes, case::Row, error::StoreError, store::CaseRow};
use civic::CaseId;
use std::{
    collections::{BTreeSet, HashMap},
    ops::Bound,
    sync::PoisonError,
};

/// All cases but the closed ones, from two narrow indexes. An index of open cases would be one more page in every commit that files
/// something, to be read once in the life of a process.
const ARE_OPEN: &str = "SELECT id FROM cases EXCEPT SELECT id FROM cases INDEXED BY cases_closed WHERE open = 0";
/// Rows read at once while the index is built.
const PAGE: usize = 4096;
/// Entries looked at under one lock: a walk that finds little must not keep a commit waiting.
const STRIDE: usize = 4096;

/// Entries by kind, column and value.
#[derive(Default)]
pub(super) struct OpenCases {
    all: HashMap<String, BTreeSet<CaseId>>,
    by: HashMap<(String, Term), BTreeSet<CaseId>>,
}

/// A case's entries before and after a write.
pub(super) struct Move {
    id: CaseId,
    kind: String,
    from: Option<Vec<Term>>,
    to: Option<Vec<Term>>,
}

/// Those found, and where to go on when the walk stopped early.
struct Found {
    ids: Vec<CaseId>,
    stopped_at: Option<CaseId>,
}

/// `None` for a closed case.
fn entries(row: &Row) -> Option<Vec<Term>> {
    if !row.open {
        return None;
    }
    let texts = [
        (Column::District, &row.district),
        (Column::Town, &row.town),
        (Column::Village, &row.village),
        (Column::Grid, &row.grid),
        (Column::Unit, &row.unit),
        (Column::Category, &row.category),
    ];
    let ints = [
        (Column::State, row.state),
        (Column::Lamp, row.lamp),
        (Column::Urgency, row.urgency),
        (Column::Flagged, row.flagged.into()),
    ];
    let texts = texts.into_iter().filter_map(|(column, text)| Some((column, Wanted::Text(text.clone()?))));
    let ints = ints.into_iter().map(|(column, n)| (column, Wanted::Int(n)));
    Some(texts.chain(ints).chain(row.tags.iter().map(tag_term)).filter(is_indexed).collect())
}

impl Move {
    /// Of all cases written whose entries change.
    pub(super) fn of(writes: &Writes) -> Vec<Self> {
        let moves = writes.cases.values().filter(|write| write.stored.as_ref() != Some(&write.case.row));
        let moves = moves.map(|write| Self {
            id: write.case.id,
            kind: write.case.kind.clone(),
            from: write.stored.as_ref().and_then(entries),
            to: entries(&write.case.row),
        });
        moves.filter(|m| m.from != m.to).collect()
    }
}

impl OpenCases {
    pub(super) fn apply(&mut self, moves: Vec<Move>) {
        for Move { id, kind, from, to } in moves {
            match (from.is_some(), to.is_some()) {
                (false, true) => drop(self.all.entry(kind.clone()).or_default().insert(id)),
                (true, false) => drop(self.all.get_mut(&kind).map(|ids| ids.remove(&id))),
                (true, true) | (false, false) => {}
            }
            let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
            for term in from.iter().filter(|term| !to.contains(term)) {
                self.leave((kind.clone(), term.clone()), id);
            }
            for term in to.into_iter().filter(|term| !from.contains(term)) {
                self.by.entry((kind.clone(), term)).or_default().insert(id);
            }
        }
    }

    /// Units and villages come and go: what is empty is forgotten.
    fn leave(&mut self, key: (String, Term), id: CaseId) {
        if let Some(ids) = self.by.get_mut(&key) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by.remove(&key);
            }
        }
    }

    /// Cases of a kind with all of these terms, after one, in the order of ids: the smallest of the sets is walked, the others are
    /// asked for each.
    fn walk(&self, kind: &str, terms: &[Term], after: Option<CaseId>, limit: usize) -> Found {
        let none = Found { ids: Vec::new(), stopped_at: None };
        let mut sets: Vec<&BTreeSet<CaseId>> = Vec::new();
        sets.extend(self.all.get(kind));
        for term in terms.iter().filter(|term| is_indexed(term)) {
            let Some(set) = self.by.get(&(kind.to_owned(), term.clone())) else { return none };
            sets.push(set);
        }
        sets.sort_by_key(|set| set.len());
        let Some((smallest, others)) = sets.split_first() else { return none };
        let (mut ids, mut last) = (Vec::new(), after);
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        for (seen, id) in smallest.range((start, Bound::Unbounded)).enumerate() {
            if ids.len() == limit || seen == STRIDE {
                return Found { ids, stopped_at: last };
            }
            if others.iter().all(|set| set.contains(id)) {
                ids.push(*id);
            }
            last = Some(*id);
        }
        Found { ids, stopped_at: None }
    }
}

impl SqlStore {
    /// A page of open cases. A row that was changed between the walk and the read is judged as it is now.
    pub(super) async fn list_remembered(&self, asked: &Asked<'_>, terms: &[Term]) -> Result<Vec<CaseRow>, StoreError> {
        let mut found = Vec::new();
        let mut after = asked.page.after;
        loop {
            let Found { ids, stopped_at } = self.walk_open(asked.kind, terms, after, asked.rows()).await?;
            let cases = self.load_each(&ids).await?;
            found.extend(cases.into_iter().filter(|case| case.row.open && asked.admits(case)));
            if stopped_at.is_none() || found.len() >= asked.rows() {
                return Ok(found);
            }
            after = stopped_at;
        }
    }

    async fn walk_open(
        &self,
        kind: &str,
        terms: &[Term],
        after: Option<CaseId>,
        limit: usize,
    ) -> Result<Found, StoreError> {
        loop {
            if let Some(open) = &*self.open_cases.read().unwrap_or_else(PoisonError::into_inner) {
                return Ok(open.walk(kind, terms, after, limit));
            }
            // Under the lock that a commit holds, so that nothing is written between the reading and the keeping.
            let writer = self.newest.lock().await;
            self.remember_open().await?;
            drop(writer);
        }
    }

    /// Reads the index from the table unless it is there. The caller keeps commits away.
    pub(super) async fn remember_open(&self) -> Result<(), StoreError> {
        if !self.db.is_sqlite() || self.open_cases.read().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(());
        }
        let mut open = OpenCases::default();
        let records = self.db.query(ARE_OPEN.into(), Vec::new()).await?;
        let ids = records.iter().map(|record| id_of(&record.blob(0)?, "cases")).collect::<Result<Vec<_>, _>>()?;
        drop(records);
        for ids in ids.chunks(PAGE) {
            let to_open = |case: CaseRow| Move { id: case.id, to: entries(&case.row), kind: case.kind, from: None };
            open.apply(self.load_each(ids).await?.into_iter().map(to_open).collect());
        }
        *self.open_cases.write().unwrap_or_else(PoisonError::into_inner) = Some(open);
        Ok(())
    }
}
