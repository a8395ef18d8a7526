//! The event log by partition and position.

use super::{
    SqlStore,
    conn::{Tx, Value},
    read::count,
    rows::{EVENT_COLUMNS, event_row, id_value},
    statement::{Form, Shape},
};
use crate::{error::StoreError, store::EventRow};
use civic::CaseId;
use queue::{Partition, Position};

impl SqlStore {
    pub(super) async fn read_log(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, EventRow)>, StoreError> {
        let sql = format!(
            "SELECT l.position, {EVENT_COLUMNS} FROM event_log l JOIN events e ON e.case_id = l.case_id AND e.version = l.version \
             WHERE l.part = $1 AND l.position > $2 ORDER BY l.position LIMIT $3"
        );
        let values = vec![Value::Int(partition.into()), Value::Int(after), count(limit)];
        let records = self.db.query(sql.into(), values).await?;
        records.iter().map(|r| Ok((r.int(0)?, event_row(r, 1)?))).collect()
    }

    pub(super) async fn read_heads(&self) -> Result<Vec<Position>, StoreError> {
        if self.db.is_sqlite() {
            return Ok(self.heads.lock().await.clone());
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
    /// (its row is locked), so whatever is visible of a case is a prefix, and the order of ids and versions keeps each case's own.
    /// The row of `heads` is locked, so two relays of one partition follow each other.
    pub(super) async fn place_events(&self, partition: Partition, limit: usize) -> Result<usize, StoreError> {
        if self.db.is_sqlite() {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        match self.place_in(&mut tx, partition, limit).await {
            Ok(0) => {
                tx.rollback().await;
                Ok(0)
            }
            Ok(placed) => tx.commit().await.map(|()| placed),
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }

    async fn place_in(&self, tx: &mut Tx, partition: Partition, limit: usize) -> Result<usize, StoreError> {
        let part = Value::Int(partition.into());
        let head = tx.query("SELECT position FROM heads WHERE part = $1 FOR UPDATE".into(), vec![part.clone()]).await?;
        let mut position = head.first().map(|r| r.int(0)).transpose()?.unwrap_or(0);
        let sql = "SELECT case_id, version FROM unplaced WHERE part = $1 ORDER BY case_id, version LIMIT $2";
        let waiting = tx.query(sql.into(), vec![part.clone(), count(limit)]).await?;
        let (mut log, mut done) = (Vec::new(), Vec::new());
        for r in &waiting {
            position += 1;
            let (case, version) = (Value::Blob(r.blob(0)?), Value::Int(r.int(1)?));
            log.extend([part.clone(), Value::Int(position), case.clone(), version.clone()]);
            done.extend([part.clone(), case, version]);
        }
        let head = "INSERT INTO event_log (part, position, case_id, version)";
        self.insert(tx, Shape { head, columns: 4, tail: "", form: Form::Values }, log).await?;
        for row in done.chunks(3) {
            tx.execute("DELETE FROM unplaced WHERE part = $1 AND case_id = $2 AND version = $3".into(), row.to_vec())
                .await?;
        }
        tx.execute("UPDATE heads SET position = $2 WHERE part = $1".into(), vec![part, Value::Int(position)]).await?;
        Ok(waiting.len())
    }
}
