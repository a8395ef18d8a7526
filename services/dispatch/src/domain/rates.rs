//! The three rates (响应率, 解决率, 满意率): what one order counts for, read off its history and nothing else.
//!
//! The rules, in their order:
//!
//! ```text
//! the order is                          | counts
//! not over, cancelled, merged, handed over | in no rate
//! left out by a dispatcher, this round  | not in the rates that were named
//! a consultation (咨询)                  | not in the resolution rate: it asks for an answer
//! closed, and the citizen ever spoke    | by the citizen's last word
//! closed without a word                 | in no rate: anonymous, no reply wanted, unreachable
//! ```
//!
//! A word stands until the same citizen gives another one. Whoever said "not solved" and is not reached in the next round counts as not
//! solved: a round that nobody was asked about cannot take a word away, and neither can an exclusion, which only leaves it uncounted.

use civic::Micros;
use proto::dispatch::v1::stored::WorkOrderEvent;
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use proto::types::v1::WorkOrderState;
use serde::{Deserialize, Serialize};

/// Number of intake's `ReportKind` for a consultation.
const CONSULT: i32 = 1;
/// As an event that came by way of intake names its author.
const INTAKE: &str = "intake";

/// The rates, by their numbers of the contract.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rate {
    Response,
    Resolution,
    Satisfaction,
}

impl Rate {
    pub const ALL: [Self; 3] = [Self::Response, Self::Resolution, Self::Satisfaction];

    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Response => 1,
            Self::Resolution => 2,
            Self::Satisfaction => 3,
        }
    }

    /// `None` for 0 (not said) and for numbers there are not.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|rate| rate.number() == number)
    }

    const fn met_by(self, word: Word) -> bool {
        match self {
            Self::Response => word.answered,
            Self::Resolution => word.solved,
            Self::Satisfaction => word.satisfied,
        }
    }
}

/// Why an order does not count: a closed list.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ground {
    NotOver,
    CancelledWithoutResult,
    /// Withdrawn by the reporter, or refused (不予受理).
    EndedAtIntake,
    MergedIntoAnother,
    HandedToAnotherCluster,
    ReporterAnonymous,
    NoReplyWanted,
    ReporterUnreachable,
    ConsultationOnly,
    NobodyAsked,
    /// From here on the unit asks, and a dispatcher decides.
    OutsideCompetence,
    WantedUnlawful,
    BeyondAnybody,
    CountedAlready,
}

impl Ground {
    /// What an exclusion may be asked for on. The others are read off the history, where nobody has to ask.
    pub const CONTESTABLE: [Self; 4] =
        [Self::OutsideCompetence, Self::WantedUnlawful, Self::BeyondAnybody, Self::CountedAlready];

    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::NotOver => 1,
            Self::CancelledWithoutResult => 2,
            Self::EndedAtIntake => 3,
            Self::MergedIntoAnother => 4,
            Self::HandedToAnotherCluster => 5,
            Self::ReporterAnonymous => 6,
            Self::NoReplyWanted => 7,
            Self::ReporterUnreachable => 8,
            Self::ConsultationOnly => 9,
            Self::NobodyAsked => 10,
            Self::OutsideCompetence => 20,
            Self::WantedUnlawful => 21,
            Self::BeyondAnybody => 22,
            Self::CountedAlready => 23,
        }
    }

    /// One that may be asked for.
    #[must_use]
    pub fn contestable(number: i32) -> Option<Self> {
        Self::CONTESTABLE.into_iter().find(|ground| ground.number() == number)
    }
}

/// What the citizen said.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub struct Word {
    pub answered: bool,
    pub solved: bool,
    pub satisfied: bool,
}

/// What the rates are counted from.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub struct Told {
    pub report_kind: i32,
    pub anonymous: bool,
    pub no_reply: bool,
    pub state: WorkOrderState,
    pub round: i32,
    /// The end was intake's: withdrawn or refused there.
    pub ended_at_intake: bool,
    /// The last call-back reached nobody.
    pub unreachable: bool,
    /// The last one there is.
    pub word: Option<Word>,
    /// Of the last closing; `None` while it is not over.
    pub closed: Option<Micros>,
}

