//! What the chassis knows about the call being served: who, until when, in which trace.
//!
//! It travels twice: in the request's extensions, where rpcs read it, and in a task-local, where a [`crate::Channel`] finds
//! what it must pass on without every function having a parameter for it. Work spawned apart from the call has neither.

use crate::error::{Code, Fault};
use crate::trace::TraceContext;
use civic::{Actor, Micros, Role};
use http::HeaderValue;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::time::Instant;

tokio::task_local! {
    pub(crate) static CURRENT: Arc<Call>;
}

/// Who calls.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Nobody when the call carries no token: a citizen whom the rpc may serve or send away.
    pub actor: Option<Actor>,
    /// The `authorization` header as it came, to be passed on.
    pub(crate) bearer: Option<HeaderValue>,
    /// When the token ends, and with it every stream that was opened by it.
    pub(crate) until: Option<Micros>,
}

impl Caller {
    /// A call without a token.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self { actor: None, bearer: None, until: None }
    }

    /// A known caller, for tests of handlers without a connection.
    #[must_use]
    pub const fn known(actor: Actor) -> Self {
        Self { actor: Some(actor), bearer: None, until: None }
    }

    /// The actor, or UNAUTHENTICATED.
    pub fn require(&self) -> Result<&Actor, Fault> {
        let missing = || Fault::new(Code::Unauthenticated, "TOKEN_MISSING", "this call needs a token");
        self.actor.as_ref().ok_or_else(missing)
    }

    /// The actor's role; citizen without a token.
    #[must_use]
    pub fn role(&self) -> Role {
        self.actor.as_ref().map_or(Role::Citizen, |actor| actor.role)
    }

    /// The actor's opaque reference; empty without a token.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.actor.as_ref().map_or("", |actor| actor.subject.as_str())
    }

    /// The actor as decisions and events record it: without a token a citizen with no subject and no unit.
    #[must_use]
    pub fn to_actor(&self) -> Actor {
        let citizen = || Actor { role: Role::Citizen, subject: String::new(), unit: None, head: false };
        self.actor.clone().unwrap_or_else(citizen)
    }
}

/// A call being served.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// Where the call comes from: what the gateway vouches for, else the other end of the connection; nobody's inside a process.
    pub client: Option<IpAddr>,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// The trace it belongs to.
    pub trace: TraceContext,
    /// It has one of the seats that are kept back for what cannot wait.
    pub(crate) kept_back: bool,
}

impl Call {
    /// One that came over no connection: a replay's, a test's.
    #[must_use]
    pub const fn inside(caller: Caller, trace: TraceContext) -> Self {
        Self { caller, client: None, deadline: None, trace, kept_back: false }
    }
}

/// Who calls this rpc. A request that did not come through the chassis (a unit test) is anonymous.
pub fn caller<T>(request: &tonic::Request<T>) -> &Caller {
    static NOBODY: Caller = Caller::anonymous();
    call(request).map_or(&NOBODY, |call| &call.caller)
}

/// The whole context of a request that came through the chassis.
pub fn call<T>(request: &tonic::Request<T>) -> Option<&Call> {
    request.extensions().get::<Arc<Call>>().map(AsRef::as_ref)
}

/// The call that the current task works on.
#[must_use]
pub fn current() -> Option<Arc<Call>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// Runs work under a call's context: for a handler that goes on in a task of its own, and for tests.
pub async fn within<F: Future>(call: Arc<Call>, work: F) -> F::Output {
    CURRENT.scope(call, work).await
}
