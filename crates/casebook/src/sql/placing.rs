//! Positions on PostgreSQL, where several replicas commit at once: each commit gives them to its own events, last of all it does. The rows
//! of `heads` are the lock: whoever has counted up a partition holds it until its COMMIT, so positions become visible in their order.
//! Nothing is waited for while they are held but the COMMIT itself; a replica that stops there is ended by the server
//! ([`super::open`]).

use super::{
    SqlStore,
    conn::{Tx, Value},
    rows::id_value,
    statement::Shape,
    write::values,
};
use crate::{
    error::StoreError,
    store::{EventRow, Placed},
};
use queue::{Partition, Position};
use std::collections::BTreeMap;

/// In the order of partitions, so that two replicas cannot wait for each other in a circle.
const LOCK: &str =
    "SELECT part, position FROM heads WHERE part = ANY (string_to_array($1, ',')::BIGINT[]) ORDER BY part FOR UPDATE";
/// Rows of the log, and the heads that they move.
const PLACE: Shape = values(
    "WITH v (part, position, case_id, version) AS (",
    4,
    "), moved AS (
       UPDATE heads SET position = m.last FROM (SELECT part, MAX(position) AS last FROM v GROUP BY part) m WHERE heads.part = m.part
     ) INSERT INTO event_log (part, position, case_id, version) SELECT part, position, case_id, version FROM v",
);

impl SqlStore {
    pub(super) async fn place(&self, tx: &mut Tx, events: Vec<EventRow>) -> Result<Placed, StoreError> {
        if events.is_empty() {
            return Ok(Placed::new());
        }
        let mut heads = self.lock_heads(tx, &events).await?;
        let (mut rows, mut placed) = (Vec::with_capacity(events.len() * 4), Vec::with_capacity(events.len()));
        for event in events {
            let part = event.case.partition(self.partitions);
            let head = heads.entry(part).or_default();
            *head += 1;
            rows.extend([Value::Int(part.into()), Value::Int(*head), id_value(event.case), Value::Int(event.version)]);
            placed.push((part, *head, event));
        }
        self.insert(tx, PLACE, rows).await?;
        Ok(placed)
    }

    async fn lock_heads(&self, tx: &mut Tx, events: &[EventRow]) -> Result<BTreeMap<Partition, Position>, StoreError> {
        let parts: BTreeMap<Partition, String> = events
            .iter()
            .map(|event| event.case.partition(self.partitions))
            .map(|part| (part, part.to_string()))
            .collect();
        let parts = parts.into_values().collect::<Vec<_>>().join(",");
        let mut heads = BTreeMap::new();
        for r in tx.query(LOCK.into(), vec![Value::Text(parts)]).await? {
            let part = r.int(0)?;
            let corrupt = |_| StoreError::Corrupt { table: "heads", row: format!("partition {part}") };
            heads.insert(Partition::try_from(part).map_err(corrupt)?, r.int(1)?);
        }
        Ok(heads)
    }
}
