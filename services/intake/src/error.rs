//! Everything that can go wrong in intake, with its code and reason. Nothing else.

use crate::domain::Refusal;
use crate::guesses::Braked;
use casebook::{SealError, StoreError};
use mesh::{Code, Fault, FieldFault, Problem};

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Every violation at once; never empty.
    #[error("the request has {} wrong field(s)", .0.len())]
    Invalid(Vec<FieldFault>),
    #[error("this call needs a token")]
    TokenMissing,
    #[error("reports of channel {channel} are not taken from {role}")]
    ChannelDenied { channel: &'static str, role: &'static str },
    #[error("{role} may not {verb} a report")]
    RoleDenied { role: &'static str, verb: &'static str },
    #[error("report not found")]
    NotFound,
    #[error("the report has moved on to version {current}")]
    EtagStale { current: i64 },
    #[error("this request id was used with another body")]
    RequestReused,
    #[error("this channel number was used with another content")]
    ChannelNumberReused,
    /// A tracking number was drawn several times and was always taken: another replica has the same lane.
    #[error("no free tracking number")]
    NumbersExhausted,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("too many guesses")]
    TooManyGuesses { braked: Braked },
    #[error("another cluster owns the report")]
    NotOwner,
    /// Dispatch has not heard of the report yet.
    #[error("the work order is on its way")]
    OrderOnItsWay,
    /// Dispatch said no: passed on as it came.
    #[error(transparent)]
    Dispatch(Problem),
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

    pub const fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::Invalid,
            Self::TokenMissing => Code::Unauthenticated,
            Self::ChannelDenied { .. } | Self::RoleDenied { .. } => Code::Denied,
            Self::NotFound => Code::NotFound,
            Self::EtagStale { .. } | Self::RequestReused | Self::ChannelNumberReused => Code::Conflict,
            Self::Refused(refusal) => match refusal {
                Refusal::NothingToClassify { .. } => Code::Invalid,
                Refusal::NotFiled { .. } => Code::NotFound,
                Refusal::AlreadyFiled { .. } => Code::Conflict,
                Refusal::TooLateToClassify { .. } => Code::Refused,
            },
            Self::TooManyGuesses { .. } => Code::Exhausted,
            Self::NotOwner => Code::Refused,
            Self::OrderOnItsWay | Self::NumbersExhausted => Code::Unavailable,
            Self::Dispatch(problem) => problem.code,
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

    /// The word clients match on. Dispatch's own words are passed on by [`From<Error>`] for `tonic::Status`, not here.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(fields) => fields.first().map_or("INVALID", |field| field.reason),
            Self::TokenMissing => "TOKEN_MISSING",
            Self::ChannelDenied { .. } => "CHANNEL_DENIED",
            Self::RoleDenied { .. } => "ROLE_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::EtagStale { .. } => "ETAG_STALE",
            Self::RequestReused => "REQUEST_ID_REUSED",
            Self::ChannelNumberReused => "CHANNEL_NUMBER_REUSED",
            Self::NumbersExhausted => "TRY_AGAIN",
            Self::Refused(refusal) => refusal.reason(),
            Self::TooManyGuesses { .. } => "TOO_MANY_GUESSES",
            Self::NotOwner => "NOT_OWNER",
            Self::OrderOnItsWay => "NOT_YET_VISIBLE",
            Self::Dispatch(_) => "DISPATCH",
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
            casebook::Error::Refused(refusal) => Self::Refused(refusal),
            // Intake has no timers; a timer that is gone belongs to no report.
            casebook::Error::NotFound | casebook::Error::TimerGone => Self::NotFound,
            casebook::Error::Conflict { current } => Self::EtagStale { current },
            casebook::Error::RequestReused => Self::RequestReused,
            casebook::Error::UniqueTaken { .. } => Self::ChannelNumberReused,
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
        if let Error::TooManyGuesses { braked } = error {
            return fault.with_retry_after(braked.retry_after);
        }
        let Error::Invalid(fields) = error else {
            return fault.with_source(error);
        };
        fields.into_iter().fold(fault, |fault, field| fault.field(field.path, field.reason, field.detail))
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        if let Error::Dispatch(problem) = error { problem.into() } else { Fault::from(error).into() }
    }
}

