//! What can go wrong, one variant per cause, and its code. Nothing else.

use casebook::{SealError, StoreError};
use mesh::{Code, Fault, FieldFault};

use crate::domain::arrangement;
use crate::domain::work_order::Refusal;

/// Why dispatch does not answer as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is wrong whatever the state: every field at fault.
    #[error("the request is invalid")]
    Invalid(Vec<FieldFault>),
    #[error("a token is needed")]
    TokenMissing,
    /// It is not, or the caller may not know of it.
    #[error("there is no such work order")]
    NotFound,
    #[error("the order has moved on to version {current}")]
    EtagStale { current: i64 },
    #[error("this request id was used with another body")]
    RequestReused,
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ownership has moved to another cluster.
    #[error("another cluster owns the order")]
    NotOwner,
    #[error("the page token belongs to another list or was changed")]
    PageToken,
    #[error("the resume token is not one of this stream")]
    ResumeToken,
    #[error("the event log is unavailable, try again")]
    Log(#[source] queue::SourceError),
    #[error("only operators may do this")]
    OperatorsOnly,
    #[error(transparent)]
    Arrangement(#[from] arrangement::Refusal),
    #[error(transparent)]
    Sealed(#[from] SealError),
    #[error(transparent)]
    Store(StoreError),
}

impl Error {
    /// One field that is wrong.
    pub fn field(path: impl Into<String>, reason: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault { path: path.into(), reason, detail: detail.into() }])
    }

    /// Which of the nine.
    pub const fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::PageToken | Self::ResumeToken => Code::Invalid,
            Self::TokenMissing => Code::Unauthenticated,
            Self::NotFound | Self::Arrangement(arrangement::Refusal::NothingLoaded) => Code::NotFound,
            Self::EtagStale { .. } | Self::RequestReused | Self::Arrangement(arrangement::Refusal::VersionTaken(_)) => {
                Code::Conflict
            }
            Self::OperatorsOnly => Code::Denied,
            Self::Refused(refusal) => code_of(refusal),
            Self::NotOwner => Code::Refused,
            Self::Log(_) => Code::Unavailable,
            Self::Sealed(_) => Code::Internal,
            Self::Store(store) => match store {
                StoreError::NotFound => Code::NotFound,
                StoreError::Unavailable(_) | StoreError::Full => Code::Unavailable,
                StoreError::Corrupt { .. }
                | StoreError::Constraint(_)
                | StoreError::Disk(_)
                | StoreError::Mismatch(_) => Code::Internal,
            },
        }
    }

    /// The word clients match on.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(fields) => fields.first().map_or("INVALID", |field| field.reason),
            Self::TokenMissing => "TOKEN_MISSING",
            Self::NotFound | Self::Arrangement(arrangement::Refusal::NothingLoaded) => "NOT_FOUND",
            Self::OperatorsOnly => "ROLE_DENIED",
            Self::Arrangement(arrangement::Refusal::VersionTaken(_)) => "VERSION_TAKEN",
            Self::EtagStale { .. } => "ETAG_STALE",
            Self::RequestReused => "REQUEST_ID_REUSED",
            Self::Refused(refusal) => refusal.reason(),
            Self::NotOwner => "NOT_OWNER",
            Self::PageToken => "PAGE_TOKEN_INVALID",
            Self::ResumeToken => "INVALID_RESUME_TOKEN",
            Self::Log(_) => "STORE_UNAVAILABLE",
            Self::Sealed(_) => "INTERNAL",
            Self::Store(store) => match store {
                StoreError::NotFound => "NOT_FOUND",
                StoreError::Unavailable(_) => "STORE_UNAVAILABLE",
                StoreError::Full => "DISK_FULL",
                StoreError::Corrupt { .. }
                | StoreError::Constraint(_)
                | StoreError::Disk(_)
                | StoreError::Mismatch(_) => "INTERNAL",
            },
        }
    }
}

