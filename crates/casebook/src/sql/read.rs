//! Reads: one case, its events, timers that are due.

use super::{
    SqlStore,
    conn::Value,
    list::BY_ID,
    rows::{CASE_COLUMNS, TIMERS, case_row, event_row, id_of, id_value, timer_row},
    statement::{Form, Shape, chunks},
};
use crate::{
    case::DueTimer,
    error::StoreError,
    store::{CaseRow, EventRow},
};
use civic::{CaseId, Micros};

pub(super) const EVENTS: &str = "SELECT e.case_id, e.version, e.kind, e.type, e.at, e.actor, e.place, e.traceparent, e.payload \
    FROM events e WHERE e.case_id = $1 AND e.version <= $2 ORDER BY e.version";

impl SqlStore {
    pub(super) async fn load_case(&self, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
        if let Some(case) = self.hot_case(id) {
            return Ok(Some(case));
        }
        let sql = format!("SELECT {CASE_COLUMNS} FROM cases WHERE id = $1");
        let records = self.db.query(sql.into(), vec![id_value(id)]).await?;
        records.first().map(case_row).transpose()
    }

    /// In no order.
    pub(super) async fn load_cases_of(&self, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
        let (mut found, others) = self.hot_cases(&ids.iter().copied().collect());
        let shape = Shape { head: BY_ID, columns: 1, tail: "", form: Form::Keys };
        let mut rest = others.as_slice();
        for size in chunks(others.len()) {
            let (some, later) = rest.split_at(size);
            rest = later;
            let values = some.iter().copied().map(id_value).collect();
            let records = self.db.query(self.statements.text(shape, size), values).await?;
            for record in &records {
                found.push(case_row(record)?);
            }
        }
        Ok(found)
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
        let sql = format!(
            "{TIMERS} WHERE t.due <= $1 AND (t.due, t.case_id, t.name) > ($2, $3, $4) ORDER BY t.due, t.case_id, t.name LIMIT $5"
        );
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
