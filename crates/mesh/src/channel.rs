//! How services are called: one type for every client, over TCP or inside the process.
//!
//! A call sends on what the current task works for: the time left, the trace, the caller's token. It takes the less
//! loaded of two replicas and one of a few connections to it; a connection that is gone is dialled again. What is repeated when a
//! replica fails, and which replicas are left out, say [`pool`] and [`standing`].

mod answer;
mod connection;
mod load;
mod members;
mod pool;
mod standing;

pub use answer::Answer;

use crate::call;
use crate::deadline;
use crate::discovery::Addresses;
use crate::edge::Voucher;
use crate::error::{Code, Fault, code_in};
use crate::memory::Dialer;
use crate::metrics::{Rpc, Side, Table};
use crate::network::Network;
use crate::telemetry;
use crate::telemetry::Span;
use crate::tls::Tls;
use crate::trace::{TRACEPARENT, TraceContext};
use connection::{Target, Way};
use http::header::AUTHORIZATION;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, Response};
use members::{Member, Members};
use pool::Pool;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tonic::body::Body;

/// How long a call waits when nobody said anything else. Streams have no limit of their own.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// A client's way to a service, one replica or many. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Channel {
    pool: Arc<Pool>,
    bearer: Option<HeaderValue>,
    voucher: Option<Arc<Voucher>>,
    default_deadline: Duration,
}

impl Channel {
    /// To a gRPC server at `host:port`. Connects at the first call.
    pub fn to(address: &str) -> Result<Self, http::uri::InvalidUri> {
        Ok(Self::one(&Target::Tcp(address.to_owned(), Way::Plain), address.parse()?))
    }

    /// To the replicas of a service, wherever its source says that they are.
    #[must_use]
    pub fn to_replicas(service: &'static str, addresses: Addresses, tls: Option<Tls>) -> Self {
        let way = tls.map_or(Way::Plain, |tls| Way::Encrypted { tls, service });
        Self::over(Members::new(addresses, way), service.to_owned())
    }

    /// The same over another network than this machine's.
    #[must_use]
    pub fn to_replicas_over(network: Network, service: &'static str, addresses: Addresses) -> Self {
        Self::over(Members::new(addresses, Way::Over(network)), service.to_owned())
    }

    pub(crate) fn over_memory(dialer: Dialer) -> Self {
        Self::one(&Target::Memory(dialer), Authority::from_static("in-memory"))
    }

    fn one(target: &Target, authority: Authority) -> Self {
        let name = authority.to_string();
        Self::over(Members::one(Arc::new(Member::new(target, authority))), name)
    }

    fn over(members: Members, name: String) -> Self {
        let pool = Arc::new(Pool::new(members, name));
        Self { pool, bearer: None, voucher: None, default_deadline: DEFAULT_DEADLINE }
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

    /// The span of this call where its trace is recorded. The other side hears of that span, else of whoever caused the call.
    fn follow(&self, rpc: &Rpc, headers: &mut HeaderMap) -> Span {
        let given = headers.get(TRACEPARENT).and_then(|value| TraceContext::parse(value.to_str().ok()?));
        let Some(trace) = given.or_else(|| call::current().map(|call| call.trace)) else { return Span::none() };
        let (span, own) = telemetry::client_span(rpc.method(), self.pool.name(), trace);
        if given != Some(own) {
            let own = own.to_string().try_into().expect("hexadecimal digits are a header value");
            headers.insert(TRACEPARENT, own);
        }
        span
    }

    async fn send(self, mut request: Request<Body>) -> Result<Response<Answer>, tonic::Status> {
        let rpc = Table::of(Side::Client).find(request.uri().path());
        let pending = rpc.begin();
        let until = self.prepare(request.headers_mut(), rpc.streaming);
        let span = self.follow(rpc, request.headers_mut());
        let sent = match until {
            Some(until) if until <= Instant::now() => Err(Fault::deadline_exceeded()),
            Some(_) | None => self.pool.deliver(rpc, request, until).await,
        };
        match sent {
            Ok(response) => {
                // An error without a message comes in the headers alone, and nobody reads the body of that.
                let failed = code_in(response.headers()).map(Code::of);
                telemetry::end_sent(span, failed);
                let pending = pending.end_if(failed);
                Ok(response.map(|content| Answer::new(content, pending, until)))
            }
            Err(fault) => {
                telemetry::end_sent(span, Some(fault.code));
                pending.end(Some(fault.code));
                Err(fault.into_status())
            }
        }
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
        write!(f, "Channel({})", self.pool.name())
    }
}
