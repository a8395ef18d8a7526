//! The event log by partition and position.

use super::{
    SqlStore,
    conn::Value,
    read::count,
    rows::{EVENT_COLUMNS, event_columns, event_row},
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

    /// At or after the event's own position, which it has since its commit: the head of its partition.
    pub(super) async fn read_position(&self, case: CaseId) -> Result<Option<Position>, StoreError> {
        Ok(self.read_heads().await?.get(usize::from(case.partition(self.partitions))).copied())
    }
}
