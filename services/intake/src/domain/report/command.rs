//! What is asked of a report, what the rules look at, and how they say no.

use super::{Attachment, Attention, ErasureGround, Head, LookPurpose, Rating, Work};
use crate::domain::emergency::Line;
use crate::domain::ground::Ground;
use crate::domain::kind::Urgency;
use civic::{Micros, Place, Private};

/// What is asked of a report. Free text is sealed before it gets here.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    File(Box<Head>),
    Classify(Classification),
    Supplement(Addition),
    Urge(Urge),
    Withdraw(Signed),
    Refuse(Refusing),
    Transfer { to: Line, signed: Signed },
    Check(Check),
    Unmask(Unmask),
    Agree(Agreeing),
    Step(OrderStep),
    Rate(Rating),
    Judge(Judgement),
    Reform(Reform),
    Erase(Erasure),
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

/// Who did it, and what they noted.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// Role and unit, by reference; `citizen/` for the reporter.
    pub by: String,
    pub note: Option<Private<String>>,
}

/// Text or attachments to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct Addition {
    pub by: String,
    pub text: Option<Private<String>>,
    pub attachments: Vec<Attachment>,
    /// Supplements that the catalog allows one report.
    pub most: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Urge {
    pub signed: Signed,
    /// By the catalog.
    pub most_a_day: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Refusing {
    pub signed: Signed,
    pub ground: Ground,
}

/// What the second person found.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub signed: Signed,
    pub confirmed: bool,
    /// Keyed hash of who checks, made as the filer's was.
    pub person: [u8; 16],
}

/// Who looks at the reporter's name and number, what for and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmask {
    pub signed: Signed,
    pub purpose: LookPurpose,
    /// Needs nobody's agreement, by the policies.
    pub alone: bool,
    /// Keyed hash of who looks.
    pub person: [u8; 16],
}

/// A second person agrees to a look.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreeing {
    pub signed: Signed,
    pub purpose: LookPurpose,
    /// Keyed hash of the second person, made as that of who looks.
    pub person: [u8; 16],
}

/// The reporter's word on an answer that was given at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub rating: Rating,
    pub signed: Signed,
    /// Days from filing in which an answer may be declined, by the catalog.
    pub days: u16,
}

/// What is stored of the reporter goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Role and unit.
    pub by: String,
    pub ground: ErasureGround,
}

/// Where the place lies by the tree of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reform {
    pub place: Place,
    pub tree_version: String,
}

/// A step of the work order, as dispatch published it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderStep {
    pub at: Micros,
    pub step: String,
    pub work: Work,
    pub attention: Attention,
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
    #[error("report is {state}: too early to {attempted}")]
    TooEarly { state: &'static str, attempted: &'static str },
    #[error("report is {state}: it can no longer be classified")]
    TooLateToClassify { state: &'static str },
    #[error("report is {state}: classify names neither category nor place")]
    NothingToClassify { state: &'static str },
    #[error("report is {state}: too late to {attempted}")]
    TooLate { state: &'static str, attempted: &'static str },
    #[error("report has {most} supplements, as many as one may have")]
    SupplementsFull { most: usize },
    #[error("report was urged {most} times today already")]
    UrgedEnough { most: u32 },
    #[error("report was passed on to {to} already")]
    AlreadyTransferred { to: &'static str },
    #[error("report is {state} and waits for no check")]
    CheckNotDue { state: &'static str },
    #[error("whoever reported it does not check it")]
    CheckerReported,
    #[error("report is {state}: no answer stands that could be judged")]
    NothingToJudge { state: &'static str },
    #[error("nobody else has agreed to a look for this purpose within the last day")]
    SecondPersonMissing,
    #[error("an answer may be declined for {days} days")]
    JudgedTooLate { days: u16 },
}

impl Refusal {
    /// The stable word clients match on.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyFiled { .. } => "ALREADY_FILED",
            Self::NotFiled { .. } => "NOT_FOUND",
            Self::TooLateToClassify { .. }
            | Self::TooLate { .. }
            | Self::TooEarly { .. }
            | Self::NothingToJudge { .. } => "STATE_REFUSES",
            Self::JudgedTooLate { .. } => "RATING_WINDOW_OVER",
            Self::SupplementsFull { .. } => "TOO_MANY_SUPPLEMENTS",
            Self::UrgedEnough { .. } => "URGED_ENOUGH_TODAY",
            Self::AlreadyTransferred { .. } => "ALREADY_TRANSFERRED",
            Self::CheckNotDue { .. } => "CHECK_NOT_DUE",
            Self::CheckerReported => "CHECKER_IS_REPORTER",
            Self::SecondPersonMissing => "SECOND_PERSON_MISSING",
            Self::NothingToClassify { .. } => "NOTHING_TO_CLASSIFY",
        }
    }

    /// The rule that refuses, in words that may be shown; `None` where the request itself is wrong.
    pub const fn law(&self) -> Option<&'static str> {
        match self {
            Self::TooLateToClassify { .. } => Some("classify (分类): as long as the report is open"),
            Self::TooLate { .. } => Some(
                "supplement (补充): until it is closed; urge, withdraw (催单、撤回): until it is answered; refuse (不予受理): until a unit has accepted it",
            ),
            Self::TooEarly { .. } => Some("erase (删除, 个人信息保护法 47): when nobody owes work on it any more"),
            Self::SupplementsFull { .. } => Some("supplement (补充): as many as the catalog allows one report"),
            Self::UrgedEnough { .. } => Some("urge (催单): so often a day as the catalog allows one matter"),
            Self::AlreadyTransferred { .. } => Some("transfer (转110、119、120): once to each line"),
            Self::CheckNotDue { .. } => Some("check (抽查): once, of what was drawn for it"),
            Self::CheckerReported => Some("check (抽查): by a second person"),
            Self::SecondPersonMissing => {
                Some("unmask (查看诉求人信息, 双人): a supervisor with a second person, once for each agreement")
            }
            Self::NothingToJudge { .. } => Some("rate (评价): an answer given at once, until it is declined"),
            Self::JudgedTooLate { .. } => Some("rate (评价): within the days of the catalog"),
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
            Self::Supplement(_) => "supplement",
            Self::Urge(_) => "urge",
            Self::Withdraw(_) => "withdraw",
            Self::Refuse(_) => "refuse",
            Self::Transfer { .. } => "transfer",
            Self::Check(_) => "check",
            Self::Unmask(_) => "unmask",
            Self::Agree(_) => "agree",
            Self::Step(_) => "step",
            Self::Rate(_) => "rate",
            Self::Judge(_) => "judge",
            Self::Reform(_) => "reform",
            Self::Erase(_) => "erase",
        }
    }
}
