//! SQLite and PostgreSQL behind one text of SQL. What differs stands in [`conn`] and [`sqlite`] (how to begin, how errors are told), in
//! [`schema`] (types of columns, indexes), in [`log`] and [`appended`] (who gives positions, how the log lies), and in [`newest`], [`hot`]
//! and [`open_cases`] (what the one writer of a SQLite file remembers); everything else is the same statement on both.
//!
//! A commit is: begin; look up requests, unique keys, timers, leases and cases that the batch names; decide in memory;
//! multi-row writes; commit. Rows are written in chunks of powers of two, so that there are few texts to prepare.

mod appended;
mod commit;
mod conn;
mod consume;
mod hot;
mod keys;
#[cfg(test)]
mod lines;
mod list;
mod listener;
mod load;
mod log;
mod newest;
mod open;
mod open_cases;
mod placing;
mod read;
mod rows;
mod scan;
mod schema;
mod server;
mod sqlite;
mod statement;
mod term;
mod trace;
mod write;

use crate::{
    batch::Submission,
    case::DueTimer,
    error::StoreError,
    kinds::Kinds,
    scope::{Filter, Page, Scope},
    seal::{Keys, Rewrap, WrappingKey},
    store::{CaseRow, Committed, EventRow, Identity, JournalEntry, ParkedEvent, Span, Store},
};
use async_trait::async_trait;
use civic::{CaseId, Clock, Micros};
use conn::Db;
use futures_util::future::BoxFuture;
use queue::{Lease, Partition, Position};
use statement::Statements;
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

pub use open::{Setting, open_postgres, open_sqlite};

/// A casebook's database.
pub struct SqlStore {
    db: Db,
    kinds: Arc<Kinds>,
    clock: Arc<dyn Clock>,
    cluster: String,
    partitions: u16,
    statements: Statements,
    request_texts: load::RequestTexts,
    /// Day whose request table is ready.
    requests_day: std::sync::atomic::AtomicI64,
    /// What SQLite's one writer knows. `None` while a COMMIT is under way, and after one whose end is not known: then the tables are
    /// asked.
    newest: Mutex<Option<newest::Newest>>,
    /// What SQLite's one writer committed last; empty on PostgreSQL.
    hot: std::sync::Mutex<hot::Hot>,
    /// `None` on PostgreSQL, and on SQLite when it has to be read anew.
    open_cases: std::sync::RwLock<Option<open_cases::OpenCases>>,
    /// How far readers of SQLite's log came last.
    cursors: std::sync::Mutex<Vec<appended::Cursor>>,
    /// Last positions for readers, who must not wait for a commit.
    published: std::sync::Mutex<Vec<Position>>,
    /// What PostgreSQL tells of other replicas' placing; opened by who asks first.
    listener: Mutex<Option<sqlx::postgres::PgListener>>,
}

#[async_trait]
impl Store for SqlStore {
    fn blocks(&self) -> bool {
        self.db.is_sqlite()
    }

