//! A served dispatch: the real chassis and channel, a casebook in memory, a clock that stands.

use std::sync::Arc;
use std::time::Duration;

use casebook::memory::MemoryStore;
use casebook::{Casebook, ClusterKey, Opening, Suite};
use civic::{Actor, Calendar, CaseId, Clock, Micros, Rng, Role, SeededRng, SettableClock, Tree};
use dispatch::config::Config;
use dispatch::domain::work_order::WorkOrder;
use dispatch::{Seams, Service};
use guard::vault::{KeyRing, Vault};
use mesh::{Channel, Chassis, Code, Drain, Drained, PositionKey, Problem, ServeError, TokenKey};
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::building_days_client::BuildingDaysClient;
use proto::dispatch::v1::care_lists_client::CareListsClient;
use proto::dispatch::v1::cooperation_client::CooperationClient;
use proto::dispatch::v1::duties_client::DutiesClient;
use proto::dispatch::v1::interviews_client::InterviewsClient;
use proto::dispatch::v1::task_forces_client::TaskForcesClient;
use proto::dispatch::v1::tasks_client::TasksClient;
use proto::dispatch::v1::work_orders_client::WorkOrdersClient;
use proto::events::v1::events_client::EventsClient;
use proto::events::v1::{ReportFiled, StreamEventsRequest};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::{Request, Status};

use crate::world::NOW;

const PARTITIONS: u16 = 4;
/// Town of the walk-through, and its neighbour.
pub(crate) const TOWN: &str = "500151001";
pub(crate) const OTHER_TOWN: &str = "500151002";
/// Answers for public order (0101) in that town.
pub(crate) const SECTION: &str = "500151001-pingan";

pub(crate) struct City {
    pub(crate) clock: SettableClock,
    pub(crate) cases: Casebook,
    pub(crate) service: Service,
    rng: SeededRng,
    channel: Channel,
    positions: PositionKey,
    key: TokenKey,
    drain: Drain,
    _serving: JoinSet<Result<Drained, ServeError>>,
}

