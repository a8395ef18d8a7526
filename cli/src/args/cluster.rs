//! What `up` and `serve` take. The cluster's own module turns it into configurations of the services.

use civic::DivisionCode;
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// `jiewang up`
#[derive(Args, Debug, Clone)]
pub struct UpArgs {
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// `jiewang serve`
#[derive(Args, Debug, Clone)]
pub struct ServeArgs {
    /// Which one
    #[arg(value_enum)]
    pub room: Room,
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// What can be served by a process of its own.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub enum Room {
    Intake,
    Dispatch,
    Gateway,
}

impl Room {
    /// The name in paths, addresses and settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Dispatch => "dispatch",
            Self::Gateway => "gateway",
        }
    }

    /// The room of a service that keeps cases.
    fn of_service(name: &str) -> Option<Self> {
        [Self::Intake, Self::Dispatch].into_iter().find(|room| room.as_str() == name)
    }
}

/// Settings of a process of the cluster (docs/contract.md, addresses).
#[derive(Args, Debug, Clone)]
pub struct ClusterArgs {
    /// The territory, by its division code
    #[arg(long, env = "JIEWANG_PLACE", default_value = "50", value_name = "CODE")]
    pub place: DivisionCode,
    /// Folder for keys, databases and the operator's catalog
    #[arg(long, env = "JIEWANG_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    /// Where the gateway listens
    #[arg(long, env = "JIEWANG_HTTP", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub http: SocketAddr,
    /// Where gRPC is served
    #[arg(long, env = "JIEWANG_GRPC", default_value = "127.0.0.1:50051", value_name = "ADDRESS")]
    pub grpc: SocketAddr,
    /// Where metrics are served
    #[arg(long, env = "JIEWANG_ADMIN", default_value = "127.0.0.1:9464", value_name = "ADDRESS")]
    pub admin: SocketAddr,
    /// PostgreSQL of a service instead of its file in the data folder, as SERVICE=URL; may be repeated
    #[arg(long, value_name = "SERVICE=URL")]
    pub database: Vec<Database>,
    /// Redis that carries events between services; without one they are carried inside the process
    #[arg(long, env = "JIEWANG_REDIS", hide_env_values = true, value_name = "URL")]
    pub redis: Option<String>,
    /// Where a service is that this process calls and does not run, as SERVICE=HOST:PORT; may be repeated
    #[arg(long, env = "JIEWANG_PEERS", value_delimiter = ',', value_name = "SERVICE=HOST:PORT")]
    pub peer: Vec<Peer>,
    /// Say whether this would start, and end
    #[arg(long, conflicts_with = "print_config")]
    pub check_config: bool,
    /// Print the settings as they would be used, and end
    #[arg(long)]
    pub print_config: bool,
}

/// The database of one service. Its address may hold a password, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Database {
    pub room: Room,
    pub url: String,
}

/// Why a text names no service's database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    #[error("a database is given as SERVICE=URL, such as intake=postgres://host/intake")]
    Shape,
    #[error("only intake and dispatch have a database")]
    Service,
    #[error("the address of a database begins with postgres://")]
    Scheme,
}

/// One address of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pub room: Room,
    pub address: String,
}

/// Why a text names no service's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    #[error("a peer is given as SERVICE=HOST:PORT, such as intake=10.0.0.7:50051")]
    Shape,
    #[error("only intake and dispatch are called by others")]
    Service,
}

impl FromStr for Peer {
    type Err = PeerError;

    fn from_str(text: &str) -> Result<Self, PeerError> {
        let (service, address) = text.split_once('=').ok_or(PeerError::Shape)?;
        let room = Room::of_service(service).ok_or(PeerError::Service)?;
        let (host, port) = address.rsplit_once(':').ok_or(PeerError::Shape)?;
        if host.is_empty() || port.parse::<u16>().is_err() || address.parse::<http::uri::Authority>().is_err() {
            return Err(PeerError::Shape);
        }
        Ok(Self { room, address: address.to_owned() })
    }
}

impl FromStr for Database {
    type Err = DatabaseError;

    fn from_str(text: &str) -> Result<Self, DatabaseError> {
        let (service, url) = text.split_once('=').ok_or(DatabaseError::Shape)?;
        let room = Room::of_service(service).ok_or(DatabaseError::Service)?;
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(DatabaseError::Scheme);
        }
        Ok(Self { room, url: url.to_owned() })
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({}=..)", self.room.as_str())
    }
}
