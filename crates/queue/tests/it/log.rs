//! A producer's event log in memory.
use async_trait::async_trait;
use queue::{Envelope, EventSource, Partition, Position, SourceError};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use testkit::Seed;
use tokio::sync::watch;

pub(crate) const PARTITIONS: u16 = 8;

pub(crate) struct Log {
    /// Of this log alone, so that several may share a Redis.
    pub(crate) cluster: String,
    rows: Mutex<Vec<Vec<Envelope>>>,
    changed: watch::Sender<u64>,
    away: AtomicBool,
}

impl Log {
    pub(crate) fn new() -> Arc<Self> {
        static LOGS: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            cluster: format!("cluster-{}", LOGS.fetch_add(1, Ordering::SeqCst)),
            rows: Mutex::new(vec![Vec::new(); usize::from(PARTITIONS)]),
            changed: watch::Sender::new(0),
            away: AtomicBool::new(false),
        })
    }

    /// Commits one event of each of `events` cases drawn by chance.
    pub(crate) fn commit(&self, seed: &Seed, events: usize) {
        let mut rows = self.rows.lock().unwrap();
        for _ in 0..events {
            let case = seed.below(40);
            let partition = case % u64::from(PARTITIONS);
            let of_partition = &mut rows[usize::try_from(partition).unwrap()];
            let position = Position::try_from(of_partition.len()).unwrap() + 1;
            let data = seed.next().to_be_bytes().to_vec().into();
            of_partition.push(event(case, partition, position, data));
        }
        drop(rows);
        self.changed.send_modify(|count| *count += 1);
    }

    pub(crate) fn heads(&self) -> Vec<Position> {
        let rows = self.rows.lock().unwrap();
        rows.iter().map(|events| Position::try_from(events.len()).unwrap()).collect()
    }

    /// What a consumer that had applied everything once and in order would hold.
    pub(crate) fn hashes(&self) -> Vec<u64> {
        let rows = self.rows.lock().unwrap();
        rows.iter().map(|events| events.iter().fold(0, fold)).collect()
    }

    /// The database or the way to it fails from now on, or works again.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Puts the log back to an older state.
    pub(crate) fn truncate(&self, to: usize) {
        for events in self.rows.lock().unwrap().iter_mut() {
            events.truncate(to);
        }
    }

    fn answer(&self) -> Result<(), SourceError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(SourceError::Unavailable("the log is away".into()));
        }
        Ok(())
    }
}

fn event(case: u64, partition: u64, position: Position, data: bytes::Bytes) -> Envelope {
    Envelope {
        id: format!("{partition}-{position}"),
        source: "500151/intake".to_owned(),
        r#type: "report.filed.v1".to_owned(),
        subject: format!("reports/{case}"),
        case_version: position,
        partition: i32::try_from(partition).unwrap(),
        position,
        data,
        ..Envelope::default()
    }
}

/// Adds an event to a hash that depends on order, position and content.
pub(crate) fn fold(hash: u64, event: &Envelope) -> u64 {
    let bytes = event.position.to_be_bytes();
    let content = bytes.iter().chain(event.subject.as_bytes()).chain(&event.data);
    content.fold(hash.wrapping_add(1), |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[async_trait]
impl EventSource for Log {
    fn service(&self) -> &str {
        "intake"
    }

    fn partitions(&self) -> u16 {
        PARTITIONS
    }

    async fn head(&self) -> Result<Vec<Position>, SourceError> {
        self.answer()?;
        Ok(self.heads())
    }

    async fn read(&self, partition: Partition, after: Position, limit: usize) -> Result<Vec<Envelope>, SourceError> {
        self.answer()?;
        assert!((1..=1000).contains(&limit), "limit {limit}");
        let rows = self.rows.lock().unwrap();
        let events = rows
            .get(usize::from(partition))
            .ok_or(SourceError::UnknownPartition { service: "intake".to_owned(), partition })?;
        let after = usize::try_from(after).unwrap();
        Ok(events.iter().skip(after).take(limit).cloned().collect())
    }

    fn changed(&self) -> Option<watch::Receiver<u64>> {
        Some(self.changed.subscribe())
    }
}
