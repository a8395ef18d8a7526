//! A cluster in one process: what `jiewang up` and `jiewang serve` start, and what tests and benches run.
//!
//! The order is that of the style guide: bind, build, ready. Services call each other through the full gRPC stack over memory,
//! so nothing works here that would not work apart.

mod audited;
mod books;
mod certified;
mod feeds;
pub mod folder;
mod glasses;
mod guarded;
mod identified;
pub mod parked;
mod peers;
mod registered;
mod retiring;
mod rooms;
mod settings;
pub mod simulated;

pub use audited::Audit;
pub use books::PARTITIONS;
pub use rooms::Hands;
pub use settings::{Door, Rooms, Settings};

use crate::room::Room;
use anyhow::Context;
use casebook::Casebook;
use folder::Folder;
use futures_util::future::{BoxFuture, join_all};
use mesh::{Chassis, Drain, Drained, EventLogs, Glass, Listener, ServeError};
use parked::Parked;
use peers::Peers;
use std::{future::Future, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// A write-ahead log of 64 MB is moved into its file within it, also on a slow disk.
const CLOSING: Duration = Duration::from_secs(5);

/// A started cluster. It is served while [`Cluster::serve`] runs.
pub struct Cluster {
    chassis: Chassis,
    serving: Serving,
    /// Where the gateway listens, when this process has one.
    pub http: Option<SocketAddr>,
    /// Where one signs in by choosing whom to be, in development.
    pub sign_in: Option<SocketAddr>,
    pub grpc_address: SocketAddr,
    pub drain: Drain,
    pub books: Vec<Casebook>,
    /// What their logs are witnessed with.
    pub audit: Audit,
    /// Events that could not take effect.
    pub parked: Arc<Parked>,
    rooms: rooms::Opened,
    peers: Peers,
    settings: Settings,
    /// Held for the life of the process: the lock of the data folder.
    folder: Folder,
}

impl Cluster {
    /// Binds every address, opens the data, builds the rooms that are asked for, and begins to consume.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        Self::open(settings).await?.begin().await
    }

    /// The same behind a listener of another network, at `address` there, where this machine's is not to be touched.
    pub async fn start_behind<L: Listener>(
        settings: Settings,
        listener: L,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        let doors = Doors { grpc: (serving(listener), address), http: None, admin: None, sign_in: None };
        Self::open_behind(settings, doors).await?.begin().await
    }

    /// Whether one would start, as far as its data folder and its certificate tell. Changes nothing, also beside one that runs.
    pub fn check(settings: &Settings) -> anyhow::Result<()> {
        peers::check(settings)?;
        let cluster = folder::check(&settings.data_dir, settings.place.as_str())?;
        certified::open(settings, cluster.as_deref())?;
        guarded::open(settings)?;
        identified::open(settings, None).map(drop)
    }

    async fn begin(self) -> anyhow::Result<Self> {
        let cluster = self;
        cluster.rooms.import(&cluster.settings).await?;
        cluster.folder.begin(cluster.settings.clock.now(), cluster.http)?;
        let (parked, drain) = (Arc::clone(&cluster.parked), cluster.drain.clone());
        // It holds the books, so it must not outlive the cluster.
        cluster.chassis.tasks().spawn("parked", async move {
            tokio::select! {
                () = parked.tell() => {}
                () = drain.begun() => {}
            }
        });
        cluster.rooms.join(&cluster.chassis, &cluster.settings, &cluster.peers)?;
        // A simulation's disks forget on purpose.
        if !cluster.settings.simulated && cluster.settings.stores.is_empty() {
            cluster.audit.begin(&cluster.chassis, &cluster.books);
            retiring::begin(&cluster.chassis, &cluster.settings, &cluster.books);
        }
        Ok(cluster)
    }

    /// The same without consuming: for operators' verbs over data at rest.
    pub async fn open(settings: Settings) -> anyhow::Result<Self> {
        let doors = Doors::bind(&settings).await?;
        Self::open_behind(settings, doors).await
    }

    async fn open_behind(settings: Settings, mut doors: Doors) -> anyhow::Result<Self> {
        peers::check(&settings)?;
        let (clock, rng) = (settings.clock.clone(), settings.rng.clone());
        let folder = Folder::open(&settings.data_dir, settings.place.as_str(), &*clock, &*rng)?;
        let certified = certified::open(&settings, Some(&folder.cluster))?;
        let tls = certified.as_ref().map(|(tls, _)| tls.clone());
        let builder = Chassis::builder(folder.token_key()).config(settings.limits.mesh.clone()).clock(clock).rng(rng);
        let sign_in = identified::sign_in(&settings, doors.sign_in.as_ref())?;
        let provider = identified::open(&settings, sign_in.as_ref())?;
        let guard = guarded::open(&settings)?;
        let builder = builder.tls(tls.clone()).issuer(identified::issuer(provider.as_ref()));
        let builder = builder.in_development(sign_in.is_some());
        let mut chassis = builder.policies(guard.clone()).build();
        let sign_in = identified::serve(&chassis, sign_in.zip(doors.sign_in.take()));
        identified::follow(&chassis, provider);
        guarded::follow(&chassis, guard.clone());
        let recording = Arc::clone(&guard);
        if let Some((_, follow)) = certified {
            chassis.tasks().spawn_aside("certificates", follow);
        }
        let drain = chassis.drain();
        let peers = Peers::new(&chassis, &settings, tls.as_ref());
        let http = doors.http_address()?;
        let (serving, grpc_address) = doors.grpc;
        registered::begin(&mut chassis, &settings, grpc_address)?;
        let rooms = rooms::Opened::open(&mut chassis, &folder, &settings, &peers, guard).await?;
        let books = rooms.books();
        recording.record_in(&books, settings.clock.clone());
        let parked = Arc::new(rooms.parked());
        if books.is_empty() {
            chassis.add_service(parked::elsewhere::server(peers.elsewhere()));
        } else {
            chassis.add_service(EventLogs::server(books.clone()));
            rooms.serve_glass(&mut chassis, Glass::new(folder.token_key(), settings.clock.clone()), &settings);
            chassis.add_service(parked::server(Arc::clone(&parked), settings.clock.clone()));
        }
        if let Some(admin) = doors.admin {
            chassis.tasks().spawn_aside("admin", mesh::admin::serve(admin, chassis.readiness()));
        }
        if let Some(listener) = doors.http {
            serve_gateway(&chassis, &settings, &peers, listener);
        }
        let audit = Audit::of(&folder, &settings);
        Ok(Self {
            chassis,
            serving,
            http,
            sign_in,
            grpc_address,
            drain,
            books,
            audit,
            parked,
            rooms,
            peers,
            settings,
            folder,
        })
    }

    /// Stops by signals: the first drains, the second stops hard.
    pub fn stop_on_signals(&self) -> std::io::Result<()> {
        self.drain.on_signals(&self.chassis.tasks())
    }

    /// What a replay works with, in a cluster of all rooms.
    pub fn hands(&self) -> Option<Hands> {
        self.rooms.hands()
    }

    /// Where work that lasts as long as the cluster is spawned.
    pub fn tasks(&self) -> mesh::Tasks {
        self.chassis.tasks()
    }

    /// Ends when everything is ready.
    pub fn ready(&self) -> impl Future<Output = ()> + use<> {
        let readiness = self.chassis.readiness();
        async move { readiness.ready().await }
    }

    /// Serves until the drain has ended and the data is closed: only then is the folder somebody else's. Whoever was given
    /// [`Cluster::books`] or [`Cluster::hands`] lets go of them first; they are waited for a few seconds.
    pub async fn serve(self) -> anyhow::Result<Drained> {
        let closed = join_all(self.books.iter().map(Casebook::closed));
        let drained = (self.serving)(self.chassis).await?;
        drop((self.rooms, self.peers, self.parked, self.books));
        if tokio::time::timeout(CLOSING, closed).await.is_err() {
            tracing::warn!(waited = ?CLOSING, "jiewang.data.not_closed");
        }
        self.folder.end(self.settings.clock.now())?;
        Ok(drained)
    }
}

