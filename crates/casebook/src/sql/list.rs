//! Lists: a scope and a filter become conditions of SQL, or, for open cases on SQLite, a walk through what its writer remembers
//! ([`super::open_cases`]).
//!
//! A state may be one of open or of closed cases, and their indexes are not the same: with a state both are asked. What a unit has a
//! share in, and the members of a case, are found by their tags. All answers are in the order of ids, so one page of each, laid
//! together, makes one of all.

use super::{
    SqlStore,
    conn::Value,
    read::count,
    rows::{CASE_COLUMNS, case_row, id_value},
    statement::{Form, Shape, chunks},
    term::{Column, Term, condition, is_indexed, ways},
};
use crate::{
    error::StoreError,
    scope::{Filter, Page, Scope},
    store::CaseRow,
};
use civic::CaseId;

pub(super) const BY_ID: &str = "SELECT id, kind, version, schema, state, owner, epoch, open, st, urgency, category, district, town, \
    village, grid, unit, place, yellow_at, red_at, lamp, flagged, tags, sealed_by FROM cases WHERE id IN";

/// A list as it was asked for.
pub(super) struct Asked<'a> {
    pub(super) kind: &'a str,
    pub(super) scope: &'a Scope,
    pub(super) filter: &'a Filter,
    pub(super) page: &'a Page,
}

impl Asked<'_> {
    /// One more than the page, which says that there is more.
    pub(super) fn rows(&self) -> usize {
        self.page.size + 1
    }

    pub(super) fn admits(&self, case: &CaseRow) -> bool {
        case.kind == self.kind && self.scope.admits(case.id, &case.row) && self.filter.admits(&case.row)
    }
}

impl SqlStore {
    pub(super) async fn list_cases(&self, asked: Asked<'_>) -> Result<Vec<CaseRow>, StoreError> {
        if let Scope::Case(id) = asked.scope {
            return self.list_one(*id, &asked).await;
        }
        let mut found = Vec::new();
        for terms in ways(asked.scope, asked.filter) {
            if asked.filter.lists_closed() {
                found.extend(self.read_list(closed(&asked, terms.clone())).await?);
            }
            found.extend(match self.db.is_sqlite() {
                true => self.list_remembered(&asked, &terms).await?,
                false => self.read_list(open(&asked, terms)).await?,
            });
        }
        found.sort_by_key(|case| case.id);
        // A case that changed between two questions, or is there in two ways, is one case.
        found.dedup_by_key(|case| case.id);
        found.truncate(asked.rows());
        Ok(found)
    }

    async fn list_one(&self, id: CaseId, asked: &Asked<'_>) -> Result<Vec<CaseRow>, StoreError> {
        let wanted = asked.page.after.is_none_or(|after| id > after);
        let case = if wanted { self.load_case(id).await? } else { None };
        Ok(case.into_iter().filter(|case| asked.admits(case)).collect())
    }

    async fn read_list(&self, (sql, values): (String, Vec<Value>)) -> Result<Vec<CaseRow>, StoreError> {
        let records = self.db.query(sql.into(), values).await?;
        records.iter().map(case_row).collect()
    }

    /// In the order of ids. What is gone meanwhile is left out.
    pub(super) async fn load_each(&self, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
        let (mut cases, others) = self.hot_cases(&ids.iter().copied().collect());
        let shape = Shape { head: BY_ID, columns: 1, tail: "", form: Form::Keys };
        let mut others = others.into_iter().map(id_value);
        for size in chunks(others.len()) {
            let chunk = others.by_ref().take(size).collect();
            for record in self.db.query(self.statements.text(shape, size), chunk).await? {
                cases.push(case_row(&record)?);
            }
        }
        cases.sort_by_key(|case| case.id);
        Ok(cases)
    }
}

/// Places and units have an index over open cases, so the most selective of the terms leads.
fn open(asked: &Asked<'_>, mut terms: Vec<Term>) -> (String, Vec<Value>) {
    if is_tagged(&terms) {
        return tagged(asked, true, terms);
    }
    terms.sort_by_key(|term| !is_indexed(term));
    compile(asked, "open = 1", terms, |at, term| at == 0 && is_indexed(term))
}

/// Over closed cases there are indexes of state, and of town or unit together with it.
fn closed(asked: &Asked<'_>, terms: Vec<Term>) -> (String, Vec<Value>) {
    if is_tagged(&terms) {
        return tagged(asked, false, terms);
    }
    let leading = terms.iter().position(|(column, _)| matches!(column, Column::Unit | Column::Town));
    compile(asked, "open = 0", terms, |at, (column, _)| *column == Column::State || Some(at) == leading)
}

fn is_tagged(terms: &[Term]) -> bool {
    terms.iter().any(|(column, _)| *column == Column::Tag)
}

/// The few that have the tags are looked up by their ids, and no column's index is offered.
fn tagged(asked: &Asked<'_>, open: bool, terms: Vec<Term>) -> (String, Vec<Value>) {
    let (tags, terms): (Vec<Term>, Vec<Term>) = terms.into_iter().partition(|(column, _)| *column == Column::Tag);
    let after = asked.page.after.map_or_else(|| Value::Blob(Vec::new()), id_value);
    let mut values = vec![Value::Text(asked.kind.to_owned()), after];
    let (open, mut from, mut on) = (i64::from(open), "cases".to_owned(), String::new());
    for (at, (_, tag)) in tags.into_iter().enumerate() {
        values.push(tag.into());
        let (t, n) = (format!("t{at}"), values.len());
        from = if at == 0 {
            format!("tagged AS t0 CROSS JOIN {from}")
        } else {
            format!("{from} CROSS JOIN tagged AS {t}")
        };
        on.push_str(&format!(" AND {t}.tag = ${n} AND {t}.is_open = {open} AND {t}.case_id = "));
        on.push_str(if at == 0 { "cases.id AND t0.case_id > $2" } else { "t0.case_id" });
    }
    let mut sql = format!("SELECT {CASE_COLUMNS} FROM {from} WHERE kind = $1 AND open = {open}{on}");
    for term in terms {
        sql.push_str(&condition(term, false, &mut values));
    }
    values.push(count(asked.rows()));
    sql.push_str(&format!(" ORDER BY t0.case_id LIMIT ${}", values.len()));
    (sql, values)
}

fn compile(
    asked: &Asked<'_>,
    which: &str,
    terms: Vec<Term>,
    by_index: impl Fn(usize, &Term) -> bool,
) -> (String, Vec<Value>) {
    let mut sql = format!("SELECT {CASE_COLUMNS} FROM cases WHERE kind = $1 AND id > $2 AND {which}");
    let after = asked.page.after.map_or_else(|| Value::Blob(Vec::new()), id_value);
    let mut values = vec![Value::Text(asked.kind.to_owned()), after];
    for (at, term) in terms.into_iter().enumerate() {
        let by_index = by_index(at, &term);
        sql.push_str(&condition(term, by_index, &mut values));
    }
    values.push(count(asked.rows()));
    sql.push_str(&format!(" ORDER BY id LIMIT ${}", values.len()));
    (sql, values)
}
