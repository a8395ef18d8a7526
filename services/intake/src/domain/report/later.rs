//! What is added to a report after it was filed: supplements, urging, transfers to emergency lines, the check of what was
//! resolved on the spot; and the two ways in which intake itself ends one, withdrawal and refusal.

mod decide;
mod evolve;

pub(super) use decide::{agree, check, refuse, supplement, transfer, unmask, urge, withdraw};
pub(super) use evolve::{checked, look_agreed, refused, supplemented, transferred, unmasked, urged, withdrawn};

use super::{Attachment, Work};
use crate::domain::emergency::Line;
use crate::domain::ground::Ground;
use civic::{Micros, Private, Tier};
use serde::{Deserialize, Serialize};

/// What has come since. Everything in it is bounded: supplements by the catalog, transfers by the lines there are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Later {
    pub supplements: Vec<Supplement>,
    pub urges: Urges,
    pub transfers: Vec<Transfer>,
    /// `None`: it was not drawn.
    pub check: Option<SpotCheck>,
    /// The last ones; all of them stand in the history.
    pub looks: Vec<Look>,
    pub attention: Attention,
    /// The last that was not used.
    pub agreement: Option<Agreement>,
}

/// A second person's word that a supervisor may look at who reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub at: Micros,
    /// Role and unit.
    pub by: String,
    pub purpose: LookPurpose,
    /// Keyed hash of the person, for this report alone.
    pub person: Vec<u8>,
}

/// What brings the order to a tier above the place's own, as dispatch told it last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// Tier that owns the order, and the one that it was opened at; `None` until it is moved.
    pub tier: Option<Tier>,
    pub origin: Option<Tier>,
    /// A supervision is open.
    pub supervised: bool,
}

impl Attention {
    /// As messages name tiers.
    pub fn told(tier: &str, origin: &str, supervised: bool) -> Self {
        let named = |name: &str| Tier::ALL.into_iter().find(|tier| tier.as_str() == name);
        Self { tier: named(tier), origin: named(origin), supervised }
    }
}

/// Looks that a reporter is told of. A report that is looked at oftener has a history to be read.
const LOOKS: usize = 20;

/// Somebody was shown who reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub at: Micros,
    /// Role and unit, by reference.
    pub by: String,
    pub purpose: LookPurpose,
}

/// What a reporter's name and number are shown for: a definite purpose, and no other (个人信息保护法 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LookPurpose {
    HandleCase,
    CallBack,
    Danger,
    AnswerSubject,
}

impl LookPurpose {
    const ALL: [Self; 4] = [Self::HandleCase, Self::CallBack, Self::Danger, Self::AnswerSubject];

    /// As messages and events number it.
    pub const fn number(self) -> i32 {
        match self {
            Self::HandleCase => 1,
            Self::CallBack => 2,
            Self::Danger => 3,
            Self::AnswerSubject => 4,
        }
    }

    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.number() == number)
    }
}

/// Why what is stored of a person is erased (个人信息保护法 47).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureGround {
    PurposeReached,
    ConsentWithdrawn,
    Unlawful,
    RetentionOver,
}

impl ErasureGround {
    const ALL: [Self; 4] = [Self::PurposeReached, Self::ConsentWithdrawn, Self::Unlawful, Self::RetentionOver];

    /// As messages and events number it.
    pub const fn number(self) -> i32 {
        match self {
            Self::PurposeReached => 1,
            Self::ConsentWithdrawn => 2,
            Self::Unlawful => 3,
            Self::RetentionOver => 4,
        }
    }

    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.number() == number)
    }
}

/// Text or attachments that were added. Never edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Supplement {
    pub at: Micros,
    /// Role and unit, by reference; `citizen/` for the reporter.
    pub by: String,
    pub text: Option<Private<String>>,
    pub attachments: Vec<Attachment>,
}

/// How often the matter was urged, whoever did it: no count follows a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Urges {
    pub total: u32,
    pub last: Option<Micros>,
    /// Of those, on the last one's day in China.
    pub that_day: u32,
}

/// A record that an emergency line was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    pub to: Line,
    pub at: Micros,
    pub by: String,
}

/// Drawn for a check by a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpotCheck {
    Pending,
    Made { confirmed: bool, at: Micros, by: String },
}

/// A report that intake itself has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    pub ending: Ending,
    pub at: Micros,
    pub by: String,
    /// The order as it stood then, as far as a unit was named.
    pub work: Option<Work>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    Withdrawn,
    Refused(Ground),
}

impl Urges {
    /// Urged on the day of `now`, until now.
    pub fn on_the_day_of(&self, now: Micros) -> u32 {
        let same_day = self.last.is_some_and(|last| last.local_date() == now.local_date());
        if same_day { self.that_day } else { 0 }
    }
}

impl Later {
    pub fn check_is_due(&self) -> bool {
        self.check == Some(SpotCheck::Pending)
    }

    pub fn was_transferred_to(&self, line: Line) -> bool {
        self.transfers.iter().any(|transfer| transfer.to == line)
    }
}
