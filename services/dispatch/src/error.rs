//! What can go wrong, one variant per cause, and its code. Nothing else.

use casebook::{SealError, StoreError};
use mesh::{CaseError, Code, Fault, FieldFault, Own};

use crate::domain::work_order::Refusal;
use crate::domain::{arrangement, emergency, refusal, warning};

/// Why dispatch does not answer as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is wrong whatever the state: every field at fault.
    #[error("the request is invalid")]
    Invalid(Vec<FieldFault>),
    #[error("a token is needed")]
    TokenMissing,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the page token belongs to another list or was changed")]
    PageToken,
    #[error("the resume token is not one of this stream")]
    ResumeToken,
    #[error("only operators may do this")]
    OperatorsOnly,
    #[error("only members of a unit may do this")]
    MembersOnly,
    #[error(transparent)]
    Arrangement(#[from] arrangement::Refusal),
    /// Of what stands beside the work orders.
    #[error(transparent)]
    Matter(#[from] refusal::Refusal),
    #[error(transparent)]
    Emergency(#[from] emergency::Refusal),
    #[error(transparent)]
    Warning(#[from] warning::Refusal),
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

    /// Which of the nine.
    pub const fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::PageToken | Self::ResumeToken => Code::Invalid,
            Self::TokenMissing => Code::Unauthenticated,
            Self::OperatorsOnly | Self::MembersOnly => Code::Denied,
            Self::Refused(refusal) => code_of(refusal),
            Self::Emergency(refusal) => code_of_emergency(refusal),
            Self::Warning(refusal) => code_of_warning(refusal),
            Self::Arrangement(arrangement::Refusal::NothingLoaded) => Code::NotFound,
            Self::Arrangement(arrangement::Refusal::VersionTaken(_) | arrangement::Refusal::Moved) => Code::Conflict,
            Self::Matter(refusal) => code_of_matter(refusal),
            Self::Case(case) => case.code(),
        }
    }

    /// The word clients match on.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(fields) => fields.first().map_or("INVALID", |field| field.reason),
            Self::TokenMissing => "TOKEN_MISSING",
            Self::OperatorsOnly | Self::MembersOnly => "ROLE_DENIED",
            Self::Refused(refusal) => refusal.reason(),
            Self::Emergency(refusal) => refusal.reason(),
            Self::Warning(refusal) => refusal.reason(),
            Self::PageToken => "PAGE_TOKEN_INVALID",
            Self::ResumeToken => "INVALID_RESUME_TOKEN",
            Self::Arrangement(arrangement::Refusal::NothingLoaded) => "NOT_FOUND",
            Self::Arrangement(arrangement::Refusal::VersionTaken(_)) => "VERSION_TAKEN",
            Self::Arrangement(arrangement::Refusal::Moved) => "ETAG_STALE",
            Self::Matter(refusal) => refusal.reason(),
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
            | Self::OperatorsOnly
            | Self::MembersOnly
            | Self::Refused(_)
            | Self::PageToken
            | Self::ResumeToken
            | Self::Arrangement(_)
            | Self::Matter(_)
            | Self::Emergency(_)
            | Self::Warning(_)
            | Self::Case(_) => self.to_string(),
        }
    }
}

/// A refusal of the rules is "refused" (422), unless the caller lacks the right (403), or the request itself is wrong (400).
const fn code_of(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::NotOpened | Refusal::PartUnknown { .. } => Code::NotFound,
        Refusal::Role { .. }
        | Refusal::Unit { .. }
        | Refusal::OutOfReach { .. }
        | Refusal::VerifierInUnit { .. }
        | Refusal::ApproverIsRequester { .. }
        | Refusal::ApproverIsHandler { .. }
        | Refusal::PartOfAnotherUnit { .. }
        | Refusal::SteppedAside { .. } => Code::Denied,
        Refusal::UntilNotLater { .. } | Refusal::MilestoneUnknown { .. } | Refusal::MergeIntoItself { .. } => {
            Code::Invalid
        }
        // Asked again, the step is taken by what the parent is now.
        Refusal::ParentMoved { .. } => Code::Conflict,
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
        | Refusal::ReopenWindowOver { .. }
        | Refusal::UnitCalledAlready { .. }
        | Refusal::TooManyParts { .. }
        | Refusal::PartOver { .. }
        | Refusal::ReportedInAlready { .. }
        | Refusal::PartsOpen { .. }
        | Refusal::SupervisionOpen { .. }
        | Refusal::NoSupervisionOpen { .. }
        | Refusal::NoSupervisionReply { .. }
        | Refusal::CallBackUnwanted { .. }
        | Refusal::HasMembers { .. }
        | Refusal::ParentOver { .. }
        | Refusal::ParentNotAnswered { .. }
        | Refusal::NoSuchTier { .. } => Code::Refused,
    }
}

/// As for work orders.
const fn code_of_matter(refusal: &refusal::Refusal) -> Code {
    use refusal::Refusal;
    match refusal {
        Refusal::NotOpened | Refusal::TaskUnknown { .. } => Code::NotFound,
        Refusal::Role { .. }
        | Refusal::OutOfReach { .. }
        | Refusal::OtherWorker
        | Refusal::SamePerson
        | Refusal::NotTheUnit { .. }
        | Refusal::DeciderInUnit
        | Refusal::DeciderAsked
        | Refusal::UnitNotAbove { .. }
        | Refusal::RecommendationDenied => Code::Denied,
        Refusal::PostUnknown
        | Refusal::DateNotLater
        | Refusal::EndNotLater
        | Refusal::EndTooFar { .. }
        | Refusal::ConsentMissing
        | Refusal::FromNotLater
        | Refusal::OtherDuty
        | Refusal::DueNotLater
        | Refusal::MilestoneUnknown { .. } => Code::Invalid,
        Refusal::ReviewObjects
        | Refusal::UnitNotPresent { .. }
        | Refusal::TooManyRequests { .. }
        | Refusal::TooManyOrders { .. }
        | Refusal::NotMarked
        | Refusal::HeldAlready
        | Refusal::OrdersOpen { .. } => Code::Refused,
        Refusal::State { .. }
        | Refusal::TaskDone { .. }
        | Refusal::OtherDay { .. }
        | Refusal::TooManyTasks { .. }
        | Refusal::ExclusionAskedAlready { .. }
        | Refusal::EvaluatedAlready
        | Refusal::MonthNotOver => Code::Refused,
    }
}

