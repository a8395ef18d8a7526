//! Why the rules of warnings say no.

use civic::DivisionCode;

use super::place::Standing;

/// The rules refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such warning")]
    NotFound,
    #[error("the warning is over")]
    Over,
    #[error("this is not for your role")]
    Role,
    #[error("this is for the dispatchers of the place that warns, or for the place that was called")]
    Place,
    #[error("the place {place} lies outside the sender's own")]
    OutOfReach { index: usize, place: DivisionCode },
    #[error("the place is {} already", .standing.as_str())]
    Standing { standing: Standing },
}

impl Refusal {
    /// The word clients match on.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::Over => "WARNING_OVER",
            Self::Role => "ROLE_DENIED",
            Self::Place => "UNIT_DENIED",
            Self::OutOfReach { .. } => "PLACE_OUT_OF_REACH",
            Self::Standing { .. } => "PLACE_STATE_REFUSES",
        }
    }

    /// Field at fault, where there is one.
    #[must_use]
    pub fn field(&self) -> Option<String> {
        match self {
            Self::OutOfReach { index, .. } => Some(format!("divisionCodes[{index}]")),
            Self::NotFound | Self::Over | Self::Role | Self::Place | Self::Standing { .. } => None,
        }
    }
}
