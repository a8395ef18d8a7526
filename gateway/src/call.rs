//! One gRPC call with bytes in and bytes out: the messages are never built.
use crate::problem::Problem;
use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue};
use mesh::{Channel, TRACEPARENT, TraceContext};
use std::net::IpAddr;
use std::time::Duration;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Response, Status, Streaming};

/// Headers a caller's request hands on to the service. `traceparent` is set apart, since it may begin here.
const PASSED: [HeaderName; 4] = [
    http::header::AUTHORIZATION,
    http::header::ACCEPT_LANGUAGE,
    HeaderName::from_static("jiewang-position"),
    HeaderName::from_static("tracestate"),
];

/// Metadata that tells a service the caller's address; an edge channel signs it.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static(mesh::edge::CLIENT_ADDRESS);

/// The codec that leaves messages as they are.
#[derive(Clone, Copy)]
struct Untouched;

impl Codec for Untouched {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Untouched {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Untouched {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// A call about to be made.
pub(crate) struct Call<'a> {
    pub(crate) upstream: &'a Channel,
    pub(crate) path: &'a PathAndQuery,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) trace: TraceContext,
    /// Who is connected: told to the service, which throttles guesses by it. A client's own header of that name goes no further.
    pub(crate) peer: IpAddr,
    /// It was let through on a seat kept for what cannot wait, because its client said that it is that.
    pub(crate) kept_back: bool,
    pub(crate) message: Bytes,
    /// Largest message that is taken from the service.
    pub(crate) answer_bytes: usize,
}

impl Call<'_> {
    /// The answer's bytes and metadata. The deadline goes along as `grpc-timeout`.
    pub(crate) async fn unary(self, deadline: Duration) -> Result<Response<Bytes>, Problem> {
        let mut client = self.client();
        let path = self.path.clone();
        let mut request = self.request();
        request.set_timeout(deadline);
        client.unary(request, path, Untouched).await.map_err(|status| Problem::of_status(&status))
    }

    /// An open stream; errors before its first message are told here.
    pub(crate) async fn stream(self) -> Result<Streaming<Bytes>, Problem> {
        let mut client = self.client();
        let path = self.path.clone();
        let answer = client.server_streaming(self.request(), path, Untouched).await;
        answer.map(Response::into_inner).map_err(|status| Problem::of_status(&status))
    }

    fn client(&self) -> tonic::client::Grpc<Channel> {
        tonic::client::Grpc::new(self.upstream.clone()).max_decoding_message_size(self.answer_bytes)
    }

    fn request(self) -> Request<Bytes> {
        let mut headers = HeaderMap::with_capacity(8);
        for name in PASSED {
            if let Some(value) = self.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        if let Ok(value) = HeaderValue::try_from(self.peer.to_canonical().to_string()) {
            headers.insert(CLIENT_ADDRESS, value);
        }
        if self.kept_back {
            headers.insert(mesh::KEPT_BACK, HeaderValue::from_static("1"));
        }
        if let Ok(value) = HeaderValue::try_from(self.trace.to_string()) {
            headers.insert(HeaderName::from_static(TRACEPARENT), value);
        }
        Request::from_parts(MetadataMap::from_headers(headers), Extensions::default(), self.message)
    }
}

/// Asks `grpc.health.v1.Health/Check` about one service, or about the whole process with an empty name.
pub(crate) async fn is_serving(upstream: &Channel, service: &str, wait: Duration) -> bool {
    let mut request = bytes::BytesMut::new();
    if !service.is_empty() {
        crate::wire::put_string(&mut request, 1, service);
    }
    let asked = async {
        let mut client = tonic::client::Grpc::new(upstream.clone());
        let path = PathAndQuery::from_static("/grpc.health.v1.Health/Check");
        let mut request = Request::new(request.freeze());
        request.set_timeout(wait);
        client.unary(request, path, Untouched).await.ok()
    };
    // HealthCheckResponse { status = 1: SERVING = 1 }
    let serving: &[u8] = &[0x08, 0x01];
    matches!(tokio::time::timeout(wait, asked).await, Ok(Some(answer)) if answer.get_ref() == serving)
}
