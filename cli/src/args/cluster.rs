//! What `up` and `serve` take. The cluster's own module turns it into configurations of the services.

use super::limits::{Limit, Limits};
use super::vault::VaultArgs;
use crate::room::Room;
use civic::DivisionCode;
use clap::Args;
use guard::audit::RETAINED_DAYS;
use guard::identity::{IssuerUrl, Terms};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// `jiewang up`
#[derive(Args, Debug, Clone)]
pub struct UpArgs {
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// For development: where people of this machine sign in by choosing whom to be, without a password, such as 127.0.0.1:8082
    #[arg(long, env = "JIEWANG_SIGN_IN", value_name = "ADDRESS", value_parser = loopback, conflicts_with = "issuer")]
    pub sign_in: Option<SocketAddr>,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse::<SocketAddr>().map_err(|error| error.to_string())?;
    address
        .ip()
        .is_loopback()
        .then_some(address)
        .ok_or_else(|| "nobody but this machine signs in without a password".to_owned())
}

/// `jiewang serve`
#[derive(Args, Debug, Clone)]
pub struct ServeArgs {
    /// Which one
    #[arg(value_enum)]
    pub room: Room,
    #[command(flatten)]
    pub cluster: ClusterArgs,
    #[command(flatten)]
    pub consul: ConsulArgs,
}

/// How processes of a cluster find each other without lists.
#[derive(Args, Debug, Clone, Default)]
pub struct ConsulArgs {
    /// Consul that this process registers with, and that knows where the services are for which there is no --peer
    #[arg(long, env = "JIEWANG_CONSUL", value_name = "URL")]
    pub consul: Option<String>,
    /// Access token of Consul
    #[arg(long, env = "JIEWANG_CONSUL_TOKEN", hide_env_values = true, value_name = "TOKEN", requires = "consul")]
    pub consul_token: Option<ConsulToken>,
    /// Where others call this process, when that is not the address of --grpc
    #[arg(long, env = "JIEWANG_ADVERTISE", value_name = "HOST:PORT")]
    pub advertise: Option<Advertised>,
}

/// Never shown.
#[derive(Clone)]
pub struct ConsulToken(pub String);

impl From<String> for ConsulToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl std::fmt::Debug for ConsulToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConsulToken(..)")
    }
}

/// Where others call this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertised {
    /// An IPv6 address stands without its brackets.
    pub host: String,
    pub port: u16,
}

impl std::fmt::Display for Advertised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl FromStr for Advertised {
    type Err = PeerError;

    fn from_str(text: &str) -> Result<Self, PeerError> {
        let (host, port) = host_and_port(text).ok_or(PeerError::Advertised)?;
        Ok(Self { host: host.trim_start_matches('[').trim_end_matches(']').to_owned(), port })
    }
}

/// `HOST:PORT` with a port that can be called.
fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty() && text.parse::<http::uri::Authority>().is_ok()).then_some((host, port))
}

/// Settings of a process of the cluster (docs/contract.md, addresses).
#[derive(Args, Debug, Clone)]
pub struct ClusterArgs {
    /// TOML file of settings: the names of these flags, and what they take; flags and environment go before it
    #[arg(long, env = "JIEWANG_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
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
    /// PostgreSQL of a service instead of its file in the data folder, as SERVICE=URL; may be repeated, in the environment with a space between
    #[arg(long, env = "JIEWANG_DATABASES", hide_env_values = true, value_delimiter = ' ', value_name = "SERVICE=URL")]
    pub database: Vec<Database>,
    /// Redis that carries events between services; without one they are carried inside the process
    #[arg(long, env = "JIEWANG_REDIS", hide_env_values = true, value_name = "URL")]
    pub redis: Option<String>,
    /// Where a service is that this process calls and does not run, as SERVICE=HOST:PORT, or SERVICE=dns:NAME:PORT for a name that stands for all its replicas; may be repeated
    #[arg(long, env = "JIEWANG_PEERS", value_delimiter = ',', value_name = "SERVICE=HOST:PORT")]
    pub peer: Vec<Peer>,
    /// Folder with tls.crt, tls.key and ca.crt: gRPC is encrypted, and spoken only with services of this cluster
    #[arg(long, env = "JIEWANG_TLS", value_name = "DIR")]
    pub tls: Option<PathBuf>,
    /// Where each service's event log is witnessed; another disk than the databases' is best [default: the data folder's audit]
    #[arg(long, env = "JIEWANG_AUDIT_DIR", value_name = "DIR")]
    pub audit_dir: Option<PathBuf>,
    /// After how many days records of the journal (refused calls, changed policies, looks by operators) are deleted, 184 at least; without it they are kept
    #[arg(long, env = "JIEWANG_JOURNAL_DAYS", value_name = "DAYS", value_parser = clap::value_parser!(u32).range(i64::from(RETAINED_DAYS)..=36_500))]
    pub journal_days: Option<u32>,
    #[command(flatten)]
    pub vault: VaultArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    #[command(flatten)]
    pub told: ToldArgs,
    /// A limit (docs/limits.md), as TABLE.KEY=NUMBER; goes before the tables of the file of settings; may be repeated
    #[arg(long, env = "JIEWANG_SET", value_delimiter = ',', value_name = "TABLE.KEY=NUMBER")]
    pub set: Vec<Limit>,
    /// From the tables of the file of settings and from `set`.
    #[arg(skip)]
    pub limits: Limits,
    /// Say whether this would start, and end
    #[arg(long, conflicts_with = "print_config")]
    pub check_config: bool,
    /// Print the settings as they would be used, and end
    #[arg(long)]
    pub print_config: bool,
}

