//! What services call: typed commands and reads over whichever store.

use crate::{
    batch::{OnTaken, Outcome, RequestKey, Step, Submission, Unique, Work},
    case::{Case, DueTimer},
    committer::{Committer, QUEUE, Waiting},
    error::{Error, StoreError},
    key::ClusterKey,
    kinds::{Kinds, decode_state, fold},
    log::Tail,
    page::PageTokens,
    scope::{Filter, Page, Scope},
    seal::{Sealer, WrappingKey, take_wrapping_keys},
    sight::Seen,
    step::TypedStep,
    store::{CaseRow, Identity, JournalEntry, Store},
    timers::Alarm,
};
use civic::{CaseId, Clock, Micros};
use queue::Partition;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// One command with everything that decides whether it may run.
pub struct Ask<C: Case> {
    pub case: CaseId,
    pub command: C::Command,
    pub facts: C::Facts,
    /// Outside it the case does not exist for the caller. `All` for creations and the system's own commands.
    pub scope: Scope,
    /// Version the caller has seen.
    pub etag: Option<i64>,
    /// Epoch of the ownership under which the command was meant: under another one it changes nothing.
    pub epoch: Option<i64>,
    pub request: Option<RequestKey>,
    pub uniques: Vec<Unique>,
    /// The timer that fires: the command runs only if it is still armed.
    pub timer: Option<DueTimer>,
    pub traceparent: String,
}

impl<C: Case> Ask<C> {
    pub fn new(case: CaseId, command: C::Command, facts: C::Facts) -> Self {
        Self {
            case,
            command,
            facts,
            scope: Scope::All,
            etag: None,
            epoch: None,
            request: None,
            uniques: Vec::new(),
            timer: None,
            traceparent: String::new(),
        }
    }

    pub fn with_scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    pub fn with_etag(self, etag: Option<i64>) -> Self {
        Self { etag, ..self }
    }

    pub fn with_epoch(self, epoch: i64) -> Self {
        Self { epoch: Some(epoch), ..self }
    }

    pub fn with_request(self, request: RequestKey) -> Self {
        Self { request: Some(request), ..self }
    }

    pub fn with_unique(mut self, unique: Unique) -> Self {
        self.uniques.push(unique);
        self
    }

    pub fn with_timer(self, timer: DueTimer) -> Self {
        Self { timer: Some(timer), ..self }
    }

    pub fn with_traceparent(self, traceparent: String) -> Self {
        Self { traceparent, ..self }
    }

    pub(crate) fn into_work(self) -> Work {
        let armed_by = || self.timer.as_ref().map(|timer| timer.traceparent.clone()).unwrap_or_default();
        let step = TypedStep::<C> {
            case: self.case,
            command: self.command,
            facts: self.facts,
            scope: self.scope,
            etag: self.etag,
            epoch: self.epoch,
            timed: self.timer.is_some(),
            traceparent: if self.traceparent.is_empty() { armed_by() } else { self.traceparent },
            sealer: None,
            decided: None,
        };
        let mut work = Work::new(vec![Box::new(step)]);
        work.request = self.request;
        work.uniques = self.uniques;
        work.timer = self.timer;
        work
    }
}

/// Where an answer stands in the log: echoed by a client, it makes another service wait until it has consumed so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition {
    pub partition: Partition,
    pub case: CaseId,
    pub version: i64,
}

/// A command that took effect, now or before.
#[derive(Debug, Clone)]
pub struct Done<C> {
    pub id: CaseId,
    pub state: C,
    pub version: i64,
    /// Answered from an earlier request with the same key.
    pub replayed: bool,
    pub position: LogPosition,
}

/// A case as read.
#[derive(Debug, Clone)]
pub struct Found<C> {
    pub id: CaseId,
    pub version: i64,
    pub state: C,
}

