//! Reads for the verifier: everything, in the order of keys, a page at a time.

use super::{
    SqlStore,
    conn::Value,
    read::count,
    rows::{CASE_COLUMNS, EVENT_COLUMNS, TIMERS, case_row, event_row, id_of, id_value, timer_row},
};
use crate::{
    case::DueTimer,
    error::StoreError,
    store::{CaseRow, EventRow, Span},
};
use civic::CaseId;
use queue::{Partition, Position};

/// After every id there is.
const LAST: [u8; 17] = [0xff; 17];

fn bounds(span: Span) -> Vec<Value> {
    let after = span.after.map_or_else(|| Value::Blob(Vec::new()), id_value);
    let upto = span.upto.map_or_else(|| Value::Blob(LAST.to_vec()), id_value);
    vec![after, upto]
}

impl SqlStore {
    pub(super) async fn scan_cases(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<CaseRow>, StoreError> {
        let sql = format!("SELECT {CASE_COLUMNS} FROM cases WHERE id > $1 ORDER BY id LIMIT $2");
        let after = after.map_or_else(|| Value::Blob(Vec::new()), id_value);
        let records = self.db.query(sql.into(), vec![after, count(limit)]).await?;
        records.iter().map(case_row).collect()
    }

    pub(super) async fn span_events(&self, span: Span) -> Result<Vec<EventRow>, StoreError> {
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM events e WHERE e.case_id > $1 AND e.case_id <= $2 ORDER BY e.case_id, e.version"
        );
        let records = self.db.query(sql.into(), bounds(span)).await?;
        records.iter().map(|r| event_row(r, 0)).collect()
    }

    pub(super) async fn span_timers(&self, span: Span) -> Result<Vec<DueTimer>, StoreError> {
        let sql = format!("{TIMERS} WHERE t.case_id > $1 AND t.case_id <= $2 ORDER BY t.case_id, t.name");
        let records = self.db.query(sql.into(), bounds(span)).await?;
        records.iter().map(timer_row).collect()
    }

    pub(super) async fn read_log_keys(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, CaseId, i64)>, StoreError> {
        if self.db.is_sqlite() {
            return self.appended_keys(partition, after, limit).await;
        }
        let sql = "SELECT position, case_id, version FROM event_log WHERE part = $1 AND position > $2 \
            ORDER BY position LIMIT $3";
        let values = vec![Value::Int(partition.into()), Value::Int(after), count(limit)];
        let records = self.db.query(sql.into(), values).await?;
        records.iter().map(|r| Ok((r.int(0)?, id_of(&r.blob(1)?, "event_log")?, r.int(2)?))).collect()
    }

    pub(super) async fn read_producers(&self) -> Result<Vec<String>, StoreError> {
        let records =
            self.db.query("SELECT DISTINCT producer FROM leases ORDER BY producer".into(), Vec::new()).await?;
        records.iter().map(|r| r.text(0)).collect()
    }
}
