//! A failure as the other side of a connection reads it.

use super::{Code, DEADLINE_EXCEEDED, LAW, metadata, wire_code};
use std::fmt;
use std::time::Duration;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// One field of a request and what is wrong with it, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemField {
    /// Path in the request.
    pub path: String,
    /// UPPER_SNAKE, stable.
    pub reason: String,
    /// Safe text.
    pub detail: String,
}

/// A status of ours, or of a stranger, decoded. Everything in it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which of the nine.
    pub code: Code,
    /// UPPER_SNAKE, stable.
    pub reason: String,
    /// Safe text.
    pub detail: String,
    /// Fields at fault.
    pub fields: Vec<ProblemField>,
    /// How long to wait before trying again.
    pub retry_after: Option<Duration>,
    /// The rule that a refusal rests on.
    pub law: Option<String>,
}

impl Problem {
    /// Reads a status. One without our details keeps its code; its text is replaced, because nobody checked what it says.
    #[must_use]
    pub fn from_status(status: &tonic::Status) -> Self {
        let code = Code::of(status.code());
        let details = status.get_error_details();
        let Some(info) = details.error_info() else {
            return Self::foreign(code, status.code());
        };
        Self {
            code,
            reason: info.reason.clone(),
            detail: status.message().to_owned(),
            fields: details.bad_request().map_or_else(Vec::new, |bad| bad.field_violations.iter().map(field).collect()),
            retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
            law: info.metadata.get(LAW).cloned(),
        }
    }

    fn foreign(code: Code, wire: tonic::Code) -> Self {
        let (reason, detail) = match wire {
            tonic::Code::DeadlineExceeded => (DEADLINE_EXCEEDED, "the deadline passed before the call was answered"),
            tonic::Code::Cancelled => ("CANCELLED", "the call was cancelled"),
            tonic::Code::Unimplemented => ("RPC_UNKNOWN", "there is no such rpc"),
            tonic::Code::OutOfRange => ("MESSAGE_TOO_LARGE", "the message is over the limit"),
            tonic::Code::Ok
            | tonic::Code::Unknown
            | tonic::Code::InvalidArgument
            | tonic::Code::NotFound
            | tonic::Code::AlreadyExists
            | tonic::Code::PermissionDenied
            | tonic::Code::ResourceExhausted
            | tonic::Code::FailedPrecondition
            | tonic::Code::Aborted
            | tonic::Code::Internal
            | tonic::Code::Unavailable
            | tonic::Code::DataLoss
            | tonic::Code::Unauthenticated => (plain_reason(code), code.title_en()),
        };
        Self {
            code,
            reason: reason.to_owned(),
            detail: detail.to_owned(),
            fields: Vec::new(),
            retry_after: None,
            law: None,
        }
    }

    /// Whether this says that time ran out: the call may have taken effect.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        self.reason == DEADLINE_EXCEEDED
    }
}

/// A service that passes on what another one answered keeps reason, fields and text.
impl From<Problem> for tonic::Status {
    fn from(problem: Problem) -> Self {
        let mut details = ErrorDetails::new();
        details.set_error_info(problem.reason.clone(), super::DOMAIN, metadata(problem.law.as_deref()));
        if !problem.fields.is_empty() {
            details.set_bad_request(problem.fields.into_iter().map(violation).collect::<Vec<_>>());
        }
        if let Some(wait) = problem.retry_after {
            details.set_retry_info(Some(wait));
        }
        Self::with_error_details(wire_code(problem.code, &problem.reason), problem.detail, details)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.reason)
    }
}

impl std::error::Error for Problem {}

fn field(violation: &FieldViolation) -> ProblemField {
    ProblemField {
        path: violation.field.clone(),
        reason: violation.reason.clone(),
        detail: violation.description.clone(),
    }
}

fn violation(field: ProblemField) -> FieldViolation {
    let mut violation = FieldViolation::new(field.path, field.detail);
    violation.reason = field.reason;
    violation
}

const fn plain_reason(code: Code) -> &'static str {
    match code {
        Code::Invalid => "INVALID",
        Code::Unauthenticated => "UNAUTHENTICATED",
        Code::Denied => "DENIED",
        Code::NotFound => "NOT_FOUND",
        Code::Conflict => "CONFLICT",
        Code::Refused => "REFUSED",
        Code::Exhausted => "EXHAUSTED",
        Code::Unavailable => "UNAVAILABLE",
        Code::Internal => "INTERNAL",
    }
}