/// What a casebook is opened with.
pub struct Opening {
    pub store: Arc<dyn Store>,
    pub kinds: Arc<Kinds>,
    pub cluster: String,
    pub service: &'static str,
    pub partitions: u16,
    pub key: ClusterKey,
    pub sealer: Arc<dyn Sealer>,
    pub clock: Arc<dyn Clock>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) cluster: String,
    pub(crate) service: &'static str,
    pub(crate) partitions: u16,
    pub(crate) clock: Arc<dyn Clock>,
    /// Counts commits of this process that added to the log: wakes its readers.
    pub(crate) placed: Arc<watch::Sender<u64>>,
    /// Counts whenever any replica may have added to the log.
    pub(crate) heard: watch::Sender<u64>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) seen: Seen,
    key: ClusterKey,
    sealer: Arc<dyn Sealer>,
    pages: PageTokens,
    queue: mpsc::Sender<Waiting>,
}

/// The cases of one service.
#[derive(Clone)]
pub struct Casebook(pub(crate) Arc<Inner>);

impl Casebook {
    /// Checks that the data belongs here. The committer must be run as a task of its own.
    pub async fn open(opening: Opening) -> Result<(Self, Committer), StoreError> {
        let Opening { store, kinds, cluster, service, partitions, key, sealer, clock } = opening;
        let key_check = key.check_value();
        store.check(&Identity { cluster: cluster.clone(), service: service.to_owned(), partitions, key_check }).await?;
        take_wrapping_keys(&*store, &sealer.wrapping_keys()).await?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let tail = Arc::new(Tail::new(partitions));
        let (alarm, placed) = (Arc::new(Alarm::default()), Arc::new(watch::Sender::new(0)));
        let committer = Committer {
            store: store.clone(),
            queue: waiting,
            tail: tail.clone(),
            placed: placed.clone(),
            alarm: alarm.clone(),
        };
        let inner = Inner {
            store,
            kinds,
            cluster,
            service,
            partitions,
            clock,
            placed,
            heard: watch::Sender::new(0),
            tail,
            alarm,
            seen: Seen::default(),
            sealer,
            pages: PageTokens::new(key.clone()),
            key,
            queue,
        };
        Ok((Self(Arc::new(inner)), committer))
    }

    /// Load, decide, evolve, commit; answers when it is on disk.
    pub async fn execute<C: Case>(&self, ask: Ask<C>) -> Result<Done<C>, Error<C::Refusal>> {
        let case = ask.case;
        let on_taken: Vec<(String, OnTaken)> = ask.uniques.iter().map(|u| (u.key.clone(), u.on_taken)).collect();
        let mut submission = self.submit(Submission::of(ask.into_work())).await?;
        let work = submission.works.pop().expect("the submission had one work");
        match work.outcome {
            Outcome::Committed { .. } | Outcome::Refused => self.decided(case, work.steps),
            Outcome::Repeated { same_body: false, .. } => Err(Error::RequestReused),
            Outcome::Repeated { case, version, same_body: true } => self.replay(case, version).await,
            Outcome::Taken { key, case, version, same_content } => {
                let first = on_taken.contains(&(key.clone(), OnTaken::FirstCase));
                if first && same_content {
                    self.replay(case, version).await
                } else {
                    Err(Error::UniqueTaken { key, case })
                }
            }
            Outcome::TimerGone => Err(Error::TimerGone),
            Outcome::Pending | Outcome::Parked | Outcome::LeaseLost(_) => {
                Err(Error::Store(StoreError::Unavailable("the commit gave no outcome".to_owned())))
            }
        }
    }

    /// Several commands on cases of one kind in one transaction: all of them or none. Decided in their order, so a later one on the
    /// same case sees what an earlier one did; the first that the rules refuse is the answer. Request and etag are the first one's
    /// affair, whose case is answered with; the others bring neither request nor unique key nor timer.
    pub async fn execute_together<C: Case>(
        &self,
        first: Ask<C>,
        others: Vec<Ask<C>>,
    ) -> Result<Done<C>, Error<C::Refusal>> {
        let case = first.case;
        let mut work = first.into_work();
        work.steps.extend(others.into_iter().flat_map(|ask| ask.into_work().steps));
        let mut submission = self.submit(Submission::of(work)).await?;
        let mut work = submission.works.pop().expect("the submission had one work");
        match work.outcome {
            Outcome::Committed { .. } => self.decided(case, work.steps.drain(..1).collect()),
            Outcome::Refused => {
                // The one that refused is the last that was decided.
                for step in work.steps {
                    self.decided::<C>(case, vec![step])?;
                }
                Err(Error::Store(corrupt("cases", case)))
            }
            Outcome::Repeated { same_body: false, .. } => Err(Error::RequestReused),
            Outcome::Repeated { case, version, same_body: true } => self.replay(case, version).await,
            Outcome::Taken { key, case, .. } => Err(Error::UniqueTaken { key, case }),
            Outcome::TimerGone => Err(Error::TimerGone),
            Outcome::Pending | Outcome::Parked | Outcome::LeaseLost(_) => {
                Err(Error::Store(StoreError::Unavailable("the commit gave no outcome".to_owned())))
            }
        }
    }

