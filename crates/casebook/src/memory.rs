//! The casebook in memory: the model that the databases are held to, and what simulations run on. Keeps nothing.

use crate::{
    batch::{Armed, CaseWrite, RequestRow, Submission, UniqueRow, Workspace, Writes},
    case::DueTimer,
    error::StoreError,
    scope::{Filter, Page, Scope},
    seal::{Keys, Rewrap, WrappingKey},
    store::{CaseRow, Committed, EventRow, Identity, JournalEntry, KEPT, ParkedEvent, Span, Store, retirement},
};
use async_trait::async_trait;
use civic::{CaseId, Clock, Micros};
use queue::{Lease, Partition, Position};
use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Days whose requests are remembered: seven and a little more.
const REQUEST_DAYS: usize = 9;

#[derive(Default)]
struct Tables {
    cases: BTreeMap<CaseId, CaseRow>,
    events: BTreeMap<(CaseId, i64), (EventRow, Position)>,
    log: Vec<Vec<(CaseId, i64)>>,
    timers: BTreeMap<(CaseId, String), DueTimer>,
    /// By day.
    requests: BTreeMap<i64, HashMap<[u8; 16], RequestRow>>,
    uniques: HashMap<String, UniqueRow>,
    leases: BTreeMap<(String, Partition), LeaseRow>,
    parked: BTreeMap<(String, String, Position), ParkedEvent>,
    journal: BTreeMap<Position, JournalEntry>,
    identity: Option<Identity>,
    wrapping: BTreeMap<u32, WrappingKey>,
}

impl Tables {
    fn journal_head(&self) -> Position {
        self.journal.last_key_value().map_or(0, |(n, _)| *n)
    }

    fn write_journal(&mut self, entries: &[JournalEntry]) {
        self.journal.extend((self.journal_head() + 1..).zip(entries.iter().cloned()));
    }
}

#[derive(Clone)]
struct LeaseRow {
    holder: String,
    epoch: i64,
    until: i64,
    consumed: Position,
}

/// See the module.
pub struct MemoryStore {
    tables: Mutex<Tables>,
    clock: Arc<dyn Clock>,
    cluster: String,
    partitions: u16,
}

impl MemoryStore {
    pub fn new(clock: Arc<dyn Clock>, cluster: String, partitions: u16) -> Self {
        let tables = Tables { log: vec![Vec::new(); usize::from(partitions)], ..Tables::default() };
        Self { tables: Mutex::new(tables), clock, cluster, partitions }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, t: &mut Tables, writes: Writes) -> Committed {
        let mut committed = Committed { placed: Vec::with_capacity(writes.events.len()), earliest: writes.earliest() };
        for (id, CaseWrite { case, .. }) in writes.cases {
            t.cases.insert(id, case);
        }
        for event in writes.events {
            let part = event.case.partition(self.partitions);
            let log = &mut t.log[usize::from(part)];
            log.push((event.case, event.version));
            let position = count(log.len());
            committed.placed.push((part, position, event.clone()));
            t.events.insert((event.case, event.version), (event, position));
        }
        for ((case, name), arming) in writes.timers {
            match arming {
                None => drop(t.timers.remove(&(case, name))),
                Some(Armed { kind, due, generation }) => {
                    let armed_by = t.events.get(&(case, generation));
                    let traceparent = armed_by.map(|(event, _)| event.traceparent.clone()).unwrap_or_default();
                    let timer = DueTimer { kind, case, name: name.clone(), due, generation, traceparent };
                    t.timers.insert((case, name), timer);
                }
            }
        }
        self.write_requests(t, writes.requests);
        t.uniques.extend(writes.uniques);
        for (key, position) in writes.consumed {
            if let Some(lease) = t.leases.get_mut(&key) {
                lease.consumed = position;
            }
        }
        for event in writes.unparked {
            t.parked.remove(&(event.producer, event.subject, event.position));
        }
        for event in writes.parked {
            t.parked.insert((event.producer.clone(), event.subject.clone(), event.position), event);
        }
        committed
    }

    /// Days that are over for long are forgotten whole, as the databases drop their tables.
    fn write_requests(&self, t: &mut Tables, rows: Vec<([u8; 16], RequestRow)>) {
        let day = self.clock.now().0.div_euclid(Micros::DAY);
        t.requests.entry(day).or_default().extend(rows);
        while t.requests.len() > REQUEST_DAYS {
            t.requests.pop_first();
        }
    }
}

