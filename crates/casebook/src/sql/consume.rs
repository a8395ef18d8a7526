//! Leases, consumed positions, parked events, the journal.

use super::{
    SqlStore,
    conn::{Record, Tx, Value},
    read::count,
    statement::{Form, Shape},
};
use crate::{
    error::StoreError,
    store::{JournalEntry, KEPT, ParkedEvent, retirement},
};
use civic::Micros;
use queue::{Lease, Partition, Position};
use std::time::Duration;

const TIME: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// Held until the commit; any other number than the one for migrations will do.
const JOURNAL_LOCK: &str = "SELECT pg_advisory_xact_lock(7404)";
const JOURNAL_OLD: &str = "SELECT COALESCE(MAX(n), 0), COUNT(*) FROM journal WHERE at < $1 AND action NOT IN ($2, $3)";
const JOURNAL_RETIRE: &str = "DELETE FROM journal WHERE at < $1 AND action NOT IN ($2, $3)";
const JOURNAL_HEAD: &str = "SELECT COALESCE(MAX(n), 0) FROM journal";

impl SqlStore {
    pub(super) async fn acquire_leases(
        &self,
        producer: &str,
        holder: &str,
        partitions: &[Partition],
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        let until = now.0 + i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX / 2);
        match self.acquire_in(&mut tx, (producer, holder), partitions, (now, until)).await {
            Ok(leases) => tx.commit().await.map(|()| leases),
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }

    /// Database time on PostgreSQL, so that replicas with different clocks agree about what has expired.
    async fn now(&self, tx: &mut Tx) -> Result<Micros, StoreError> {
        if self.db.is_sqlite() {
            return Ok(self.clock.now());
        }
        let records = tx.query(TIME.into(), Vec::new()).await?;
        records.first().map_or(Ok(0), |r| r.int(0)).map(Micros)
    }

    pub(super) async fn shared_time(&self) -> Result<Option<Micros>, StoreError> {
        if self.db.is_sqlite() {
            return Ok(None);
        }
        let records = self.db.query(TIME.into(), Vec::new()).await?;
        records.first().map(|r| r.int(0).map(Micros)).transpose()
    }

    async fn acquire_in(
        &self,
        tx: &mut Tx,
        (producer, holder): (&str, &str),
        partitions: &[Partition],
        (now, until): (Micros, i64),
    ) -> Result<Vec<Lease>, StoreError> {
        let mut rows = Vec::with_capacity(partitions.len() * 6);
        for part in partitions {
            let part = Value::Int((*part).into());
            let (producer, holder) = (Value::Text(producer.to_owned()), Value::Text(holder.to_owned()));
            rows.extend([producer, part, holder, Value::Int(1), Value::Int(until), Value::Int(0)]);
        }
        let head = "INSERT INTO leases (producer, part, holder, epoch, until, consumed)";
        let shape = Shape { head, columns: 6, tail: "ON CONFLICT (producer, part) DO NOTHING", form: Form::Values };
        self.insert(tx, shape, rows).await?;
        let renew = "UPDATE leases SET until = $3 WHERE producer = $1 AND holder = $2";
        tx.execute(renew.into(), vec![text(producer), text(holder), Value::Int(until)]).await?;
        let wanted: Vec<String> = partitions.iter().map(Partition::to_string).collect();
        if !wanted.is_empty() {
            let take = format!(
                "UPDATE leases SET holder = $2, epoch = epoch + 1, until = $3 \
                 WHERE producer = $1 AND holder <> $2 AND until < $4 AND part IN ({})",
                wanted.join(",")
            );
            tx.execute(take.into(), vec![text(producer), text(holder), Value::Int(until), Value::Int(now.0)]).await?;
        }
        let held = "SELECT part, epoch, consumed FROM leases WHERE producer = $1 AND holder = $2 ORDER BY part";
        let records = tx.query(held.into(), vec![text(producer), text(holder)]).await?;
        records.iter().map(lease).collect()
    }

    pub(super) async fn release_leases(&self, producer: &str, holder: &str) -> Result<(), StoreError> {
        // The epoch stays: the next holder raises it.
        let sql = "UPDATE leases SET until = 0, holder = '' WHERE producer = $1 AND holder = $2";
        self.write_alone(sql, vec![text(producer), text(holder)]).await
    }

    pub(super) async fn read_consumed(&self, producer: &str) -> Result<Vec<Position>, StoreError> {
        let mut positions = vec![0; usize::from(self.partitions)];
        let sql = "SELECT part, consumed FROM leases WHERE producer = $1";
        for r in self.db.query(sql.into(), vec![text(producer)]).await? {
            if let Some(position) = usize::try_from(r.int(0)?).ok().and_then(|part| positions.get_mut(part)) {
                *position = r.int(1)?;
            }
        }
        Ok(positions)
    }

    pub(super) async fn read_parked(&self) -> Result<Vec<ParkedEvent>, StoreError> {
        let sql = "SELECT producer, subject, position, part, envelope, reason, at FROM parked ORDER BY producer, subject, position";
        let records = self.db.query(sql.into(), Vec::new()).await?;
        records.iter().map(parked).collect()
    }