    pub(crate) async fn submit(&self, mut submission: Submission) -> Result<Submission, StoreError> {
        for step in submission.works.iter_mut().flat_map(|work| &mut work.steps) {
            step.seal_with(&self.0.sealer);
        }
        let stopped = || StoreError::Unavailable("the committer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        self.0.queue.send(Waiting { submission, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    fn decided<C: Case>(&self, case: CaseId, mut steps: Vec<Box<dyn Step>>) -> Result<Done<C>, Error<C::Refusal>> {
        let step = steps.pop().expect("an ask is one step").into_any();
        let step = step.downcast::<TypedStep<C>>().expect("the step is the one that was sent");
        // Undecided only when the rule panicked: its message is in the log.
        let undecided = || Error::Store(corrupt("cases", case));
        let (state, version) = step.decided.ok_or_else(undecided)??;
        let state = state.ok_or(Error::NotFound)?;
        Ok(Done { id: case, state, version, replayed: false, position: self.log_position(case, version) })
    }

    /// An earlier answer, rebuilt from the events up to its version.
    async fn replay<C: Case>(&self, case: CaseId, version: i64) -> Result<Done<C>, Error<C::Refusal>> {
        let row = self.0.store.load(case).await?.ok_or(Error::Store(corrupt("cases", case)))?;
        self.0.sealer.learn(case, &row.keys);
        let events = self.0.store.events(case, version).await?;
        let state = fold::<C>(&events).ok_or(Error::Store(corrupt("events", case)))?;
        Ok(Done { id: case, state, version, replayed: true, position: self.log_position(case, version) })
    }

    fn log_position(&self, case: CaseId, version: i64) -> LogPosition {
        LogPosition { partition: case.partition(self.0.partitions), case, version }
    }

    /// One case in scope.
    pub async fn get<C: Case>(&self, scope: &Scope, id: CaseId) -> Result<Found<C>, StoreError> {
        let row = self.0.store.load(id).await?.ok_or(StoreError::NotFound)?;
        if row.kind != C::KIND || !scope.admits(id, &row.row) {
            return Err(StoreError::NotFound);
        }
        self.decoded(row).await
    }

    /// Those of these cases that are in scope, in no order.
    pub async fn get_several<C: Case>(&self, scope: &Scope, ids: &[CaseId]) -> Result<Vec<Found<C>>, StoreError> {
        let mut found = Vec::new();
        for row in self.0.store.load_several(ids).await? {
            if row.kind == C::KIND && scope.admits(row.id, &row.row) {
                found.push(self.decoded(row).await?);
            }
        }
        Ok(found)
    }

    /// Up to `page.size + 1` cases in scope, in the order of ids: the extra one says that there is more.
    pub async fn list<C: Case>(
        &self,
        scope: &Scope,
        filter: &Filter,
        page: &Page,
    ) -> Result<Vec<Found<C>>, StoreError> {
        let rows = self.rows::<C>(scope, filter, page).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            found.push(self.decoded(row).await?);
        }
        Ok(found)
    }

    pub(crate) async fn rows<C: Case>(
        &self,
        scope: &Scope,
        filter: &Filter,
        page: &Page,
    ) -> Result<Vec<CaseRow>, StoreError> {
        self.0.store.list(C::KIND, scope, filter, page).await
    }

