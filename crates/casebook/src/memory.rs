//! The casebook in memory: the model that the databases are held to, and what simulations run on. Keeps nothing.

use crate::{
    batch::{CaseWrite, LeaseClaim, RequestRow, Submission, UniqueRow, Workspace, Writes},
    case::DueTimer,
    error::StoreError,
    scope::{Filter, Page, Scope},
    store::{CaseRow, EventRow, Identity, JournalEntry, ParkedEvent, Placed, Store},
};
use async_trait::async_trait;
use civic::{CaseId, Clock, Micros};
use queue::{Lease, Partition, Position};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[derive(Default)]
struct Tables {
    cases: BTreeMap<CaseId, CaseRow>,
    events: BTreeMap<(CaseId, i64), EventRow>,
    log: Vec<Vec<(CaseId, i64)>>,
    timers: BTreeMap<(CaseId, String), DueTimer>,
    requests: HashMap<[u8; 16], RequestRow>,
    uniques: HashMap<String, UniqueRow>,
    leases: BTreeMap<(String, Partition), LeaseRow>,
    parked: BTreeMap<(String, String, Position), ParkedEvent>,
    journal: Vec<JournalEntry>,
    identity: Option<Identity>,
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

    fn write(&self, t: &mut Tables, writes: Writes) -> Placed {
        let mut placed = Vec::with_capacity(writes.events.len());
        for (id, CaseWrite { case, .. }) in writes.cases {
            t.cases.insert(id, case);
        }
        for event in writes.events {
            let part = event.case.partition(self.partitions);
            let log = &mut t.log[usize::from(part)];
            log.push((event.case, event.version));
            placed.push((part, Position::try_from(log.len()).unwrap_or(Position::MAX), event.clone()));
            t.events.insert((event.case, event.version), event);
        }
        for ((case, name), arming) in writes.timers {
            match arming {
                None => drop(t.timers.remove(&(case, name))),
                Some((due, generation)) => {
                    let kind = t.cases.get(&case).map(|c| c.kind.clone()).unwrap_or_default();
                    t.timers.insert((case, name.clone()), DueTimer { kind, case, name, due, generation });
                }
            }
        }
        t.requests.extend(writes.requests);
        t.uniques.extend(writes.uniques);
        for (producer, partition, position) in writes.consumed {
            if let Some(lease) = t.leases.get_mut(&(producer, partition)) {
                lease.consumed = position;
            }
        }
        for event in writes.unparked {
            t.parked.remove(&(event.producer, event.subject, event.position));
        }
        for event in writes.parked {
            t.parked.insert((event.producer.clone(), event.subject.clone(), event.position), event);
        }
        placed
    }
}

fn lost(t: &Tables, claims: &[LeaseClaim]) -> Vec<Partition> {
    let holds = |c: &&LeaseClaim| {
        let lease = t.leases.get(&(c.producer.clone(), c.partition));
        !lease.is_some_and(|l| l.epoch == c.epoch && l.consumed == c.from)
    };
    claims.iter().filter(holds).map(|c| c.partition).collect()
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, batch: &mut [Submission]) -> Result<Placed, StoreError> {
        let mut t = self.tables();
        let lost: Vec<_> = batch.iter().map(|s| lost(&t, &s.leases)).collect();
        let mut cases = Vec::new();
        for id in batch.iter().flat_map(|s| &s.works).flat_map(|w| &w.steps).map(|s| s.case()) {
            cases.extend(t.cases.get(&id).cloned());
        }
        let timers = t.timers.values().map(|d| (d.case, d.name.clone(), d.generation));
        let mut workspace = Workspace::new(&self.cluster, cases)
            .with_requests(t.requests.iter().map(|(k, r)| (*k, r.clone())))
            .with_uniques(t.uniques.iter().map(|(k, r)| (k.clone(), r.clone())))
            .with_timers(timers)
            .with_parked(t.parked.keys().map(|(producer, subject, _)| (producer.clone(), subject.clone())));
        for (submission, lost) in batch.iter_mut().zip(lost) {
            workspace.run(submission, &lost);
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
        Ok(self.tables().events.range((case, 0)..=(case, upto)).map(|(_, e)| e.clone()).collect())
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
        Ok(numbered.filter_map(|(position, key)| Some((position, t.events.get(key)?.clone()))).collect())
    }

    async fn heads(&self) -> Result<Vec<Position>, StoreError> {
        Ok(self.tables().log.iter().map(|l| Position::try_from(l.len()).unwrap_or(Position::MAX)).collect())
    }

    async fn position(&self, case: CaseId, version: i64) -> Result<Option<Position>, StoreError> {
        let t = self.tables();
        let log = &t.log[usize::from(case.partition(self.partitions))];
        Ok(log.iter().position(|key| *key == (case, version)).and_then(|i| Position::try_from(i + 1).ok()))
    }

    async fn place(&self, _partition: Partition, _limit: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn unique(&self, key: &str) -> Result<Option<CaseId>, StoreError> {
        Ok(self.tables().uniques.get(key).map(|u| u.case))
    }

    async fn due_timers(&self, now: Micros, limit: usize) -> Result<Vec<DueTimer>, StoreError> {
        let mut due: Vec<DueTimer> = self.tables().timers.values().filter(|t| t.due <= now).cloned().collect();
        due.sort_by_key(|t| t.due);
        due.truncate(limit);
        Ok(due)
    }

    async fn next_due(&self) -> Result<Option<Micros>, StoreError> {
        Ok(self.tables().timers.values().map(|t| t.due).min())
    }

    async fn timers(&self, case: CaseId) -> Result<Vec<DueTimer>, StoreError> {
        Ok(self.tables().timers.values().filter(|t| t.case == case).cloned().collect())
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
            if lease.holder == holder {
                lease.until = until;
                held.push(Lease { partition, epoch: lease.epoch, consumed: lease.consumed });
            }
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
        self.tables().journal.extend_from_slice(entries);
        Ok(())
    }

    async fn journalled(&self, limit: usize) -> Result<Vec<JournalEntry>, StoreError> {
        Ok(self.tables().journal.iter().rev().take(limit).cloned().collect())
    }

    async fn scan(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<CaseRow>, StoreError> {
        let t = self.tables();
        Ok(t.cases.values().filter(|c| after.is_none_or(|a| c.id > a)).take(limit).cloned().collect())
    }

    async fn check(&self, identity: &Identity) -> Result<(), StoreError> {
        let mut t = self.tables();
        let known = t.identity.get_or_insert_with(|| identity.clone());
        (known == identity)
            .then_some(())
            .ok_or_else(|| StoreError::Mismatch("the data belongs to another cluster or service".to_owned()))
    }
}
