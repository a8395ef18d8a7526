//! What a casebook answers when the rules had no say, as a code and a reason: one table for every service.
//!
//! A service keeps its own refusals; the rest is the same for all: the case is not there, has moved on, belongs to another
//! cluster, or the store is away. A store's own words stay in the log.

use crate::error::{Code, Fault};
use casebook::{SealError, StoreError};
use queue::SourceError;

/// Why a casebook did not do as asked, whatever the kind of case.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// It is not, or the caller may not know of it.
    #[error("there is nothing of that name")]
    NotFound,
    /// Somebody was faster.
    #[error("the case has moved on to version {current}")]
    EtagStale {
        /// Where it is now.
        current: i64,
    },
    /// The same caller, rpc and id, but another body.
    #[error("this request id was used with another body")]
    RequestReused,
    /// Ownership has moved to another cluster.
    #[error("another cluster owns the case")]
    NotOwner,
    /// Sealed text was changed, or its key is gone.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// The store has no answer.
    #[error(transparent)]
    Store(StoreError),
    /// The event log has no answer.
    #[error("the event log is unavailable, try again")]
    Log(#[from] SourceError),
}

/// What only the service that asked has words for.
#[derive(Debug)]
pub enum Own<R> {
    /// Its rules refused.
    Refused(R),
    /// One of its unique keys is taken.
    UniqueTaken,
    /// Its timer was fired or cancelled already.
    TimerGone,
}

impl CaseError {
    /// Splits a casebook's error into what is the same for all and what is the service's own.
    pub fn of<R: std::error::Error>(error: casebook::Error<R>) -> Result<Self, Own<R>> {
        Ok(match error {
            casebook::Error::Refused(refusal) => return Err(Own::Refused(refusal)),
            casebook::Error::UniqueTaken { .. } => return Err(Own::UniqueTaken),
            casebook::Error::TimerGone => return Err(Own::TimerGone),
            casebook::Error::NotFound => Self::NotFound,
            casebook::Error::Conflict { current } => Self::EtagStale { current },
            casebook::Error::RequestReused => Self::RequestReused,
            casebook::Error::NotOwner { .. } => Self::NotOwner,
            casebook::Error::Store(store) => Self::from(store),
        })
    }

    /// Which of the nine.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::EtagStale { .. } | Self::RequestReused => Code::Conflict,
            Self::NotOwner => Code::Refused,
            // Its case was read too long ago: it is read again when the call is tried again.
            Self::Sealed(SealError::NotAtHand) => Code::Unavailable,
            Self::Sealed(SealError::Unreadable | SealError::Destroyed) => Code::Internal,
            Self::Store(store) => match store {
                StoreError::NotFound => Code::NotFound,
                StoreError::Unavailable(_) | StoreError::Full => Code::Unavailable,
                StoreError::Corrupt { .. }
                | StoreError::Constraint(_)
                | StoreError::Disk(_)
                | StoreError::Mismatch(_) => Code::Internal,
            },
            Self::Log(source) => match source {
                SourceError::Unavailable(_) | SourceError::NotDense { .. } => Code::Unavailable,
                SourceError::UnknownPartition { .. } => Code::Invalid,
            },
        }
    }

    /// The word that clients match on.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::EtagStale { .. } => "ETAG_STALE",
            Self::RequestReused => "REQUEST_ID_REUSED",
            Self::NotOwner => "NOT_OWNER",
            Self::Sealed(SealError::NotAtHand) => "STORE_UNAVAILABLE",
            Self::Sealed(SealError::Unreadable | SealError::Destroyed) => "INTERNAL",
            Self::Store(store) => match store {
                StoreError::NotFound => "NOT_FOUND",
                StoreError::Unavailable(_) => "STORE_UNAVAILABLE",
                StoreError::Full => "DISK_FULL",
                StoreError::Corrupt { .. }
                | StoreError::Constraint(_)
                | StoreError::Disk(_)
                | StoreError::Mismatch(_) => "INTERNAL",
            },
            Self::Log(source) => match source {
                SourceError::Unavailable(_) | SourceError::NotDense { .. } => "STORE_UNAVAILABLE",
                SourceError::UnknownPartition { .. } => "PARTITION_UNKNOWN",
            },
        }
    }

    /// What anyone may read.
    fn safe_text(&self) -> String {
        match self {
            Self::Store(StoreError::Full) => "no room left: reading goes on, writing does not".to_owned(),
            Self::Store(_) => "the store is unavailable, try again".to_owned(),
            Self::Log(SourceError::UnknownPartition { .. }) => "the log has no such partition".to_owned(),
            Self::Log(_) => "the log cannot be read now, try again".to_owned(),
            Self::NotFound | Self::EtagStale { .. } | Self::RequestReused | Self::NotOwner | Self::Sealed(_) => {
                self.to_string()
            }
        }
    }
}