    pub(crate) async fn decoded<C: Case>(&self, row: CaseRow) -> Result<Found<C>, StoreError> {
        self.0.sealer.learn(row.id, &row.keys);
        let state = if row.schema == C::SCHEMA {
            decode_state(&row.state)
        } else {
            fold(&self.0.store.events(row.id, row.version).await?)
        };
        let state = state.ok_or_else(|| corrupt("cases", row.id))?;
        Ok(Found { id: row.id, version: row.version, state })
    }

    /// The history of a case in scope, by version.
    pub async fn timeline<C: Case>(&self, scope: &Scope, id: CaseId) -> Result<Vec<(i64, C::Event)>, StoreError> {
        let found = self.get::<C>(scope, id).await?;
        let events = self.0.store.events(id, found.version).await?;
        let decode = |payload: &[u8]| <C::Event as prost::Message>::decode(payload);
        events.iter().map(|e| Ok((e.version, decode(&e.payload).map_err(|_| corrupt("events", id))?))).collect()
    }

    /// The case that took a unique key.
    pub async fn find_unique(&self, key: &str) -> Result<Option<CaseId>, StoreError> {
        self.0.store.unique(key).await
    }

    /// Identity of a request: `body` is the encoded request without its id.
    pub fn request_key(&self, caller: &str, rpc: &'static str, request_id: &str, body: &[u8]) -> RequestKey {
        RequestKey {
            key: self.0.key.request_hash(&[caller.as_bytes(), rpc.as_bytes(), request_id.as_bytes()]),
            body: self.0.key.request_hash(&[body]),
        }
    }

    /// A keyed hash for look-ups; `domain` keeps one purpose from serving another.
    pub fn keyed_hash(&self, domain: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut all = vec![domain.as_bytes()];
        all.extend_from_slice(parts);
        self.0.key.lookup_hash(&all)
    }

    /// Counts up whenever another replica may have added to the log, which [`queue::EventSource::changed`] does not tell of. Not more
    /// than a hint: who must not be late looks from time to time.
    pub fn heard(&self) -> watch::Receiver<u64> {
        self.0.heard.subscribe()
    }

    pub fn sealer(&self) -> &dyn Sealer {
        &*self.0.sealer
    }

    /// Before the sealer goes on with other keys: the store knows them, and none is missing that something may be wrapped under.
    pub async fn take_wrapping_keys(&self, keys: &[WrappingKey]) -> Result<(), StoreError> {
        take_wrapping_keys(&*self.0.store, keys).await
    }

    pub fn page_tokens(&self) -> &PageTokens {
        &self.0.pages
    }

    /// Ends when the data is closed, which is after the last user of this casebook has let it go.
    pub fn closed(&self) -> impl Future<Output = ()> + use<> {
        self.0.store.closed()
    }

    pub fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    pub fn cluster(&self) -> &str {
        &self.0.cluster
    }

    pub fn partitions(&self) -> u16 {
        self.0.partitions
    }

    /// The present, as far as it may be relied on: a replica whose clock runs ahead of the database's believes the database,
    /// so that nothing fires early.
    pub(crate) async fn now(&self) -> Result<Micros, StoreError> {
        let own = self.0.clock.now();
        Ok(self.0.store.now().await?.map_or(own, |shared| shared.min(own)))
    }

    /// How far this process's clock is ahead of the database's (behind: negative), in microseconds; `None` where there is no
    /// clock but ours.
    pub async fn clock_skew(&self) -> Result<Option<i64>, StoreError> {
        let shared = self.0.store.now().await?;
        Ok(shared.map(|shared| self.0.clock.now() - shared))
    }
}

/// The seam for the auditor's records: written and on disk before the answer goes out.
#[async_trait::async_trait]
pub trait Journal: Send + Sync + 'static {
    async fn record(&self, entries: &[JournalEntry]) -> Result<(), StoreError>;
}

#[async_trait::async_trait]
impl Journal for Casebook {
    async fn record(&self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        self.0.store.journal(entries).await
    }
}

fn corrupt(table: &'static str, case: CaseId) -> StoreError {
    StoreError::Corrupt { table, row: case.to_string() }
}
