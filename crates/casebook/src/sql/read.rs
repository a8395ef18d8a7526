//! Reads: one case, lists under a scope, events, timers.

use super::{
    SqlStore,
    conn::Value,
    rows::{CASE_COLUMNS, case_row, event_row, id_of, id_value, timer_row},
};
use crate::{
    case::DueTimer,
    error::StoreError,
    scope::{Filter, Page, PlaceColumn, Scope},
    store::{CaseRow, EventRow},
};
use civic::{CaseId, Micros};

pub(super) const EVENTS: &str = "SELECT e.case_id, e.version, e.kind, e.type, e.at, e.actor, e.place, e.traceparent, e.payload \
    FROM events e WHERE e.case_id = $1 AND e.version <= $2 ORDER BY e.version";

/// Equality terms from the one that narrows most to the one that narrows least. Only the first may use its index; the others are
/// written so that no planner takes theirs, because without statistics it would guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Selectivity {
    Village,
    Unit,
    Town,
    Flagged,
    Category,
    District,
    Lamp,
    State,
    Urgency,
}

struct Term {
    selectivity: Selectivity,
    column: &'static str,
    value: Value,
}

impl SqlStore {
    pub(super) async fn load_case(&self, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
        let sql = format!("SELECT {CASE_COLUMNS} FROM cases WHERE id = $1");
        let records = self.db.query(sql.into(), vec![id_value(id)]).await?;
        records.first().map(case_row).transpose()
    }

    pub(super) async fn list_cases(
        &self,
        kind: &str,
        scope: &Scope,
        filter: &Filter,
        page: &Page,
    ) -> Result<Vec<CaseRow>, StoreError> {
        let Some(mut terms) = scope_terms(scope) else {
            return Ok(Vec::new());
        };
        filter_terms(filter, &mut terms);
        let (sql, values) = compile(kind, scope, filter, page, terms);
        let records = self.db.query(sql.into(), values).await?;
        records.iter().map(case_row).collect()
    }

    pub(super) async fn scan_cases(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<CaseRow>, StoreError> {
        let sql = format!("SELECT {CASE_COLUMNS} FROM cases WHERE id > $1 ORDER BY id LIMIT $2");
        let after = after.map_or_else(|| Value::Blob(Vec::new()), id_value);
        let records = self.db.query(sql.into(), vec![after, count(limit)]).await?;
        records.iter().map(case_row).collect()
    }

    pub(super) async fn case_events(&self, case: CaseId, upto: i64) -> Result<Vec<EventRow>, StoreError> {
        let records = self.db.query(EVENTS.into(), vec![id_value(case), Value::Int(upto)]).await?;
        records.iter().map(|r| event_row(r, 0)).collect()
    }

    pub(super) async fn find_unique(&self, key: &str) -> Result<Option<CaseId>, StoreError> {
        let sql = "SELECT case_id FROM uniques WHERE name = $1";
        let records = self.db.query(sql.into(), vec![Value::Text(key.to_owned())]).await?;
        records.first().map(|r| id_of(&r.blob(0)?, "uniques")).transpose()
    }

    pub(super) async fn read_due(&self, now: Micros, limit: usize) -> Result<Vec<DueTimer>, StoreError> {
        let sql = "SELECT case_id, name, kind, due, generation FROM timers WHERE due <= $1 ORDER BY due LIMIT $2";
        let records = self.db.query(sql.into(), vec![Value::Int(now.0), count(limit)]).await?;
        records.iter().map(timer_row).collect()
    }

    pub(super) async fn read_next_due(&self) -> Result<Option<Micros>, StoreError> {
        let records = self.db.query("SELECT MIN(due) FROM timers".into(), Vec::new()).await?;
        Ok(records.first().map(|r| r.opt_int(0)).transpose()?.flatten().map(Micros))
    }

    pub(super) async fn case_timers(&self, case: CaseId) -> Result<Vec<DueTimer>, StoreError> {
        let sql = "SELECT case_id, name, kind, due, generation FROM timers WHERE case_id = $1 ORDER BY name";
        let records = self.db.query(sql.into(), vec![id_value(case)]).await?;
        records.iter().map(timer_row).collect()
    }
}

pub(super) fn count(limit: usize) -> Value {
    Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}

fn place_term(column: PlaceColumn, code: &str) -> Term {
    let selectivity = match column {
        PlaceColumn::District => Selectivity::District,
        PlaceColumn::Town => Selectivity::Town,
        PlaceColumn::Village | PlaceColumn::Grid => Selectivity::Village,
    };
    Term { selectivity, column: column.name(), value: Value::Text(code.to_owned()) }
}

/// `None`: nothing is in scope.
fn scope_terms(scope: &Scope) -> Option<Vec<Term>> {
    Some(match scope {
        Scope::All | Scope::Case(_) => Vec::new(),
        Scope::Place(column, code) => vec![place_term(*column, code)],
        Scope::Unit(unit) => {
            vec![Term { selectivity: Selectivity::Unit, column: "unit", value: Value::Text(unit.clone()) }]
        }
        Scope::Nothing => return None,
    })
}

fn filter_terms(filter: &Filter, terms: &mut Vec<Term>) {
    terms.extend(filter.place.iter().map(|(column, code)| place_term(*column, code)));
    let mut int = |selectivity, column, value: Option<i64>| {
        terms.extend(value.map(|v| Term { selectivity, column, value: Value::Int(v) }));
    };
    int(Selectivity::State, "st", filter.state);
    int(Selectivity::Lamp, "lamp", filter.lamp);
    int(Selectivity::Urgency, "urgency", filter.urgency);
    int(Selectivity::Flagged, "flagged", filter.flagged.map(i64::from));
    let mut text = |selectivity, column, value: &Option<String>| {
        terms.extend(value.clone().map(|v| Term { selectivity, column, value: Value::Text(v) }));
    };
    text(Selectivity::Unit, "unit", &filter.unit);
    text(Selectivity::Category, "category", &filter.category);
}

fn compile(kind: &str, scope: &Scope, filter: &Filter, page: &Page, mut terms: Vec<Term>) -> (String, Vec<Value>) {
    terms.sort_by_key(|t| t.selectivity);
    let mut sql = format!("SELECT {CASE_COLUMNS} FROM cases WHERE kind = $1 AND id > $2");
    let after = page.after.map_or_else(|| Value::Blob(Vec::new()), id_value);
    let mut values = vec![Value::Text(kind.to_owned()), after];
    if filter.state.is_none() {
        sql.push_str(" AND open = 1");
    }
    for (i, term) in terms.into_iter().enumerate() {
        let is_text = matches!(term.value, Value::Text(_));
        values.push(term.value);
        let (column, number) = (term.column, values.len());
        sql.push_str(&match (i, is_text) {
            (0, _) => format!(" AND {column} = ${number}"),
            (_, true) => format!(" AND {column} || '' = ${number}"),
            (_, false) => format!(" AND {column} + 0 = ${number}"),
        });
    }
    if let Scope::Case(id) = scope {
        values.push(id_value(*id));
        sql.push_str(&format!(" AND id = ${}", values.len()));
    }
    values.push(count(page.size + 1));
    sql.push_str(&format!(" ORDER BY id LIMIT ${}", values.len()));
    (sql, values)
}
