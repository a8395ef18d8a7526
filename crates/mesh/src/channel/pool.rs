//! How one call is delivered: to which replica, and what happens when that fails.
//!
//! A call that certainly did not leave is sent once more, to another replica. A call that may have been received is repeated only
//! when the proto declares that this is safe (`idempotency_level`; what changes something carries a request id), a few times, at
//! another replica, and while the budget allows: a fifth of all calls and ten a second. So a replica's end costs nobody a call,
//! and a service that is down is not buried under repetitions.

use super::answer::Content;
use super::connection::{self, Sent};
use super::members::{Chosen, Member, Members};
use super::standing;
use crate::deadline::{self, GRPC_TIMEOUT};
use crate::error::{Code, Fault, code_in};
use crate::metrics::Rpc;
use http::uri::{Authority, Scheme};
use http::{Extensions, HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use metrics::{Counter, counter};
use std::time::Duration;
use tokio::time::Instant;
use tonic::body::Body;
use tower::retry::budget::{Budget, TpsBudget};

/// With a second failure in a row it is more than one replica; a third try finds out whether it has passed.
const ATTEMPTS: u32 = 3;

/// Before the third attempt, half of it to one and a half times of it.
const PAUSE: Duration = Duration::from_millis(50);

/// Over which time the budget is kept, how many repetitions a second it always allows, and which part of the calls.
const BUDGET_OVER: Duration = Duration::from_secs(10);
const REPEATED_A_SECOND: u32 = 10;
const REPEATED_PART: f32 = 0.2;

/// A replica that says nothing for so long is to blame, also when its caller had not more time.
const SILENT: Duration = Duration::from_secs(1);

/// A service's replicas, and how calls to it fare.
pub(super) struct Pool {
    members: Members,
    name: String,
    budget: TpsBudget,
    repeated: Counter,
    /// Calls that would have been repeated.
    kept_back: Counter,
}

/// What came of an attempt that was waited for to its end.
enum Tried {
    Answered(Response<Content>),
    /// Nobody knows whether it was received.
    Failed(Fault),
}

impl Pool {
    pub(super) fn new(members: Members, name: String) -> Self {
        let labels = [("service", name.clone())];
        Self {
            members,
            name,
            budget: TpsBudget::new(BUDGET_OVER, REPEATED_A_SECOND, REPEATED_PART),
            repeated: counter!("jiewang_channel_repeated_total", &labels),
            kept_back: counter!("jiewang_channel_kept_back_total", &labels),
        }
    }

    /// For people.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn deliver(
        &self,
        rpc: &Rpc,
        request: Request<Body>,
        until: Option<Instant>,
    ) -> Result<Response<Content>, Fault> {
        if rpc.repeatable && !self.members.is_one() {
            return Box::pin(self.deliver_repeatedly(request, until)).await;
        }
        Ok(self.deliver_once(request, until).await?.map(Content::Coming))
    }

    async fn deliver_once(&self, request: Request<Body>, until: Option<Instant>) -> Result<Response<Incoming>, Fault> {
        let mut first = self.choose(None)?;
        let request = match self.attempt(&mut first, request, until).await? {
            Sent::Answered(response) => return Ok(response),
            // The connection had closed under us: nothing of the call has left this process.
            Sent::Closed(request) => *request,
            // Of a lone replica it is the answer: dialling again at once would only spend the caller's time.
            Sent::Unreached(unreached) if first.among_others => unreached.0,
            Sent::Unreached(unreached) => return Err(unreached.1),
        };
        let mut second = self.choose(Some(&first.member))?;
        drop(first);
        match self.attempt(&mut second, request, until).await? {
            Sent::Answered(response) => Ok(response),
            Sent::Closed(_) => Err(connection::unreachable("the connection closed before the call was sent")),
            Sent::Unreached(unreached) => Err(unreached.1),
        }
    }

    async fn deliver_repeatedly(
        &self,
        request: Request<Body>,
        until: Option<Instant>,
    ) -> Result<Response<Content>, Fault> {
        let (head, body) = request.into_parts();
        let mut head = Request::from_parts(head, ());
        // Nothing behind this looks at them, and they would be copied for every attempt.
        *head.extensions_mut() = Extensions::new();
        let message = body.collect().await.map_err(Fault::internal)?.to_bytes();
        self.budget.deposit();
        let mut chosen = self.choose(None)?;
        for attempt in 2..=ATTEMPTS {
            let request = head.clone().map(|()| Body::new(Full::new(message.clone())));
            let tried = self.attempt_whole(&mut chosen, request, until).await;
            if !tried.may_go_better_elsewhere() || !self.may_repeat() {
                return tried.into_answer();
            }
            if attempt == ATTEMPTS {
                tokio::time::sleep(pause(self.members.draws().next())).await;
            }
            chosen = self.choose(Some(&chosen.member))?;
            shorten(head.headers_mut(), until)?;
        }
        let request = head.map(|()| Body::new(Full::new(message)));
        self.attempt_whole(&mut chosen, request, until).await.into_answer()
    }

    fn may_repeat(&self) -> bool {
        let allowed = self.budget.withdraw();
        if allowed {
            self.repeated.increment(1)
        } else {
            self.kept_back.increment(1)
        }
        allowed
    }

    fn choose(&self, besides: Option<&Member>) -> Result<Chosen, Fault> {
        self.members.choose(besides).ok_or_else(|| connection::unreachable("no replica of the service is known"))
    }

    async fn attempt_whole(&self, chosen: &mut Chosen, request: Request<Body>, until: Option<Instant>) -> Tried {
        let response = match self.attempt(chosen, request, until).await {
            Ok(Sent::Answered(response)) => response,
            Ok(Sent::Closed(_)) => return Tried::Failed(connection::unreachable("the connection closed")),
            Ok(Sent::Unreached(unreached)) => return Tried::Failed(unreached.1),
            Err(fault) => return Tried::Failed(fault),
        };
        let (head, body) = response.into_parts();
        match within(until, body.collect()).await {
            Ok(Ok(collected)) => {
                let trailers = collected.trailers().cloned();
                let message = Some(collected.to_bytes()).filter(|message| !message.is_empty());
                Tried::Answered(Response::from_parts(head, Content::Whole { message, trailers }))
            }
            Ok(Err(error)) => {
                self.blame(chosen);
                Tried::Failed(connection::unreachable("the connection was lost during the call").with_source(error))
            }
            Err(late) => Tried::Failed(late),
        }
    }

    async fn attempt(
        &self,
        chosen: &mut Chosen,
        mut request: Request<Body>,
        until: Option<Instant>,
    ) -> Result<Sent, Fault> {
        *request.uri_mut() = absolute(request.uri(), &chosen.member.authority);
        let began = Instant::now();
        let sent = within(until, chosen.member.connection().send(request)).await.and_then(|sent| sent);
        match &sent {
            Ok(Sent::Answered(response)) if !blames(response.headers()) => chosen.praise(),
            // It ended in order: whoever drains does so.
            Ok(Sent::Closed(_)) => {}
            Ok(Sent::Answered(_) | Sent::Unreached(_)) => self.blame(chosen),
            Err(late) if late.reason == crate::error::DEADLINE_EXCEEDED && began.elapsed() < SILENT => {}
            Err(_) => self.blame(chosen),
        }
        sent
    }

    fn blame(&self, chosen: &mut Chosen) {
        if chosen.blame() {
            standing::watch(&chosen.member, self.members.draws(), &self.name);
        }
    }
}

