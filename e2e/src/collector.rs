//! A collector of traces that keeps what it is sent.

use mesh::{Chassis, TokenKey};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value,
    resource::v1::Resource,
};
use prost::Message as _;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{net::TcpListener, task::JoinSet};
use tonic::{Request, Response, Status, codec::CompressionEncoding};

/// What a span tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Of the process that recorded it.
    pub service: String,
    pub name: String,
    pub trace: String,
    pub span: String,
    /// Empty at the root of a trace.
    pub parent: String,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Sent>>);

#[derive(Default)]
struct Sent {
    spans: Vec<Seen>,
    bytes: Vec<u8>,
}

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let request = request.into_inner();
        kept.bytes.extend(request.encode_to_vec());
        for of_process in request.resource_spans {
            let service = service(of_process.resource.unwrap_or_default());
            let spans = of_process.scope_spans.into_iter().flat_map(|scope| scope.spans);
            kept.spans.extend(spans.map(|span| Seen {
                service: service.clone(),
                name: span.name,
                trace: hex(&span.trace_id),
                span: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn service(resource: Resource) -> String {
    let named = resource.attributes.into_iter().find(|attribute| attribute.key == "service.name");
    match named.and_then(|attribute| attribute.value?.value) {
        Some(Value::StringValue(name)) => name,
        Some(_) | None => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A running collector; dropping it ends it.
pub struct Collector {
    pub address: SocketAddr,
    kept: Kept,
    _serving: JoinSet<()>,
}

impl Collector {
    /// # Panics
    /// When loopback has no port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let mut chassis = Chassis::builder(TokenKey::from_bytes([0; 32])).build();
        let kept = Kept::default();
        chassis.add_service(TraceServiceServer::new(kept.clone()).accept_compressed(CompressionEncoding::Gzip));
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(chassis.serve(listener).await) });
        Self { address, kept, _serving: serving }
    }

    /// The spans of one trace so far.
    #[must_use]
    pub fn trace(&self, id: &str) -> Vec<Seen> {
        let kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.spans.iter().filter(|seen| seen.trace == id).cloned().collect()
    }

    /// Everything that it was sent, with attributes, events and links, as the protocol writes it.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.kept.0.lock().unwrap_or_else(PoisonError::into_inner).bytes.clone()
    }
}
