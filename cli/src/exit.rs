//! How a verb ended: the numbers of docs/contract.md, and the failures that lead to them.

use crate::client::{CallError, Problem};
use casebook::StoreError;
use http::StatusCode;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// What the shell is told (docs/contract.md, binary).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Exit {
    Ok,
    Error,
    /// What was typed makes no sense; clap ends with the same number.
    Usage,
    NotFound,
    /// No token, a bad one, or one whose role may not do this.
    Denied,
    Conflict,
    /// Done, but not all of it.
    Partly,
    Configuration,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Denied => 4,
            Self::Conflict => 5,
            Self::Partly => 6,
            Self::Configuration => 64,
        }
    }

    /// How a problem of the gateway ends a verb.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Denied,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::CONFLICT => Self::Conflict,
            _ => Self::Error,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// Why a verb could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Typed wrongly in a way that clap cannot see.
    #[error("{0}")]
    Usage(String),
    /// The data folder, a key file or a setting is not as it must be.
    #[error("{0}")]
    Configuration(String),
    #[error("failed to {doing}")]
    Io { doing: String, source: std::io::Error },
    /// Standard output does not take it.
    #[error("failed to write the answer")]
    Output(#[source] std::io::Error),
    #[error("the gateway answers: {0}")]
    Refused(Problem),
    #[error(transparent)]
    Call(CallError),
    /// A file that was to be loaded or checked is not valid.
    #[error("{} is not valid", path.display())]
    Invalid { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    NotFound(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A running cluster failed; everything else was drained.
    #[error("the cluster failed: {0}")]
    Cluster(String),
}

impl Failure {
    /// The number it ends with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Configuration(_) => Exit::Configuration,
            Self::Refused(problem) => Exit::of_status(problem.status),
            Self::NotFound(_) => Exit::NotFound,
            Self::Io { .. }
            | Self::Output(_)
            | Self::Call(_)
            | Self::Invalid { .. }
            | Self::Interrupted
            | Self::Store(_)
            | Self::Cluster(_) => Exit::Error,
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(problem) => Self::Refused(problem),
            CallError::Address { .. } => Self::Usage(error.to_string()),
            CallError::Unreachable { .. } | CallError::Timeout { .. } | CallError::Body { .. } => Self::Call(error),
        }
    }
}

/// The failure and what caused it, in one line. A cause that says what its effect said already is left out.
#[must_use]
pub fn sentence(failure: &dyn Error) -> String {
    let mut words = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_has_the_number_of_the_contract() {
        let numbers = [
            (Exit::Ok, 0),
            (Exit::Error, 1),
            (Exit::Usage, 2),
            (Exit::NotFound, 3),
            (Exit::Denied, 4),
            (Exit::Conflict, 5),
            (Exit::Partly, 6),
            (Exit::Configuration, 64),
        ];
        for (exit, number) in numbers {
            assert_eq!(exit.number(), number, "{exit:?}");
        }
    }

    #[test]
    fn a_problem_ends_with_the_number_of_its_status() {
        for (status, exit) in [(401, Exit::Denied), (403, Exit::Denied), (404, Exit::NotFound), (409, Exit::Conflict)] {
            assert_eq!(Exit::of_status(StatusCode::from_u16(status).unwrap()), exit, "{status}");
        }
        for status in [400, 413, 422, 429, 500, 503] {
            assert_eq!(Exit::of_status(StatusCode::from_u16(status).unwrap()), Exit::Error, "{status}");
        }
    }

    #[test]
    fn a_sentence_names_the_cause_once() {
        let source = std::io::Error::other("no space left");
        let failure = Failure::Io { doing: "write the catalog".to_owned(), source };
        assert_eq!(sentence(&failure), "failed to write the catalog: no space left");
    }
}
