//! Reads: one case, lists under a scope, events, timers.

use super::{
    SqlStore,
    conn::Value,
    rows::{CASE_COLUMNS, case_row, event_row, id_of, id_value, timer_row},
};
use crate::{
    case::{DueTimer, Tag},
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
        if let Some(case) = self.hot_case(id) {
            return Ok(Some(case));
        }
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
        let mut cases = self.one_list(compile(kind, scope, filter, page, terms)).await?;
        if let Scope::Unit(unit) = scope {
            // What it has a share in is another list; both are in the order of ids, so one page of each makes one of both.
            let mut shared = Vec::new();
            filter_terms(filter, &mut shared);
            let tag = Tag::Unit(unit.clone());
            cases.extend(self.one_list(compile_tagged(kind, scope, filter, page, (shared, &tag))).await?);
            cases.sort_by_key(|case| case.id);
            cases.dedup_by_key(|case| case.id);
            cases.truncate(page.size + 1);
        }
        Ok(cases)
    }

    async fn one_list(&self, (sql, values): (String, Vec<Value>)) -> Result<Vec<CaseRow>, StoreError> {
        let records = self.db.query(sql.into(), values).await?;
        records.iter().map(case_row).collect()
    }

    pub(super) async fn case_events(&self, case: CaseId, upto: i64) -> Result<Vec<EventRow>, StoreError> {
        let records = self.db.query(EVENTS.into(), vec![id_value(case), Value::Int(upto)]).await?;
        records.iter().map(|r| event_row(r, 0)).collect()
    }

    pub(super) async fn find_unique(&self, key: &str) -> Result<Option<CaseId>, StoreError> {
        if let Some(case) = self.hot_unique(key) {
            return Ok(Some(case));
        }
        let sql = "SELECT case_id FROM uniques WHERE name = $1";
        let records = self.db.query(sql.into(), vec![Value::Text(key.to_owned())]).await?;
        records.first().map(|r| id_of(&r.blob(0)?, "uniques")).transpose()
    }

    pub(super) async fn read_due(
        &self,
        now: Micros,
        after: Option<&DueTimer>,
        limit: usize,
    ) -> Result<Vec<DueTimer>, StoreError> {
        let after = after.map_or_else(
            || [Value::Int(i64::MIN), Value::Blob(Vec::new()), Value::Text(String::new())],
            |t| [Value::Int(t.due.0), id_value(t.case), Value::Text(t.name.clone())],
        );
        let [due, case, name] = after;
        let sql = "SELECT case_id, name, kind, due, generation FROM timers WHERE due <= $1 AND (due, case_id, name) > ($2, $3, $4) \
            ORDER BY due, case_id, name LIMIT $5";
        let records = self.db.query(sql.into(), vec![Value::Int(now.0), due, case, name, count(limit)]).await?;
        records.iter().map(timer_row).collect()
    }

    pub(super) async fn read_next_due(&self) -> Result<Option<Micros>, StoreError> {
        let records = self.db.query("SELECT MIN(due) FROM timers".into(), Vec::new()).await?;
        Ok(records.first().map(|r| r.opt_int(0)).transpose()?.flatten().map(Micros))
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

impl Term {
    /// Whether there is an index for it: those of lamp, urgency and flag hold what stands out only.
    fn has_index(&self) -> bool {
        match (self.selectivity, &self.value) {
            (Selectivity::Lamp | Selectivity::Urgency, Value::Int(n)) => *n > 0,
            (Selectivity::Flagged, Value::Int(n)) => *n == 1,
            (_, Value::Int(_) | Value::OptInt(_) | Value::Text(_) | Value::OptText(_) | Value::Blob(_)) => true,
        }
    }

    /// As a condition. Numbers are written out, and the bound of a partial index is repeated: a planner does not see through
    /// parameters. Where `by_index` is false no index is offered.
    fn condition(self, by_index: bool, values: &mut Vec<Value>) -> String {
        let column = self.column;
        if let Value::Int(n) = self.value {
            return match (by_index, self.selectivity) {
                (true, Selectivity::Lamp | Selectivity::Urgency) => format!(" AND {column} = {n} AND {column} > 0"),
                (true, _) => format!(" AND {column} = {n}"),
                (false, _) => format!(" AND {column} + 0 = {n}"),
            };
        }
        values.push(self.value);
        let number = values.len();
        if by_index { format!(" AND {column} = ${number}") } else { format!(" AND {column} || '' = ${number}") }
    }
}

/// A list by a tag: the few that have it are looked up by their ids, and no column's index is offered.
fn compile_tagged(
    kind: &str,
    scope: &Scope,
    filter: &Filter,
    page: &Page,
    (terms, tag): (Vec<Term>, &Tag),
) -> (String, Vec<Value>) {
    let after = page.after.map_or_else(|| Value::Blob(Vec::new()), id_value);
    let mut values = vec![Value::Text(kind.to_owned()), after, Value::Text(tag.text())];
    let mut sql = format!(
        "SELECT {CASE_COLUMNS} FROM tagged CROSS JOIN cases WHERE tagged.tag = $3 AND tagged.case_id > $2 \
        AND cases.id = tagged.case_id AND kind = $1"
    );
    if !filter.lists_closed() {
        sql.push_str(" AND open = 1");
    }
    for term in terms {
        sql.push_str(&term.condition(false, &mut values));
    }
    if let Some(parent) = filter.parent.map(Tag::Parent).filter(|parent| parent != tag) {
        values.push(Value::Text(parent.text()));
        let other = values.len();
        sql.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM tagged AS o WHERE o.tag = ${other} AND o.case_id = tagged.case_id)"
        ));
    }
    one_case(scope, &mut sql, &mut values);
    values.push(count(page.size + 1));
    sql.push_str(&format!(" ORDER BY tagged.case_id LIMIT ${}", values.len()));
    (sql, values)
}

fn compile(kind: &str, scope: &Scope, filter: &Filter, page: &Page, mut terms: Vec<Term>) -> (String, Vec<Value>) {
    if let Some(parent) = filter.parent {
        return compile_tagged(kind, scope, filter, page, (terms, &Tag::Parent(parent)));
    }
    // The indexes of places and units hold open cases only, and a state may be a closed one.
    let by_state = filter.state.is_some();
    terms.sort_by_key(|t| (by_state && t.selectivity != Selectivity::State, !t.has_index(), t.selectivity));
    let mut sql = format!("SELECT {CASE_COLUMNS} FROM cases WHERE kind = $1 AND id > $2");
    let after = page.after.map_or_else(|| Value::Blob(Vec::new()), id_value);
    let mut values = vec![Value::Text(kind.to_owned()), after];
    if !by_state {
        sql.push_str(" AND open = 1");
    }
    for (i, term) in terms.into_iter().enumerate() {
        let by_index = i == 0 && term.has_index();
        sql.push_str(&term.condition(by_index, &mut values));
    }
    one_case(scope, &mut sql, &mut values);
    values.push(count(page.size + 1));
    sql.push_str(&format!(" ORDER BY id LIMIT ${}", values.len()));
    (sql, values)
}

fn one_case(scope: &Scope, sql: &mut String, values: &mut Vec<Value>) {
    if let Scope::Case(id) = scope {
        values.push(id_value(*id));
        sql.push_str(&format!(" AND id = ${}", values.len()));
    }
}