fn count(n: usize) -> Position {
    Position::try_from(n).unwrap_or(Position::MAX)
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, batch: &mut [Submission]) -> Result<Committed, StoreError> {
        let mut t = self.tables();
        // What the databases look up by key is simply handed over whole: this store is for small worlds.
        let mut cases = Vec::new();
        for id in batch.iter().flat_map(|s| &s.works).flat_map(|w| &w.steps).map(|s| s.case()) {
            cases.extend(t.cases.get(&id).cloned());
        }
        let mut requests = Vec::new();
        for request in batch.iter().flat_map(|s| &s.works).filter_map(|w| w.request.as_ref()) {
            requests.extend(t.requests.values().find_map(|day| Some((request.key, day.get(&request.key)?.clone()))));
        }
        let timers = t.timers.values().map(|d| (d.case, d.name.clone(), d.generation));
        let mut workspace = Workspace::new(&self.cluster, cases)
            .with_requests(requests)
            .with_uniques(t.uniques.iter().map(|(k, r)| (k.clone(), r.clone())))
            .with_timers(timers)
            .with_leases(t.leases.iter().map(|(key, l)| (key.clone(), (l.epoch, l.consumed))))
            .with_parked(t.parked.keys().map(|(producer, subject, _)| (producer.clone(), subject.clone())));
        for submission in batch.iter_mut() {
            workspace.run(submission);
        }
        Ok(self.write(&mut t, workspace.writes))
    }

    async fn load(&self, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
        Ok(self.tables().cases.get(&id).cloned())
    }

    async fn list(&self, kind: &str, scope: &Scope, filter: &Filter, page: &Page) -> Result<Vec<CaseRow>, StoreError> {
        let t = self.tables();
        let matching = t.cases.values().filter(|c| {
            page.after.is_none_or(|after| c.id > after)
                && c.kind == kind
                && scope.admits(c.id, &c.row)
                && filter.admits(&c.row)
        });
        Ok(matching.take(page.size + 1).cloned().collect())
    }

    async fn events(&self, case: CaseId, upto: i64) -> Result<Vec<EventRow>, StoreError> {
        Ok(self.tables().events.range((case, 0)..=(case, upto)).map(|(_, (e, _))| e.clone()).collect())
    }

    async fn log(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, EventRow)>, StoreError> {
        let t = self.tables();
        let Some(log) = t.log.get(usize::from(partition)) else {
            return Ok(Vec::new());
        };
        let numbered = (1..).zip(log).skip(usize::try_from(after).unwrap_or(0)).take(limit);
        Ok(numbered.filter_map(|(position, key)| Some((position, t.events.get(key)?.0.clone()))).collect())
    }

    async fn heads(&self) -> Result<Vec<Position>, StoreError> {
        Ok(self.tables().log.iter().map(|l| count(l.len())).collect())
    }

    async fn position(&self, case: CaseId, version: i64) -> Result<Option<Position>, StoreError> {
        let t = self.tables();
        Ok(t.events.get(&(case, version)).map(|(_, position)| *position))
    }

    async fn unique(&self, key: &str) -> Result<Option<CaseId>, StoreError> {
        Ok(self.tables().uniques.get(key).map(|u| u.case))
    }

    async fn now(&self) -> Result<Option<Micros>, StoreError> {
        Ok(None)
    }

    async fn due_timers(
        &self,
        now: Micros,
        after: Option<&DueTimer>,
        limit: usize,
    ) -> Result<Vec<DueTimer>, StoreError> {
        let order = |t: &DueTimer| (t.due, t.case, t.name.clone());
        let wanted = |t: &&DueTimer| t.due <= now && after.is_none_or(|a| order(t) > order(a));
        let mut due: Vec<DueTimer> = self.tables().timers.values().filter(wanted).cloned().collect();
        due.sort_by_key(order);
        due.truncate(limit);
        Ok(due)
    }

    async fn next_due(&self) -> Result<Option<Micros>, StoreError> {
        Ok(self.tables().timers.values().map(|t| t.due).min())
    }

    async fn acquire(
        &self,
        producer: &str,
        holder: &str,
        partitions: &[Partition],
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let now = self.clock.now().0;
        let until = now + i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX / 2);
        let mut t = self.tables();
        let mut held = Vec::new();
        for &partition in partitions {
            let fresh = LeaseRow { holder: holder.to_owned(), epoch: 1, until, consumed: 0 };
            let lease = t.leases.entry((producer.to_owned(), partition)).or_insert(fresh);
            if lease.holder != holder && lease.until < now {
                holder.clone_into(&mut lease.holder);
                lease.epoch += 1;
            }
        }
        for ((_, partition), lease) in t.leases.iter_mut().filter(|((of, _), l)| of == producer && l.holder == holder) {
            lease.until = until;
            held.push(Lease { partition: *partition, epoch: lease.epoch, consumed: lease.consumed });
        }
        Ok(held)
    }

    async fn release(&self, producer: &str, holder: &str) -> Result<(), StoreError> {
        for ((of, _), lease) in &mut self.tables().leases {
            if of == producer && lease.holder == holder {
                lease.until = 0;
                lease.holder.clear();
            }
        }
        Ok(())
    }

    async fn consumed(&self, producer: &str) -> Result<Vec<Position>, StoreError> {
        let t = self.tables();
        let of = |partition| t.leases.get(&(producer.to_owned(), partition)).map_or(0, |l| l.consumed);
        Ok((0..self.partitions).map(of).collect())
    }

    async fn parked(&self) -> Result<Vec<ParkedEvent>, StoreError> {
        Ok(self.tables().parked.values().cloned().collect())
    }

    async fn unpark(&self, producer: &str, subject: &str, position: Position) -> Result<(), StoreError> {
        self.tables().parked.remove(&(producer.to_owned(), subject.to_owned(), position));
        Ok(())
    }

    async fn journal(&self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        self.tables().write_journal(entries);
        Ok(())
    }

    async fn journalled(&self, limit: usize) -> Result<Vec<JournalEntry>, StoreError> {
        Ok(self.tables().journal.values().rev().take(limit).cloned().collect())
    }

    async fn retire_journal(&self, before: Micros, now: Micros) -> Result<u64, StoreError> {
        let mut t = self.tables();
        let old = |e: &JournalEntry| e.at < before && !KEPT.contains(&&*e.action);
        let old: Vec<Position> = t.journal.iter().filter(|(_, e)| old(e)).map(|(n, _)| *n).collect();
        let Some(last) = old.last().copied() else { return Ok(0) };
        // Before the last one may go: its number is nobody else's.
        t.write_journal(&[retirement(old.len() as u64, (last, before), now)]);
        t.journal.retain(|n, _| old.binary_search(n).is_err());
        Ok(old.len() as u64)
    }

    async fn journal_after(&self, after: Position, limit: usize) -> Result<Vec<(Position, JournalEntry)>, StoreError> {
        let t = self.tables();
        Ok(t.journal.range(after + 1..).take(limit).map(|(n, entry)| (*n, entry.clone())).collect())
    }

    async fn journal_head(&self) -> Result<Position, StoreError> {
        Ok(self.tables().journal_head())
    }

    async fn scan(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<CaseRow>, StoreError> {
        let t = self.tables();
        Ok(t.cases.values().filter(|c| after.is_none_or(|a| c.id > a)).take(limit).cloned().collect())
    }

    async fn events_between(&self, span: Span) -> Result<Vec<EventRow>, StoreError> {
        let t = self.tables();
        let last = |id| (id, i64::MAX);
        let after = span.after.map_or(Bound::Unbounded, |id| Bound::Excluded(last(id)));
        let upto = span.upto.map_or(Bound::Unbounded, |id| Bound::Included(last(id)));
        Ok(t.events.range((after, upto)).map(|(_, (event, _))| event.clone()).collect())
    }

    async fn timers_between(&self, span: Span) -> Result<Vec<DueTimer>, StoreError> {
        let t = self.tables();
        let within = |id: &CaseId| span.after.is_none_or(|a| *id > a) && span.upto.is_none_or(|u| *id <= u);
        Ok(t.timers.values().filter(|t| within(&t.case)).cloned().collect())
    }

    async fn log_keys(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, CaseId, i64)>, StoreError> {
        let t = self.tables();
        let log = t.log.get(usize::from(partition)).map_or(&[][..], Vec::as_slice);
        let numbered = (1..).zip(log).skip(usize::try_from(after).unwrap_or(0)).take(limit);
        Ok(numbered.map(|(position, (case, version))| (position, *case, *version)).collect())
    }

    async fn producers(&self) -> Result<Vec<String>, StoreError> {
        let mut producers: Vec<String> = self.tables().leases.keys().map(|(producer, _)| producer.clone()).collect();
        producers.dedup();
        Ok(producers)
    }

    async fn keys_after(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<(CaseId, Keys)>, StoreError> {
        let t = self.tables();
        let later = t.cases.values().filter(|c| after.is_none_or(|a| c.id > a));
        Ok(later.take(limit).map(|c| (c.id, c.keys.clone())).collect())
    }

    async fn rewrap(&self, all: &[Rewrap]) -> Result<usize, StoreError> {
        let mut t = self.tables();
        let mut done = 0;
        for Rewrap { case, from, to } in all {
            if let Some(row) = t.cases.get_mut(case).filter(|row| row.keys == *from) {
                row.keys = to.clone();
                done += 1;
            }
        }
        Ok(done)
    }

    async fn wrapping_keys(&self) -> Result<Vec<WrappingKey>, StoreError> {
        Ok(self.tables().wrapping.values().cloned().collect())
    }

    async fn note_wrapping_key(&self, key: &WrappingKey) -> Result<(), StoreError> {
        self.tables().wrapping.insert(key.number, key.clone());
        Ok(())
    }

    async fn forget_wrapping_key(&self, number: u32) -> Result<(), StoreError> {
        self.tables().wrapping.remove(&number);
        Ok(())
    }

    async fn check(&self, identity: &Identity) -> Result<(), StoreError> {
        let mut t = self.tables();
        let known = t.identity.get_or_insert_with(|| identity.clone());
        (known == identity)
            .then_some(())
            .ok_or_else(|| StoreError::Mismatch("the data belongs to another cluster or service".to_owned()))
    }
}