fn serve_gateway(chassis: &Chassis, settings: &Settings, peers: &Peers, listener: TcpListener) {
    let upstreams = peers.upstreams(chassis);
    let (config, drain) = (settings.limits.gateway.clone(), chassis.drain());
    chassis.tasks().spawn_worker("gateway", async move {
        if let Err(error) = gateway::serve(config, upstreams, listener, drain).await {
            tracing::error!(%error, "gateway.serve.failed");
        }
    });
}

/// How the chassis serves once everything is open: its listener is of this machine's network or of another.
type Serving = Box<dyn FnOnce(Chassis) -> BoxFuture<'static, Result<Drained, ServeError>> + Send>;

fn serving<L: Listener>(listener: L) -> Serving {
    Box::new(move |chassis| Box::pin(chassis.serve(listener)))
}

/// Listeners, bound before anything is opened: a taken port fails the start while nothing has happened yet.
struct Doors {
    grpc: (Serving, SocketAddr),
    http: Option<TcpListener>,
    admin: Option<TcpListener>,
    sign_in: Option<TcpListener>,
}

impl Doors {
    async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let http = settings.http.filter(|_| settings.rooms.has(Room::Gateway));
        let grpc = bind(settings.grpc).await?;
        let address = grpc.local_addr()?;
        Ok(Self {
            grpc: (serving(grpc), address),
            http: maybe_bind(http).await?,
            admin: maybe_bind(settings.admin).await?,
            sign_in: maybe_bind(settings.sign_in).await?,
        })
    }

    fn http_address(&self) -> anyhow::Result<Option<SocketAddr>> {
        Ok(self.http.as_ref().map(TcpListener::local_addr).transpose()?)
    }
}

async fn maybe_bind(door: Option<Door>) -> anyhow::Result<Option<TcpListener>> {
    match door {
        Some(door) => bind(door).await.map(Some),
        None => Ok(None),
    }
}

async fn bind(Door { address, name, variable }: Door) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("failed to listen for {name} on {address}: choose another address with {variable}"))
}

/// Files of an operator's catalog, when there are any.
fn catalog_of(data_dir: &Path, service: &str) -> Option<std::path::PathBuf> {
    let folder = crate::folder::catalog(data_dir).join(service);
    folder.is_dir().then_some(folder)
}
