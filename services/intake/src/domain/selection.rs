//! The quarterly choice of citizens' suggestions (金点子): ideas are nominated, a panel scores them, the ten best are published, and what
//! nobody had reason to strike is chosen.
//!
//! ```text
//! state      | open | nominate | score   | publicise  | strike  | choose
//! (none)     | Open | refused  | refused | refused    | refused | refused
//! Open       | refused | same  | same    | Publicised | refused | refused
//! Publicised | refused | refused | refused | refused  | same    | Chosen
//! Chosen     | refused | refused | refused | refused  | refused | refused
//! ```
//!
//! Besides the table: a suggestion is nominated once in a selection; a member of the panel scores an idea once, and nobody else does;
//! an idea that fewer than half of the panel have scored is not published, so that no single voice makes a ten; nothing is chosen
//! before the publicity has ended. Of equal means the one with more scores is the better, then the one nominated first. Who is struck
//! off leaves a gap: the others were scored for what they are, and an eleventh was not published.
//!
//! What is judged is an idea, never who had it: names of reporters do not come in, and raters are hidden from everybody.

mod case;
mod rules;

use civic::{CaseId, Micros, Place};
use serde::{Deserialize, Serialize};

/// An idea has so many suggestions at most, a selection so many ideas, a panel so many members: with every field full the
/// state takes about 90 kB, a third of it the reasons for striking ten.
pub const REPORTS_OF_ONE: usize = 30;
pub const IDEAS: usize = 60;
pub const PANEL: std::ops::RangeInclusive<usize> = 3..=15;
pub const POINTS: std::ops::RangeInclusive<u8> = 1..=10;
/// 年度十佳 and its quarterly kin: ten.
pub const TEN: usize = 10;

/// Keyed hash of a member's subject, salted by the selection.
pub type Member = [u8; 16];

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Such as 2026Q4.
    pub quarter: String,
    pub place: Place,
    pub panel: Vec<Member>,
    pub ideas: Vec<Idea>,
    pub phase: Phase,
}

/// One idea, of one suggestion or of many that tell of the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idea {
    pub theme: String,
    pub reports: Vec<CaseId>,
    pub scores: Vec<(Member, u8)>,
    pub struck: Option<String>,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Open,
    /// Positions of the published ideas, the best first.
    Publicised {
        ten: Vec<usize>,
        until: Micros,
    },
    Chosen {
        ten: Vec<usize>,
    },
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Open {
        quarter: String,
        place: Place,
        panel: Vec<Member>,
        by: String,
    },
    Nominate {
        theme: String,
        reports: Vec<CaseId>,
        by: String,
    },
    /// `idea` is its position.
    Score {
        idea: usize,
        member: Member,
        points: u8,
    },
    Publicise {
        days: u16,
        by: String,
    },
    Strike {
        idea: usize,
        reason: String,
        by: String,
    },
    Choose {
        by: String,
    },
}

/// What the rules look at besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub now: Micros,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the selection is {state}: {attempted} does not lead on from there")]
    State { state: &'static str, attempted: &'static str },
    #[error("a suggestion of these was nominated already")]
    AlreadyNominated,
    #[error("a selection has at most {IDEAS} ideas")]
    TooManyIdeas,
    #[error("the selection has no such idea")]
    IdeaUnknown,
    #[error("only members of the panel score")]
    NotOfThePanel,
    #[error("this member has scored this idea")]
    AlreadyScored,
    #[error("no idea was scored by half of the panel")]
    NothingScored,
    #[error("the days of publicity are not over")]
    PublicityRuns,
}

impl Refusal {
    /// The stable word clients match on.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::State { .. } => "STATE_REFUSES",
            Self::AlreadyNominated => "ALREADY_NOMINATED",
            Self::TooManyIdeas => "TOO_MANY_IDEAS",
            Self::IdeaUnknown => "IDEA_UNKNOWN",
            Self::NotOfThePanel => "NOT_OF_THE_PANEL",
            Self::AlreadyScored => "ALREADY_SCORED",
            Self::NothingScored => "NOTHING_SCORED",
            Self::PublicityRuns => "PUBLICITY_RUNS",
        }
    }

    /// The rule, in words that may be shown.
    pub const fn law(&self) -> &'static str {
        match self {
            Self::State { .. } => "selection (金点子评选): nominate and score, then publicise, then choose",
            Self::AlreadyNominated | Self::TooManyIdeas | Self::IdeaUnknown => {
                "nominate (提名): a suggestion once, at most 60 ideas"
            }
            Self::NotOfThePanel | Self::AlreadyScored => "score (评分): each member of the panel once for each idea",
            Self::NothingScored => "publicise (公示): what half of the panel has scored",
            Self::PublicityRuns => "choose (入选): after the publicity",
        }
    }
}

impl Phase {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Publicised { .. } => "Publicised",
            Self::Chosen { .. } => "Chosen",
        }
    }

    /// Number of `intake.v1.SelectionState`.
    pub const fn number(&self) -> i32 {
        match self {
            Self::Open => 1,
            Self::Publicised { .. } => 2,
            Self::Chosen { .. } => 3,
        }
    }

    /// Positions of what was published, the best first; empty before.
    pub fn ten(&self) -> &[usize] {
        match self {
            Self::Open => &[],
            Self::Publicised { ten, .. } | Self::Chosen { ten } => ten,
        }
    }
}

impl Idea {
    /// Mean of its points in hundredths; 0 when nobody has scored it.
    pub fn mean_hundredths(&self) -> u32 {
        let sum: u32 = self.scores.iter().map(|(_, points)| u32::from(*points)).sum();
        let count = u32::try_from(self.scores.len()).unwrap_or(u32::MAX);
        (sum * 100).checked_div(count).unwrap_or(0)
    }
}

impl Selection {
    /// Positions of the ten best of those that half of the panel has scored, the best first.
    pub fn best(&self) -> Vec<usize> {
        let enough = |idea: &Idea| idea.scores.len() * 2 >= self.panel.len();
        let mut scored: Vec<usize> = (0..self.ideas.len()).filter(|at| enough(&self.ideas[*at])).collect();
        // Stable: of equals the one that was nominated first.
        scored.sort_by_key(|at| {
            let idea = &self.ideas[*at];
            std::cmp::Reverse((idea.mean_hundredths(), idea.scores.len()))
        });
        scored.truncate(TEN);
        scored
    }
}

#[cfg(test)]
mod tests;
