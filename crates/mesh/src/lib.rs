//! How services are served, called, trusted and observed.
//!
//! A process has one [`Chassis`]. A service adds its gRPC server to it, spawns through its [`Tasks`], registers what has to
//! hold for it to work with its [`Readiness`], and calls others over a [`Channel`]. Around every call, in both directions,
//! stand deadline, trace, identity and metrics; errors are [`Fault`]s, and this crate alone turns them into statuses.

pub mod admin;
mod call;
mod cases;
mod channel;
mod chassis;
pub mod deadline;
pub mod discovery;
mod drain;
pub mod edge;
mod error;
mod event_log;
#[doc(hidden)]
pub mod fuzzing;
mod glass;
mod identity;
mod log;
mod memory;
pub mod metrics;
mod millis;
mod network;
mod policies;
pub mod position;
mod readiness;
mod reform;
mod sight;
mod skew;
mod speaker;
mod tasks;
pub mod telemetry;
pub mod tls;
mod trace;
mod traced;
mod urgency;

pub use call::{Call, Caller, call, caller, current, within};
pub use cases::{CaseError, Own};
pub use channel::{Answer, Channel};
pub use chassis::{
    Builder, Chassis, Config, ConfigError, Drained, GrpcServer, Guests, Refusal, Seat, ServeError, Transport,
};
pub use drain::Drain;
pub use error::{Chain, Code, DEADLINE_EXCEEDED, DOMAIN, Fault, FieldFault, Problem, ProblemField};
pub use event_log::EventLogs;
pub use glass::{Asked, GLASS_SUBJECT, Glass, opened_to};
pub use identity::{Bearer, ISSUER, Issuer, TokenKey, mint, verify};
pub use log::{Log, RemoteLog};
pub use memory::{Incoming, in_memory};
pub use network::{Listener, Network, Wire};
pub use policies::{Concern, Matter, Policies, Reach};
pub use position::{Position, PositionKey};
pub use readiness::{Check, Failing, Readiness};
pub use reform::{follow_reforms, keep_places};
pub use sight::{Sight, Sighted};
pub use skew::{Reference, watch_clock};
pub use speaker::{SERVICE_SUBJECT, Speaker};
pub use tasks::{Fatal, StillRunning, Tasks};
pub use trace::{TRACEPARENT, TraceContext, TraceSource};
pub use traced::{Traced, TracedTimers};
pub use urgency::{KEPT_BACK, give_way_unless, is_pressing};
