//! Logs and traces of a process.
//!
//! Logs go to stderr. Spans are made for sampled calls only, and only when an exporter is set: an unsampled call costs a
//! look at one flag. Names are those of OpenTelemetry's semantic conventions for RPC, HTTP and messaging.

mod lines;
mod spans;

use crate::error::Code;
use crate::trace::TraceContext;
use casebook::DueTimer;
use lines::InTrace;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use queue::Envelope;
use spans::Ended;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// What is logged when nobody says otherwise. The stack's own events stay out, or an exporter would trace itself.
const FILTER: &str = "info,h2=off,hyper=off,tonic=off,tower=off,opentelemetry=warn";

/// Whether an exporter is set. Process-wide, as the tracing subscriber is.
static RECORDING: AtomicBool = AtomicBool::new(false);

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
pub struct Guard {
    provider: Option<SdkTracerProvider>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = &self.provider
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "failed to flush traces");
        }
    }
}

/// Sets up logs, traces and the metrics recorder, once per process and inside a runtime.
pub fn init(telemetry: &Telemetry) -> Result<Guard, TelemetryError> {
    crate::metrics::recorder();
    let filter = telemetry.directives()?;
    let provider = telemetry.otlp.as_deref().map(|endpoint| exporter(&telemetry.service, endpoint)).transpose()?;
    let tracer = provider.as_ref().map(|provider| provider.tracer("jiewang"));
    let spans = tracer.map(|tracer| {
        let spans = tracing_opentelemetry::layer().with_tracer(tracer);
        // Where a span is made in this code is the same for all of its name, and a call wanders from thread to thread: nobody asks for
        // either. Nothing else looks for the context of the task, and how long it was polled stands in no page.
        spans.with_location(false).with_threads(false).with_tracked_inactivity(false).with_context_activation(false)
    });
    tracing_subscriber::registry().with(log_layer(telemetry.format)).with(filter).with(spans).try_init()?;
    RECORDING.store(provider.is_some(), Ordering::Relaxed);
    Ok(Guard { provider })
}

fn log_layer(format: Format) -> Box<dyn Layer<Registry> + Send + Sync> {
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        Format::Text => log.boxed(),
        Format::Json => log.json().map_event_format(InTrace).boxed(),
    }
}

fn exporter(service: &str, endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    Ok(SdkTracerProvider::builder().with_span_processor(Ended::sent_by(exporter)).with_resource(resource).build())
}

/// The span of a served call, and the context that its own calls pass on.
pub(crate) fn server_span(method: &str, trace: TraceContext) -> (Span, TraceContext) {
    begun(trace, || {
        tracing::info_span!(
            "mesh.server.call",
            otel.name = method,
            otel.kind = "server",
            otel.status_code = Empty,
            rpc.system.name = "grpc",
            rpc.method = method,
            rpc.response.status_code = Empty
        )
    })
}

/// The span of a call from its first attempt to its answer, and the context that it sends on.
pub(crate) fn client_span(method: &str, service: &str, trace: TraceContext) -> (Span, TraceContext) {
    begun(trace, || {
        tracing::info_span!(
            "mesh.client.call",
            otel.name = method,
            otel.kind = "client",
            otel.status_code = Empty,
            rpc.system.name = "grpc",
            rpc.method = method,
            rpc.response.status_code = Empty,
            server.address = service
        )
    })
}

/// How a served call ended. A refusal is no error of the server's.
pub(crate) fn end_served(span: &Span, failed: Option<Code>) {
    let broken = matches!(failed, Some(Code::Internal | Code::Unavailable));
    end_call(span, failed, broken);
}

/// How a sent call ended. For who calls, everything but success is an error.
pub(crate) fn end_sent(span: &Span, failed: Option<Code>) {
    end_call(span, failed, failed.is_some());
}

fn end_call(span: &Span, failed: Option<Code>, is_error: bool) {
    span.record("rpc.response.status_code", failed.map_or("OK", Code::grpc_name));
    if is_error {
        span.record("otel.status_code", "ERROR");
    }
}

/// How a request at the edge ended.
pub fn end_request(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// The span of a request at the edge, and the context that its calls pass on.
#[must_use]
pub fn edge_span(method: &str, route: &str, trace: TraceContext) -> (Span, TraceContext) {
    begun(trace, || {
        let name = format!("{method} {route}");
        tracing::info_span!(
            "gateway.request",
            otel.name = name,
            otel.kind = "server",
            otel.status_code = Empty,
            url.scheme = "http",
            http.request.method = method,
            http.route = route,
            http.response.status_code = Empty
        )
    })
}

/// The span of an event that takes effect, and the context of what follows from it; `None` when nobody records its trace.
pub(crate) fn consumer_span(event: &Envelope) -> Option<(Span, TraceContext)> {
    // An internal event has no type, and nobody acts on it.
    if event.r#type.is_empty() {
        return None;
    }
    let trace = recorded(&event.traceparent)?;
    Some(begun(trace, || {
        let name = format!("consume {}", event.r#type);
        tracing::info_span!(
            "mesh.event", otel.name = name, otel.kind = "consumer", messaging.system = "jiewang",
            messaging.operation.type = "process", messaging.destination.name = event.source, messaging.message.id = event.id
        )
    }))
}

/// The span of a timer that fires, and the context of what follows from it; `None` when nobody records the trace in which it was armed.
pub(crate) fn timer_span(timer: &DueTimer) -> Option<(Span, TraceContext)> {
    let trace = recorded(&timer.traceparent)?;
    Some(begun(trace, || {
        let name = format!("fire {}.{}", timer.kind, timer.name);
        tracing::info_span!("mesh.timer", otel.name = name, otel.kind = "internal")
    }))
}

/// The trace of what was kept, if it is recorded.
fn recorded(traceparent: &str) -> Option<TraceContext> {
    if !RECORDING.load(Ordering::Relaxed) {
        return None;
    }
    TraceContext::parse(traceparent).filter(|trace| trace.sampled)
}

/// A span in its trace, made only when somebody records it.
fn begun(trace: TraceContext, span: impl FnOnce() -> Span) -> (Span, TraceContext) {
    if !trace.sampled || !RECORDING.load(Ordering::Relaxed) {
        return (Span::none(), trace);
    }
    let span = span();
    if let Some((trace, parent)) = trace.parent() {
        let remote = SpanContext::new(
            TraceId::from_bytes(trace.to_be_bytes()),
            SpanId::from_bytes(parent.to_be_bytes()),
            TraceFlags::SAMPLED,
            true,
            TraceState::default(),
        );
        if let Err(error) = span.set_parent(Context::new().with_remote_span_context(remote)) {
            tracing::debug!(%error, "a span keeps no parent");
        }
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    if !own.is_valid() {
        return (span, trace);
    }
    let trace_id = u128::from_be_bytes(own.trace_id().to_bytes());
    (span, TraceContext::recorded(trace_id, u64::from_be_bytes(own.span_id().to_bytes())))
}
