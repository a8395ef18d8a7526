//! What is asked of a report, what the rules look at, and how they say no.

use super::{Head, Rating, Work};
use crate::domain::kind::Urgency;
use civic::{Micros, Place, Private};

/// What is asked of a report. Free text is sealed before it gets here.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    File(Box<Head>),
    Classify(Classification),
    Step(OrderStep),
    Rate(Rating),
    Erase,
}

/// What a person decided: category, place or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    pub category: Option<String>,
    /// How pressing the catalog holds that category to be.
    pub urgency: Option<Urgency>,
    pub place: Option<Place>,
    /// Role and unit, by reference.
    pub by: String,
    pub note: Option<Private<String>>,
}

/// A step of the work order, as dispatch published it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderStep {
    pub at: Micros,
    pub step: String,
    pub work: Work,
    pub order_version: i64,
}

/// What the rules look at besides the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub now: Micros,
}

/// Why a report refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("report is {state} and cannot be filed again")]
    AlreadyFiled { state: &'static str },
    #[error("report does not exist: cannot {attempted}")]
    NotFiled { attempted: &'static str },
    #[error("report is {state}: it can no longer be classified")]
    TooLateToClassify { state: &'static str },
    #[error("report is {state}: classify names neither category nor place")]
    NothingToClassify { state: &'static str },
}

impl Refusal {
    /// The stable word clients match on.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyFiled { .. } => "ALREADY_FILED",
            Self::NotFiled { .. } => "NOT_FOUND",
            Self::TooLateToClassify { .. } => "STATE_REFUSES",
            Self::NothingToClassify { .. } => "NOTHING_TO_CLASSIFY",
        }
    }

    /// The rule that refuses, in words that may be shown; `None` where the request itself is wrong.
    pub const fn law(&self) -> Option<&'static str> {
        match self {
            Self::TooLateToClassify { .. } => Some("classify (分类): as long as the report is open"),
            Self::AlreadyFiled { .. } | Self::NotFiled { .. } | Self::NothingToClassify { .. } => None,
        }
    }
}

impl Command {
    /// The verb, for refusals and spans.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Classify(_) => "classify",
            Self::Step(_) => "step",
            Self::Rate(_) => "rate",
            Self::Erase => "erase",
        }
    }
}