impl City {
    pub(crate) async fn open() -> Self {
        let clock = SettableClock::new(NOW);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let key = TokenKey::from_bytes([7; 32]);
        let builder = Chassis::builder(key.clone()).clock(Arc::clone(&shared)).rng(Arc::new(SeededRng::new(1)));
        let policies: Arc<dyn mesh::Policies> = Arc::new(guard::policy::Guard::open(None).unwrap());
        let mut chassis = builder.policies(Arc::clone(&policies)).build();
        let (cases, committer) = Casebook::open(opening(Arc::clone(&shared))).await.unwrap();
        let seams = Seams {
            cases: cases.clone(),
            tree: Tree::chongqing(),
            calendar: Arc::new(Calendar::china()),
            clock: shared,
            rng: Arc::new(SeededRng::new(4)),
            positions: chassis.position_key().clone(),
            policies,
        };
        let positions = chassis.position_key().clone();
        let service = Service::open(&Config::default(), seams).unwrap();
        service.register(&mut chassis);
        chassis.tasks().spawn_aside("committer", async { committer.run().await.unwrap() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (channel, drain) = (chassis.channel(), chassis.drain());
        let mut serving = JoinSet::new();
        serving.spawn(chassis.serve(listener));
        Self { clock, cases, service, rng: SeededRng::new(3), channel, positions, key, drain, _serving: serving }
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(crate) fn positions(&self) -> PositionKey {
        self.positions.clone()
    }

    pub(crate) fn client(&self) -> WorkOrdersClient<Channel> {
        WorkOrdersClient::new(self.channel.clone())
    }

    pub(crate) fn cooperation(&self) -> CooperationClient<Channel> {
        CooperationClient::new(self.channel.clone())
    }

    pub(crate) fn tasks(&self) -> TasksClient<Channel> {
        TasksClient::new(self.channel.clone())
    }

    pub(crate) fn care(&self) -> CareListsClient<Channel> {
        CareListsClient::new(self.channel.clone())
    }

    pub(crate) fn duties(&self) -> DutiesClient<Channel> {
        DutiesClient::new(self.channel.clone())
    }

    pub(crate) fn building_days(&self) -> BuildingDaysClient<Channel> {
        BuildingDaysClient::new(self.channel.clone())
    }

    pub(crate) fn interviews(&self) -> InterviewsClient<Channel> {
        InterviewsClient::new(self.channel.clone())
    }

    pub(crate) fn task_forces(&self) -> TaskForcesClient<Channel> {
        TaskForcesClient::new(self.channel.clone())
    }

    pub(crate) fn events_client(&self) -> EventsClient<Channel> {
        EventsClient::new(self.channel.clone())
    }

    /// A request by somebody of a role and unit.
    pub(crate) fn by<T>(&self, role: Role, unit: &str, message: T) -> Request<T> {
        let unit = (!unit.is_empty()).then(|| unit.parse().unwrap());
        self.as_actor(&Actor { role, subject: format!("{role}-1"), unit, head: false }, message)
    }

    pub(crate) fn as_actor<T>(&self, actor: &Actor, message: T) -> Request<T> {
        let token = mesh::mint(&self.key, actor, self.clock.now(), Duration::from_secs(600));
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    pub(crate) fn by_dispatcher<T>(&self, message: T) -> Request<T> {
        self.by(Role::TownDispatcher, TOWN, message)
    }

    pub(crate) fn by_unit<T>(&self, message: T) -> Request<T> {
        self.by(Role::DepartmentHandler, SECTION, message)
    }

    pub(crate) fn by_hotline<T>(&self, message: T) -> Request<T> {
        self.by(Role::Integrator, "50-rexian", message)
    }

    /// A report as intake tells of it, new every time.
    pub(crate) fn report(&self, category: &str, division: &str) -> ReportFiled {
        let now = self.clock.now();
        let rng: &dyn Rng = &self.rng;
        ReportFiled {
            report: CaseId::new(now, rng).to_string(),
            tracking_number: "12345678901234567".to_owned(),
            category_code: category.to_owned(),
            division_code: division.to_owned(),
            kind: 3,
            accepted_us: now.0,
            sender: casebook::sender_of(&Actor::alone(Role::Integrator, "integrator-1")).unwrap(),
            ..ReportFiled::default()
        }
    }

    /// Opens the order of a report; answers with its name.
    pub(crate) async fn open_order(&self, report: ReportFiled) -> String {
        let ask = self.service.app().opening(report, "").unwrap();
        format!("workOrders/{}", self.cases.execute::<WorkOrder>(ask).await.unwrap().id)
    }

    /// An order for the town's section of peace and law.
    pub(crate) async fn ordinary(&self) -> String {
        self.open_order(self.report("0101", TOWN)).await
    }

    pub(crate) async fn look(&self, name: &str) -> pb::WorkOrder {
        let request = self.by_dispatcher(pb::GetWorkOrderRequest { name: name.to_owned() });
        self.client().get_work_order(request).await.unwrap().into_inner()
    }

    pub(crate) async fn accept(&self, name: &str, request_id: &str) -> pb::WorkOrder {
        let request = self.by_unit(accept(name, request_id));
        self.client().accept_work_order(request).await.unwrap().into_inner()
    }

    pub(crate) async fn resolve(&self, name: &str) -> pb::WorkOrder {
        let request = self.by_unit(resolve(name));
        self.client().resolve_work_order(request).await.unwrap().into_inner()
    }

    /// Fires every timer that is due now, once.
    pub(crate) async fn fire_due(&self) -> usize {
        let due = self.cases.store().due_timers(self.clock.now(), None, 100).await.unwrap();
        let fired = due.len();
        for timer in due {
            self.service.timers().fire(timer).await.unwrap();
        }
        fired
    }

    pub(crate) async fn stream(
        &self,
        request: StreamEventsRequest,
    ) -> tonic::Streaming<proto::events::v1::StreamedEvent> {
        self.events_client().stream_events(self.by_dispatcher(request)).await.unwrap().into_inner()
    }
}

impl Drop for City {
    fn drop(&mut self) {
        self.drain.begin();
    }
}

/// What seals personal data here.
pub(crate) fn vault(seed: u64) -> Arc<Vault> {
    let ring = KeyRing::derived(Suite::Aes, &[9; 32]);
    Arc::new(Vault::new(Suite::Aes, ring, Arc::new(SeededRng::new(seed))))
}

fn opening(clock: Arc<dyn Clock>) -> Opening {
    let store = MemoryStore::new(Arc::clone(&clock), "test".to_owned(), PARTITIONS);
    Opening {
        store: Arc::new(store),
        kinds: Arc::new(dispatch::kinds()),
        cluster: "test".to_owned(),
        service: dispatch::NAME,
        partitions: PARTITIONS,
        key: ClusterKey::new(Suite::Aes, &[9; 32]),
        sealer: vault(2),
        clock,
    }
}

pub(crate) fn accept(name: &str, request_id: &str) -> pb::AcceptWorkOrderRequest {
    pb::AcceptWorkOrderRequest {
        name: name.to_owned(),
        request_id: request_id.to_owned(),
        ..pb::AcceptWorkOrderRequest::default()
    }
}

pub(crate) fn resolve(name: &str) -> pb::ResolveWorkOrderRequest {
    pb::ResolveWorkOrderRequest {
        name: name.to_owned(),
        request_id: format!("resolve {name}"),
        result: "已现场处置".to_owned(),
        reply: "您反映的问题已处理".to_owned(),
        ..pb::ResolveWorkOrderRequest::default()
    }
}

pub(crate) fn rate(name: &str, satisfied: bool) -> pb::RateWorkOrderRequest {
    pb::RateWorkOrderRequest {
        name: name.to_owned(),
        request_id: format!("rate {satisfied} {name}"),
        answered: true,
        solved: satisfied,
        satisfied,
        comment: "谢谢".to_owned(),
        ..pb::RateWorkOrderRequest::default()
    }
}

pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> Problem {
    Problem::from_status(&answer.unwrap_err())
}

pub(crate) fn code_and_reason(problem: &Problem) -> (Code, &str) {
    (problem.code, problem.reason.as_str())
}

/// So many hours later.
pub(crate) fn later(hours: i64) -> i64 {
    hours * Micros::HOUR
}
