//! Rate, errors and duration of every rpc, served and sent, and the text that Prometheus scrapes. Names are those of OpenTelemetry's
//! semantic conventions (<https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/>), as Prometheus writes them; rate and errors are
//! the histogram's counts by status.
//!
//! The handles of an rpc are looked up once and kept beside its path. The paths come from the descriptor set, so a stranger
//! who calls random paths cannot make the text grow.

use crate::error::Code;
use crate::urgency::Urgency;
use metrics::{Gauge, Histogram, Label, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use prost::Message;
use prost_types::method_options::IdempotencyLevel;
use prost_types::{MethodDescriptorProto, MethodOptions};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Instant;

/// Seconds. From a memory read (0.5 ms) to the longest deadline that the gateway gives (15 s).
const BUCKETS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0];

/// The process's recorder, installed at the first call. A recorder that something else installed before (a test) stays,
/// and the text is then empty.
pub fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("the list of buckets is not empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("a metrics recorder was installed before ours");
        }
        handle
    })
}

/// Whether calls are served or sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

impl Side {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }

    const fn duration(self) -> &'static str {
        match self {
            Self::Server => "rpc_server_call_duration_seconds",
            Self::Client => "rpc_client_call_duration_seconds",
        }
    }
}

/// What is known about one rpc, and its handles.
pub(crate) struct Rpc {
    pub(crate) path: String,
    /// The answer is a stream: no default deadline, and the call lasts as long as its body.
    pub(crate) streaming: bool,
    /// The proto declares that a second time does no harm (`idempotency_level`), and one message is answered with one.
    pub(crate) repeatable: bool,
    /// Whether it is shed first or last.
    pub(crate) urgency: Urgency,
    /// Health and reflection: answered also when the process sheds load, or it would be taken for dead.
    pub(crate) exempt: bool,
    side: Side,
    in_flight: Gauge,
    seconds: [OnceLock<Histogram>; Outcome::SLOTS],
}

impl Rpc {
    fn new(side: Side, path: String, declared: Declared) -> Self {
        let labels = [("rpc_method", method(&path).to_owned()), ("side", side.as_str().to_owned())];
        Self {
            in_flight: gauge!("jiewang_rpc_in_flight", &labels),
            seconds: Default::default(),
            exempt: path.starts_with("/grpc."),
            urgency: Urgency::of(&path, declared.only_reads),
            path,
            streaming: declared.streaming,
            repeatable: declared.repeatable,
            side,
        }
    }

    /// A call begins.
    pub(crate) fn begin(&'static self) -> Pending {
        self.in_flight.increment(1.0);
        Pending { rpc: self, began: Instant::now(), outcome: Outcome::Cancelled }
    }

    /// `package.Service/Method`.
    pub(crate) fn method(&self) -> &str {
        method(&self.path)
    }

    fn count(&self, outcome: Outcome, seconds: f64) {
        let fresh = || {
            let status = outcome.status();
            let failed = (status != OK).then(|| Label::from_static_parts("error_type", status));
            let labels = [
                Label::from_static_parts("rpc_system_name", "grpc"),
                Label::new("rpc_method", self.method().to_owned()),
                Label::from_static_parts("rpc_response_status_code", status),
            ];
            histogram!(self.side.duration(), labels.into_iter().chain(failed).collect::<Vec<_>>())
        };
        self.seconds[outcome.slot()].get_or_init(fresh).record(seconds);
    }
}

fn method(path: &str) -> &str {
    path.trim_start_matches('/')
}

const OK: &str = "OK";

/// How a call ended.
#[derive(Clone, Copy)]
enum Outcome {
    Well,
    Failed(Code),
    /// The caller left before the end.
    Cancelled,
}

impl Outcome {
    const SLOTS: usize = Code::ALL.len() + 2;

    const fn status(self) -> &'static str {
        match self {
            Self::Well => OK,
            Self::Failed(code) => code.grpc_name(),
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Where its histogram is kept: codes are numbered in the order of [`Code::ALL`].
    const fn slot(self) -> usize {
        match self {
            Self::Failed(code) => code as usize,
            Self::Well => Code::ALL.len(),
            Self::Cancelled => Code::ALL.len() + 1,
        }
    }
}

/// A call in flight. Dropped without an outcome it counts as cancelled by the caller.
pub(crate) struct Pending {
    rpc: &'static Rpc,
    began: Instant,
    outcome: Outcome,
}

impl Pending {
    /// Ends the call if it failed; otherwise it goes on.
    pub(crate) fn end_if(self, failed: Option<Code>) -> Option<Self> {
        if failed.is_none() {
            return Some(self);
        }
        self.end(failed);
        None
    }

    /// The call ended well, or with a code.
    pub(crate) fn end(mut self, code: Option<Code>) {
        self.outcome = code.map_or(Outcome::Well, Outcome::Failed);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.rpc.in_flight.decrement(1.0);
        self.rpc.count(self.outcome, self.began.elapsed().as_secs_f64());
    }
}

/// Every rpc by its path.
pub(crate) struct Table {
    rpcs: HashMap<String, Rpc>,
    unknown: Rpc,
}

impl Table {
    /// The process's table for one side. Metrics are the process's, so this is too: the only kind of static that a service may have, since two of them live in one process.
    pub(crate) fn of(side: Side) -> &'static Self {
        static SERVER: OnceLock<Table> = OnceLock::new();
        static CLIENT: OnceLock<Table> = OnceLock::new();
        let table = match side {
            Side::Server => &SERVER,
            Side::Client => &CLIENT,
        };
        table.get_or_init(|| Self::build(side))
    }

    fn build(side: Side) -> Self {
        recorder();
        let mut rpcs = HashMap::new();
        let sets =
            [proto::DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET];
        for set in sets {
            let set = prost_types::FileDescriptorSet::decode(set).expect("protox wrote it");
            for file in set.file {
                for service in &file.service {
                    for method in &service.method {
                        let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                        rpcs.insert(path.clone(), Rpc::new(side, path, Declared::by(method)));
                    }
                }
            }
        }
        Self { rpcs, unknown: Rpc::new(side, "_OTHER".to_owned(), Declared::default()) }
    }

    pub(crate) fn find(&'static self, path: &str) -> &'static Rpc {
        self.rpcs.get(path).unwrap_or(&self.unknown)
    }
}

/// What the proto says of an rpc.
#[derive(Clone, Copy, Default)]
struct Declared {
    streaming: bool,
    only_reads: bool,
    repeatable: bool,
}

impl Declared {
    fn by(method: &MethodDescriptorProto) -> Self {
        let level = method.options.as_ref().map(MethodOptions::idempotency_level).unwrap_or_default();
        let harmless = match level {
            IdempotencyLevel::NoSideEffects | IdempotencyLevel::Idempotent => true,
            IdempotencyLevel::IdempotencyUnknown => false,
        };
        Self {
            streaming: method.server_streaming(),
            only_reads: level == IdempotencyLevel::NoSideEffects,
            repeatable: harmless && !method.server_streaming() && !method.client_streaming(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_proto_declares_is_repeated() {
        let table = Table::of(Side::Client);
        let repeatable = |path| table.find(path).repeatable;
        assert!(repeatable("/jiewang.intake.v1.Reports/CreateReport"));
        assert!(repeatable("/jiewang.events.v1.EventLog/Read"));
        assert!(!repeatable("/jiewang.events.v1.Events/StreamEvents"));
        assert!(!repeatable("/grpc.health.v1.Health/Check"));
        assert!(!repeatable("/a.stranger/Call"));
    }
}
