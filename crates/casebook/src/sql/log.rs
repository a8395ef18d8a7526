//! The event log by partition and position.

use super::{
    SqlStore,
    conn::{Tx, Value},
    listener::tell_placed,
    read::count,
    rows::{EVENT_COLUMNS, event_columns, event_row, id_value},
    statement::{Shape, chunks},
    write::values,
};
use crate::{error::StoreError, store::EventRow};
use civic::CaseId;
use queue::{Partition, Position};
use std::sync::PoisonError;

/// PostgreSQL: the next events of each of several partitions in one question.
const SEVERAL: Shape = values(
    "WITH w (part, after, most) AS (",
    3,
    concat!(
        ") SELECT w.part, l.position, ",
        event_columns!(),
        " FROM w CROSS JOIN LATERAL (SELECT position, case_id, version FROM event_log WHERE part = w.part AND position > w.after \
           ORDER BY position LIMIT w.most) l JOIN events e ON e.case_id = l.case_id AND e.version = l.version \
         ORDER BY w.part, l.position"
    ),
);

impl SqlStore {
    pub(super) async fn read_log(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, EventRow)>, StoreError> {
        if self.db.is_sqlite() {
            return self.read_appended(partition, after, limit).await;
        }
        let sql = format!(
            "SELECT l.position, {EVENT_COLUMNS} FROM event_log l JOIN events e ON e.case_id = l.case_id AND e.version = l.version \
             WHERE l.part = $1 AND l.position > $2 ORDER BY l.position LIMIT $3"
        );
        let values = vec![Value::Int(partition.into()), Value::Int(after), count(limit)];
        let records = self.db.query(sql.into(), values).await?;
        records.iter().map(|r| Ok((r.int(0)?, event_row(r, 1)?))).collect()
    }

    pub(super) async fn read_logs(
        &self,
        wants: &[(Partition, Position)],
        each: usize,
    ) -> Result<Vec<(Partition, Position, EventRow)>, StoreError> {
        let (mut events, mut rest) = (Vec::new(), wants);
        if self.db.is_sqlite() {
            for (partition, after) in wants {
                let read = self.read_appended(*partition, *after, each).await?;
                events.extend(read.into_iter().map(|(position, event)| (*partition, position, event)));
            }
            return Ok(events);
        }
        for size in chunks(wants.len()) {
            let (some, others) = rest.split_at(size);
            rest = others;
            let bound = |(partition, after): &(Partition, Position)| {
                [Value::Int((*partition).into()), Value::Int(*after), count(each)]
            };
            let sql = self.statements.text(SEVERAL, size);
            for r in self.db.query(sql, some.iter().flat_map(bound).collect()).await? {
                let part = r.int(0)?;
                let partition = Partition::try_from(part)
                    .map_err(|_| StoreError::Corrupt { table: "event_log", row: format!("partition {part}") })?;
                events.push((partition, r.int(1)?, event_row(&r, 2)?));
            }
        }
        Ok(events)
    }

    pub(super) async fn read_heads(&self) -> Result<Vec<Position>, StoreError> {
        if self.db.is_sqlite() {
            return Ok(self.published.lock().unwrap_or_else(PoisonError::into_inner).clone());
        }
        let mut heads = vec![0; usize::from(self.partitions)];
        for r in self.db.query("SELECT part, position FROM heads".into(), Vec::new()).await? {
            if let Some(head) = usize::try_from(r.int(0)?).ok().and_then(|part| heads.get_mut(part)) {
                *head = r.int(1)?;
            }
        }
        Ok(heads)
    }

    /// At or after the event's own position: the head of its partition once the event has been placed.
    pub(super) async fn read_position(&self, case: CaseId, version: i64) -> Result<Option<Position>, StoreError> {
        let part = case.partition(self.partitions);
        if !self.db.is_sqlite() {
            let sql = "SELECT version FROM unplaced WHERE part = $1 AND case_id = $2 AND version = $3";
            let values = vec![Value::Int(part.into()), id_value(case), Value::Int(version)];
            if !self.db.query(sql.into(), values).await?.is_empty() {
                return Ok(None);
            }
        }
        Ok(self.read_heads().await?.get(usize::from(part)).copied())
    }

    /// PostgreSQL's relay: gives the next positions to events that were committed without one. A case's versions commit in order
    /// (its row is locked until they are visible), so whatever is visible of a case is a prefix, and the order of ids and
    /// versions keeps each case's own. The rows of `heads` are locked first and what waits is read afterwards, so two relays
    /// follow each other; partitions that another one has locked are left to it.
    pub(super) async fn place_events(&self, limit: usize) -> Result<usize, StoreError> {
        if self.db.is_sqlite()
            || self.db.query("SELECT part FROM unplaced LIMIT 1".into(), Vec::new()).await?.is_empty()
        {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        match place_in(&mut tx, limit).await {
            Ok(0) => {
                tx.rollback().await;
                Ok(0)
            }
            Ok(placed) => {
                tell_placed(&mut tx).await?;
                tx.commit().await.map(|()| placed)
            }
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }
}

/// Those for which something waits: a lock is a write.
const LOCK_HEADS: &str =
    "SELECT part FROM heads WHERE part IN (SELECT part FROM unplaced) ORDER BY part FOR UPDATE SKIP LOCKED";

async fn place_in(tx: &mut Tx, limit: usize) -> Result<usize, StoreError> {
    let mut parts = Vec::new();
    for r in tx.query(LOCK_HEADS.into(), Vec::new()).await? {
        parts.push(r.int(0)?.to_string());
    }
    if parts.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "WITH waiting AS (
           SELECT part, case_id, version FROM unplaced WHERE part IN ({}) ORDER BY part, case_id, version LIMIT $1
         ), gone AS (
           DELETE FROM unplaced u USING waiting w
           WHERE u.part = w.part AND u.case_id = w.case_id AND u.version = w.version
           RETURNING u.part, u.case_id, u.version
         ), numbered AS (
           SELECT g.part, g.case_id, g.version,
             h.position + row_number() OVER (PARTITION BY g.part ORDER BY g.case_id, g.version) AS position
           FROM gone g JOIN heads h ON h.part = g.part
         ), placed AS (
           INSERT INTO event_log (part, position, case_id, version) SELECT part, position, case_id, version FROM numbered
           RETURNING part, position
         ), moved AS (
           UPDATE heads h SET position = p.last FROM (SELECT part, MAX(position) AS last FROM placed GROUP BY part) p
           WHERE h.part = p.part
           RETURNING h.part
         )
         SELECT COUNT(*) FROM placed",
        parts.join(",")
    );
    let records = tx.query(sql.into(), vec![count(limit)]).await?;
    let placed = records.first().map_or(Ok(0), |r| r.int(0))?;
    Ok(usize::try_from(placed).unwrap_or(0))
}
