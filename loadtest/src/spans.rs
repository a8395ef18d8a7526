//! A collector of spans that counts them and throws them away, and the counts of whoever sends them.

use crate::role::{Player, Role, serve_until_dismissed};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};

/// The exporter sends what waits after five seconds at the latest.
pub(crate) const UNTIL_SENT: Duration = Duration::from_secs(6);

/// The collector as a process of its own.
pub(crate) struct Collector(Player);

impl Collector {
    pub(crate) fn start() -> anyhow::Result<Self> {
        Ok(Self(Player::start(Role::Spans, &[])?))
    }

    /// As `JIEWANG_OTLP` names it.
    pub(crate) fn url(&self) -> anyhow::Result<String> {
        Ok(format!("http://{}", self.0.address("otlp")?))
    }

    /// How many spans it was given.
    pub(crate) async fn end(self) -> anyhow::Result<u64> {
        let counted = self.0.dismiss(Role::Spans).await?;
        Ok(counted["spans"].as_u64().unwrap_or_default())
    }
}

#[derive(Clone, Default)]
struct Counted(Arc<AtomicU64>);

#[tonic::async_trait]
impl TraceService for Counted {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|process| process.scope_spans);
        let spans: usize = scopes.map(|scope| scope.spans.len()).sum();
        self.0.fetch_add(spans as u64, Ordering::Relaxed);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// Plays [`Role::Spans`].
pub(crate) async fn serve() -> anyhow::Result<()> {
    let counted = Counted::default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let told = json!({"otlp": listener.local_addr()?.to_string()});
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(counted.clone()));
    #[expect(clippy::disallowed_methods, reason = "it lasts as long as the process")]
    tokio::spawn(server.serve_with_incoming(incoming));
    serve_until_dismissed(&told).await?;
    println!("{}", json!({"spans": counted.0.load(Ordering::Relaxed)}));
    Ok(())
}

/// What became of the spans of a process, by its own count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spans {
    pub(crate) ended: u64,
    pub(crate) sent: u64,
    /// The collector did not take them.
    pub(crate) refused: u64,
}

impl Spans {
    /// From the text that Prometheus reads.
    pub(crate) fn in_metrics(text: &str) -> Self {
        let count = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
        };
        Self {
            ended: count("trace_spans_ended_total"),
            sent: count("trace_spans_sent_total"),
            refused: count("trace_spans_lost_total"),
        }
    }

    /// Ended and not sent, once nothing waits any more.
    pub(crate) const fn lost(self) -> u64 {
        self.ended.saturating_sub(self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_spans_are_read_and_missing_ones_are_none() {
        let text = "# TYPE trace_spans_sent_total counter\ntrace_spans_sent_total 512\ntrace_spans_ended_total 600\n";
        let spans = Spans::in_metrics(text);
        assert_eq!(spans, Spans { ended: 600, sent: 512, refused: 0 });
        assert_eq!(spans.lost(), 88);
    }
}
