//! What may be typed after `jiewang`. Settings come from flags, else from the environment, else from a file (`--config`), else from the
//! defaults below.

mod cluster;
mod connection;
mod file;
mod limits;
mod reach;
mod vault;

pub use crate::room::Room;
pub use cluster::{
    Advertised, ClusterArgs, Collector, CollectorError, ConsulArgs, ConsulToken, Database, DatabaseError, LogFormat,
    Peer, PeerError, Place, ServeArgs, ToldArgs, UpArgs,
};
pub use connection::Connection;
pub(crate) use file::with_text;
pub use file::{FileProblem, ParseError, parse};
pub use limits::{IntakeLimits, Limit, Limits, LimitsError};
pub use reach::Reach;
pub use vault::{SuiteName, VaultArgs};

use crate::output::Format;
use crate::verb::audit::AuditArgs;
use crate::verb::calendar::CalendarArgs;
use crate::verb::case::CaseArgs;
use crate::verb::catalog::CatalogArgs;
use crate::verb::certs::CertsArgs;
use crate::verb::classifier::ClassifierArgs;
use crate::verb::vault::VaultVerbArgs;

use crate::verb::completion::CompletionArgs;
use crate::verb::doctor::DoctorArgs;
use crate::verb::load::LoadArgs;
use crate::verb::replay::ReplayArgs;
use crate::verb::token::TokenArgs;
use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;

/// Reports of residents and their work orders, from the first word to the last: the city's cluster and its operators' tools.
#[derive(Parser, Debug)]
#[command(name = "jiewang", version, propagate_version = true, max_term_width = 120)]
pub struct Args {
    /// How data is written to standard output
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Run every service and the gateway in this process
    Up(UpArgs),
    /// Run one service, or the gateway
    Serve(ServeArgs),
    /// Sign a development token; the last line is the token
    Token(TokenArgs),
    /// File the rows of a CSV as reports
    Load(LoadArgs),
    /// Live through a city's history of service requests, on a clock of its own
    Replay(ReplayArgs),
    /// Look at work orders and reports
    Case(CaseArgs),
    /// Events that could not take effect
    Queue(QueueArgs),
    /// Check the invariants over a data folder or a database
    Verify(VerifyArgs),
    /// Whether the event logs are still what was witnessed
    Audit(AuditArgs),
    /// The keys that wrap the keys of personal data
    Vault(VaultVerbArgs),
    /// Duty list, limits, keyword rules
    Catalog(CatalogArgs),
    /// What reports are about: train and measure the model behind the keyword rules
    Classifier(ClassifierArgs),
    /// An authority for development, and certificates of services
    Certs(CertsArgs),
    /// Working days
    Calendar(CalendarArgs),
    /// Is this machine fit to run a cluster, and does one run
    Doctor(DoctorArgs),
    /// Completion script for a shell
    Completion(CompletionArgs),
}

/// `jiewang queue`
#[derive(ClapArgs, Debug)]
pub struct QueueArgs {
    #[command(subcommand)]
    pub queue: Queue,
}

/// What can be looked at.
#[derive(Subcommand, Debug)]
pub enum Queue {
    /// Parked cases: their next event failed and the events behind it wait
    Parked(ParkedArgs),
}

/// `jiewang queue parked`: asks the running cluster, or opens the data of one that is stopped.
#[derive(ClapArgs, Debug)]
pub struct ParkedArgs {
    #[command(subcommand)]
    pub verb: Parked,
    #[command(flatten)]
    pub stores: Stores,
    #[command(flatten)]
    pub reach: Reach,
}

/// Where the stored state lies.
#[derive(ClapArgs, Debug, Clone)]
pub struct Stores {
    /// Folder of the cluster
    #[arg(long, global = true, env = "JIEWANG_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    /// PostgreSQL of a service instead of its file in the folder, as SERVICE=URL; may be repeated
    #[arg(long, global = true, value_name = "SERVICE=URL")]
    pub postgres: Vec<Database>,
    #[command(flatten)]
    pub vault: VaultArgs,
}

/// Whose keys are looked at.
#[derive(ClapArgs, Debug, Clone)]
pub struct KeysOf {
    /// Folder of the cluster
    #[arg(long, env = "JIEWANG_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub vault: VaultArgs,
}

/// What is done with parked cases.
#[derive(Subcommand, Debug)]
pub enum Parked {
    /// All of them, the longest parked first
    List {
        /// Only those of one consuming service
        #[arg(long, value_enum)]
        service: Option<Room>,
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// One with its events and why the first failed
    Show {
        /// <service>/<26 characters>
        name: String,
    },
    /// Let the events of one, or of all, take effect now
    Replay {
        /// <service>/<26 characters>
        #[arg(required_unless_present = "all")]
        name: Option<String>,
        #[arg(long, conflicts_with = "name")]
        all: bool,
        /// Why; goes into the journal
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Drop the event that fails and go on behind it: what it said is lost to this service
    GiveUp {
        /// <service>/<26 characters>
        name: String,
        /// Goes into the journal
        #[arg(long)]
        reason: String,
        /// Yes, lose it
        #[arg(long)]
        yes: bool,
    },
}

/// `jiewang verify`
#[derive(ClapArgs, Debug)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub stores: Stores,
    /// Only these invariants, such as I4,I11
    #[arg(long, value_delimiter = ',', value_name = "I4,I5,...")]
    pub only: Vec<String>,
    /// Judge lateness by this machine's clock: no event without a position or a consumer, and no due timer unfired, for longer than so
    /// many seconds. Without it, ten minutes are allowed while the cluster was at work, as far as the data tells
    #[arg(long, value_name = "SECONDS")]
    pub late: Option<u32>,
}
