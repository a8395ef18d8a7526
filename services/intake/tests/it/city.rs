//! A served intake: the real chassis and channel, a casebook in memory, a clock that stands, a dispatch that answers as told.

use async_trait::async_trait;
use casebook::memory::MemoryStore;
use casebook::sql::{Setting, open_sqlite};
use casebook::{Casebook, ClusterKey, Keys, Opening, Store, Suite};
use civic::{Actor, CaseId, Clock, Micros, Role, SeededRng, SettableClock, Tree};
use guard::vault::{KeyRing, Vault};
use intake::config::Config;
use intake::domain::OrderState;
use intake::peers::{Merging, OrderView, Rated, Word, WorkOrders};
use intake::{Seams, Service};
use mesh::{Channel, Chassis, Code, Drain, Drained, Problem, ServeError, TokenKey};
use proto::intake::v1::reports_client::ReportsClient;
use proto::intake::v1::{Channel as Door, CreateReportRequest, ListReportsRequest, Report, ReportKind, Reporter};
use proto::types::v1::Location;
use queue::EventSource;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::{Request, Status};

/// 2026-11-22, about noon in China.
pub(crate) const NOW: Micros = Micros(1_795_320_000_000_000);
const PARTITIONS: u16 = 4;

/// Dispatch, as told by the test.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) order: Mutex<Option<OrderView>>,
    pub(crate) refusal: Mutex<Option<Problem>>,
    pub(crate) words: Mutex<Vec<(CaseId, Word)>>,
    pub(crate) merged: Mutex<Vec<(Role, CaseId, Merging)>>,
}

#[async_trait]
impl WorkOrders for Told {
    async fn look(&self, _report: CaseId) -> Option<OrderView> {
        self.order.lock().unwrap().clone()
    }

    async fn merge(&self, actor: &Actor, report: CaseId, merging: &Merging) -> Result<Rated, Problem> {
        self.merged.lock().unwrap().push((actor.role, report, merging.clone()));
        Ok(Rated { order: None, position: Some("dispatch-position".parse().unwrap()) })
    }

    async fn rate(&self, report: CaseId, word: &Word) -> Result<Rated, Problem> {
        self.words.lock().unwrap().push((report, word.clone()));
        if let Some(problem) = self.refusal.lock().unwrap().clone() {
            return Err(problem);
        }
        let order = self.order.lock().unwrap().clone();
        Ok(Rated { order, position: Some("dispatch-position".parse().unwrap()) })
    }
}

pub(crate) struct City {
    pub(crate) clock: SettableClock,
    pub(crate) cases: Casebook,
    pub(crate) service: Service,
    pub(crate) dispatch: Arc<Told>,
    /// As the gateway's: what it says of a client's address is believed.
    channel: Channel,
    direct: Channel,
    key: TokenKey,
    drain: Drain,
    _serving: JoinSet<Result<Drained, ServeError>>,
}

/// What seals personal data here.
pub(crate) fn vault(seed: u64) -> Arc<Vault> {
    let ring = KeyRing::derived(Suite::Aes, &[9; 32]);
    Arc::new(Vault::new(Suite::Aes, ring, Arc::new(SeededRng::new(seed))))
}

impl City {
    pub(crate) async fn open() -> Self {
        Self::open_with(&Config::default()).await
    }

    pub(crate) async fn open_with(config: &Config) -> Self {
        let clock = SettableClock::new(NOW);
        let store = MemoryStore::new(Arc::new(clock.clone()), "test".to_owned(), PARTITIONS);
        Self::open_over(Arc::new(store), clock, config, mesh::Config::default()).await
    }

    /// One that takes so many calls at once.
    pub(crate) async fn open_small(max_calls: usize) -> Self {
        let clock = SettableClock::new(NOW);
        let store = MemoryStore::new(Arc::new(clock.clone()), "test".to_owned(), PARTITIONS);
        let chassis = mesh::Config { max_calls, ..mesh::Config::default() };
        Self::open_over(Arc::new(store), clock, &Config::default(), chassis).await
    }

    /// Over a file that outlives the process.
    pub(crate) async fn open_file(path: &Path) -> Self {
        let clock = SettableClock::new(NOW);
        let setting = Setting {
            kinds: Arc::new(intake::kinds()),
            clock: Arc::new(clock.clone()),
            cluster: "test".to_owned(),
            partitions: PARTITIONS,
        };
        let store = open_sqlite(path, setting).await.unwrap();
        Self::open_over(Arc::new(store), clock, &Config::default(), mesh::Config::default()).await
    }

