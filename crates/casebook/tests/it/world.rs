//! A casebook over one of the stores, its clock, and calls that try again as a client would.

use crate::{
    faulty::Faulty,
    kinds::{Command, Depot, Parcel, Refused},
    sealing::Marker,
};
use casebook::{
    Ask, Case, Casebook, ClusterKey, Done, Error, Kinds, Opening, RequestKey, Store, StoreError, Suite,
    memory::MemoryStore,
    sql::{Setting, SqlStore, open_postgres, open_sqlite},
};
use civic::{CaseId, Clock, Micros, SeededRng, SettableClock};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use testkit::{Faults, Seed};
use tokio::task::JoinHandle;

pub(crate) const PARTITIONS: u16 = 4;
/// 2026-01-05, a Monday: before now, so that a database's own clock is never behind it.
pub(crate) const START: Micros = Micros(1_767_571_200_000_000);
/// Longest wait for a predicate.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

pub(crate) type Answer = Result<Done<Parcel>, Error<Refused>>;

static WORLDS: AtomicU64 = AtomicU64::new(0);

/// Where a world keeps its cases.
#[derive(Clone)]
pub(crate) enum Backend {
    Memory,
    Sqlite,
    /// The address of an empty database.
    Postgres(String),
}

pub(crate) struct World {
    pub(crate) book: Casebook,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: SettableClock,
    pub(crate) seed: Seed,
    pub(crate) committer: JoinHandle<Result<(), StoreError>>,
    faulty: bool,
    /// Its requests are its own, also when another world shares the database.
    caller: String,
    asked: AtomicU64,
    rng: Arc<SeededRng>,
    folder: TempDir,
}

pub(crate) fn kinds() -> Arc<Kinds> {
    Arc::new(Kinds::default().with::<Parcel>().with::<Depot>())
}

pub(crate) fn setting(clock: &SettableClock) -> Setting {
    Setting { kinds: kinds(), clock: Arc::new(clock.clone()), cluster: "city".to_owned(), partitions: PARTITIONS }
}

pub(crate) async fn sqlite(path: &Path, clock: &SettableClock) -> Result<SqlStore, StoreError> {
    open_sqlite(path, setting(clock)).await
}

pub(crate) fn opening(store: Arc<dyn Store>, clock: &SettableClock) -> Opening {
    Opening {
        store,
        kinds: kinds(),
        cluster: "city".to_owned(),
        service: "intake",
        partitions: PARTITIONS,
        key: ClusterKey::new(Suite::Aes, &[7; 32]),
        sealer: Arc::new(Marker::default()),
        clock: Arc::new(clock.clone()),
    }
}

impl World {
    pub(crate) async fn new(backend: &Backend) -> Self {
        Self::with(backend, None).await
    }

    pub(crate) async fn with(backend: &Backend, faults: Option<Arc<Faults>>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = SettableClock::new(START);
        let store: Arc<dyn Store> = match backend {
            Backend::Memory => Arc::new(MemoryStore::new(Arc::new(clock.clone()), "city".to_owned(), PARTITIONS)),
            Backend::Sqlite => Arc::new(sqlite(&folder.path().join("case.db"), &clock).await.expect("opens")),
            Backend::Postgres(url) => Arc::new(open_postgres(url, 8, setting(&clock)).await.expect("opens")),
        };
        Self::over(store, clock, folder, faults).await
    }

    /// A second process on the same database.
    pub(crate) async fn over(
        store: Arc<dyn Store>,
        clock: SettableClock,
        folder: TempDir,
        faults: Option<Arc<Faults>>,
    ) -> Self {
        let faulty = faults.is_some();
        let store = faults.map_or(store.clone(), |faults| Arc::new(Faulty::new(store, faults)));
        let (book, committer) = loop {
            match Casebook::open(opening(store.clone(), &clock)).await {
                Err(StoreError::Unavailable(_)) if faulty => {}
                other => break other.expect("the data is ours"),
            }
        };
        let seed = Seed::from_env();
        Self {
            book,
            store,
            committer: tokio::spawn(committer.run()),
            faulty,
            caller: format!("tester {}", WORLDS.fetch_add(1, Ordering::SeqCst)),
            asked: AtomicU64::new(0),
            rng: Arc::new(SeededRng::new(seed.value())),
            clock,
            seed,
            folder,
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("case.db")
    }

    /// Ends the casebook and gives back what is needed to open its file again.
    pub(crate) async fn close(self) -> (TempDir, SettableClock) {
        let Self { book, store, committer, folder, clock, .. } = self;
        drop((book, store));
        committer.await.expect("no panic").expect("no disk failure");
        (folder, clock)
    }

    pub(crate) fn now(&self) -> Micros {
        self.clock.now()
    }

    pub(crate) fn id(&self) -> CaseId {
        CaseId::new(self.clock.now(), &self.rng)
    }

    /// An identity that no other request has.
    pub(crate) fn request(&self, body: &str) -> RequestKey {
        let number = self.asked.fetch_add(1, Ordering::SeqCst).to_string();
        self.book.request_key(&self.caller, "rpc", &number, body.as_bytes())
    }

    /// One command under a request of its own, tried until there is an answer.
    pub(crate) async fn run(&self, case: CaseId, command: Command) -> Answer {
        self.ask(case, command, |ask| ask).await
    }

    pub(crate) async fn ask(
        &self,
        case: CaseId,
        command: Command,
        with: impl Fn(Ask<Parcel>) -> Ask<Parcel>,
    ) -> Answer {
        let request = self.request("body");
        self.retry(|| with(Ask::new(case, command.clone(), self.clock.now()).with_request(request.clone()))).await
    }

    pub(crate) async fn retry(&self, ask: impl Fn() -> Ask<Parcel>) -> Answer {
        self.retry_as(ask).await
    }

    pub(crate) async fn retry_as<C: Case>(&self, ask: impl Fn() -> Ask<C>) -> Result<Done<C>, Error<C::Refusal>> {
        loop {
            match self.book.execute(ask()).await {
                Err(Error::Store(StoreError::Unavailable(_))) if self.faulty => {}
                answer => return answer,
            }
        }
    }

    /// A read, or a write that may happen twice, tried until there is an answer.
    pub(crate) async fn until<T>(&self, call: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        loop {
            match call().await {
                Err(StoreError::Unavailable(_)) if self.faulty => {}
                answer => return answer,
            }
        }
    }

    pub(crate) async fn sure<T>(&self, call: impl AsyncFn() -> Result<T, StoreError>) -> T {
        self.until(call).await.expect("the store answers")
    }

    /// A parcel with default labels.
    pub(crate) async fn parcel(&self) -> CaseId {
        let id = self.id();
        self.run(id, Command::Open(crate::kinds::Labels::default())).await.expect("opens");
        id
    }

    pub(crate) fn is_faulty(&self) -> bool {
        self.faulty
    }
}
