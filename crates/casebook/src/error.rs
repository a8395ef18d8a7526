//! What can go wrong: in the store, and in a command.

use civic::CaseId;
use std::error::Error as StdError;

/// The store's answer when it has no other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("case not found")]
    NotFound,
    /// Try again: connection lost, commit reply lost, lock not had in time.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// No room: writes are refused, reads go on, and it heals when there is room again.
    #[error("the disk is full")]
    Full,
    /// A row that cannot be: never defaulted, never skipped.
    #[error("corrupt row in {table}: {row}")]
    Corrupt { table: &'static str, row: String },
    /// One row of a batch broke a constraint: the batch runs again one by one.
    #[error("constraint broken: {0}")]
    Constraint(String),
    /// A write was lost below us (a failed fsync, an I/O error): the process must end and start from the disk's truth.
    #[error("the disk failed: {0}")]
    Disk(String),
    /// The data does not fit this process; says what to do.
    #[error("{0}")]
    Mismatch(String),
}

/// Why a command changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error<R: StdError> {
    #[error(transparent)]
    Refused(R),
    #[error("case not found")]
    NotFound,
    #[error("the case has moved on to version {current}")]
    Conflict { current: i64 },
    #[error("this request id was used with another body")]
    RequestReused,
    #[error("{key} is taken by {case}")]
    UniqueTaken { key: String, case: CaseId },
    /// Fired or cancelled already.
    #[error("the timer is gone")]
    TimerGone,
    /// Another cluster owns the case, or this one owns it under a later epoch.
    #[error("the case is owned by {owner} under epoch {epoch}")]
    NotOwner { owner: String, epoch: i64 },
    #[error(transparent)]
    Store(StoreError),
}

impl<R: StdError> From<StoreError> for Error<R> {
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
