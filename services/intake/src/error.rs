//! Everything that can go wrong in intake, with its code and reason. Nothing else.

use crate::domain::{Refusal, selection};
use crate::guesses::Braked;
use casebook::{SealError, StoreError};
use mesh::{CaseError, Code, Fault, FieldFault, Own, Problem};

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
    /// The caller knows the report's header alone.
    #[error("this report is the matter of a tier below, and nothing has brought it to yours")]
    ContentWithheld,
    #[error("this channel number was used with another content")]
    ChannelNumberReused,
    /// A tracking number was drawn several times and was always taken: another replica has the same lane.
    #[error("no free tracking number")]
    NumbersExhausted,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Selection(#[from] selection::Refusal),
    #[error("this place has its selection of this quarter")]
    SelectionOpened,
    #[error("too many guesses")]
    TooManyGuesses { braked: Braked },
    /// Dispatch has not heard of the report yet.
    #[error("the work order is on its way")]
    OrderOnItsWay,
    /// Dispatch said no: passed on as it came.
    #[error(transparent)]
    Dispatch(Problem),
    /// What is the same for every service: not there, moved on, the store away.
    #[error(transparent)]
    Case(#[from] CaseError),
}

impl Error {
    /// It is not, or the caller may not know of it.
    pub const NOT_FOUND: Self = Self::Case(CaseError::NotFound);

    /// One field that is wrong.
    pub fn field(path: impl Into<String>, reason: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault { path: path.into(), reason, detail: detail.into() }])
    }

    pub const fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::Invalid,
            Self::TokenMissing => Code::Unauthenticated,
            Self::ChannelDenied { .. } | Self::RoleDenied { .. } | Self::ContentWithheld => Code::Denied,
            Self::ChannelNumberReused | Self::SelectionOpened => Code::Conflict,
            Self::Selection(selection::Refusal::NotOfThePanel) => Code::Denied,
            Self::Selection(_) => Code::Refused,
            Self::Refused(refusal) => match refusal {
                Refusal::NothingToClassify { .. } => Code::Invalid,
                Refusal::NotFiled { .. } => Code::NotFound,
                Refusal::AlreadyFiled { .. } => Code::Conflict,
                Refusal::TooLateToClassify { .. }
                | Refusal::TooLate { .. }
                | Refusal::TooEarly { .. }
                | Refusal::SupplementsFull { .. }
                | Refusal::UrgedEnough { .. }
                | Refusal::AlreadyTransferred { .. }
                | Refusal::CheckNotDue { .. }
                | Refusal::NothingToJudge { .. }
                | Refusal::JudgedTooLate { .. }
                | Refusal::SecondPersonMissing
                | Refusal::CheckerReported => Code::Refused,
            },
            Self::TooManyGuesses { .. } => Code::Exhausted,
            Self::OrderOnItsWay | Self::NumbersExhausted => Code::Unavailable,
            Self::Dispatch(problem) => problem.code,
            Self::Case(case) => case.code(),
        }
    }

    /// The word clients match on. Dispatch's own words are passed on by [`From<Error>`] for `tonic::Status`, not here.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(fields) => fields.first().map_or("INVALID", |field| field.reason),
            Self::TokenMissing => "TOKEN_MISSING",
            Self::ChannelDenied { .. } => "CHANNEL_DENIED",
            Self::RoleDenied { .. } => "ROLE_DENIED",
            Self::ContentWithheld => "CONTENT_WITHHELD",
            Self::ChannelNumberReused => "CHANNEL_NUMBER_REUSED",
            Self::NumbersExhausted => "TRY_AGAIN",
            Self::Refused(refusal) => refusal.reason(),
            Self::Selection(refusal) => refusal.reason(),
            Self::SelectionOpened => "ALREADY_OPENED",
            Self::TooManyGuesses { .. } => "TOO_MANY_GUESSES",
            Self::OrderOnItsWay => "NOT_YET_VISIBLE",
            Self::Dispatch(_) => "DISPATCH",
            Self::Case(case) => case.reason(),
        }
    }

    /// What anyone may read.
    fn safe_text(&self) -> String {
        match self {
            // The only field at fault says best in its own words what is wrong.
            Self::Invalid(fields) if fields.len() == 1 => fields[0].detail.clone(),
            Self::Invalid(_)
            | Self::TokenMissing
            | Self::ChannelDenied { .. }
            | Self::RoleDenied { .. }
            | Self::ContentWithheld
            | Self::ChannelNumberReused
            | Self::NumbersExhausted
            | Self::Refused(_)
            | Self::Selection(_)
            | Self::SelectionOpened
            | Self::TooManyGuesses { .. }
            | Self::OrderOnItsWay
            | Self::Dispatch(_)
            | Self::Case(_) => self.to_string(),
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
            Err(Own::UniqueTaken) => Self::ChannelNumberReused,
            // Intake has no timers; a timer that is gone belongs to no report.
            Err(Own::TimerGone) => Self::NOT_FOUND,
        }
    }
}

