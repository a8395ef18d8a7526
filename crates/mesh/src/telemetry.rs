//! Logs and traces of a process.
//!
//! Logs go to stderr. Spans are made for sampled calls only, and only when an exporter is set: an unsampled call costs a
//! look at one flag. Names are those of OpenTelemetry's semantic conventions for RPC, HTTP and messaging.

mod export;
mod lines;
mod span;

pub use span::Span;

use crate::error::Code;
use crate::trace::TraceContext;
use casebook::DueTimer;
use export::Export;
use lines::InTrace;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use queue::Envelope;
use span::{Beginning, EXPORT};
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// What is logged when nobody says otherwise. The stack's own events stay out, or an exporter would trace itself.
const FILTER: &str = "info,h2=off,hyper=off,tonic=off,tower=off,opentelemetry=warn";

/// Shape of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What to log and where to send traces.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// `service.name`, such as `jiewang-intake`.
    pub service: String,
    /// Shape of the log.
    pub format: Format,
    /// Directives of `tracing-subscriber`'s `EnvFilter`; empty for the default.
    pub filter: String,
    /// OTLP over gRPC, such as `http://127.0.0.1:4317` (`JIEWANG_OTLP`).
    pub otlp: Option<String>,
}

impl Telemetry {
    fn directives(&self) -> Result<EnvFilter, ParseError> {
        EnvFilter::builder().parse(if self.filter.is_empty() { FILTER } else { &self.filter })
    }

    /// Whether it can be set up, as far as that is known before.
    pub fn check(&self) -> Result<(), TelemetryError> {
        Ok(self.directives().map(drop)?)
    }
}

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("the log filter cannot be read")]
    Filter(#[from] ParseError),
    /// The exporter's address is not one.
    #[error("failed to set up the trace exporter")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Something else has set a subscriber.
    #[error("logging is already set up")]
    AlreadySet(#[from] tracing_subscriber::util::TryInitError),
}

/// Flushes what has not been exported when it is dropped; keep it to the end of main.
#[must_use = "dropping it ends the export"]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(Err(error)) = EXPORT.get().map(Export::end) {
            tracing::warn!(%error, "failed to flush traces");
        }
    }
}

/// Sets up logs, traces and the metrics recorder, once per process and inside a runtime.
pub fn init(telemetry: &Telemetry) -> Result<Guard, TelemetryError> {
    crate::metrics::recorder();
    let filter = telemetry.directives()?;
    let export = telemetry.otlp.as_deref().map(|endpoint| exporter(&telemetry.service, endpoint)).transpose()?;
    tracing_subscriber::registry().with(log_layer(telemetry.format)).with(filter).try_init()?;
    if let Some(export) = export {
        // Whoever was first has set the log, too.
        drop(EXPORT.set(export));
    }
    Ok(Guard(()))
}

fn log_layer(format: Format) -> Box<dyn Layer<Registry> + Send + Sync> {
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        Format::Text => log.boxed(),
        Format::Json => log.json().map_event_format(InTrace).boxed(),
    }
}

fn exporter(service: &str, endpoint: &str) -> Result<Export, TelemetryError> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    Ok(Export::by(exporter, &Resource::builder().with_service_name(service.to_owned()).build()))
}

/// The span of a served call, and the context that its own calls pass on.
pub(crate) fn server_span(method: &str, trace: TraceContext) -> (Span, TraceContext) {
    Span::begin(trace, || Beginning {
        kind: SpanKind::Server,
        name: method.to_owned().into(),
        attributes: vec![KeyValue::new("rpc.system.name", "grpc"), KeyValue::new("rpc.method", method.to_owned())],
    })
}

/// The span of a call from its first attempt to its answer, and the context that it sends on.
pub(crate) fn client_span(method: &str, service: &str, trace: TraceContext) -> (Span, TraceContext) {
    Span::begin(trace, || Beginning {
        kind: SpanKind::Client,
        name: method.to_owned().into(),
        attributes: vec![
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", method.to_owned()),
            KeyValue::new("server.address", service.to_owned()),
        ],
    })
}

/// How a served call ended. A refusal is no error of the server's.
pub(crate) fn end_served(span: Span, failed: Option<Code>) {
    let broken = matches!(failed, Some(Code::Internal | Code::Unavailable));
    end_call(span, failed, broken);
}

/// How a sent call ended. For who calls, everything but success is an error.
pub(crate) fn end_sent(span: Span, failed: Option<Code>) {
    end_call(span, failed, failed.is_some());
}

fn end_call(mut span: Span, failed: Option<Code>, is_error: bool) {
    span.tell("rpc.response.status_code", failed.map_or("OK", Code::grpc_name));
    if is_error {
        span.fail();
    }
}

/// How a request at the edge ended.
pub fn end_request(mut span: Span, status: u16) {
    span.tell("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.fail();
    }
}

/// The span of a request at the edge, and the context that its calls pass on.
pub fn edge_span(method: &str, route: &str, trace: TraceContext) -> (Span, TraceContext) {
    Span::begin(trace, || Beginning {
        kind: SpanKind::Server,
        name: format!("{method} {route}").into(),
        attributes: vec![
            KeyValue::new("url.scheme", "http"),
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("http.route", route.to_owned()),
        ],
    })
}

/// The span of an event that takes effect, and the context of what follows from it; `None` when nobody records its trace.
pub(crate) fn consumer_span(event: &Envelope) -> Option<(Span, TraceContext)> {
    // An internal event has no type, and nobody acts on it.
    if event.r#type.is_empty() {
        return None;
    }
    let trace = recorded(&event.traceparent)?;
    Some(Span::begin(trace, || Beginning {
        kind: SpanKind::Consumer,
        name: format!("consume {}", event.r#type).into(),
        attributes: vec![
            KeyValue::new("messaging.system", "jiewang"),
            KeyValue::new("messaging.operation.type", "process"),
            KeyValue::new("messaging.destination.name", event.source.clone()),
            KeyValue::new("messaging.message.id", event.id.clone()),
        ],
    }))
}

/// The span of a timer that fires, and the context of what follows from it; `None` when nobody records the trace in which it was armed.
pub(crate) fn timer_span(timer: &DueTimer) -> Option<(Span, TraceContext)> {
    let trace = recorded(&timer.traceparent)?;
    Some(Span::begin(trace, || Beginning {
        kind: SpanKind::Internal,
        name: format!("fire {}.{}", timer.kind, timer.name).into(),
        attributes: Vec::new(),
    }))
}

/// The trace of what was kept, if it is recorded.
fn recorded(traceparent: &str) -> Option<TraceContext> {
    EXPORT.get()?;
    TraceContext::parse(traceparent).filter(|trace| trace.sampled)
}