/// A refusal of the rules is "refused" (422), unless the caller lacks the right (403), or the request itself is wrong (400).
const fn code_of(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::NotOpened => Code::NotFound,
        Refusal::Role { .. } | Refusal::Unit { .. } | Refusal::VerifierInUnit { .. } => Code::Denied,
        Refusal::ApproverIsRequester { .. } => Code::Denied,
        Refusal::UntilNotLater { .. } => Code::Invalid,
        Refusal::State { .. }
        | Refusal::ReplyNotPending { .. }
        | Refusal::ReplyPending { .. }
        | Refusal::NotReturnable { .. }
        | Refusal::RulingRequired { .. }
        | Refusal::RequestPending { .. }
        | Refusal::NoRequestPending { .. }
        | Refusal::AlreadyExtended { .. }
        | Refusal::AlreadyWaiting { .. }
        | Refusal::NotWaiting { .. }
        | Refusal::RatingWindowOver { .. }
        | Refusal::ReopenWindowOver { .. } => Code::Refused,
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            other @ (StoreError::Unavailable(_)
            | StoreError::Full
            | StoreError::Corrupt { .. }
            | StoreError::Constraint(_)
            | StoreError::Disk(_)
            | StoreError::Mismatch(_)) => Self::Store(other),
        }
    }
}

impl From<casebook::Error<Refusal>> for Error {
    fn from(error: casebook::Error<Refusal>) -> Self {
        match error {
            casebook::Error::Refused(Refusal::NotOpened) => Self::NotFound,
            casebook::Error::Refused(refusal) => Self::Refused(refusal),
            // Only the timer loop carries timers, and it asks for this error itself. Orders have no unique keys.
            casebook::Error::NotFound | casebook::Error::TimerGone | casebook::Error::UniqueTaken { .. } => {
                Self::NotFound
            }
            casebook::Error::Conflict { current } => Self::EtagStale { current },
            casebook::Error::RequestReused => Self::RequestReused,
            casebook::Error::NotOwner { .. } => Self::NotOwner,
            casebook::Error::Store(store) => Self::from(store),
        }
    }
}

impl From<casebook::Error<arrangement::Refusal>> for Error {
    fn from(error: casebook::Error<arrangement::Refusal>) -> Self {
        match error {
            casebook::Error::Refused(refusal) => Self::Arrangement(refusal),
            // Arrangements have neither timers nor unique keys.
            casebook::Error::NotFound | casebook::Error::TimerGone | casebook::Error::UniqueTaken { .. } => {
                Self::NotFound
            }
            casebook::Error::Conflict { current } => Self::EtagStale { current },
            casebook::Error::RequestReused => Self::RequestReused,
            casebook::Error::NotOwner { .. } => Self::NotOwner,
            casebook::Error::Store(store) => Self::from(store),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let (code, reason) = (error.code(), error.reason());
        if code == Code::Internal {
            return Self::internal(error);
        }
        let fault = Self::new(code, reason, safe_text(&error));
        if let Error::Invalid(fields) = error {
            return fields.into_iter().fold(fault, |fault, field| fault.field(field.path, field.reason, field.detail));
        }
        match field_of(&error) {
            Some((path, detail)) => fault.field(path, reason, detail),
            None => fault.with_source(error),
        }
    }
}

/// The field that a cause without a list of fields is about.
const fn field_of(error: &Error) -> Option<(&'static str, &'static str)> {
    match error {
        Error::Refused(Refusal::UntilNotLater { .. }) => Some(("until", "must be a later date")),
        Error::PageToken => Some(("pageToken", "belongs to another list")),
        Error::ResumeToken => Some(("lastEventId", "is not one of this stream")),
        Error::Invalid(_)
        | Error::TokenMissing
        | Error::NotFound
        | Error::EtagStale { .. }
        | Error::RequestReused
        | Error::Refused(_)
        | Error::NotOwner
        | Error::OperatorsOnly
        | Error::Arrangement(_)
        | Error::Log(_)
        | Error::Sealed(_)
        | Error::Store(_) => None,
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Fault::from(error).into()
    }
}

/// What anyone may read. A store's own words stay in the log.
fn safe_text(error: &Error) -> String {
    if let Error::Store(store) = error {
        let full = matches!(store, StoreError::Full);
        return if full {
            "no room left: reading goes on, writing does not"
        } else {
            "the store is unavailable, try again"
        }
        .to_owned();
    }
    match error_field(error) {
        Some(only) => only.detail.clone(),
        None => error.to_string(),
    }
}

/// The field at fault when it is the only one: then its own words say it best.
fn error_field(error: &Error) -> Option<&FieldFault> {
    if let Error::Invalid(fields) = error { fields.first().filter(|_| fields.len() == 1) } else { None }
}

#[cfg(test)]
mod tests;
