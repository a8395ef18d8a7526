//! What happens to every call between connection and handler, top to bottom:
//!
//! 1. count it (rate, errors, duration), so that refusals are counted too;
//! 2. shed it when the process is full, emergencies last: no queue here, waiting would only spend the caller's time;
//! 3. read trace, deadline, identity and origin from the headers; a bad token ends it before anything else is done;
//! 4. open a span when its trace is sampled;
//! 5. run the handler, with the context in a task-local, inside the deadline and inside the panic guard;
//! 6. put errors that tonic made itself (a malformed message, an unknown method) into our words.

use super::guests::Conduct;
use super::routes::Routes;
use super::served::{Expiry, Served, Slot};
use crate::call::{CURRENT, Call, Caller};
use crate::deadline;
use crate::edge::Voucher;
use crate::error::{Code, Fault, GRPC_STATUS, code_in};
use crate::identity::Believed;
use crate::metrics::{Rpc, Table};
use crate::policies::{self, Policies};
use crate::telemetry;
use crate::trace::{TRACEPARENT, TraceContext, TraceSource};
use crate::urgency::{self, KEPT_BACK};
use civic::Clock;
use futures_util::FutureExt;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tonic::body::Body;

const GRPC_DETAILS: &str = "grpc-status-details-bin";

/// Everything a call needs that is the same for all of them.
pub(super) struct Desk {
    pub(super) routes: Routes,
    pub(super) table: &'static Table,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) believed: Believed,
    pub(super) policies: Option<Arc<dyn Policies>>,
    pub(super) voucher: Voucher,
    pub(super) traces: TraceSource,
    pub(super) longest_call: Duration,
    pub(super) calls: Arc<super::served::Seats>,
    pub(super) streams: Arc<super::served::Seats>,
}

/// The other end of a connection.
#[derive(Clone, Copy)]
pub(super) struct Peer {
    /// `None` inside the process.
    pub(super) address: Option<IpAddr>,
    /// It has shown who it is, or nobody has to here.
    pub(super) certified: bool,
}

impl Peer {
    pub(super) const INSIDE: Self = Self { address: None, certified: true };
}

impl Desk {
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: Peer,
        conduct: &Arc<Conduct>,
    ) -> Response<Body> {
        if !is_grpc(&request) {
            return not_grpc();
        }
        let rpc = self.table.find(request.uri().path());
        let pending = rpc.begin();
        let (seat, call) = match self.admit(rpc, request.headers(), peer).await {
            Ok(admitted) => admitted,
            Err(fault) => {
                pending.end(Some(fault.code));
                return refuse(fault);
            }
        };
        let (span, trace) = telemetry::server_span(rpc.method(), call.trace);
        let kept_back = call.kept_back || seat.as_ref().is_some_and(|seat| seat.kept_back);
        let call = Arc::new(Call { trace, kept_back, ..call });
        let response = self.run(rpc, Arc::clone(&call), request).await;
        let response = in_our_words(response);
        telemetry::end_served(span, outcome(response.headers()));
        if rpc.streaming && response.headers().get(GRPC_STATUS).is_none() {
            let expiry = call.caller.until.map(|until| Expiry::new(until, Arc::clone(&self.clock)));
            return response.map(|body| Body::new(Served::new(body, pending, seat, call, expiry)));
        }
        pending.end(outcome(response.headers()));
        response.map(|body| conduct.lay_out(body))
    }

    async fn admit(&self, rpc: &Rpc, headers: &HeaderMap, peer: Peer) -> Result<(Option<Slot>, Call), Fault> {
        known(rpc, peer)?;
        let seat = self.seat(rpc)?;
        let call = self.read_headers(rpc, headers, peer).await?;
        self.ask_policies(rpc, &call.caller).await?;
        Ok((seat, call))
    }

    /// Health and reflection tell nothing of anybody. What is in no descriptor has no policy, and is nobody's.
    async fn ask_policies(&self, rpc: &Rpc, caller: &Caller) -> Result<(), Fault> {
        let Some(policies) = self.policies.as_ref().filter(|_| !rpc.exempt) else { return Ok(()) };
        let declared = rpc.path.strip_prefix('/').ok_or_else(unknown_rpc)?;
        let opened = caller.actor.as_ref().filter(|actor| crate::glass::opened_to(actor).is_some());
        if policies.may(caller, declared) {
            return match opened {
                Some(actor) if !policies.looked(actor, declared).await => Err(unrecorded()),
                Some(_) | None => Ok(()),
            };
        }
        if let Some(actor) = &caller.actor {
            policies.refused(actor, declared).await;
        }
        Err(policies::refused(caller))
    }

    fn seat(&self, rpc: &Rpc) -> Result<Option<Slot>, Fault> {
        if rpc.exempt {
            return Ok(None);
        }
        let seats = if rpc.streaming { &self.streams } else { &self.calls };
        seats.take(rpc.urgency).map(Some).ok_or_else(urgency::overloaded)
    }

    async fn read_headers(&self, rpc: &Rpc, headers: &HeaderMap, peer: Peer) -> Result<Call, Fault> {
        let given = headers.get(deadline::GRPC_TIMEOUT).and_then(deadline::parse);
        // A stream may last as long as its caller likes; anything else ends some day even if nobody said when.
        let left = if rpc.streaming { given } else { Some(given.unwrap_or(self.longest_call).min(self.longest_call)) };
        let trace = headers.get(TRACEPARENT).and_then(|value| TraceContext::parse(value.to_str().ok()?));
        Ok(Call {
            caller: self.caller(headers).await?,
            client: self.voucher.address(headers).or(peer.address),
            deadline: left.map(|left| Instant::now() + left),
            trace: trace.unwrap_or_else(|| self.traces.start()),
            kept_back: headers.contains_key(KEPT_BACK),
        })
    }

    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Fault> {
        let Some(bearer) = headers.get(AUTHORIZATION) else {
            return Ok(Caller::anonymous());
        };
        let token = bearer.to_str().ok().and_then(bearer_token);
        let invalid = || Fault::new(Code::Unauthenticated, "TOKEN_INVALID", "authorization is not a bearer token");
        let known = self.believed.bearer(token.ok_or_else(invalid)?, self.clock.now()).await?;
        Ok(Caller { actor: Some(known.actor), bearer: Some(bearer.clone()), until: Some(known.until) })
    }

    async fn run(&self, rpc: &Rpc, call: Arc<Call>, mut request: Request<Incoming>) -> Response<Body> {
        request.extensions_mut().insert(Arc::clone(&call));
        let until = call.deadline;
        let trace = call.trace;
        let Some(handler) = self.routes.call(request) else {
            return refuse(unknown_rpc());
        };
        let guarded = CURRENT.scope(call, AssertUnwindSafe(handler).catch_unwind());
        let ended = match until {
            Some(until) => tokio::time::timeout_at(until, guarded).await,
            None => Ok(guarded.await),
        };
        match ended {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(_panic)) => {
                // The panic hook has printed text and place; here only where to look for them.
                tracing::error!(rpc = rpc.path, trace_id = %trace.trace_id(), "handler panicked");
                refuse_panic(&trace)
            }
            Err(_elapsed) => refuse(Fault::deadline_exceeded()),
        }
    }
}

