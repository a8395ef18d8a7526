//! A report: what somebody told the city, from acceptance to the end of its work order.
//!
//! Intake owns the acceptance; after that the report follows its work order, which carries the same id, and shows the citizen
//! where things stand. `step` names the state of the order that dispatch reported; `same` keeps the state.
//!
//! ```text
//! state        | file          | classify | supplement | urge    | withdraw | refuse  | transfer | check   | unmask  | agree   | step              | rate    | judge         | reform  | erase
//! (none)       | Filed or Told | refused  | refused    | refused | refused  | refused | refused  | refused | refused | refused | refused           | refused | refused       | refused | refused
//! Told         | refused       | refused  | refused    | refused | refused  | refused | Filed    | refused | same    | same    | follows the order | same    | same or Filed | same    | same
//! Filed        | refused       | same     | same       | same    | Stopped  | Stopped | same     | same    | same    | same    | follows the order | same    | refused       | same    | refused
//! Opened       | refused       | same     | same       | same    | Stopped  | Stopped | same     | same    | same    | same    | follows the order | same    | refused       | same    | refused
//! WithUnit     | refused       | same     | same       | same    | Stopped  | Stopped | same     | same    | same    | same    | follows the order | same    | refused       | same    | refused
//! BeingHandled | refused       | same     | same       | same    | Stopped  | refused | same     | same    | same    | same    | follows the order | same    | refused       | same    | refused
//! Answered     | refused       | refused  | same       | refused | refused  | refused | same     | same    | same    | same    | follows the order | same    | refused       | same    | refused
//! Done         | refused       | refused  | refused    | refused | refused  | refused | same     | same    | same    | same    | follows the order | same    | refused       | same    | same
//! Ended        | refused       | refused  | refused    | refused | refused  | refused | same     | same    | same    | same    | follows the order | same    | refused       | same    | same
//! Stopped      | refused       | refused  | refused    | refused | refused  | refused | same     | same    | same    | same    | until it is Done  | same    | refused       | same    | same
//!
//! order          | report
//! Created        | Opened
//! Assigned       | WithUnit
//! Returned       | WithUnit
//! Accepted       | BeingHandled
//! InProgress     | BeingHandled
//! Suspended      | BeingHandled
//! Merged         | BeingHandled
//! HandedOver     | BeingHandled
//! Resolved       | Answered
//! Verified       | Answered
//! Closed         | Done
//! Cancelled      | Ended
//! ```
//!
//! Once it is told how the order that it was merged into stands, a merged one's report follows that.
//!
//! A ruling (`classify`) is told to dispatch with what holds after it, so that an order without a unit finds one. It may make a
//! report more pressing, by the category a person decided, and never less: whoever filed it may know more than the list.
//!
//! `Stopped` is intake's own ending: withdrawn by the citizen, or refused (不予受理). Dispatch cancels the order when it hears of it;
//! the steps it took meanwhile are no news any more, unless the order was closed first. Besides the table: `supplement` and `urge`
//! have a most, `unmask` is a look at who reported and changes nothing else, for a supervisor once for each
//! time that a second person `agree`s to it, `transfer` leads to each line once, `check` wants a report that was drawn for it and another person than who filed it.
//!
//! `erase` destroys the key under which the report's texts are sealed: not while somebody owes work on it, who could not do it any more.
//!
//! `Told` is a consultation that the knowledge base answered at once: nobody owes work on it, and dispatch is told that there was one,
//! not that there is something to do. Its reporter `judge`s the answer: satisfied, it stands; not, and within the days of the catalog,
//! the report is `Filed` and dispatch hears of it as of any other. So it does when somebody finds that it belongs to an emergency line.
//! `reform` moves a report with its place to another district; a place that did not move writes nothing.
//!
//! Why so lenient to `step` and `rate`: the order's rules are dispatch's and were checked there. A second opinion here could only
//! make the two disagree. What intake does check is order: a step older than the last one heard changes nothing, and a step that
//! the citizen could not tell from the last writes nothing (lamps turn without the report being touched).

mod case;
mod command;
mod decide;
mod encode;
mod evolve;
mod later;
mod told;

pub use command::{
    Addition, Agreeing, Check, Classification, Command, Erasure, Facts, Judgement, OrderStep, Reform, Refusal,
    Refusing, Signed, Unmask, Urge,
};
pub use later::{
    Attention, Ending, ErasureGround, Later, Look, LookPurpose, SpotCheck, Stopped, Supplement, Transfer, Urges,
};

