//! A served specimen: the real chassis and channel, a casebook in memory, a clock that stands.

use casebook::memory::MemoryStore;
use casebook::{Casebook, ClusterKey, Opening, Suite};
use civic::{Actor, Clock, Micros, Role, SeededRng, SettableClock, Tree};
use guard::vault::{KeyRing, Vault};
use mesh::{Channel, Chassis, Drain, Drained, Problem, ServeError, TokenKey};
use proto::specimen::v1 as pb;
use proto::specimen::v1::matters_client::MattersClient;
use specimen::config::Config;
use specimen::{Seams, Service};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

/// 2026-11-22, about noon in China.
pub(crate) const NOW: Micros = Micros(1_795_320_000_000_000);
const PARTITIONS: u16 = 4;
/// Two neighbours.
pub(crate) const TOWN: &str = "500151001";
pub(crate) const OTHER_TOWN: &str = "500151002";

pub(crate) struct City {
    pub(crate) clock: SettableClock,
    channel: Channel,
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
        let mut chassis = builder.build();
        let (cases, committer) = Casebook::open(opening(Arc::clone(&shared))).await.unwrap();
        let seams = Seams {
            cases,
            tree: Tree::chongqing(),
            clock: shared,
            rng: Arc::new(SeededRng::new(3)),
            positions: chassis.position_key().clone(),
        };
        let service = Service::open(&Config::default(), seams).unwrap();
        chassis.add_service(service.server());
        chassis.tasks().spawn_aside("committer", async { committer.run().await.unwrap() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (channel, drain) = (chassis.channel(), chassis.drain());
        let mut serving = JoinSet::new();
        serving.spawn(chassis.serve(listener));
        Self { clock, channel, key, drain, _serving: serving }
    }

    pub(crate) fn client(&self) -> MattersClient<Channel> {
        MattersClient::new(self.channel.clone())
    }

    /// A request by somebody of a role and unit.
    pub(crate) fn by<T>(&self, role: Role, unit: &str, message: T) -> Request<T> {
        let actor = Actor::member(role, format!("{role}-1"), unit.parse().unwrap());
        let token = mesh::mint(&self.key, &actor, self.clock.now(), Duration::from_secs(600));
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    /// A request by the town's dispatcher.
    pub(crate) fn by_town<T>(&self, message: T) -> Request<T> {
        self.by(Role::TownDispatcher, TOWN, message)
    }

    pub(crate) async fn opened(&self, request_id: &str) -> pb::Matter {
        told(self.client().open_matter(self.by_town(open(request_id))).await).unwrap()
    }

    pub(crate) async fn look(&self, name: &str) -> pb::Matter {
        let request = pb::GetMatterRequest { name: name.to_owned() };
        told(self.client().get_matter(self.by_town(request)).await).unwrap()
    }
}

impl Drop for City {
    fn drop(&mut self) {
        self.drain.begin();
    }
}

/// What seals personal data here.
fn vault(seed: u64) -> Arc<Vault> {
    let ring = KeyRing::derived(Suite::Aes, &[9; 32]);
    Arc::new(Vault::new(Suite::Aes, ring, Arc::new(SeededRng::new(seed))))
}

fn opening(clock: Arc<dyn Clock>) -> Opening {
    let store = MemoryStore::new(Arc::clone(&clock), "test".to_owned(), PARTITIONS);
    Opening {
        store: Arc::new(store),
        kinds: Arc::new(specimen::kinds()),
        cluster: "test".to_owned(),
        service: specimen::NAME,
        partitions: PARTITIONS,
        key: ClusterKey::new(Suite::Aes, &[9; 32]),
        sealer: vault(2),
        clock,
    }
}

pub(crate) fn open(request_id: &str) -> pb::OpenMatterRequest {
    pb::OpenMatterRequest {
        request_id: request_id.to_owned(),
        division_code: TOWN.to_owned(),
        text: "三单元楼顶漏水".to_owned(),
    }
}

pub(crate) fn close(name: &str, request_id: &str) -> pb::CloseMatterRequest {
    pb::CloseMatterRequest {
        name: name.to_owned(),
        request_id: request_id.to_owned(),
        etag: String::new(),
        result: "已修缮".to_owned(),
    }
}

/// The message of an answer, or the problem.
pub(crate) fn told<T>(answer: Result<Response<T>, Status>) -> Result<T, Problem> {
    answer.map(Response::into_inner).map_err(|status| Problem::from_status(&status))
}
