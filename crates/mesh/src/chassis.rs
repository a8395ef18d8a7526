//! What every process is served by: bind first, build, then ready; drain on request, with a bound.
//!
//! One chassis per process. Services add themselves to it and take from it clock, chance, tasks, readiness and the channel
//! on which they reach each other; [`Chassis::serve`] then runs until the drain. Order at the end: not ready, farewell, no new TCP
//! connections, calls in flight finished, workers ended, and last the connections inside the process, because a call or a
//! worker may need them to finish.

mod accept;
mod answer;
mod config;
mod ending;
mod guests;
mod health;
mod routes;
mod served;

pub use accept::Transport;
pub use config::{Config, ConfigError};
pub use guests::{Guests, Refusal, Seat};
pub use routes::GrpcServer;

use crate::channel::Channel;
use crate::drain::Drain;
use crate::edge::Voucher;
use crate::identity::{Believed, Issuer, TokenKey};
use crate::memory::{self, in_memory};
use crate::metrics::{self, Side, Table};
use crate::network::Listener;
use crate::policies::Policies;
use crate::position::PositionKey;
use crate::readiness::Readiness;
use crate::speaker::Speaker;
use crate::tasks::{Fatal, Tasks};
use crate::tls::Tls;
use crate::trace::TraceSource;
use accept::Door;
use answer::Desk;
use civic::{Clock, Rng, SystemClock, SystemRng};
use ending::Ending;
use health::Health;
use routes::Routes;
use served::Seats;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is left to workers and in-memory calls when the calls before them used the whole bound.
const LAST_GRACE: Duration = Duration::from_millis(500);

/// How often histograms are folded, so that samples do not pile up between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// How the serving ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Connections that had to be cut.
    pub cut: usize,
    /// Tasks that had to be stopped.
    pub stopped: Vec<String>,
}

impl Drained {
    /// Nothing had to be cut or stopped.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.cut == 0 && self.stopped.is_empty()
    }
}

/// Why a process could not be served, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptor set does not describe what reflection needs.
    #[error("failed to build reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A worker or task failed; everything else was drained.
    #[error("stopped by a failure")]
    Fatal(#[from] Fatal),
}

/// Makes a [`Chassis`]; what is not given is the system's.
pub struct Builder {
    key: TokenKey,
    issuer: Option<Arc<dyn Issuer>>,
    development: bool,
    policies: Option<Arc<dyn Policies>>,
    config: Config,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    tls: Option<Tls>,
}

impl Builder {
    /// Encrypts what is served over TCP, and lets nobody in but services of the same cluster.
    #[must_use]
    pub fn tls(mut self, tls: Option<Tls>) -> Self {
        self.tls = tls;
        self
    }

    /// Believes this issuer besides the cluster's own services, and no development token any more.
    #[must_use]
    pub fn issuer(mut self, issuer: Option<Arc<dyn Issuer>>) -> Self {
        self.issuer = issuer;
        self
    }

    /// The issuer is one of development itself: development tokens are believed beside its own.
    #[must_use]
    pub fn in_development(mut self, development: bool) -> Self {
        self.development = development;
        self
    }

    /// Asks these before every call. Without any whoever may connect may call: right only for servers of tests.
    #[must_use]
    pub fn policies(mut self, policies: Arc<dyn Policies>) -> Self {
        self.policies = Some(policies);
        self
    }

    /// Limits and bounds.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The clock that tokens are checked against and that services take.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Chance, for ids.
    #[must_use]
    pub fn rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = rng;
        self
    }

    /// Nothing is served yet.
    #[must_use]
    pub fn build(self) -> Chassis {
        let drain = Drain::new();
        let (channel, incoming) = in_memory();
        Chassis {
            positions: PositionKey::new(&self.key),
            tasks: Tasks::new(drain.clone()),
            readiness: Readiness::default(),
            routes: Routes::default(),
            key: self.key,
            issuer: self.issuer,
            development: self.development,
            policies: self.policies,
            config: self.config,
            clock: self.clock,
            rng: self.rng,
            tls: self.tls,
            drain,
            channel,
            incoming,
            farewell: Box::pin(std::future::ready(())),
        }
    }
}

/// One process's services and what they share.
pub struct Chassis {
    key: TokenKey,
    issuer: Option<Arc<dyn Issuer>>,
    development: bool,
    policies: Option<Arc<dyn Policies>>,
    positions: PositionKey,
    config: Config,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    tls: Option<Tls>,
    tasks: Tasks,
    drain: Drain,
    readiness: Readiness,
    routes: Routes,
    channel: Channel,
    incoming: memory::Incoming,
    farewell: Farewell,
}