    async fn open_over(store: Arc<dyn Store>, clock: SettableClock, config: &Config, chassis: mesh::Config) -> Self {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let key = TokenKey::from_bytes([7; 32]);
        let policies: Arc<dyn mesh::Policies> = Arc::new(guard::policy::Guard::open(None).unwrap());
        let mut chassis = Chassis::builder(key.clone())
            .policies(Arc::clone(&policies))
            .config(chassis)
            .clock(Arc::clone(&shared))
            .rng(Arc::new(SeededRng::new(1)))
            .build();
        let opening = Opening {
            store,
            kinds: Arc::new(intake::kinds()),
            cluster: "test".to_owned(),
            service: intake::NAME,
            partitions: PARTITIONS,
            key: ClusterKey::new(Suite::Aes, &[9; 32]),
            sealer: vault(2),
            clock: Arc::clone(&shared),
        };
        let (cases, committer) = Casebook::open(opening).await.unwrap();
        let dispatch = Arc::new(Told::default());
        let seams = Seams {
            cases: cases.clone(),
            tree: Tree::chongqing(),
            clock: shared,
            rng: Arc::new(SeededRng::new(3)),
            orders: Arc::clone(&dispatch) as Arc<dyn WorkOrders>,
            positions: chassis.position_key().clone(),
            policies,
        };
        let service = Service::open(config, seams).unwrap();
        chassis.add_service(service.server());
        chassis.add_service(service.suggestions_server());
        chassis.tasks().spawn_aside("committer", async { committer.run().await.unwrap() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (channel, direct, drain) = (chassis.at_edge(&chassis.channel()), chassis.channel(), chassis.drain());
        let mut serving = JoinSet::new();
        serving.spawn(chassis.serve(listener));
        Self { clock, cases, service, dispatch, channel, direct, key, drain, _serving: serving }
    }

    pub(crate) fn clock_now(&self) -> Micros {
        self.clock.now()
    }

    pub(crate) fn client(&self) -> ReportsClient<Channel> {
        ReportsClient::new(self.channel.clone())
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Not the gateway.
    pub(crate) fn direct_client(&self) -> ReportsClient<Channel> {
        ReportsClient::new(self.direct.clone())
    }

    /// A request by somebody of a role and unit; no unit for citizens.
    pub(crate) fn by<T>(&self, role: Role, unit: &str, message: T) -> Request<T> {
        let unit = (!unit.is_empty()).then(|| unit.parse().unwrap());
        self.by_actor(&Actor { role, subject: format!("{role}-1"), unit, head: false }, message)
    }

    pub(crate) fn by_actor<T>(&self, actor: &Actor, message: T) -> Request<T> {
        let token = mesh::mint(&self.key, actor, self.clock.now(), Duration::from_secs(600));
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    pub(crate) fn by_dispatcher<T>(&self, message: T) -> Request<T> {
        self.by(Role::TownDispatcher, "500151001", message)
    }

    /// Sees every report's header.
    pub(crate) fn by_city<T>(&self, message: T) -> Request<T> {
        self.by(Role::CityDispatcher, "50", message)
    }

    pub(crate) fn by_hotline<T>(&self, message: T) -> Request<T> {
        self.by(Role::Integrator, "50-rexian", message)
    }

    pub(crate) async fn file(&self, request: CreateReportRequest) -> Report {
        self.client().create_report(self.by_hotline(request)).await.unwrap().into_inner()
    }

    pub(crate) async fn refusal(&self, request: Request<CreateReportRequest>) -> Problem {
        refusal(self.client().create_report(request).await)
    }

    /// Open reports of the whole city.
    pub(crate) async fn open_reports(&self) -> Vec<Report> {
        let request = self.by_city(ListReportsRequest { page_size: 200, ..ListReportsRequest::default() });
        self.client().list_reports(request).await.unwrap().into_inner().reports
    }

    /// Events in the log, all partitions together.
    /// The wrapped keys of a report's texts, as they lie.
    pub(crate) async fn keys_of(&self, report: &Report) -> Keys {
        let id = report.name.trim_start_matches("reports/").parse().unwrap();
        self.cases.store().load(id).await.unwrap().unwrap().keys
    }

    pub(crate) async fn events(&self) -> i64 {
        self.cases.head().await.unwrap().iter().sum()
    }
}

impl Drop for City {
    fn drop(&mut self) {
        self.drain.begin();
    }
}

pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> Problem {
    Problem::from_status(&answer.unwrap_err())
}

pub(crate) fn code_and_reason(problem: &Problem) -> (Code, &str) {
    (problem.code, problem.reason.as_str())
}

/// A complaint of the hotline that nothing is wrong with.
pub(crate) fn complaint(request_id: &str) -> CreateReportRequest {
    CreateReportRequest {
        request_id: request_id.to_owned(),
        kind: ReportKind::Complaint.into(),
        channel: Door::Hotline12345.into(),
        text: "小区门口的路灯坏了好几天，晚上太黑".to_owned(),
        location: Some(Location { division_code: "500151001".to_owned(), ..Location::default() }),
        reporter: Some(Reporter {
            name: "张三".to_owned(), phone: "138 0000 1234".to_owned(), ..Reporter::default()
        }),
        ..CreateReportRequest::default()
    }
}

/// A square around the town of the walk-through, as an operator would load it.
pub(crate) fn square_map() -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("square.geojson");
    let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"500151"},
        "geometry":{"type":"Polygon","coordinates":[[[106,29.7],[106.1,29.7],[106.1,29.9],[106,29.9],[106,29.7]]]}}]}"#;
    std::fs::write(&path, text).unwrap();
    let config = Config { polygons: Some(path), ..Config::default() };
    (folder, config)
}

pub(crate) fn answered(reply: &str) -> OrderView {
    OrderView {
        state: OrderState::Resolved,
        unit_name: "铜梁区城市管理局".to_owned(),
        due: None,
        parent: None,
        reply: reply.to_owned(),
    }
}
