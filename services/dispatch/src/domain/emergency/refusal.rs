//! Why the rules say no.

use civic::{Role, UnitCode};

use super::command::Verb;
use super::state::State;

/// The rules refuse a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such emergency")]
    NotOpened,
    #[error("the emergency is over")]
    Ended,
    #[error("{} is not for the role {role} on this emergency", .verb.as_str())]
    Role { verb: Verb, role: Role },
    #[error("the emergency is another place's: {} is for the dispatcher of the owning tier", .verb.as_str())]
    Place { verb: Verb },
    #[error("the emergency has no action {action}")]
    ActionUnknown { action: String },
    #[error("action {action} is {}: {} does not lead on from there", .state.as_str(), .verb.as_str())]
    ActionState { action: String, state: State, verb: Verb },
    #[error("your unit was not called to action {action}, was called with another role, or another took it on")]
    NotCalled { action: String },
    #[error("unit {unit} lies outside the place that you give work in")]
    OutOfReach { unit: UnitCode },
    #[error("unit {unit} was called to action {action} already")]
    CalledAlready { action: String, unit: UnitCode },
    #[error("as many parties were called to action {action} as a chain can have")]
    ChainFull { action: String },
}

impl Refusal {
    /// The word clients match on.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotOpened => "NOT_FOUND",
            Self::Ended => "EMERGENCY_ENDED",
            Self::Role { .. } => "ROLE_DENIED",
            Self::Place { .. } => "UNIT_DENIED",
            Self::ActionUnknown { .. } => "ACTION_UNKNOWN",
            Self::ActionState { .. } => "ACTION_STATE_REFUSES",
            Self::NotCalled { .. } => "NOT_CALLED",
            Self::OutOfReach { .. } => "UNIT_OUT_OF_REACH",
            Self::CalledAlready { .. } => "UNIT_CALLED_ALREADY",
            Self::ChainFull { .. } => "CHAIN_FULL",
        }
    }

    /// Field at fault, where there is one.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::ActionUnknown { .. } => Some("action"),
            Self::OutOfReach { .. } | Self::CalledAlready { .. } => Some("unit"),
            Self::NotOpened
            | Self::Ended
            | Self::Role { .. }
            | Self::Place { .. }
            | Self::ActionState { .. }
            | Self::NotCalled { .. }
            | Self::ChainFull { .. } => None,
        }
    }
}
