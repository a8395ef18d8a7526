//! How services are called: one type for every client, over TCP or inside the process.
//!
//! A call sends on what the current task works for: the time left, the trace, the caller's token. It takes one of a few
//! connections in turn; a connection that is gone is dialled again. A call that was certainly not sent is repeated once;
//! anything else is the caller's decision, because only the proto says what may be repeated.

mod answer;
mod connection;

pub use answer::Answer;

use crate::call;
use crate::deadline;
use crate::edge::Voucher;
use crate::error::{Code, Fault, code_in};
use crate::memory::Dialer;
use crate::metrics::{Side, Table};
use crate::trace::TRACEPARENT;
use connection::{Connection, Sent, Target};
use http::header::AUTHORIZATION;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tonic::body::Body;

/// How long a call waits when nobody said anything else. Streams have no limit of their own.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// Two cores serve about four connections without waiting for each other's locks; more only cost memory.
const CONNECTIONS: usize = 4;

/// A client's way to a process. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Channel {
    pool: Arc<Pool>,
    bearer: Option<HeaderValue>,
    voucher: Option<Arc<Voucher>>,
    default_deadline: Duration,
}

struct Pool {
    connections: Vec<Connection>,
    next: AtomicUsize,
    authority: Authority,
    table: &'static Table,
}

impl Channel {
    /// To a gRPC server at `host:port`. Connects at the first call.
    pub fn to(address: &str) -> Result<Self, http::uri::InvalidUri> {
        Ok(Self::over(&Target::Tcp(address.to_owned()), address.parse()?))
    }

    pub(crate) fn over_memory(dialer: Dialer) -> Self {
        Self::over(&Target::Memory(dialer), Authority::from_static("in-memory"))
    }

    fn over(target: &Target, authority: Authority) -> Self {
        let connections = (0..CONNECTIONS).map(|_| Connection::new(target.clone())).collect();
        let pool = Pool { connections, next: AtomicUsize::new(0), authority, table: Table::of(Side::Client) };
        Self { pool: Arc::new(pool), bearer: None, voucher: None, default_deadline: DEFAULT_DEADLINE }
    }

    /// The same connections, speaking with this token always, also inside a call: for what a service does in its own name,
    /// such as reading another's event log. What it does for a caller goes over a channel without one, which passes the
    /// caller's token on, or none: a service must not lend its rights to whoever asks.
    #[must_use]
    pub fn speaking_as(&self, token: &str) -> Self {
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).ok();
        Self { bearer, ..self.clone() }
    }

    /// The same connections with another time limit for calls that name none.
    #[must_use]
    pub fn with_default_deadline(&self, default_deadline: Duration) -> Self {
        Self { default_deadline, ..self.clone() }
    }

    /// The same connections, signing the client's address that a request names (see [`crate::edge`]).
    pub(crate) fn vouching(&self, voucher: Voucher) -> Self {
        Self { voucher: Some(Arc::new(voucher)), ..self.clone() }
    }

    /// Puts on the headers what has to be passed on; says until when to wait.
    fn prepare(&self, headers: &mut HeaderMap, streaming: bool) -> Option<Instant> {
        let now = Instant::now();
        let current = call::current();
        let asked = headers.get(deadline::GRPC_TIMEOUT).and_then(deadline::parse).map(|left| now + left);
        let inherited = current.as_ref().and_then(|call| call.deadline);
        let default = (!streaming && asked.is_none()).then(|| now + self.default_deadline);
        let until = [asked, inherited, default].into_iter().flatten().min();
        if let Some(until) = until {
            headers.insert(deadline::GRPC_TIMEOUT, deadline::format(until.saturating_duration_since(now)));
        }
        let trace = current.as_ref().map(|call| call.trace.to_string());
        if let Some(trace) = trace.filter(|_| !headers.contains_key(TRACEPARENT)) {
            headers.insert(TRACEPARENT, trace.try_into().expect("hexadecimal digits are a header value"));
        }
        let callers = current.as_ref().and_then(|call| call.caller.bearer.as_ref());
        let bearer = self.bearer.as_ref().or(callers);
        if let Some(bearer) = bearer.filter(|_| !headers.contains_key(AUTHORIZATION)) {
            headers.insert(AUTHORIZATION, bearer.clone());
        }
        if let Some(voucher) = &self.voucher {
            voucher.sign(headers);
        }
        until
    }

    async fn send(self, mut request: Request<Body>) -> Result<Response<Answer>, tonic::Status> {
        let rpc = self.pool.table.find(request.uri().path());
        let pending = rpc.begin();
        let until = self.prepare(request.headers_mut(), rpc.streaming);
        let sent = match until {
            Some(until) if until <= Instant::now() => Err(Fault::deadline_exceeded()),
            Some(until) => {
                let sent = tokio::time::timeout_at(until, self.pool.deliver(request)).await;
                sent.unwrap_or_else(|_elapsed| Err(Fault::deadline_exceeded()))
            }
            None => self.pool.deliver(request).await,
        };
        match sent {
            Ok(response) => {
                // An error without a message comes in the headers alone, and nobody reads the body of that.
                let failed = code_in(response.headers()).map(Code::of);
                let pending = pending.end_if(failed);
                Ok(response.map(|body| Answer::new(body, pending, until)))
            }
            Err(fault) => {
                pending.end(Some(fault.code));
                Err(fault.into_status())
            }
        }
    }
}

impl Pool {
    async fn deliver(&self, mut request: Request<Body>) -> Result<Response<hyper::body::Incoming>, Fault> {
        *request.uri_mut() = self.absolute(request.uri());
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        match self.connections[turn % self.connections.len()].send(request).await? {
            Sent::Answered(response) => Ok(response),
            Sent::NotSent(request) => {
                // The connection had closed under us: nothing of the call has left this process.
                match self.connections[turn.wrapping_add(1) % self.connections.len()].send(*request).await? {
                    Sent::Answered(response) => Ok(response),
                    Sent::NotSent(_) => Err(connection::unreachable("the connection closed before the call was sent")),
                }
            }
        }
    }

    /// HTTP/2 wants scheme and authority; generated clients send the path only.
    fn absolute(&self, uri: &Uri) -> Uri {
        let mut parts = uri.clone().into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        Uri::from_parts(parts).expect("a generated path with a parsed authority is a uri")
    }
}

impl tower::Service<Request<Body>> for Channel {
    type Response = Response<Answer>;
    type Error = tonic::Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answer>, tonic::Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), tonic::Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Channel({})", self.pool.authority)
    }
}
