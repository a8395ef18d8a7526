//! The seam between the casebook and a database: untyped rows, one transaction for many submissions, scoped reads.
//! Three stores stand behind it (memory, SQLite, PostgreSQL) and one contract suite holds them to the same behaviour.

use crate::{
    batch::Submission,
    case::{DueTimer, Row},
    error::StoreError,
    scope::{Filter, Page, Scope},
    seal::{Keys, Rewrap, WrappingKey},
};
use async_trait::async_trait;
use civic::{CaseId, Micros};
use futures_util::future::BoxFuture;
use queue::{Lease, Partition, Position};
use std::time::Duration;

/// A case as it lies in its table.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseRow {
    pub id: CaseId,
    pub kind: String,
    pub version: i64,
    pub schema: i64,
    pub state: Vec<u8>,
    /// Cluster that owns it, and the epoch of that ownership: a write under an old epoch changes nothing.
    pub owner: String,
    pub epoch: i64,
    pub row: Row,
    /// Under which its texts are sealed.
    pub keys: Keys,
}

/// A committed event as it lies in its table.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    pub case: CaseId,
    pub kind: String,
    pub version: i64,
    pub event_type: String,
    pub time: Micros,
    pub actor: String,
    pub place: String,
    pub traceparent: String,
    pub payload: Vec<u8>,
}

/// An event that could not be handled; its case's later events wait behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedEvent {
    pub producer: String,
    /// Resource name of the case.
    pub subject: String,
    pub partition: Partition,
    pub position: Position,
    /// Encoded envelope.
    pub envelope: Vec<u8>,
    pub reason: String,
    pub at: Micros,
}

/// A record for the auditor: who read or was refused what, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    pub at: Micros,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub reason: String,
}

/// The action of the journal's record that tells of records that were retired: its subject is the number of the last one.
pub const RETIRED: &str = "journal.retired";

/// What is never retired: which events were given up, without which effects that are missing could not be told from lost ones; and what
/// was retired.
pub(crate) const KEPT: [&str; 2] = [crate::effects::GIVEN_UP, RETIRED];

/// The record that tells of it.
pub(crate) fn retirement(retired: u64, (last, before): (Position, Micros), now: Micros) -> JournalEntry {
    JournalEntry {
        at: now,
        actor: "jiewang".to_owned(),
        action: RETIRED.to_owned(),
        subject: last.to_string(),
        reason: format!("{retired} records of before {before}"),
    }
}

/// What identifies a database: checked at every open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub cluster: String,
    pub service: String,
    pub partitions: u16,
    /// Keyed hash of a constant: another key file gives another value.
    pub key_check: String,
}

/// The events of a commit with their positions, for readers of the log in this process.
pub type Placed = Vec<(Partition, Position, EventRow)>;

/// What a commit did that others in this process wait for.
#[derive(Debug, Default)]
pub struct Committed {
    pub placed: Placed,
    /// Earliest instant among the timers that it armed.
    pub earliest: Option<Micros>,
}

/// Cases after one and up to another, in the order of ids; `None` is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub after: Option<CaseId>,
    pub upto: Option<CaseId>,
}

