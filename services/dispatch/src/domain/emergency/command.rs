//! What can be asked of an emergency.

use civic::{DivisionCode, Micros, Place, UnitCode, View};

use super::state::Party;
use crate::domain::work_order::Author;

/// What somebody or something asks.
#[derive(Debug, Clone)]
pub enum Command<T = civic::Private<String>> {
    /// An alarm or a level-one report came: asked again, it changes nothing.
    Open(Box<Opening>),
    Step {
        step: Step<T>,
        note: Option<T>,
    },
    /// The timer of calls came due.
    Fire,
}

/// What the plan says for this place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub work_order: String,
    pub plan: String,
    pub plan_version: String,
    pub plan_name: String,
    pub category: String,
    pub category_name: String,
    pub place: Place,
    pub tree_version: String,
    pub alarm: bool,
    pub actions: Vec<Planned>,
    /// Cluster that opens it.
    pub owner: String,
}

/// A step of the plan with the units that it means at this place. A party that the place does not have is not in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub name: String,
    pub text: String,
    pub after: Vec<String>,
    pub chain: Vec<Party>,
    pub minutes: u32,
}

/// A verb with what it carries. `T` is the type of free text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<T> {
    Acknowledge { action: String },
    Report { action: String, text: T },
    Done { action: String, result: T },
    Call { action: String, unit: UnitCode, unit_name: String },
    End { result: T },
}

#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub enum Verb {
    Acknowledge,
    Report,
    Done,
    Call,
    End,
}

impl Verb {
    pub const ALL: [Self; 5] = [Self::Acknowledge, Self::Report, Self::Done, Self::Call, Self::End];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Report => "report",
            Self::Done => "done",
            Self::Call => "call",
            Self::End => "end",
        }
    }
}

impl<T> Step<T> {
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Acknowledge { .. } => Verb::Acknowledge,
            Self::Report { .. } => Verb::Report,
            Self::Done { .. } => Verb::Done,
            Self::Call { .. } => Verb::Call,
            Self::End { .. } => Verb::End,
        }
    }

    /// The same step with every free text put through `seal`.
    pub fn map<U>(self, mut seal: impl FnMut(T) -> U) -> Step<U> {
        match self {
            Self::Acknowledge { action } => Step::Acknowledge { action },
            Self::Report { action, text } => Step::Report { action, text: seal(text) },
            Self::Done { action, result } => Step::Done { action, result: seal(result) },
            Self::Call { action, unit, unit_name } => Step::Call { action, unit, unit_name },
            Self::End { result } => Step::End { result: seal(result) },
        }
    }
}

/// What the rules look at besides the state.
#[derive(Debug, Clone)]
pub struct Facts {
    pub now: Micros,
    pub author: Author,
    /// The division tree of today.
    pub view: View,
    /// The territory of this cluster.
    pub root: DivisionCode,
}