/// What anyone may read. A store's own words stay in the log.
fn safe_text(error: &Error) -> String {
    if let Error::Store(store) = error {
        let full = *store == StoreError::Full;
        let text =
            if full { "no room left: reading goes on, filing does not" } else { "the store is unavailable, try again" };
        return text.to_owned();
    }
    if let Error::Invalid(fields) = error
        && let [field] = fields.as_slice()
    {
        return field.detail.clone();
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    fn every_variant() -> Vec<(Error, Code, &'static str)> {
        let braked = Braked { retry_after: Duration::from_secs(7) };
        let text = String::new;
        vec![
            (Error::field("text", "TEXT_MISSING", "a text is required"), Code::Invalid, "TEXT_MISSING"),
            (Error::TokenMissing, Code::Unauthenticated, "TOKEN_MISSING"),
            (Error::ChannelDenied { channel: "PEER", role: "citizen" }, Code::Denied, "CHANNEL_DENIED"),
            (Error::RoleDenied { role: "citizen", verb: "classify" }, Code::Denied, "ROLE_DENIED"),
            (Error::NotFound, Code::NotFound, "NOT_FOUND"),
            (Error::EtagStale { current: 3 }, Code::Conflict, "ETAG_STALE"),
            (Error::RequestReused, Code::Conflict, "REQUEST_ID_REUSED"),
            (Error::ChannelNumberReused, Code::Conflict, "CHANNEL_NUMBER_REUSED"),
            (Error::NumbersExhausted, Code::Unavailable, "TRY_AGAIN"),
            (Refusal::AlreadyFiled { state: "Filed" }.into(), Code::Conflict, "ALREADY_FILED"),
            (Refusal::NotFiled { attempted: "rate" }.into(), Code::NotFound, "NOT_FOUND"),
            (Refusal::TooLateToClassify { state: "Done" }.into(), Code::Refused, "STATE_REFUSES"),
            (Refusal::NothingToClassify { state: "Filed" }.into(), Code::Invalid, "NOTHING_TO_CLASSIFY"),
            (Error::TooManyGuesses { braked }, Code::Exhausted, "TOO_MANY_GUESSES"),
            (Error::NotOwner, Code::Refused, "NOT_OWNER"),
            (Error::OrderOnItsWay, Code::Unavailable, "NOT_YET_VISIBLE"),
            (Error::Dispatch(word_of_dispatch()), Code::Refused, "RATING_WINDOW_OVER"),
            (SealError::Unreadable.into(), Code::Internal, "INTERNAL"),
            (StoreError::NotFound.into(), Code::NotFound, "NOT_FOUND"),
            (StoreError::Unavailable(text()).into(), Code::Unavailable, "STORE_UNAVAILABLE"),
            (StoreError::Full.into(), Code::Unavailable, "DISK_FULL"),
            (StoreError::Corrupt { table: "cases", row: text() }.into(), Code::Internal, "INTERNAL"),
            (StoreError::Constraint(text()).into(), Code::Internal, "INTERNAL"),
            (StoreError::Disk(text()).into(), Code::Internal, "INTERNAL"),
            (StoreError::Mismatch(text()).into(), Code::Internal, "INTERNAL"),
        ]
    }

    fn word_of_dispatch() -> Problem {
        Problem {
            code: Code::Refused,
            reason: "RATING_WINDOW_OVER".to_owned(),
            detail: "the window is over".to_owned(),
            fields: Vec::new(),
            retry_after: None,
            law: None,
        }
    }

    #[test]
    fn every_error_keeps_code_and_reason_over_the_wire() {
        for (error, code, reason) in every_variant() {
            let shown = error.to_string();
            let problem = Problem::from_status(&tonic::Status::from(error));
            assert_eq!((problem.code, problem.reason.as_str()), (code, reason), "{shown}");
        }
        let codes: BTreeSet<&str> = every_variant().iter().map(|(error, ..)| error.code().as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len(), "every code of the contract is used");
    }

    #[test]
    fn fields_waits_and_dispatch_arrive_whole() {
        let fields = vec![
            FieldFault { path: "text".into(), reason: "TEXT_MISSING", detail: "a text is required".into() },
            FieldFault { path: "reporter.phone".into(), reason: "PHONE_INVALID", detail: "no number".into() },
        ];
        let problem = Problem::from_status(&Error::Invalid(fields).into());
        let paths: Vec<&str> = problem.fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["text", "reporter.phone"]);
        let braked = Braked { retry_after: Duration::from_secs(7) };
        let problem = Problem::from_status(&Error::TooManyGuesses { braked }.into());
        assert_eq!(problem.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(Problem::from_status(&Error::Dispatch(word_of_dispatch()).into()), word_of_dispatch());
    }

    #[test]
    fn the_stores_own_words_stay_inside() {
        let canary = StoreError::Unavailable("canary".into());
        assert!(!format!("{:?}", tonic::Status::from(Error::from(canary))).contains("canary"));
        let canary = StoreError::Corrupt { table: "cases", row: "canary".into() };
        assert!(!format!("{:?}", tonic::Status::from(Error::from(canary))).contains("canary"));
    }
}
