//! A store whose every call may fail before or after its effect.

use async_trait::async_trait;
use casebook::{
    DueTimer, Filter, JournalEntry, Keys, Page, ParkedEvent, Rewrap, Scope, Store, StoreError, WrappingKey,
    batch::Submission,
    store::{CaseRow, Committed, EventRow, Identity, Span},
};
use civic::{CaseId, Micros};
use futures_util::future::BoxFuture;
use queue::{Lease, Partition, Position};
use std::{sync::Arc, time::Duration};
use testkit::Faults;

pub(crate) struct Faulty {
    inner: Arc<dyn Store>,
    faults: Arc<Faults>,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<dyn Store>, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }
}

fn cut() -> StoreError {
    StoreError::Unavailable("cut on purpose".to_owned())
}

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for Faulty {
    fn blocks(&self) -> bool {
        self.inner.blocks()
    }

    fn closed(&self) -> BoxFuture<'static, ()> {
        self.inner.closed()
    }

    async fn commit(&self, batch: &mut [Submission]) -> Answer<Committed> {
        self.faults.call(cut, self.inner.commit(batch)).await
    }

    async fn load(&self, id: CaseId) -> Answer<Option<CaseRow>> {
        self.faults.call(cut, self.inner.load(id)).await
    }

    async fn load_several(&self, ids: &[CaseId]) -> Answer<Vec<CaseRow>> {
        self.faults.call(cut, self.inner.load_several(ids)).await
    }

    async fn list(&self, kind: &str, scope: &Scope, filter: &Filter, page: &Page) -> Answer<Vec<CaseRow>> {
        self.faults.call(cut, self.inner.list(kind, scope, filter, page)).await
    }

    async fn events(&self, case: CaseId, upto: i64) -> Answer<Vec<EventRow>> {
        self.faults.call(cut, self.inner.events(case, upto)).await
    }

    async fn log(&self, partition: Partition, after: Position, limit: usize) -> Answer<Vec<(Position, EventRow)>> {
        self.faults.call(cut, self.inner.log(partition, after, limit)).await
    }

    async fn heads(&self) -> Answer<Vec<Position>> {
        self.faults.call(cut, self.inner.heads()).await
    }

    async fn position(&self, case: CaseId, version: i64) -> Answer<Option<Position>> {
        self.faults.call(cut, self.inner.position(case, version)).await
    }

    async fn unique(&self, key: &str) -> Answer<Option<CaseId>> {
        self.faults.call(cut, self.inner.unique(key)).await
    }

    async fn now(&self) -> Answer<Option<Micros>> {
        self.faults.call(cut, self.inner.now()).await
    }

    async fn due_timers(&self, now: Micros, after: Option<&DueTimer>, limit: usize) -> Answer<Vec<DueTimer>> {
        self.faults.call(cut, self.inner.due_timers(now, after, limit)).await
    }

    async fn next_due(&self) -> Answer<Option<Micros>> {
        self.faults.call(cut, self.inner.next_due()).await
    }

    async fn acquire(
        &self,
        producer: &str,
        holder: &str,
        partitions: &[Partition],
        ttl: Duration,
    ) -> Answer<Vec<Lease>> {
        self.faults.call(cut, self.inner.acquire(producer, holder, partitions, ttl)).await
    }

    async fn release(&self, producer: &str, holder: &str) -> Answer<()> {
        self.faults.call(cut, self.inner.release(producer, holder)).await
    }

    async fn consumed(&self, producer: &str) -> Answer<Vec<Position>> {
        self.faults.call(cut, self.inner.consumed(producer)).await
    }

    async fn parked(&self) -> Answer<Vec<ParkedEvent>> {
        self.faults.call(cut, self.inner.parked()).await
    }

    async fn unpark(&self, producer: &str, subject: &str, position: Position) -> Answer<()> {
        self.faults.call(cut, self.inner.unpark(producer, subject, position)).await
    }

    async fn journal(&self, entries: &[JournalEntry]) -> Answer<()> {
        self.faults.call(cut, self.inner.journal(entries)).await
    }

    async fn journalled(&self, limit: usize) -> Answer<Vec<JournalEntry>> {
        self.faults.call(cut, self.inner.journalled(limit)).await
    }

    async fn retire_journal(&self, before: Micros, now: Micros) -> Answer<u64> {
        self.faults.call(cut, self.inner.retire_journal(before, now)).await
    }

    async fn journal_after(&self, after: Position, limit: usize) -> Answer<Vec<(Position, JournalEntry)>> {
        self.faults.call(cut, self.inner.journal_after(after, limit)).await
    }

    async fn journal_head(&self) -> Answer<Position> {
        self.faults.call(cut, self.inner.journal_head()).await
    }

    async fn scan(&self, after: Option<CaseId>, limit: usize) -> Answer<Vec<CaseRow>> {
        self.faults.call(cut, self.inner.scan(after, limit)).await
    }

    async fn events_between(&self, span: Span) -> Answer<Vec<EventRow>> {
        self.faults.call(cut, self.inner.events_between(span)).await
    }

    async fn timers_between(&self, span: Span) -> Answer<Vec<DueTimer>> {
        self.faults.call(cut, self.inner.timers_between(span)).await
    }

    async fn log_keys(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Answer<Vec<(Position, CaseId, i64)>> {
        self.faults.call(cut, self.inner.log_keys(partition, after, limit)).await
    }

    async fn producers(&self) -> Answer<Vec<String>> {
        self.faults.call(cut, self.inner.producers()).await
    }

    async fn keys_after(&self, after: Option<CaseId>, limit: usize) -> Answer<Vec<(CaseId, Keys)>> {
        self.faults.call(cut, self.inner.keys_after(after, limit)).await
    }

    async fn rewrap(&self, all: &[Rewrap]) -> Answer<usize> {
        self.faults.call(cut, self.inner.rewrap(all)).await
    }

    async fn wrapping_keys(&self) -> Answer<Vec<WrappingKey>> {
        self.faults.call(cut, self.inner.wrapping_keys()).await
    }

    async fn note_wrapping_key(&self, key: &WrappingKey) -> Answer<()> {
        self.faults.call(cut, self.inner.note_wrapping_key(key)).await
    }

    async fn forget_wrapping_key(&self, number: u32) -> Answer<()> {
        self.faults.call(cut, self.inner.forget_wrapping_key(number)).await
    }

    async fn check(&self, identity: &Identity) -> Answer<()> {
        self.faults.call(cut, self.inner.check(identity)).await
    }
}