/// A round that a dispatcher left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub round: i32,
    pub rates: Vec<Rate>,
    pub ground: Ground,
}

/// Whether an order counts in a rate.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub enum Verdict {
    Counts { met: bool },
    Excluded(Ground),
}

impl Told {
    /// What a history tells. `None`: it is not one of an order.
    pub fn of<'a>(history: impl IntoIterator<Item = &'a WorkOrderEvent>) -> Option<Self> {
        history.into_iter().fold(None, |told, event| {
            let mut told = told.or_else(|| Self::opened(event))?;
            told.take(event);
            Some(told)
        })
    }

    fn opened(event: &WorkOrderEvent) -> Option<Self> {
        let Some(Body::Created(created)) = &event.event else { return None };
        Some(Self {
            report_kind: created.report_kind,
            anonymous: created.anonymous,
            no_reply: created.no_reply,
            state: WorkOrderState::Created,
            round: 1,
            ended_at_intake: false,
            unreachable: false,
            word: None,
            closed: None,
        })
    }

    /// Only the steps that matter to a rate: every other one leaves it where it is.
    fn take(&mut self, event: &WorkOrderEvent) {
        if let Some(Body::Verified(said)) = &event.event {
            self.unreachable = !said.reached;
            if said.reached {
                self.word = Some(Word { answered: said.answered, solved: said.solved, satisfied: said.satisfied });
            }
        } else if let Some(Body::Rated(said)) = &event.event {
            self.unreachable = false;
            self.word = Some(Word { answered: said.answered, solved: said.solved, satisfied: said.satisfied });
        } else if let Some(Body::Cancelled(_)) = &event.event {
            self.ended_at_intake = event.by == INTAKE;
        }
        let Some(after) = &event.after else { return };
        self.round = after.round;
        let was = self.state;
        self.state = WorkOrderState::try_from(after.state).unwrap_or(WorkOrderState::Unspecified);
        if self.state != WorkOrderState::Closed {
            self.closed = None;
        } else if was != WorkOrderState::Closed {
            self.closed = Some(Micros(event.at_us));
        }
    }

    /// Whether it counts in a rate, and how.
    #[must_use]
    pub fn verdict(&self, rate: Rate, left_out: Option<&LeftOut>) -> Verdict {
        if let Some(ground) = self.not_closed() {
            return Verdict::Excluded(ground);
        }
        // An exclusion is of its round: another one counts again.
        let left_out = left_out.filter(|out| out.round == self.round && out.rates.contains(&rate));
        if let Some(out) = left_out {
            return Verdict::Excluded(out.ground);
        }
        if rate == Rate::Resolution && self.report_kind == CONSULT {
            return Verdict::Excluded(Ground::ConsultationOnly);
        }
        match self.word {
            Some(word) => Verdict::Counts { met: rate.met_by(word) },
            None => Verdict::Excluded(self.why_no_word()),
        }
    }

    const fn not_closed(&self) -> Option<Ground> {
        match self.state {
            WorkOrderState::Closed => None,
            WorkOrderState::Merged => Some(Ground::MergedIntoAnother),
            WorkOrderState::HandedOver => Some(Ground::HandedToAnotherCluster),
            WorkOrderState::Cancelled if self.ended_at_intake => Some(Ground::EndedAtIntake),
            WorkOrderState::Cancelled => Some(Ground::CancelledWithoutResult),
            WorkOrderState::Unspecified
            | WorkOrderState::Created
            | WorkOrderState::Assigned
            | WorkOrderState::Accepted
            | WorkOrderState::InProgress
            | WorkOrderState::Resolved
            | WorkOrderState::Verified
            | WorkOrderState::Returned
            | WorkOrderState::Suspended => Some(Ground::NotOver),
        }
    }

    const fn why_no_word(&self) -> Ground {
        if self.anonymous {
            Ground::ReporterAnonymous
        } else if self.no_reply {
            Ground::NoReplyWanted
        } else if self.unreachable {
            Ground::ReporterUnreachable
        } else {
            Ground::NobodyAsked
        }
    }
}

#[cfg(test)]
mod tests;