impl Error {
    /// Of a command on a selection.
    pub(crate) fn of_selection(error: casebook::Error<selection::Refusal>) -> Self {
        match CaseError::of(error) {
            Ok(case) => Self::Case(case),
            Err(Own::Refused(refusal)) => Self::Selection(refusal),
            Err(Own::UniqueTaken) => Self::SelectionOpened,
            Err(Own::TimerGone) => Self::NOT_FOUND,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let fault = Self::new(error.code(), error.reason(), error.safe_text());
        match error {
            Error::Case(case) => case.into(),
            Error::Invalid(fields) => {
                fields.into_iter().fold(fault, |fault, field| fault.field(field.path, field.reason, field.detail))
            }
            Error::TooManyGuesses { braked } => fault.with_retry_after(braked.retry_after),
            Error::Refused(refusal) => refusal.law().into_iter().fold(fault, Self::with_law),
            Error::Selection(refusal) => fault.with_law(refusal.law()),
            Error::TokenMissing
            | Error::ChannelDenied { .. }
            | Error::RoleDenied { .. }
            | Error::ContentWithheld
            | Error::ChannelNumberReused
            | Error::SelectionOpened
            | Error::NumbersExhausted
            | Error::OrderOnItsWay
            | Error::Dispatch(_) => fault,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        if let Error::Dispatch(problem) = error { problem.into() } else { Fault::from(error).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    fn every_variant() -> Vec<(Error, Code, &'static str)> {
        let braked = Braked { retry_after: Duration::from_secs(7) };
        vec![
            (Error::field("text", "TEXT_MISSING", "a text is required"), Code::Invalid, "TEXT_MISSING"),
            (Error::TokenMissing, Code::Unauthenticated, "TOKEN_MISSING"),
            (Error::ChannelDenied { channel: "PEER", role: "citizen" }, Code::Denied, "CHANNEL_DENIED"),
            (Error::RoleDenied { role: "citizen", verb: "classify" }, Code::Denied, "ROLE_DENIED"),
            (Error::ContentWithheld, Code::Denied, "CONTENT_WITHHELD"),
            (Error::NOT_FOUND, Code::NotFound, "NOT_FOUND"),
            (CaseError::RequestReused.into(), Code::Conflict, "REQUEST_ID_REUSED"),
            (Error::ChannelNumberReused, Code::Conflict, "CHANNEL_NUMBER_REUSED"),
            (Error::NumbersExhausted, Code::Unavailable, "TRY_AGAIN"),
            (Refusal::AlreadyFiled { state: "Filed" }.into(), Code::Conflict, "ALREADY_FILED"),
            (Refusal::NotFiled { attempted: "rate" }.into(), Code::NotFound, "NOT_FOUND"),
            (Refusal::TooLateToClassify { state: "Done" }.into(), Code::Refused, "STATE_REFUSES"),
            (Refusal::NothingToClassify { state: "Filed" }.into(), Code::Invalid, "NOTHING_TO_CLASSIFY"),
            (Refusal::TooLate { state: "Done", attempted: "urge" }.into(), Code::Refused, "STATE_REFUSES"),
            (Refusal::TooEarly { state: "Filed", attempted: "erase" }.into(), Code::Refused, "STATE_REFUSES"),
            (Refusal::SupplementsFull { most: 20 }.into(), Code::Refused, "TOO_MANY_SUPPLEMENTS"),
            (Refusal::UrgedEnough { most: 3 }.into(), Code::Refused, "URGED_ENOUGH_TODAY"),
            (Refusal::AlreadyTransferred { to: "119" }.into(), Code::Refused, "ALREADY_TRANSFERRED"),
            (Refusal::CheckNotDue { state: "Filed" }.into(), Code::Refused, "CHECK_NOT_DUE"),
            (Refusal::SecondPersonMissing.into(), Code::Refused, "SECOND_PERSON_MISSING"),
            (Refusal::CheckerReported.into(), Code::Refused, "CHECKER_IS_REPORTER"),
            (Refusal::NothingToJudge { state: "Filed" }.into(), Code::Refused, "STATE_REFUSES"),
            (Refusal::JudgedTooLate { days: 15 }.into(), Code::Refused, "RATING_WINDOW_OVER"),
            (Error::SelectionOpened, Code::Conflict, "ALREADY_OPENED"),
            (selection::Refusal::State { state: "Open", attempted: "choose" }.into(), Code::Refused, "STATE_REFUSES"),
            (selection::Refusal::AlreadyNominated.into(), Code::Refused, "ALREADY_NOMINATED"),
            (selection::Refusal::TooManyIdeas.into(), Code::Refused, "TOO_MANY_IDEAS"),
            (selection::Refusal::IdeaUnknown.into(), Code::Refused, "IDEA_UNKNOWN"),
            (selection::Refusal::NotOfThePanel.into(), Code::Denied, "NOT_OF_THE_PANEL"),
            (selection::Refusal::AlreadyScored.into(), Code::Refused, "ALREADY_SCORED"),
            (selection::Refusal::NothingScored.into(), Code::Refused, "NOTHING_SCORED"),
            (selection::Refusal::PublicityRuns.into(), Code::Refused, "PUBLICITY_RUNS"),
            (Error::TooManyGuesses { braked }, Code::Exhausted, "TOO_MANY_GUESSES"),
            (Error::OrderOnItsWay, Code::Unavailable, "NOT_YET_VISIBLE"),
            (Error::Dispatch(word_of_dispatch()), Code::Refused, "RATING_WINDOW_OVER"),
            (SealError::Unreadable.into(), Code::Internal, "INTERNAL"),
            (StoreError::Unavailable(String::new()).into(), Code::Unavailable, "STORE_UNAVAILABLE"),
            (StoreError::Full.into(), Code::Unavailable, "DISK_FULL"),
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
        let late = Refusal::TooLateToClassify { state: "Done" };
        assert_eq!(Problem::from_status(&Error::from(late).into()).law.as_deref(), late.law());
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