/// A database that holds the cases of one service.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Whether `commit` holds the thread that it runs on until the disk has answered. Then the committer takes a thread of its own.
    fn blocks(&self) -> bool {
        false
    }
    /// Ends when whatever this store holds open has been closed after its last user let it go: at once where nothing outlives it.
    /// It does not keep the store alive.
    fn closed(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
    /// Runs every submission in one transaction and leaves an outcome in each work. An error means that nothing was committed,
    /// except `Unavailable`, after which that is unknown and a retry with the same request finds out.
    async fn commit(&self, batch: &mut [Submission]) -> Result<Committed, StoreError>;
    async fn load(&self, id: CaseId) -> Result<Option<CaseRow>, StoreError>;
    /// Those of these cases that there are, in no order.
    async fn load_several(&self, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.load(*id).await?);
        }
        Ok(found)
    }
    /// At most `page.size + 1` rows: the extra one says that there is more.
    async fn list(&self, kind: &str, scope: &Scope, filter: &Filter, page: &Page) -> Result<Vec<CaseRow>, StoreError>;
    /// Events of a case in the order of versions, up to a version.
    async fn events(&self, case: CaseId, upto: i64) -> Result<Vec<EventRow>, StoreError>;
    /// Events of a partition after a position, dense and in order.
    async fn log(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, EventRow)>, StoreError>;
    /// The same of several partitions, at most `each` of every one, with the partition of each.
    async fn logs(
        &self,
        wants: &[(Partition, Position)],
        each: usize,
    ) -> Result<Vec<(Partition, Position, EventRow)>, StoreError> {
        let mut events = Vec::new();
        for (partition, after) in wants {
            let read = self.log(*partition, *after, each).await?;
            events.extend(read.into_iter().map(|(position, event)| (*partition, position, event)));
        }
        Ok(events)
    }
    /// Last position of every partition.
    async fn heads(&self) -> Result<Vec<Position>, StoreError>;
    /// A position at or after a committed event; `None` where there is no such event.
    async fn position(&self, case: CaseId, version: i64) -> Result<Option<Position>, StoreError>;
    /// Tells all replicas that this one has added to the log. Never ends where there are no others.
    async fn tell(&self) -> Result<(), StoreError> {
        std::future::pending().await
    }
    /// Ends when some replica has added to the log since it was asked last, or may have. Never where nobody else writes.
    async fn heard(&self) -> Result<(), StoreError> {
        std::future::pending().await
    }
    async fn unique(&self, key: &str) -> Result<Option<CaseId>, StoreError>;
    /// The database's own time, where it has one that replicas share.
    async fn now(&self) -> Result<Option<Micros>, StoreError>;
    /// Timers due at an instant, in the order of (due, case, name), after one.
    async fn due_timers(
        &self,
        now: Micros,
        after: Option<&DueTimer>,
        limit: usize,
    ) -> Result<Vec<DueTimer>, StoreError>;
    async fn next_due(&self) -> Result<Option<Micros>, StoreError>;
    /// Takes free or expired leases among `partitions` and renews own ones; answers with all that `holder` has.
    async fn acquire(
        &self,
        producer: &str,
        holder: &str,
        partitions: &[Partition],
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError>;
    async fn release(&self, producer: &str, holder: &str) -> Result<(), StoreError>;
    /// Consumed position by partition; partitions never consumed stand at 0.
    async fn consumed(&self, producer: &str) -> Result<Vec<Position>, StoreError>;
    async fn parked(&self) -> Result<Vec<ParkedEvent>, StoreError>;
    /// Forgets one parked event (given up by an operator, who is journalled).
    async fn unpark(&self, producer: &str, subject: &str, position: Position) -> Result<(), StoreError>;
    async fn journal(&self, entries: &[JournalEntry]) -> Result<(), StoreError>;
    /// The newest first.
    async fn journalled(&self, limit: usize) -> Result<Vec<JournalEntry>, StoreError>;
    /// Deletes the records of before an instant, but for those that are kept for ever, and says so in the next record ([`RETIRED`]),
    /// both or neither. Says how many they were; when there are none, nothing is written.
    async fn retire_journal(&self, before: Micros, now: Micros) -> Result<u64, StoreError>;
    /// Records after a number, in their order: 1, 2, 3, ... with gaps only where some were retired.
    async fn journal_after(&self, after: Position, limit: usize) -> Result<Vec<(Position, JournalEntry)>, StoreError>;
    /// Number of the last record; 0 when there is none.
    async fn journal_head(&self) -> Result<Position, StoreError>;
    /// Every case after one, for the verifier.
    async fn scan(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<CaseRow>, StoreError>;
    /// Events of these cases by case and version, for the verifier.
    async fn events_between(&self, span: Span) -> Result<Vec<EventRow>, StoreError>;
    /// Timers of these cases by case and name.
    async fn timers_between(&self, span: Span) -> Result<Vec<DueTimer>, StoreError>;
    /// Which event stands at which position of a partition: case and version, whether or not there is such an event.
    async fn log_keys(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, CaseId, i64)>, StoreError>;
    /// Producers whose events were consumed here.
    async fn producers(&self) -> Result<Vec<String>, StoreError>;
    /// Keys of the cases after one, in the order of ids; cases of which nothing was sealed among them.
    async fn keys_after(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<(CaseId, Keys)>, StoreError>;
    /// Puts new keys where the old ones still lie, in one transaction. How many it were.
    async fn rewrap(&self, all: &[Rewrap]) -> Result<usize, StoreError>;
    /// Every key that keys here may be wrapped under, by number.
    async fn wrapping_keys(&self) -> Result<Vec<WrappingKey>, StoreError>;
    /// Notes a key before anything is wrapped under it.
    async fn note_wrapping_key(&self, key: &WrappingKey) -> Result<(), StoreError>;
    /// Forgets one under which nothing is wrapped any more.
    async fn forget_wrapping_key(&self, number: u32) -> Result<(), StoreError>;
    /// Writes who the data belongs to when it is new, refuses when it belongs to another.
    async fn check(&self, identity: &Identity) -> Result<(), StoreError>;
}
