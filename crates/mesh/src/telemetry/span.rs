//! A span as it is recorded. Made by hand and not by way of `tracing`: a span of that is kept in a registry, formatted for the log and
//! entered with every poll, which took ten times as long as what is sent of it (docs/adr/0049).

use super::export::Export;
use crate::trace::TraceContext;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use std::borrow::Cow;
use std::sync::OnceLock;

/// Where spans go. Process-wide, as the log is.
pub(super) static EXPORT: OnceLock<Export> = OnceLock::new();

/// What is known of a span when it begins.
pub(super) struct Beginning {
    pub(super) kind: SpanKind,
    pub(super) name: Cow<'static, str>,
    pub(super) attributes: Vec<KeyValue>,
}

/// Recorded from its making until it is dropped, or nothing at all.
#[must_use = "a span ends when it is dropped"]
pub struct Span(Option<Box<SpanData>>);

impl Span {
    /// Nothing is recorded.
    pub const fn none() -> Self {
        Self(None)
    }

    /// In its trace, made only when somebody records it; and the context of what follows from it.
    pub(super) fn begin(trace: TraceContext, describe: impl FnOnce() -> Beginning) -> (Self, TraceContext) {
        let Some(export) = EXPORT.get().filter(|_| trace.sampled) else { return (Self::none(), trace) };
        let own = trace.below(export.next_id());
        let Beginning { kind, name, attributes } = describe();
        let (trace_id, span_id) = own.ids();
        let id = TraceId::from_bytes(trace_id.to_be_bytes());
        let span = SpanId::from_bytes(span_id.to_be_bytes());
        let now = opentelemetry::time::now();
        let data = SpanData {
            span_context: SpanContext::new(id, span, TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id: trace.parent().map_or(SpanId::INVALID, |span| SpanId::from_bytes(span.to_be_bytes())),
            parent_span_is_remote: true,
            span_kind: kind,
            name,
            start_time: now,
            end_time: now,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder("jiewang").build(),
        };
        (Self(Some(Box::new(data))), own)
    }

    pub(super) fn tell(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(data) = &mut self.0 {
            data.attributes.push(KeyValue::new(key, value));
        }
    }

    pub(super) fn fail(&mut self) {
        if let Some(data) = &mut self.0 {
            data.status = Status::error("");
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some((mut data, export)) = self.0.take().zip(EXPORT.get()) {
            data.end_time = opentelemetry::time::now();
            export.take(*data);
        }
    }
}