    fn closed(&self) -> BoxFuture<'static, ()> {
        match &self.db {
            Db::Sqlite(file) => Box::pin(file.closed()),
            Db::Postgres(_) => Box::pin(std::future::ready(())),
        }
    }

    async fn commit(&self, batch: &mut [Submission]) -> Result<Committed, StoreError> {
        self.commit_batch(batch).await
    }

    async fn load(&self, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
        self.load_case(id).await
    }

    async fn load_several(&self, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
        self.load_cases_of(ids).await
    }

    async fn list(&self, kind: &str, scope: &Scope, filter: &Filter, page: &Page) -> Result<Vec<CaseRow>, StoreError> {
        self.list_cases(list::Asked { kind, scope, filter, page }).await
    }

    async fn events(&self, case: CaseId, upto: i64) -> Result<Vec<EventRow>, StoreError> {
        self.case_events(case, upto).await
    }

    async fn log(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, EventRow)>, StoreError> {
        self.read_log(partition, after, limit).await
    }

    async fn logs(
        &self,
        wants: &[(Partition, Position)],
        each: usize,
    ) -> Result<Vec<(Partition, Position, EventRow)>, StoreError> {
        self.read_logs(wants, each).await
    }

    async fn heads(&self) -> Result<Vec<Position>, StoreError> {
        self.read_heads().await
    }

    async fn position(&self, case: CaseId, _version: i64) -> Result<Option<Position>, StoreError> {
        self.read_position(case).await
    }

    async fn tell(&self) -> Result<(), StoreError> {
        self.tell_placed().await
    }

    async fn heard(&self) -> Result<(), StoreError> {
        self.hear_placed().await
    }

    async fn unique(&self, key: &str) -> Result<Option<CaseId>, StoreError> {
        self.find_unique(key).await
    }

    async fn now(&self) -> Result<Option<Micros>, StoreError> {
        self.shared_time().await
    }

    async fn due_timers(
        &self,
        now: Micros,
        after: Option<&DueTimer>,
        limit: usize,
    ) -> Result<Vec<DueTimer>, StoreError> {
        self.read_due(now, after, limit).await
    }

    async fn next_due(&self) -> Result<Option<Micros>, StoreError> {
        self.read_next_due().await
    }

    async fn acquire(
        &self,
        producer: &str,
        holder: &str,
        partitions: &[Partition],
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        self.acquire_leases(producer, holder, partitions, ttl).await
    }

    async fn release(&self, producer: &str, holder: &str) -> Result<(), StoreError> {
        self.release_leases(producer, holder).await
    }

    async fn consumed(&self, producer: &str) -> Result<Vec<Position>, StoreError> {
        self.read_consumed(producer).await
    }

    async fn parked(&self) -> Result<Vec<ParkedEvent>, StoreError> {
        self.read_parked().await
    }

    async fn unpark(&self, producer: &str, subject: &str, position: Position) -> Result<(), StoreError> {
        self.delete_parked(producer, subject, position).await
    }

    async fn journal(&self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        self.write_journal(entries).await
    }

    async fn journalled(&self, limit: usize) -> Result<Vec<JournalEntry>, StoreError> {
        self.read_journal(limit).await
    }

    async fn retire_journal(&self, before: Micros, now: Micros) -> Result<u64, StoreError> {
        self.delete_journal(before, now).await
    }

    async fn journal_after(&self, after: Position, limit: usize) -> Result<Vec<(Position, JournalEntry)>, StoreError> {
        self.read_journal_after(after, limit).await
    }

    async fn journal_head(&self) -> Result<Position, StoreError> {
        self.read_journal_head().await
    }

    async fn scan(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<CaseRow>, StoreError> {
        self.scan_cases(after, limit).await
    }

    async fn events_between(&self, span: Span) -> Result<Vec<EventRow>, StoreError> {
        self.span_events(span).await
    }

    async fn timers_between(&self, span: Span) -> Result<Vec<DueTimer>, StoreError> {
        self.span_timers(span).await
    }

    async fn log_keys(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, CaseId, i64)>, StoreError> {
        self.read_log_keys(partition, after, limit).await
    }

    async fn producers(&self) -> Result<Vec<String>, StoreError> {
        self.read_producers().await
    }

    async fn keys_after(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<(CaseId, Keys)>, StoreError> {
        self.read_keys(after, limit).await
    }

    async fn rewrap(&self, all: &[Rewrap]) -> Result<usize, StoreError> {
        self.write_keys(all).await
    }

    async fn wrapping_keys(&self) -> Result<Vec<WrappingKey>, StoreError> {
        self.read_wrapping_keys().await
    }

    async fn note_wrapping_key(&self, key: &WrappingKey) -> Result<(), StoreError> {
        self.write_wrapping_key(key).await
    }

    async fn forget_wrapping_key(&self, number: u32) -> Result<(), StoreError> {
        self.delete_wrapping_key(number).await
    }

    async fn check(&self, identity: &Identity) -> Result<(), StoreError> {
        self.check_identity(identity).await
    }
}