use crate::domain::emergency::Line;
use crate::domain::kind::{Channel, FoundBy, Kind, OrderState, Urgency};
use civic::{Micros, Place, Private};
use serde::{Deserialize, Serialize};

/// The state: what was told, and the phase it is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub head: Head,
    pub phase: Phase,
    pub later: Later,
}

/// What is known from acceptance on, whatever the phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub tracking_number: String,
    pub kind: Kind,
    pub channel: Channel,
    /// Sealed: a channel's number may be somebody's telephone number.
    pub channel_number: Option<Private<String>>,
    pub text: Private<String>,
    pub category: Category,
    pub whereabouts: Whereabouts,
    pub reporter: Reporter,
    /// Keyed hash of the phone's last four digits or of the PIN. Sealed, because four digits are soon guessed by who has the cluster's key:
    /// erasure takes it with the rest.
    pub track_secret: Private<String>,
    pub occurred: Option<Micros>,
    /// The limit that the matter came with, from whoever had it before.
    pub due: Option<Micros>,
    pub urgency: Urgency,
    pub attachments: Vec<Attachment>,
    /// Result of "resolved on the spot" (当场解决).
    pub on_the_spot: Option<Private<String>>,
    /// Category or place is below its threshold.
    pub needs_person: bool,
    pub filed_at: Micros,
    /// Role and unit, by reference.
    pub filed_by: String,
    /// Versions of catalog and division tree this was decided under.
    pub catalog_version: String,
    pub tree_version: String,
    /// Version of the work order last heard of; 0 before the first.
    pub order_version: i64,
    pub rating: Option<Rating>,
    /// Emergency lines that its words ask for.
    pub transfer_advice: Vec<Line>,
    /// Resolved on the spot, and drawn for a check by a second person.
    pub check_due: bool,
    /// Keyed hash of the subject who filed it, for this report alone; empty without a token.
    pub filer: Vec<u8>,
    /// The machine that sent it (`casebook::sender_of`).
    pub sender: Option<String>,
    /// What a suggestion is about, in the words of whoever collects them.
    pub theme: Option<Private<String>>,
    /// What the knowledge base answered at once, whether that stood or not.
    pub answer: Option<Answer>,
    /// The person's key is gone; sealed fields stay sealed for ever.
    pub erased: bool,
}

/// What it is about, how sure we are and who said so. The code is empty while nobody could tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub code: String,
    pub confidence: u8,
    pub by: String,
}

/// Where it is, how that was found, and what was said of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Whereabouts {
    pub place: Place,
    pub found_by: FoundBy,
    pub confidence: u8,
    /// WGS 84 latitude and longitude, degrees.
    pub coordinates: Option<(f64, f64)>,
    pub address: Option<Private<String>>,
}

/// Who told it, sealed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reporter {
    pub name: Option<Private<String>>,
    pub phone: Option<Private<String>>,
    pub anonymous: bool,
    /// Handlers must not learn who it was.
    pub secret: bool,
    pub no_reply: bool,
}

/// An entry of the knowledge base as it was told, with the law it stands on. Public words, none of them the reporter's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Key of the entry.
    pub entry: String,
    pub text: String,
    pub law: String,
    pub article: String,
    /// Date of the law's edition, YYYY-MM-DD.
    pub edition: String,
    pub confidence: u8,
}

/// Evidence kept elsewhere: a reference and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub uri: String,
    pub sha256: String,
    pub content_type: String,
}

/// The reporter's word on the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    pub answered: bool,
    pub solved: bool,
    pub satisfied: bool,
}

/// Where the report stands. Each variant owns what is known of the work order then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// A consultation, answered at once. There is no order.
    Told {
        satisfied: bool,
    },
    /// Durable; dispatch has not spoken yet.
    Filed,
    /// The order exists and looks for its unit; the promised date is known.
    Opened {
        due: Option<Micros>,
    },
    WithUnit(Work),
    BeingHandled(Work),
    Answered(Work),
    Done(Work),
    Ended(Work),
    /// Withdrawn, or not taken.
    Stopped(Stopped),
}

/// The citizen's view of the work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    pub order: OrderState,
    /// Unit that answers for it, and its name for people.
    pub unit: String,
    pub unit_name: String,
    /// Promised date; `None` while the clock stands.
    pub due: Option<Micros>,
    /// A reply that may be told is there.
    pub reply_ready: bool,
    /// Of a merged order: how the one that it was merged into stands.
    pub parent: Option<OrderState>,
}

impl Work {
    /// The state that the citizen sees: somebody else's order may carry the matter on.
    const fn shown(&self) -> OrderState {
        match (self.order, self.parent) {
            (OrderState::Merged, Some(parent)) => parent,
            (order, _) => order,
        }
    }
}