const fn code_of_emergency(refusal: &emergency::Refusal) -> Code {
    match refusal {
        emergency::Refusal::NotOpened | emergency::Refusal::ActionUnknown { .. } => Code::NotFound,
        emergency::Refusal::Role { .. }
        | emergency::Refusal::Place { .. }
        | emergency::Refusal::NotCalled { .. }
        | emergency::Refusal::OutOfReach { .. } => Code::Denied,
        emergency::Refusal::Ended
        | emergency::Refusal::ActionState { .. }
        | emergency::Refusal::CalledAlready { .. }
        | emergency::Refusal::ChainFull { .. } => Code::Refused,
    }
}

const fn code_of_warning(refusal: &warning::Refusal) -> Code {
    match refusal {
        warning::Refusal::NotFound => Code::NotFound,
        warning::Refusal::Role | warning::Refusal::Place | warning::Refusal::OutOfReach { .. } => Code::Denied,
        warning::Refusal::Over | warning::Refusal::Standing { .. } => Code::Refused,
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
            // Only the timer loop carries timers, and it asks for this error itself. Orders have no unique keys.
            Err(Own::Refused(Refusal::NotOpened) | Own::TimerGone | Own::UniqueTaken) => Self::NOT_FOUND,
            Err(Own::Refused(refusal)) => Self::Refused(refusal),
        }
    }
}

impl From<casebook::Error<emergency::Refusal>> for Error {
    fn from(error: casebook::Error<emergency::Refusal>) -> Self {
        match CaseError::of(error) {
            Ok(case) => Self::Case(case),
            // Timers answer for themselves, and emergencies have no unique keys.
            Err(Own::Refused(emergency::Refusal::NotOpened) | Own::TimerGone | Own::UniqueTaken) => Self::NOT_FOUND,
            Err(Own::Refused(refusal)) => Self::Emergency(refusal),
        }
    }
}

impl From<casebook::Error<warning::Refusal>> for Error {
    fn from(error: casebook::Error<warning::Refusal>) -> Self {
        match CaseError::of(error) {
            Ok(case) => Self::Case(case),
            // Timers answer for themselves, and warnings have no unique keys.
            Err(Own::Refused(warning::Refusal::NotFound) | Own::TimerGone | Own::UniqueTaken) => Self::NOT_FOUND,
            Err(Own::Refused(refusal)) => Self::Warning(refusal),
        }
    }
}

impl From<casebook::Error<arrangement::Refusal>> for Error {
    fn from(error: casebook::Error<arrangement::Refusal>) -> Self {
        match CaseError::of(error) {
            Ok(case) => Self::Case(case),
            // Arrangements have neither timers nor unique keys.
            Err(Own::TimerGone | Own::UniqueTaken) => Self::NOT_FOUND,
            Err(Own::Refused(refusal)) => Self::Arrangement(refusal),
        }
    }
}

impl From<casebook::Error<refusal::Refusal>> for Error {
    fn from(error: casebook::Error<refusal::Refusal>) -> Self {
        match CaseError::of(error) {
            Ok(case) => Self::Case(case),
            // Only the timer loop carries timers, and there are no unique keys.
            Err(Own::Refused(refusal::Refusal::NotOpened) | Own::TimerGone | Own::UniqueTaken) => Self::NOT_FOUND,
            Err(Own::Refused(refusal)) => Self::Matter(refusal),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let fault = Self::new(error.code(), error.reason(), error.safe_text());
        let reason = fault.reason;
        match error {
            Error::Case(case) => case.into(),
            Error::Invalid(fields) => {
                fields.into_iter().fold(fault, |fault, field| fault.field(field.path, field.reason, field.detail))
            }
            Error::Refused(refusal) => {
                let at = |fault: Self, (path, detail)| fault.field(path, reason, detail);
                refusal.law().into_iter().fold(refusal.field().into_iter().fold(fault, at), Self::with_law)
            }
            Error::Matter(refusal) => {
                let detail = refusal.to_string();
                let fault = refusal.field().into_iter().fold(fault, |fault, path| fault.field(path, reason, &detail));
                refusal.law().into_iter().fold(fault, Self::with_law)
            }
            Error::Emergency(refusal) => {
                refusal.field().into_iter().fold(fault, |fault, path| fault.field(path, reason, refusal.to_string()))
            }
            Error::Warning(refusal) => {
                refusal.field().into_iter().fold(fault, |fault, path| fault.field(path, reason, refusal.to_string()))
            }
            Error::PageToken => fault.field("pageToken", reason, "belongs to another list"),
            Error::ResumeToken => fault.field("lastEventId", reason, "is not one of this stream"),
            Error::TokenMissing | Error::OperatorsOnly | Error::MembersOnly | Error::Arrangement(_) => fault,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Fault::from(error).into()
    }
}

#[cfg(test)]
mod tests;