impl Tried {
    /// The replica is in trouble, or full; a refusal would be the same everywhere, and after a deadline nobody waits any more.
    fn may_go_better_elsewhere(&self) -> bool {
        match self {
            Self::Failed(fault) => fault.code == Code::Unavailable && fault.reason != crate::error::DEADLINE_EXCEEDED,
            Self::Answered(response) => {
                let trailers = match response.body() {
                    Content::Whole { trailers, .. } => trailers.as_ref(),
                    Content::Coming(_) => None,
                };
                let code = code_in(response.headers()).or_else(|| code_in(trailers?));
                code == Some(tonic::Code::Unavailable)
            }
        }
    }

    fn into_answer(self) -> Result<Response<Content>, Fault> {
        match self {
            Self::Answered(response) => Ok(response),
            Self::Failed(fault) => Err(fault),
        }
    }
}

fn blames(headers: &HeaderMap) -> bool {
    code_in(headers).is_some()
        && tonic::Status::from_header_map(headers).is_some_and(|status| standing::is_to_blame(&status))
}

/// The time left is less at a second attempt.
fn shorten(headers: &mut HeaderMap, until: Option<Instant>) -> Result<(), Fault> {
    let Some(until) = until else { return Ok(()) };
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Fault::deadline_exceeded());
    }
    headers.insert(GRPC_TIMEOUT, deadline::format(left));
    Ok(())
}

fn pause(drawn: u64) -> Duration {
    PAUSE / 2 + PAUSE * u32::try_from(drawn % 1024).unwrap_or_default() / 1024
}

async fn within<T>(until: Option<Instant>, work: impl Future<Output = T>) -> Result<T, Fault> {
    match until {
        Some(until) => tokio::time::timeout_at(until, work).await.map_err(|_elapsed| Fault::deadline_exceeded()),
        None => Ok(work.await),
    }
}

/// HTTP/2 wants scheme and authority; generated clients send the path only.
fn absolute(uri: &Uri, authority: &Authority) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority.clone());
    Uri::from_parts(parts).expect("a generated path with a parsed authority is a uri")
}

#[cfg(test)]
mod tests {
    use super::super::connection::{Target, Way};
    use super::*;
    use crate::metrics::{Side, Table};
    use std::sync::Arc;

    /// A future is moved as a whole when it is wrapped, and boxed with all its room: what is rare must not make every call large.
    #[test]
    fn a_call_carries_no_room_for_a_handshake() {
        let target = Target::Tcp("127.0.0.1:1".to_owned(), Way::Plain);
        let member = Arc::new(Member::new(&target, Authority::from_static("127.0.0.1:1")));
        let pool = Pool::new(Members::one(Arc::clone(&member)), "intake".to_owned());
        let rpc = Table::of(Side::Client).find("/jiewang.intake.v1.Reports/CreateReport");
        let sent = size_of_val(&member.connection().send(Request::new(Body::empty())));
        let once = size_of_val(&pool.deliver_once(Request::new(Body::empty()), None));
        let repeated = size_of_val(&pool.deliver_repeatedly(Request::new(Body::empty()), None));
        let delivered = size_of_val(&pool.deliver(rpc, Request::new(Body::empty()), None));
        assert!(
            sent < 1024 && delivered < 4096,
            "sent {sent}, once {once}, repeated {repeated}, delivered {delivered}"
        );
    }
}
