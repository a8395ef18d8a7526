//! Everything a process is started with.

use crate::args::{Advertised, ClusterArgs, ConsulArgs, Database, Limits, Peer, Room};
use casebook::{Store, Suite};
use civic::{Clock, DivisionCode, Rng, SystemClock, SystemRng};
use guard::identity::Terms;
use guard::vault::KeySource;
use mesh::Network;
use mesh::discovery::consul::{AddressError, Consul};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

/// An address to listen on, and how to choose another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    pub address: SocketAddr,
    pub name: &'static str,
    pub variable: &'static str,
}

/// Which rooms this process runs: one bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rooms(u32);

impl Rooms {
    pub const ALL: Self = Self(u32::MAX);

    /// One alone.
    pub const fn only(room: Room) -> Self {
        Self(1 << room as u32)
    }

    pub const fn without(self, room: Room) -> Self {
        Self(self.0 & !Self::only(room).0)
    }

    pub const fn has(self, room: Room) -> bool {
        self.0 & Self::only(room).0 != 0
    }
}

/// See the module.
#[derive(Clone)]
pub struct Settings {
    pub place: DivisionCode,
    pub data_dir: PathBuf,
    pub grpc: Door,
    pub http: Option<Door>,
    pub admin: Option<Door>,
    pub rooms: Rooms,
    /// Services that keep their cases on a server instead of a file.
    pub databases: Vec<Database>,
    /// A server that is away at the start is waited for; else that is a failure.
    pub patient: bool,
    /// Redis that carries events between services; without one the embedded feed does.
    pub redis: Option<String>,
    /// Where the services are that this process does not run.
    pub peers: Vec<Peer>,
    /// Where this process registers and finds the services that no peer names.
    pub consul: Option<Consul>,
    /// Where others call this process, when that is not where it listens.
    pub advertise: Option<Advertised>,
    /// Folder of this process's certificate: gRPC over TCP is encrypted.
    pub tls: Option<PathBuf>,
    /// Where logs are witnessed, when that is not in the data folder.
    pub audit: Option<PathBuf>,
    /// How long records of the journal are kept; for ever without.
    pub journal_days: Option<u32>,
    /// Where the vault's keys come from, when that is not the data folder.
    pub vault: Option<KeySource>,
    pub suite: Suite,
    /// Keys of personal data are wrapped anew when the vault has a new one: by a cluster at work, not by an operator's look at its data.
    pub rotates: bool,
    /// Identity provider whose tokens are believed; without one development tokens are.
    pub issuer: Option<Terms>,
    /// Where one signs in by choosing whom to be; with no issuer only, and on loopback.
    pub sign_in: Option<Door>,
    /// Whom tokens must be for.
    pub audience: String,
    /// Folder of policies, when they are not those of the program.
    pub policies: Option<PathBuf>,
    pub limits: Limits,
    /// Another network than this machine's, to reach the services elsewhere.
    pub network: Option<Network>,
    /// Stores that somebody else made and that outlive the process, before any database: a simulation's disks.
    pub stores: Vec<(Room, Arc<dyn Store>)>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    /// Time stands until somebody moves it: timers fire when they are told to, and events take effect at the instants they tell of.
    pub simulated: bool,
}

impl Settings {
    pub fn new(args: &ClusterArgs, rooms: Rooms) -> Self {
        Self {
            place: args.place.clone(),
            data_dir: args.data_dir.clone(),
            grpc: Door { address: args.grpc, name: "gRPC", variable: "JIEWANG_GRPC" },
            http: Some(Door { address: args.http, name: "HTTP", variable: "JIEWANG_HTTP" }),
            admin: Some(Door { address: args.admin, name: "metrics", variable: "JIEWANG_ADMIN" }),
            rooms,
            databases: args.database.clone(),
            patient: true,
            redis: args.redis.clone(),
            peers: args.peer.clone(),
            consul: None,
            advertise: None,
            tls: args.tls.clone(),
            audit: args.audit_dir.clone(),
            journal_days: args.journal_days,
            vault: args.vault.vault_keys.clone(),
            suite: args.vault.suite.into(),
            rotates: true,
            issuer: args.identity.terms(),
            sign_in: None,
            audience: args.identity.audience.clone(),
            policies: args.identity.policies.clone(),
            network: None,
            stores: Vec::new(),
            limits: args.limits.clone(),
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            simulated: false,
        }
    }

    /// With a development issuer.
    pub fn with_sign_in(mut self, address: Option<SocketAddr>) -> Self {
        self.sign_in = address.map(|address| Door { address, name: "sign-in", variable: "JIEWANG_SIGN_IN" });
        self
    }

    /// With what finds the other processes.
    pub fn with_consul(mut self, args: &ConsulArgs) -> Result<Self, AddressError> {
        let token = args.consul_token.as_ref().map(|token| token.0.as_str());
        self.consul = args.consul.as_deref().map(|url| Consul::new(url, token)).transpose()?;
        self.advertise = args.advertise.clone();
        Ok(self)
    }

    /// A cluster of tests and benches: free ports of loopback, everything in one folder.
    pub fn local(data_dir: PathBuf, rooms: Rooms) -> Self {
        let free = |name, variable| Door { address: SocketAddr::from(([127, 0, 0, 1], 0)), name, variable };
        Self {
            place: "50".parse().expect("the code of the city"),
            data_dir,
            grpc: free("gRPC", "JIEWANG_GRPC"),
            http: Some(free("HTTP", "JIEWANG_HTTP")),
            admin: None,
            rooms,
            databases: Vec::new(),
            patient: false,
            redis: None,
            peers: Vec::new(),
            consul: None,
            advertise: None,
            tls: None,
            audit: None,
            journal_days: None,
            vault: None,
            suite: Suite::default(),
            rotates: false,
            issuer: None,
            sign_in: None,
            audience: "jiewang".to_owned(),
            policies: None,
            network: None,
            stores: Vec::new(),
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            simulated: false,
        }
    }
}