impl Phase {
    /// The phase that a step of the order leads to, whatever came before.
    pub fn following(work: Work) -> Self {
        match work.shown() {
            OrderState::Created => Self::Opened { due: work.due },
            OrderState::Assigned | OrderState::Returned => Self::WithUnit(work),
            // Merged and handed over: somebody else's order carries it on, and for the citizen it is still being worked on.
            OrderState::Accepted
            | OrderState::InProgress
            | OrderState::Suspended
            | OrderState::Merged
            | OrderState::HandedOver => Self::BeingHandled(work),
            OrderState::Resolved | OrderState::Verified => Self::Answered(work),
            OrderState::Closed => Self::Done(work),
            OrderState::Cancelled => Self::Ended(work),
        }
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Told { .. } => "Told",
            Self::Filed => "Filed",
            Self::Opened { .. } => "Opened",
            Self::WithUnit(_) => "WithUnit",
            Self::BeingHandled(_) => "BeingHandled",
            Self::Answered(_) => "Answered",
            Self::Done(_) => "Done",
            Self::Ended(_) => "Ended",
            Self::Stopped(_) => "Stopped",
        }
    }

    /// Number of `intake.v1.ReportState`; the citizen does not tell `Opened` from `Filed`.
    pub const fn number(&self) -> i32 {
        match self {
            Self::Filed | Self::Opened { .. } => 1,
            Self::WithUnit(_) => 2,
            Self::BeingHandled(_) => 3,
            Self::Answered(_) | Self::Told { satisfied: false } => 4,
            Self::Done(_) | Self::Told { satisfied: true } => 5,
            Self::Ended(_) | Self::Stopped(_) => 6,
        }
    }

    /// The order as far as a unit is named.
    pub const fn work(&self) -> Option<&Work> {
        match self {
            Self::Told { .. } | Self::Filed | Self::Opened { .. } => None,
            Self::WithUnit(work)
            | Self::BeingHandled(work)
            | Self::Answered(work)
            | Self::Done(work)
            | Self::Ended(work) => Some(work),
            Self::Stopped(stopped) => stopped.work.as_ref(),
        }
    }

    /// State of the order, once there is one.
    pub const fn order(&self) -> Option<OrderState> {
        match self {
            // How the order of a stopped report stands is no longer followed.
            Self::Told { .. } | Self::Filed | Self::Stopped(_) => None,
            Self::Opened { .. } => Some(OrderState::Created),
            Self::WithUnit(work)
            | Self::BeingHandled(work)
            | Self::Answered(work)
            | Self::Done(work)
            | Self::Ended(work) => Some(work.order),
        }
    }

    /// Promised date, while the clock runs.
    pub const fn due(&self) -> Option<Micros> {
        match self {
            Self::Told { .. } | Self::Filed | Self::Stopped(_) => None,
            Self::Opened { due } => *due,
            Self::WithUnit(work)
            | Self::BeingHandled(work)
            | Self::Answered(work)
            | Self::Done(work)
            | Self::Ended(work) => work.due,
        }
    }

    /// Somebody owes work on it.
    pub const fn open(&self) -> bool {
        match self {
            Self::Filed | Self::Opened { .. } | Self::WithUnit(_) | Self::BeingHandled(_) | Self::Answered(_) => true,
            Self::Told { .. } | Self::Done(_) | Self::Ended(_) | Self::Stopped(_) => false,
        }
    }
}

impl Report {
    /// Where a step of the order leads from here. A stopped report only ever learns that its order was closed before it could be
    /// cancelled. A reply that may be told stays one as long as the order stays where it is: a lamp that turns takes nothing back.
    #[must_use]
    pub fn after(&self, mut work: Work) -> Phase {
        let parent = self.phase.work().and_then(|before| before.parent);
        let stayed = self.phase.order() == Some(work.order) && parent == work.parent;
        work.reply_ready |= stayed && self.phase.work().is_some_and(|before| before.reply_ready);
        let next = Phase::following(work);
        match (&self.phase, &next) {
            (Phase::Stopped(_), Phase::Done(_)) => next,
            (Phase::Stopped(_), _) => self.phase.clone(),
            _ => next,
        }
    }

    /// A person must look: to say what it is and where, or whether it was resolved on the spot. Nobody need classify what was answered.
    #[must_use]
    pub fn is_flagged(&self) -> bool {
        let told = matches!(self.phase, Phase::Told { .. });
        (self.head.needs_person && !told) || self.later.check_is_due()
    }
}
