//! SQLite's event log: one table for all partitions that is only appended to.
//!
//! A table in the order of (partition, position) has sixty-four ends, and a commit writes the page at each: more bytes than the
//! events themselves. So rows stand in the order of commits, and of every sixty-fourth position of a partition a *mark* says in which
//! row it stands. A reader begins at the mark before what it asks for, or where the last reader of the partition ended, and passes
//! over the rows of other partitions. Readers that keep up never come here: they read the tail in memory ([`crate::log`]).

use super::{
    SqlStore,
    conn::{Record, Tx, Value},
    newest::Newest,
    read::count,
    rows::{EVENT_COLUMNS, event_row, id_of, id_value},
    write::values,
};
use crate::{
    error::StoreError,
    store::{EventRow, Placed},
};
use civic::CaseId;
use queue::{Partition, Position};
use std::sync::PoisonError;

/// Positions of a partition from one mark to the next; the migration to schema 5 counts with it, too.
const STRIDE: Position = 64;
const LOG: &str = "INSERT INTO event_log (n, part, position, case_id, version)";
const MARKS: &str = "INSERT INTO log_marks (part, position, n)";

/// Row in which a position of a partition stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cursor {
    position: Position,
    row: i64,
}

/// What the log gained by a transaction.
pub(super) struct Appended {
    pub(super) heads: Vec<Position>,
    /// Number of the last row.
    pub(super) log: i64,
    pub(super) placed: Placed,
}

impl SqlStore {
    pub(super) async fn append_log(
        &self,
        tx: &mut Tx,
        events: Vec<EventRow>,
        newest: &Newest,
    ) -> Result<Appended, StoreError> {
        let (mut heads, mut log) = (newest.heads.clone(), newest.log);
        let (mut rows, mut marks) = (Vec::with_capacity(events.len() * 5), Vec::new());
        let mut placed = Vec::with_capacity(events.len());
        for event in events {
            let part = event.case.partition(self.partitions);
            let head = &mut heads[usize::from(part)];
            *head += 1;
            log += 1;
            let (partition, position, row) = (Value::Int(part.into()), Value::Int(*head), Value::Int(log));
            if *head % STRIDE == 0 {
                marks.extend([partition.clone(), position.clone(), row.clone()]);
            }
            rows.extend([row, partition, position, id_value(event.case), Value::Int(event.version)]);
            placed.push((part, *head, event));
        }
        self.insert(tx, values(LOG, 5, ""), rows).await?;
        self.insert(tx, values(MARKS, 3, ""), marks).await?;
        Ok(Appended { heads, log, placed })
    }

    pub(super) async fn read_appended(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, EventRow)>, StoreError> {
        // CROSS keeps SQLite from beginning with the events.
        let sql = format!(
            "SELECT l.n, l.position, {EVENT_COLUMNS} FROM event_log l CROSS JOIN events e ON e.case_id = l.case_id AND \
             e.version = l.version WHERE l.n >= $1 AND l.part = $2 AND l.position > $3 ORDER BY l.n LIMIT $4"
        );
        let records = self.read_from(sql, partition, after, limit).await?;
        records.iter().map(|r| Ok((r.int(1)?, event_row(r, 2)?))).collect()
    }

    pub(super) async fn appended_keys(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, CaseId, i64)>, StoreError> {
        let sql = "SELECT n, position, case_id, version FROM event_log WHERE n >= $1 AND part = $2 AND position > $3 \
            ORDER BY n LIMIT $4";
        let records = self.read_from(sql.to_owned(), partition, after, limit).await?;
        records.iter().map(|r| Ok((r.int(1)?, id_of(&r.blob(2)?, "event_log")?, r.int(3)?))).collect()
    }

    /// Rows whose first columns are number and position.
    async fn read_from(
        &self,
        sql: String,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let from = self.row_before(partition, after).await?;
        let values = vec![Value::Int(from), Value::Int(partition.into()), Value::Int(after), count(limit)];
        let records = self.db.query(sql.into(), values).await?;
        if let Some(last) = records.last() {
            let cursor = Cursor { row: last.int(0)?, position: last.int(1)? };
            let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
            cursors.get_mut(usize::from(partition)).into_iter().for_each(|c| *c = cursor);
        }
        Ok(records)
    }

    /// A row at or before that of the position.
    async fn row_before(&self, partition: Partition, position: Position) -> Result<i64, StoreError> {
        let cursor = self.cursors.lock().unwrap_or_else(PoisonError::into_inner).get(usize::from(partition)).copied();
        if let Some(cursor) = cursor.filter(|c| c.row > 0 && c.position <= position && position - c.position < STRIDE) {
            return Ok(cursor.row);
        }
        let sql = "SELECT n FROM log_marks WHERE part = $1 AND position <= $2 ORDER BY position DESC LIMIT 1";
        let records = self.db.query(sql.into(), vec![Value::Int(partition.into()), Value::Int(position)]).await?;
        records.first().map_or(Ok(0), |r| r.int(0))
    }

    /// Last position of every partition and the number of the last row: the last marks, and what was appended since the first of them.
    pub(super) async fn appended_heads(&self, tx: &mut Tx) -> Result<(Vec<Position>, i64), StoreError> {
        let mut heads = Vec::with_capacity(usize::from(self.partitions));
        let mut since = i64::MAX;
        for part in 0..self.partitions {
            let sql = "SELECT position, n FROM log_marks WHERE part = $1 ORDER BY position DESC LIMIT 1";
            let records = tx.query(sql.into(), vec![Value::Int(part.into())]).await?;
            let (position, row) = records.first().map_or(Ok((0, 0)), |r| Ok((r.int(0)?, r.int(1)?)))?;
            heads.push(position);
            since = since.min(row);
        }
        let sql = "SELECT part, MAX(position), MAX(n) FROM event_log WHERE n >= $1 GROUP BY part";
        let mut last = 0;
        for r in tx.query(sql.into(), vec![Value::Int(since)]).await? {
            let head = usize::try_from(r.int(0)?).ok().and_then(|part| heads.get_mut(part));
            let (position, row) = (r.int(1)?, r.int(2)?);
            head.into_iter().for_each(|head| *head = position);
            last = last.max(row);
        }
        Ok((heads, last))
    }
}