/// What is seen by breaking the glass is on record, or is not seen.
fn unrecorded() -> Fault {
    Fault::new(Code::Unavailable, "STORE_UNAVAILABLE", "the journal cannot be written, try again")
}

/// Health is answered to everybody: Consul's agent has no certificate.
fn known(rpc: &Rpc, peer: Peer) -> Result<(), Fault> {
    if peer.certified || rpc.path.starts_with("/grpc.health.") {
        return Ok(());
    }
    Err(Fault::new(Code::Unauthenticated, "CERTIFICATE_MISSING", "services speak to services with a certificate"))
}

fn is_grpc(request: &Request<Incoming>) -> bool {
    let grpc = |value: &HeaderValue| value.as_bytes().starts_with(b"application/grpc");
    request.method() == Method::POST && request.headers().get(CONTENT_TYPE).is_some_and(grpc)
}

fn not_grpc() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn unknown_rpc() -> Fault {
    Fault::new(Code::NotFound, "RPC_UNKNOWN", "there is no such rpc")
}

pub(super) fn refuse(fault: Fault) -> Response<Body> {
    fault.into_status().into_http()
}

fn refuse_panic(trace: &TraceContext) -> Response<Body> {
    Fault::internal_traced(trace).into_http()
}

/// The code in the headers of an answer without a body. An answer with one ended well as far as anyone knows here.
fn outcome(headers: &HeaderMap) -> Option<Code> {
    code_in(headers).map(Code::of)
}

/// Statuses of ours carry details. One without was made by tonic before our code saw the request, and such a status in
/// the headers is always the caller's doing: a body that is no message, a method that is none.
fn in_our_words(response: Response<Body>) -> Response<Body> {
    let Some(code) = code_in(response.headers()) else {
        return response;
    };
    if response.headers().contains_key(GRPC_DETAILS) {
        return response;
    }
    let fault = match code {
        tonic::Code::Unimplemented => unknown_rpc(),
        tonic::Code::OutOfRange | tonic::Code::ResourceExhausted => {
            Fault::new(Code::Invalid, "MESSAGE_TOO_LARGE", "the message is over the limit")
        }
        tonic::Code::Internal | tonic::Code::InvalidArgument | tonic::Code::DataLoss | tonic::Code::Unknown => {
            Fault::new(Code::Invalid, "MESSAGE_MALFORMED", "the body is not the message that this rpc takes")
        }
        tonic::Code::Ok
        | tonic::Code::Cancelled
        | tonic::Code::DeadlineExceeded
        | tonic::Code::NotFound
        | tonic::Code::AlreadyExists
        | tonic::Code::PermissionDenied
        | tonic::Code::FailedPrecondition
        | tonic::Code::Aborted
        | tonic::Code::Unavailable
        | tonic::Code::Unauthenticated => return response,
    };
    refuse(fault)
}
