//! Spans on their way to the collector: so many wait at most, and what became of each is counted. A collector that is away or slow
//! takes nothing from the calls.

use crate::trace::SpanIds;
use civic::SystemRng;
use metrics::{Counter, counter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanExporter, SpanProcessor};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Spans that wait at most, those on their way among them: what the SDK's own queue holds.
const MOST: usize = 2_048;

/// Counts spans that end, `trace_spans_ended_total`, and those for which there is no room, `trace_spans_dropped_total`, and hands the
/// others on in batches.
#[derive(Debug)]
pub(super) struct Export {
    ids: SpanIds,
    counted: Counter,
    dropped: Counter,
    waiting: Arc<AtomicUsize>,
    batches: BatchSpanProcessor,
}

impl Export {
    pub(super) fn by(exporter: impl SpanExporter + 'static, resource: &Resource) -> Self {
        let waiting = Arc::new(AtomicUsize::new(0));
        let (sent, lost) = (counter!("trace_spans_sent_total"), counter!("trace_spans_lost_total"));
        let sent = Sent { exporter, sent, lost, waiting: Arc::clone(&waiting) };
        let mut batches = BatchSpanProcessor::builder(sent).build();
        batches.set_resource(resource);
        let (counted, dropped) = (counter!("trace_spans_ended_total"), counter!("trace_spans_dropped_total"));
        Self { ids: SpanIds::new(&SystemRng), counted, dropped, waiting, batches }
    }

    pub(super) fn next_id(&self) -> u64 {
        self.ids.next()
    }

    pub(super) fn take(&self, span: SpanData) {
        self.counted.increment(1);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MOST {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return self.dropped.increment(1);
        }
        self.batches.on_end(span);
    }

    /// Sends what waits.
    pub(super) fn end(&self) -> OTelSdkResult {
        self.batches.shutdown()
    }
}

/// Counts what the collector took, and what it did not: `trace_spans_sent_total`, `trace_spans_lost_total`.
#[derive(Debug)]
struct Sent<E> {
    exporter: E,
    sent: Counter,
    lost: Counter,
    waiting: Arc<AtomicUsize>,
}

impl<E: SpanExporter> SpanExporter for Sent<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.exporter.export(batch).await;
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
        let counted = if sent.is_ok() { &self.sent } else { &self.lost };
        counted.increment(spans as u64);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
    use opentelemetry_sdk::error::OTelSdkError;
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use std::time::SystemTime;

    /// A collector that is away.
    #[derive(Debug)]
    struct Away;

    impl SpanExporter for Away {
        async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
            Err(OTelSdkError::InternalFailure("nobody listens".to_owned()))
        }
    }

    fn call() -> SpanData {
        let (trace, span, now) = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), SystemTime::UNIX_EPOCH);
        SpanData {
            span_context: SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "call".into(),
            start_time: now,
            end_time: now,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    #[test]
    fn what_the_collector_does_not_take_is_counted_and_makes_room() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            let export = Export::by(Away, &Resource::builder().build());
            export.waiting.store(MOST - 1, Ordering::Relaxed);
            for _ in 0..3 {
                export.take(call());
            }
            assert_eq!(export.waiting.load(Ordering::Relaxed), MOST);
            drop(export.batches.force_flush());
            assert_eq!(export.waiting.load(Ordering::Relaxed), MOST - 1, "one was sent in vain");
        });
        let told = handle.render();
        assert!(
            ["ended_total 3", "dropped_total 2", "lost_total 1", "sent_total 0"].iter().all(|one| told.contains(one)),
            "{told}"
        );
    }
}
