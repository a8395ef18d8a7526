//! What an order is at each moment: a head that all phases share, and a phase that owns exactly what is known then.

mod look;

use civic::{Limit, Micros, Place, Private, Stopwatch, Tier, UnitCode};
use serde::{Deserialize, Serialize};

use super::clocks::{Lamps, Marks};
use super::merging::{Members, Merged};
use super::parts::Part;
use super::supervision::Supervision;
use crate::domain::urgency::Urgency;

/// A work order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkOrder {
    pub head: Head,
    pub phase: Phase,
}

/// What every phase shares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Id of the report; empty when no report stands behind it.
    pub report: String,
    pub tracking_number: String,
    /// The machine that sent the report (`casebook::sender_of`); empty when a person filed it.
    pub sender: String,
    /// Empty while nobody could tell.
    pub category: String,
    pub category_name: String,
    pub urgency: Urgency,
    /// The place it was opened for; it keeps it when places merge or split.
    pub place: Place,
    /// Number of intake's `ReportKind`.
    pub report_kind: i32,
    pub anonymous: bool,
    pub no_reply: bool,
    /// The reply to the citizen needs an approval.
    pub reply_approval: bool,
    /// Tier that owns it: its dispatchers decide.
    pub tier: Tier,
    /// Cluster that owns it, and the epoch of that ownership.
    pub owner: String,
    pub epoch: i64,
    pub opened: Micros,
    pub updated: Micros,
    /// The total clock.
    pub total: Stopwatch,
    /// Instants of both clocks, as the last event wrote them.
    pub marks: Marks,
    /// Lamps of both clocks, as their timers last turned them.
    pub lamps: Lamps,
    /// 1 for the first, more after "not satisfied".
    pub round: i32,
    pub returns: i32,
    /// An extension is granted once only.
    pub extended: bool,
    /// 首接负责: the first receiver stays responsible until another unit accepts.
    pub responsible: Option<UnitCode>,
    /// The citizen's last word.
    pub rating: Option<Rating>,
    /// 协办, 吹哨: what other units were called to do, in the order of their numbers.
    pub parts: Vec<Part>,
    /// 回避: keyed hashes of those who stepped aside.
    pub aside: Vec<Vec<u8>>,
    /// 督办: the last one.
    pub supervision: Option<Supervision>,
    /// Tier that it was opened at, once it was moved to another.
    pub origin: Option<Tier>,
    /// 并案: since another order was merged into this one.
    pub members: Option<Members>,
}

/// The phase, each with what is known in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    /// No unit yet.
    Created,
    Assigned(Assigned),
    Accepted(Accepted),
    InProgress(InProgress),
    Suspended(Suspended),
    Resolved(Resolved),
    Verified(Done),
    Closed(Closed),
    Returned(Returned),
    Merged(Merged),
    /// With the unit it was taken from, if any.
    Cancelled(Option<Assignment>),
}

/// A unit with its own clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    pub unit: UnitCode,
    pub unit_name: String,
    /// Person of the unit by reference; empty: the unit decides.
    pub assignee: String,
    /// The unit clock.
    pub watch: Stopwatch,
    /// By the centre's ruling: not returnable.
    pub ruled: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assigned {
    pub to: Assignment,
    pub accept_limit: Limit,
    pub accept_due: Micros,
    /// The unit did not accept in time, and this was recorded.
    pub overdue: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    pub to: Assignment,
    pub request: Option<Request>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InProgress {
    pub to: Assignment,
    pub request: Option<Request>,
    /// Both clocks stand until the citizen answers.
    pub waiting: bool,
}

/// 挂账: both clocks stand until a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspended {
    pub to: Assignment,
    pub until: Micros,
    pub before: Before,
}

/// Where a suspended order goes on.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Before {
    Accepted,
    InProgress { waiting: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    pub to: Assignment,
    pub resolution: Resolution,
    /// Verify, rate and close wait for the approval of the reply.
    pub reply_pending: bool,
}

/// What the unit says it did, and what the citizen is told. Both may name somebody, so both are sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    pub result: Private<String>,
    pub reply: Private<String>,
    /// Keyed hash of who resolved it: nobody calls back about their own work.
    pub handler: Vec<u8>,
    /// Until when the citizen may rate.
    pub window_until: Micros,
}

/// Verified: the call-back was made, or the citizen could not be reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    pub to: Assignment,
    pub resolution: Resolution,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    pub to: Assignment,
    pub resolution: Resolution,
    pub at: Micros,
}

/// 退回: wrong unit. It stays responsible until another accepts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    pub by: Assignment,
    pub reason: Private<String>,
    pub proposed: Option<UnitCode>,
}

/// A request that a dispatcher has not decided yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub kind: RequestKind,
    pub until: Micros,
    pub reason: Private<String>,
    pub asked: Micros,
    /// Keyed hash of who asked: the same person does not grant it.
    pub person: Vec<u8>,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestKind {
    Suspension,
    Extension,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    pub answered: bool,
    pub solved: bool,
    pub satisfied: bool,
    pub comment: Private<String>,
}

/// The phase without what it owns: the contract's word for it.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Created,
    Assigned,
    Accepted,
    InProgress,
    Resolved,
    Verified,
    Closed,
    Returned,
    Suspended,
    Merged,
    Cancelled,
}

impl State {
    /// All that an order can be in.
    pub const ALL: [Self; 11] = [
        Self::Created,
        Self::Assigned,
        Self::Accepted,
        Self::InProgress,
        Self::Resolved,
        Self::Verified,
        Self::Closed,
        Self::Returned,
        Self::Suspended,
        Self::Merged,
        Self::Cancelled,
    ];

    /// Number of the contract's enum: the gap is the state whose verb comes later.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Created => 1,
            Self::Assigned => 2,
            Self::Accepted => 3,
            Self::InProgress => 4,
            Self::Resolved => 5,
            Self::Verified => 6,
            Self::Closed => 7,
            Self::Returned => 8,
            Self::Suspended => 9,
            Self::Merged => 10,
            Self::Cancelled => 11,
        }
    }

    /// As the table writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Assigned => "assigned",
            Self::Accepted => "accepted",
            Self::InProgress => "in progress",
            Self::Resolved => "resolved",
            Self::Verified => "verified",
            Self::Closed => "closed",
            Self::Returned => "returned",
            Self::Suspended => "suspended",
            Self::Merged => "merged",
            Self::Cancelled => "cancelled",
        }
    }

    /// Still somebody's work.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Closed | Self::Merged | Self::Cancelled => false,
            Self::Created
            | Self::Assigned
            | Self::Accepted
            | Self::InProgress
            | Self::Resolved
            | Self::Verified
            | Self::Returned
            | Self::Suspended => true,
        }
    }
}
