//! Counts of spans on their way to the collector. The exporter's queue is bounded: what ended and was neither sent nor lost on the way
//! is waiting, at most 2,048 of them, or was dropped because the queue was full.

use metrics::{Counter, counter};
use opentelemetry::Context;
use opentelemetry_otlp::SpanExporter as Otlp;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use std::time::Duration;

/// Counts spans that end, `trace_spans_ended_total`, and hands them on. One processor and not two beside each other: for a second one the
/// SDK copies every span.
#[derive(Debug)]
pub(super) struct Ended {
    counted: Counter,
    batches: BatchSpanProcessor,
}

impl Ended {
    pub(super) fn new(batches: BatchSpanProcessor) -> Self {
        Self { counted: counter!("trace_spans_ended_total"), batches }
    }
}

impl SpanProcessor for Ended {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.counted.increment(1);
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Counts what the collector took, and what it did not: `trace_spans_sent_total`, `trace_spans_lost_total`.
#[derive(Debug)]
pub(super) struct Sent(pub(super) Otlp);

impl SpanExporter for Sent {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let sent = self.0.export(batch).await;
        let counted =
            if sent.is_ok() { counter!("trace_spans_sent_total") } else { counter!("trace_spans_lost_total") };
        counted.increment(spans);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