/// What is waited for between the drain's beginning and the last call taken.
type Farewell = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Chassis {
    /// Starts with the cluster's token key.
    #[must_use]
    pub fn builder(key: TokenKey) -> Builder {
        let (clock, rng) = (Arc::new(SystemClock), Arc::new(SystemRng));
        Builder {
            key,
            issuer: None,
            development: false,
            policies: None,
            config: Config::default(),
            clock,
            rng,
            tls: None,
        }
    }

    /// Serves a generated gRPC service.
    pub fn add_service<S: GrpcServer>(&mut self, service: S) {
        self.routes.add(service);
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Chance.
    #[must_use]
    pub fn rng(&self) -> Arc<dyn Rng> {
        Arc::clone(&self.rng)
    }

    /// Where work is spawned.
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        self.tasks.clone()
    }

    /// Where checks are registered.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Begins or watches the drain. Whoever answers with a stream ends it when the drain begins; one that goes on is cut
    /// when the bound has passed.
    #[must_use]
    pub fn drain(&self) -> Drain {
        self.drain.clone()
    }

    /// Calls are taken until this has ended, too, once the drain has begun, with a bound: whoever sends others here is told first.
    pub fn before_closing(&mut self, farewell: impl Future<Output = ()> + Send + 'static) {
        self.farewell = Box::pin(farewell);
    }

    /// The token key.
    #[must_use]
    pub const fn token_key(&self) -> &TokenKey {
        &self.key
    }

    /// Calls that this process makes in names it vouches for.
    #[must_use]
    pub fn speaker(&self) -> Speaker {
        Speaker::new(self.key.clone(), self.clock())
    }

    /// The key for `Jiewang-Position`.
    #[must_use]
    pub const fn position_key(&self) -> &PositionKey {
        &self.positions
    }

    /// Calls the services of this process, through the whole stack, over memory. Works once [`Self::serve`] runs.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// A channel as the gateway uses it: the services believe what it says of its clients' addresses.
    #[must_use]
    pub fn at_edge(&self, channel: &Channel) -> Channel {
        channel.vouching(self.voucher())
    }

    fn voucher(&self) -> Voucher {
        Voucher::new(&self.key, self.clock())
    }

    /// Serves until the drain has ended. The listener is bound by the caller, first of all: a taken port fails the start
    /// before anything is opened.
    pub async fn serve(mut self, listener: impl Listener) -> Result<Drained, ServeError> {
        let health = self.add_own_services()?;
        let desk = Arc::new(self.build_desk());
        self.start_upkeep(health);
        let mut tcp = Door::new(Arc::clone(&desk), self.config.transport.clone(), self.tls);
        let mut memory = Door::new(desk, self.config.transport.clone(), None);
        let stop_memory = CancellationToken::new();
        let ending = Ending {
            tasks: self.tasks,
            drain: self.drain,
            readiness: self.readiness,
            within: self.config.drain_within,
        };
        let outside = async {
            ending.wait(&mut tcp, listener, self.farewell).await;
            let drained = ending.finish(tcp).await;
            stop_memory.cancel();
            drained
        };
        let (mut drained, ()) = tokio::join!(outside, memory.take_memory(self.incoming, &stop_memory));
        drained.cut += memory.close(LAST_GRACE, &ending.drain).await;
        match ending.tasks.fatal_so_far() {
            Some(fatal) => Err(fatal.into()),
            None => Ok(drained),
        }
    }

    fn add_own_services(&mut self) -> Result<Health, ServeError> {
        let services = self.routes.names().collect();
        let (reporter, health) = tonic_health::server::health_reporter();
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()?;
        self.routes.add(health);
        self.routes.add(reflection);
        Ok(Health { reporter, services, readiness: self.readiness.clone() })
    }

    fn build_desk(&mut self) -> Desk {
        Desk {
            routes: std::mem::take(&mut self.routes),
            table: Table::of(Side::Server),
            clock: Arc::clone(&self.clock),
            believed: Believed { key: self.key.clone(), issuer: self.issuer.take(), development: self.development },
            policies: self.policies.take(),
            voucher: self.voucher(),
            traces: TraceSource::new(&*self.rng, self.config.trace_ratio),
            longest_call: self.config.longest_call,
            calls: Seats::new(self.config.max_calls),
            streams: Seats::new(self.config.max_streams),
        }
    }

    fn start_upkeep(&self, health: Health) {
        self.tasks.spawn_aside("health", health.follow());
        self.tasks.spawn_aside("metrics", async {
            loop {
                tokio::time::sleep(UPKEEP).await;
                metrics::recorder().run_upkeep();
            }
        });
    }
}
