//! What can go wrong, one variant per cause, and its code. Nothing else.

use crate::domain::matter::Refusal;
use casebook::{SealError, StoreError};
use mesh::{CaseError, Code, Fault, FieldFault, Own};

/// Why it does not answer as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is wrong whatever the state: every field at fault.
    #[error("the request is invalid")]
    Invalid(Vec<FieldFault>),
    #[error("a token is needed")]
    TokenMissing,
    #[error(transparent)]
    Refused(Refusal),
    /// What is the same for every service: not there, moved on, the store away.
    #[error(transparent)]
    Case(#[from] CaseError),
}

impl Error {
    /// It is not, or the caller may not know of it.
    pub const NOT_FOUND: Self = Self::Case(CaseError::NotFound);

    /// Which of the nine.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::Invalid,
            Self::TokenMissing => Code::Unauthenticated,
            Self::Refused(Refusal::NotOpened) => Code::NotFound,
            Self::Refused(Refusal::Role { .. } | Refusal::OutOfReach { .. }) => Code::Denied,
            Self::Refused(Refusal::State { .. }) => Code::Refused,
            Self::Case(case) => case.code(),
        }
    }

    /// The word clients match on.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(fields) => fields.first().map_or("INVALID", |field| field.reason),
            Self::TokenMissing => "TOKEN_MISSING",
            Self::Refused(refusal) => refusal.reason(),
            Self::Case(case) => case.reason(),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        Self::Case(error.into())
    }
}

impl From<casebook::Error<Refusal>> for Error {
    fn from(error: casebook::Error<Refusal>) -> Self {
        match CaseError::of(error) {
            Ok(case) => Self::Case(case),
            Err(Own::Refused(refusal)) => Self::Refused(refusal),
            // A matter has neither timers nor unique keys.
            Err(Own::TimerGone | Own::UniqueTaken) => Self::NOT_FOUND,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let fault = Self::new(error.code(), error.reason(), error.to_string());
        match error {
            Error::Case(case) => case.into(),
            Error::Invalid(fields) => {
                fields.into_iter().fold(fault, |fault, field| fault.field(field.path, field.reason, field.detail))
            }
            Error::TokenMissing | Error::Refused(_) => fault,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Fault::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use civic::Role;
    use mesh::Problem;

    #[test]
    fn every_refusal_keeps_its_code_and_reason_over_the_wire() {
        let refusals = [
            (Refusal::NotOpened, Code::NotFound),
            (Refusal::Role { role: Role::Citizen }, Code::Denied),
            (Refusal::OutOfReach { place: "500151002".parse().unwrap() }, Code::Denied),
            (Refusal::State { state: "closed" }, Code::Refused),
        ];
        for (refusal, code) in refusals {
            let reason = refusal.reason();
            let problem = Problem::from_status(&Error::from(casebook::Error::Refused(refusal)).into());
            assert_eq!((problem.code, problem.reason.as_str()), (code, reason));
        }
    }
}
