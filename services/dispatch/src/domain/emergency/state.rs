//! What is known of an emergency.

use civic::{CaseId, Micros, Place, Private, Role, Tier, UnitCode};
use serde::{Deserialize, Serialize};

/// An emergency: what it began with, its actions, and whether it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    pub head: Head,
    pub actions: Vec<Action>,
    pub phase: Phase,
}

/// What never changes, but for the last instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Of the same matter: the report's id.
    pub work_order: CaseId,
    pub plan: String,
    pub plan_version: String,
    pub plan_name: String,
    pub category: String,
    pub category_name: String,
    pub place: Place,
    /// Tier whose dispatchers end it, and their centre.
    pub tier: Tier,
    pub centre: UnitCode,
    /// A device's; else a level-one report's.
    pub alarm: bool,
    pub opened: Micros,
    pub updated: Micros,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Running,
    Ended(Ended),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub at: Micros,
    pub result: Private<String>,
}

/// Something that a party is called to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    pub name: String,
    pub text: String,
    pub after: Vec<String>,
    /// In the order in which they are called.
    pub chain: Vec<Party>,
    pub minutes: u32,
    /// Those called so far; each was called once.
    pub calls: Vec<Call>,
    pub standing: Standing,
    /// What was said last while it was under way.
    pub report: Option<Private<String>>,
}

/// A unit, or those of its members who have the role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub unit: UnitCode,
    pub unit_name: String,
    pub role: Option<Role>,
}

/// A party was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Place in the chain.
    pub party: usize,
    pub at: Micros,
    /// Then the next is called.
    pub due: Micros,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    Waiting,
    Called,
    Unanswered,
    Acknowledged { unit: UnitCode, at: Micros },
    Done { unit: UnitCode, acknowledged: Micros, at: Micros, result: Private<String> },
}

/// The standing of an action without what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Waiting,
    Called,
    Unanswered,
    Acknowledged,
    Done,
}

impl State {
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Called, Self::Unanswered, Self::Acknowledged, Self::Done];

    /// As the table of the module writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Unanswered => "unanswered",
            Self::Acknowledged => "acknowledged",
            Self::Done => "done",
        }
    }

    /// Number of the contract's enum.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Waiting => 1,
            Self::Called => 2,
            Self::Unanswered => 3,
            Self::Acknowledged => 4,
            Self::Done => 5,
        }
    }
}

impl Emergency {
    #[must_use]
    pub const fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// Number of the contract's enum.
    #[must_use]
    pub const fn number(&self) -> i32 {
        match self.phase {
            Phase::Running => 1,
            Phase::Ended(_) => 2,
        }
    }

    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }

    pub(super) fn action_mut(&mut self, name: &str) -> Option<&mut Action> {
        self.actions.iter_mut().find(|action| action.name == name)
    }

    /// When the next call goes on to another party, or its chain ends.
    pub(super) fn next_due(&self) -> Option<Micros> {
        if !self.is_running() {
            return None;
        }
        self.actions.iter().filter_map(Action::due).min()
    }
}

impl Action {
    #[must_use]
    pub const fn state(&self) -> State {
        match self.standing {
            Standing::Waiting => State::Waiting,
            Standing::Called => State::Called,
            Standing::Unanswered => State::Unanswered,
            Standing::Acknowledged { .. } => State::Acknowledged,
            Standing::Done { .. } => State::Done,
        }
    }

    /// Until when the party called last may acknowledge before the next is called.
    #[must_use]
    pub fn due(&self) -> Option<Micros> {
        self.calls.last().filter(|_| self.standing == Standing::Called).map(|call| call.due)
    }

    /// Those called so far.
    pub fn called(&self) -> impl Iterator<Item = &Party> {
        self.calls.iter().filter_map(|call| self.chain.get(call.party))
    }

    /// Those after it need not wait longer.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.standing, Standing::Done { .. } | Standing::Unanswered)
    }
}
