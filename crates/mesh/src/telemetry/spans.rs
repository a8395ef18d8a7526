//! Spans on their way to the collector: so many wait at most, and what became of each is counted. A collector that is away or slow
//! takes nothing from the calls.

use metrics::{Counter, counter};
use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Spans that wait at most, those on their way among them: what the SDK's own queue holds.
const MOST: usize = 2_048;

/// Counts spans that end, `trace_spans_ended_total`, and those for which there is no room, `trace_spans_dropped_total`, and hands the
/// others on. One processor and not two beside each other: for a second one the SDK copies every span.
#[derive(Debug)]
pub(super) struct Ended {
    counted: Counter,
    dropped: Counter,
    waiting: Arc<AtomicUsize>,
    batches: BatchSpanProcessor,
}

impl Ended {
    pub(super) fn sent_by(exporter: impl SpanExporter + 'static) -> Self {
        let waiting = Arc::new(AtomicUsize::new(0));
        let (sent, lost) = (counter!("trace_spans_sent_total"), counter!("trace_spans_lost_total"));
        let sent = Sent { exporter, sent, lost, waiting: Arc::clone(&waiting) };
        let batches = BatchSpanProcessor::builder(sent).build();
        let (counted, dropped) = (counter!("trace_spans_ended_total"), counter!("trace_spans_dropped_total"));
        Self { counted, dropped, waiting, batches }
    }
}

impl SpanProcessor for Ended {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.counted.increment(1);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MOST {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return self.dropped.increment(1);
        }
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
    use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::error::OTelSdkError;
    use opentelemetry_sdk::trace::SdkTracerProvider;

    /// A collector that is away.
    #[derive(Debug)]
    struct Away;

    impl SpanExporter for Away {
        async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
            Err(OTelSdkError::InternalFailure("nobody listens".to_owned()))
        }
    }

    #[test]
    fn what_the_collector_does_not_take_is_counted_and_makes_room() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // What the SDK sends with has a thread of its own, on which nothing is counted here.
        metrics::with_local_recorder(&recorder, || {
            let ended = Ended::sent_by(Away);
            let waiting = Arc::clone(&ended.waiting);
            waiting.store(MOST - 1, Ordering::Relaxed);
            let provider = SdkTracerProvider::builder().with_span_processor(ended).build();
            let tracer = provider.tracer("probe");
            for _ in 0..3 {
                tracer.start("call").end();
            }
            assert_eq!(waiting.load(Ordering::Relaxed), MOST);
            drop(provider.force_flush());
            assert_eq!(waiting.load(Ordering::Relaxed), MOST - 1, "one was sent in vain");
        });
        let told = handle.render();
        assert!(
            ["ended_total 3", "dropped_total 2", "lost_total 1", "sent_total 0"].iter().all(|one| told.contains(one)),
            "{told}"
        );
    }
}