impl From<StoreError> for CaseError {
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

impl From<CaseError> for Fault {
    fn from(error: CaseError) -> Self {
        let code = error.code();
        if code == Code::Internal {
            return Self::internal(error);
        }
        let fault = Self::new(code, error.reason(), error.safe_text());
        match code {
            // Only these have a cause that the log does not have already.
            Code::Unavailable => fault.with_source(error),
            Code::Invalid
            | Code::Unauthenticated
            | Code::Denied
            | Code::NotFound
            | Code::Conflict
            | Code::Refused
            | Code::Exhausted
            | Code::Internal => fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Problem;

    fn every() -> Vec<(CaseError, Code, &'static str)> {
        let text = || "canary".to_owned();
        vec![
            (CaseError::NotFound, Code::NotFound, "NOT_FOUND"),
            (CaseError::EtagStale { current: 3 }, Code::Conflict, "ETAG_STALE"),
            (CaseError::RequestReused, Code::Conflict, "REQUEST_ID_REUSED"),
            (CaseError::NotOwner, Code::Refused, "NOT_OWNER"),
            (SealError::Unreadable.into(), Code::Internal, "INTERNAL"),
            (StoreError::NotFound.into(), Code::NotFound, "NOT_FOUND"),
            (StoreError::Unavailable(text()).into(), Code::Unavailable, "STORE_UNAVAILABLE"),
            (StoreError::Full.into(), Code::Unavailable, "DISK_FULL"),
            (StoreError::Corrupt { table: "cases", row: text() }.into(), Code::Internal, "INTERNAL"),
            (StoreError::Constraint(text()).into(), Code::Internal, "INTERNAL"),
            (StoreError::Disk(text()).into(), Code::Internal, "INTERNAL"),
            (StoreError::Mismatch(text()).into(), Code::Internal, "INTERNAL"),
            (SourceError::Unavailable("canary".into()).into(), Code::Unavailable, "STORE_UNAVAILABLE"),
        ]
    }

    #[test]
    fn every_cause_keeps_code_and_reason_over_the_wire_and_its_own_words_inside() {
        for (error, code, reason) in every() {
            let shown = error.to_string();
            let problem = Problem::from_status(&Fault::from(error).into_status());
            assert_eq!((problem.code, problem.reason.as_str()), (code, reason), "{shown}");
            assert!(!problem.detail.contains("canary"), "{problem:?}");
        }
    }

    #[test]
    fn what_only_the_service_can_word_is_left_to_it() {
        type Told = casebook::Error<std::fmt::Error>;
        assert!(matches!(CaseError::of(Told::Refused(std::fmt::Error)), Err(Own::Refused(_))));
        assert!(matches!(CaseError::of(Told::TimerGone), Err(Own::TimerGone)));
        assert!(matches!(CaseError::of(Told::Conflict { current: 2 }), Ok(CaseError::EtagStale { current: 2 })));
        assert!(matches!(CaseError::of(Told::Store(StoreError::NotFound)), Ok(CaseError::NotFound)));
    }
}
