//! What a service's error becomes on the wire: nine codes, one table to gRPC and HTTP.
//!
//! [`Fault`] is what our own code raises: a code, a stable reason, a text that anyone may read, the fields at fault. The
//! chain of causes stays here and goes to the log. [`Problem`] is the same thing read back on the other side of a
//! connection. `tonic::Status` is built in this module only; clippy refuses its constructors everywhere else.

mod code;
mod problem;

pub use code::Code;
pub use problem::{Problem, ProblemField};

use crate::trace::TraceContext;
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// `ErrorInfo.domain` of every status of ours.
pub const DOMAIN: &str = "jiewang";

/// Reason of a call that ran out of time, wherever that was noticed.
pub const DEADLINE_EXCEEDED: &str = "DEADLINE_EXCEEDED";

/// Where a call's code stands: in the headers of an answer without a message, else in the trailers.
pub(crate) const GRPC_STATUS: &str = "grpc-status";

/// `ErrorInfo.metadata` key of the rule that a refusal rests on.
const LAW: &str = "law";

/// One field of a request and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// Path in the request in lowerCamelCase, such as `location.address` or `attachments[2].sha256`.
    pub path: String,
    /// UPPER_SNAKE, stable.
    pub reason: &'static str,
    /// Safe text.
    pub detail: String,
}

/// A failure on its way to the caller.
#[derive(Debug)]
pub struct Fault {
    /// Which of the nine.
    pub code: Code,
    /// UPPER_SNAKE, stable: clients match on it.
    pub reason: &'static str,
    /// Text that anyone may read: never personal data, never an internal name.
    pub detail: String,
    /// Boxed, so that `Result<_, Fault>` stays small in every signature.
    more: Option<Box<More>>,
}

#[derive(Debug, Default)]
struct More {
    fields: Vec<FieldFault>,
    retry_after: Option<Duration>,
    law: Option<&'static str>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault without fields.
    #[must_use]
    pub fn new(code: Code, reason: &'static str, detail: impl Into<String>) -> Self {
        Self { code, reason, detail: detail.into(), more: None }
    }

    /// An internal fault: the cause goes to the log, the caller gets the trace id.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "INTERNAL", "internal error").with_source(cause)
    }

    /// The time that the caller gave is used up.
    #[must_use]
    pub fn deadline_exceeded() -> Self {
        Self::new(Code::Unavailable, DEADLINE_EXCEEDED, "the deadline passed before the call was answered")
    }

    /// The token is refused; the same whatever is wrong with it.
    #[must_use]
    pub fn token_invalid() -> Self {
        Self::new(Code::Unauthenticated, "TOKEN_INVALID", "the token is not valid")
    }

    /// The token was good.
    #[must_use]
    pub fn token_expired() -> Self {
        Self::new(Code::Unauthenticated, "TOKEN_EXPIRED", "the token has expired")
    }

    /// Names a field at fault.
    #[must_use]
    pub fn field(mut self, path: impl Into<String>, reason: &'static str, detail: impl Into<String>) -> Self {
        let fault = FieldFault { path: path.into(), reason, detail: detail.into() };
        self.more().fields.push(fault);
        self
    }

    /// How long the caller should wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.more().retry_after = Some(wait);
        self
    }

    /// The rule that the refusal rests on, in words that may be shown: an article, or a line of the contract.
    #[must_use]
    pub fn with_law(mut self, law: &'static str) -> Self {
        self.more().law = Some(law);
        self
    }

    /// The cause, for the log only.
    #[must_use]
    pub fn with_source(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.more().source = Some(cause.into());
        self
    }

    /// Fields at fault.
    #[must_use]
    pub fn fields(&self) -> &[FieldFault] {
        self.more.as_ref().map_or(&[], |more| &more.fields)
    }

    /// How long the caller should wait, if that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.more.as_ref().and_then(|more| more.retry_after)
    }

    /// The rule that the refusal rests on.
    #[must_use]
    pub fn law(&self) -> Option<&'static str> {
        self.more.as_ref().and_then(|more| more.law)
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// The status for the wire: ErrorInfo, BadRequest and RetryInfo as far as there is something to say. An internal
    /// fault is logged here with its chain, because the wire carries none of it.
    #[must_use]
    pub fn into_status(self) -> tonic::Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(self.reason, DOMAIN, metadata(self.law()));
        if !self.fields().is_empty() {
            details.set_bad_request(self.fields().iter().map(violation).collect::<Vec<_>>());
        }
        if let Some(wait) = self.retry_after() {
            details.set_retry_info(Some(wait));
        }
        let text = match self.code {
            Code::Internal => self.log_and_mask(),
            Code::Invalid
            | Code::Unauthenticated
            | Code::Denied
            | Code::NotFound
            | Code::Conflict
            | Code::Refused
            | Code::Exhausted
            | Code::Unavailable => self.detail,
        };
        tonic::Status::with_error_details(wire_code(self.code, self.reason), text, details)
    }

    /// The status for a fault that has been logged where it happened.
    pub(crate) fn internal_traced(trace: &TraceContext) -> tonic::Status {
        let mut details = ErrorDetails::new();
        details.set_error_info("INTERNAL", DOMAIN, metadata(None));
        tonic::Status::with_error_details(tonic::Code::Internal, masked(&trace.trace_id()), details)
    }

    fn log_and_mask(&self) -> String {
        let trace = crate::call::current().map(|call| call.trace.trace_id()).unwrap_or_default();
        tracing::error!(trace_id = %trace, reason = self.reason, cause = %Chain(self), "call failed");
        masked(&trace)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.reason)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.more.as_ref()?.source.as_ref()?;
        Some(source.as_ref())
    }
}

impl From<Fault> for tonic::Status {
    fn from(fault: Fault) -> Self {
        fault.into_status()
    }
}

/// An error and its causes in one line.
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// The code that headers or trailers report; `None` for none and for success.
pub(crate) fn code_in(headers: &http::HeaderMap) -> Option<tonic::Code> {
    let code = tonic::Code::from_bytes(headers.get(GRPC_STATUS)?.as_bytes());
    (code != tonic::Code::Ok).then_some(code)
}

/// What the caller of a failed call may know.
fn masked(trace: &str) -> String {
    if trace.is_empty() { "internal error".to_owned() } else { format!("internal error, trace id {trace}") }
}

fn violation(fault: &FieldFault) -> FieldViolation {
    let mut violation = FieldViolation::new(&fault.path, &fault.detail);
    violation.reason = fault.reason.to_owned();
    violation
}

fn metadata(law: Option<&str>) -> HashMap<String, String> {
    law.map(|law| (LAW.to_owned(), law.to_owned())).into_iter().collect()
}

/// A passed deadline keeps its own code on the wire, because every gRPC client knows it.
fn wire_code(code: Code, reason: &str) -> tonic::Code {
    if reason == DEADLINE_EXCEEDED { tonic::Code::DeadlineExceeded } else { code.grpc() }
}