    pub(super) async fn delete_parked(
        &self,
        producer: &str,
        subject: &str,
        position: Position,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM parked WHERE producer = $1 AND subject = $2 AND position = $3";
        self.write_alone(sql, vec![text(producer), text(subject), Value::Int(position)]).await
    }

    /// Numbered in the order of their commits, which is why replicas write one after the other.
    pub(super) async fn write_journal(&self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        match self.number_journal(&mut tx, entries).await {
            Ok(()) => tx.commit().await,
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }

    pub(super) async fn delete_journal(&self, before: Micros, now: Micros) -> Result<u64, StoreError> {
        let mut tx = self.db.begin().await?;
        match self.retire_in(&mut tx, before, now).await {
            Ok(retired) => tx.commit().await.map(|()| retired),
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }

    async fn retire_in(&self, tx: &mut Tx, before: Micros, now: Micros) -> Result<u64, StoreError> {
        self.lock_journal(tx).await?;
        let old = || [Value::Int(before.0)].into_iter().chain(KEPT.map(text)).collect::<Vec<_>>();
        let found = tx.query(JOURNAL_OLD.into(), old()).await?;
        let (last, retired) = found.first().map_or(Ok((0, 0)), |r| Ok((r.int(0)?, r.int(1)?)))?;
        let retired = u64::try_from(retired).unwrap_or(0);
        if retired > 0 {
            // Before the last one may go: its number is nobody else's.
            self.number_journal(tx, &[retirement(retired, (last, before), now)]).await?;
            tx.execute(JOURNAL_RETIRE.into(), old()).await?;
        }
        Ok(retired)
    }

    async fn lock_journal(&self, tx: &mut Tx) -> Result<(), StoreError> {
        if !self.db.is_sqlite() {
            tx.execute(JOURNAL_LOCK.into(), Vec::new()).await?;
        }
        Ok(())
    }

    async fn number_journal(&self, tx: &mut Tx, entries: &[JournalEntry]) -> Result<(), StoreError> {
        self.lock_journal(tx).await?;
        let head = tx.query(JOURNAL_HEAD.into(), Vec::new()).await?.first().map_or(Ok(0), |r| r.int(0))?;
        let mut rows = Vec::with_capacity(entries.len() * 6);
        for (n, e) in (head + 1..).zip(entries) {
            let texts = [&e.actor, &e.action, &e.subject, &e.reason].map(|t| text(t));
            rows.extend([Value::Int(n), Value::Int(e.at.0)].into_iter().chain(texts));
        }
        let head = "INSERT INTO journal (n, at, actor, action, subject, reason)";
        self.insert(tx, Shape { head, columns: 6, tail: "", form: Form::Values }, rows).await.map(drop)
    }

    pub(super) async fn read_journal(&self, limit: usize) -> Result<Vec<JournalEntry>, StoreError> {
        let sql = "SELECT n, at, actor, action, subject, reason FROM journal ORDER BY n DESC LIMIT $1";
        let records = self.db.query(sql.into(), vec![count(limit)]).await?;
        records.iter().map(|r| journal_entry(r).map(|(_, entry)| entry)).collect()
    }

    pub(super) async fn read_journal_after(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, JournalEntry)>, StoreError> {
        let sql = "SELECT n, at, actor, action, subject, reason FROM journal WHERE n > $1 ORDER BY n LIMIT $2";
        let records = self.db.query(sql.into(), vec![Value::Int(after), count(limit)]).await?;
        records.iter().map(journal_entry).collect()
    }

    pub(super) async fn read_journal_head(&self) -> Result<Position, StoreError> {
        self.db.query(JOURNAL_HEAD.into(), Vec::new()).await?.first().map_or(Ok(0), |r| r.int(0))
    }

    pub(super) async fn write_alone(&self, sql: &'static str, values: Vec<Value>) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        match tx.execute(sql.into(), values).await {
            Ok(_) => tx.commit().await,
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn corrupt(column: &str) -> StoreError {
    StoreError::Corrupt { table: "leases", row: column.to_owned() }
}

fn lease(r: &Record) -> Result<Lease, StoreError> {
    let partition = Partition::try_from(r.int(0)?).map_err(|_| corrupt("part"))?;
    Ok(Lease { partition, epoch: r.int(1)?, consumed: r.int(2)? })
}

fn parked(r: &Record) -> Result<ParkedEvent, StoreError> {
    Ok(ParkedEvent {
        producer: r.text(0)?,
        subject: r.text(1)?,
        position: r.int(2)?,
        partition: Partition::try_from(r.int(3)?).map_err(|_| corrupt("part"))?,
        envelope: r.blob(4)?,
        reason: r.text(5)?,
        at: Micros(r.int(6)?),
    })
}

fn journal_entry(r: &Record) -> Result<(Position, JournalEntry), StoreError> {
    let [actor, action, subject, reason] = [r.text(2)?, r.text(3)?, r.text(4)?, r.text(5)?];
    Ok((r.int(0)?, JournalEntry { at: Micros(r.int(1)?), actor, action, subject, reason }))
}