/// Whose tokens are believed.
#[derive(Args, Debug, Clone)]
pub struct IdentityArgs {
    /// Identity provider (OpenID Connect) whose access tokens are believed, as its tokens name it; development tokens are refused then
    #[arg(long, env = "JIEWANG_ISSUER", value_name = "URL")]
    pub issuer: Option<IssuerUrl>,
    /// Whom its tokens must be for
    #[arg(long, env = "JIEWANG_AUDIENCE", default_value = "jiewang", value_name = "NAME")]
    pub audience: String,
    /// Folder with the operator's policies (groups.json and *.cedar), in place of those that come with the program; read again when they change
    #[arg(long, env = "JIEWANG_POLICIES", value_name = "DIR")]
    pub policies: Option<PathBuf>,
    /// Values of `acr` that tell of a strong sign-in, which roles that decide about people must have; separated by commas
    #[arg(long, env = "JIEWANG_STRONG_ACR", value_delimiter = ',', value_name = "ACR")]
    pub strong_acr: Vec<String>,
}

impl IdentityArgs {
    /// What is asked of a token, when there is an issuer.
    pub fn terms(&self) -> Option<Terms> {
        let issuer = self.issuer.clone()?;
        Some(Terms { issuer, audience: self.audience.clone(), strong: self.strong_acr.clone() })
    }
}

/// What a process tells of itself, and to whom.
#[derive(Args, Debug, Clone)]
pub struct ToldArgs {
    /// Collector that takes traces as OTLP over gRPC; without one none are recorded
    #[arg(long, env = "JIEWANG_OTLP", value_name = "URL")]
    pub otlp: Option<Collector>,
    /// What is logged, as directives of tracing-subscriber's EnvFilter
    #[arg(long, env = "JIEWANG_LOG", value_name = "DIRECTIVES")]
    pub log: Option<String>,
    /// Shape of the log
    #[arg(long, env = "JIEWANG_LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Shape of the log.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// Where a collector listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector(pub String);

impl Collector {
    /// To be shown: without a name or password of who sends.
    pub fn masked(&self) -> String {
        let Self(url) = self;
        match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1))) {
            Some((scheme, host)) => format!("{scheme}://***@{host}"),
            None => url.clone(),
        }
    }
}

impl FromStr for Collector {
    type Err = CollectorError;

    fn from_str(text: &str) -> Result<Self, CollectorError> {
        let url: http::Uri = text.parse().map_err(|_| CollectorError)?;
        let spoken = matches!(url.scheme_str(), Some("http" | "https")) && url.authority().is_some();
        if spoken { Ok(Self(text.to_owned())) } else { Err(CollectorError) }
    }
}

/// Why a text names no collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a collector is given as URL, such as http://127.0.0.1:4317")]
pub struct CollectorError;

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
    #[error("only {} have a database", Room::list_of_services())]
    Service,
    #[error("the address of a database begins with postgres://")]
    Scheme,
}

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pub room: Room,
    pub place: Place,
}

/// One address, or a name that is looked up for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Address(String),
    Dns { name: String, port: u16 },
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => f.write_str(address),
            Self::Dns { name, port } => write!(f, "dns:{name}:{port}"),
        }
    }
}

/// Why a text names no service's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    #[error("a peer is given as SERVICE=HOST:PORT, such as intake=10.0.0.7:50051")]
    Shape,
    #[error("only {} are called by others", Room::list_of_services())]
    Service,
    #[error("the address that others call is given as HOST:PORT")]
    Advertised,
}

impl FromStr for Peer {
    type Err = PeerError;

    fn from_str(text: &str) -> Result<Self, PeerError> {
        let (service, address) = text.split_once('=').ok_or(PeerError::Shape)?;
        let room = Room::of_service(service).ok_or(PeerError::Service)?;
        let (host, port) = host_and_port(address.strip_prefix("dns:").unwrap_or(address)).ok_or(PeerError::Shape)?;
        let place = if address.starts_with("dns:") {
            Place::Dns { name: host.to_owned(), port }
        } else {
            Place::Address(address.to_owned())
        };
        Ok(Self { room, place })
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
