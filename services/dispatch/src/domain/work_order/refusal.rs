//! Why the rules say no: one variant per cause, each with a stable reason that clients match on.

use civic::{Role, UnitCode};

use super::state::State;
use super::verb::Verb;

/// The rules refuse a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such order")]
    NotOpened,
    #[error("order {order} is {}: {} does not lead on from there", .state.as_str(), .verb.as_str())]
    State { order: String, state: State, verb: Verb },
    #[error("{} is not for the role {role} on this order", .verb.as_str())]
    Role { verb: Verb, role: Role },
    #[error("order {order}: {} is for {}, not for your unit", .verb.as_str(), .verb.by().as_str())]
    Unit { order: String, verb: Verb },
    #[error("unit {unit} lies outside the place that you give work in")]
    OutOfReach { unit: UnitCode },
    #[error("order {order}: whoever handled it does not call back about it")]
    VerifierInUnit { order: String },
    #[error("order {order}: the request is granted by somebody other than the one who asked")]
    ApproverIsRequester { order: String },
    #[error("order {order}: the reply is approved by somebody other than the one who wrote it")]
    ApproverIsHandler { order: String },
    #[error("order {order} has no reply that waits for an approval")]
    ReplyNotPending { order: String },
    #[error("order {order}: the reply waits for an approval, {} waits for it", .verb.as_str())]
    ReplyPending { order: String, verb: Verb },
    #[error("order {order} was returned {returns} times or assigned by a ruling: it is not returnable")]
    NotReturnable { order: String, returns: i32 },
    #[error("order {order} was returned twice: only the centre's ruling leads on")]
    RulingRequired { order: String },
    #[error("order {order} has a request that is not decided yet")]
    RequestPending { order: String },
    #[error("order {order} has no request to decide")]
    NoRequestPending { order: String },
    #[error("order {order} was extended already: an extension is granted once")]
    AlreadyExtended { order: String },
    #[error("order {order}: the date must lie ahead, and beyond the present due date when the limit is extended")]
    UntilNotLater { order: String },
    #[error("order {order} waits for the citizen already")]
    AlreadyWaiting { order: String },
    #[error("order {order} does not wait for the citizen")]
    NotWaiting { order: String },
    #[error("order {order}: the days in which the citizen may rate are over")]
    RatingWindowOver { order: String },
    #[error("order {order}: the days in which it may be reopened are over")]
    ReopenWindowOver { order: String },
    #[error("order {order}: unit {unit} leads it or has an open part of it")]
    UnitCalledAlready { order: String, unit: UnitCode },
    #[error("order {order} has as many parts as an order can have")]
    TooManyParts { order: String },
    #[error("order {order} has no part {part}")]
    PartUnknown { order: String, part: u32 },
    #[error("part {part} of order {order} is answered or released")]
    PartOver { order: String, part: u32 },
    #[error("part {part} of order {order} is another unit's")]
    PartOfAnotherUnit { order: String, part: u32 },
    #[error("the unit of part {part} of order {order} has reported in")]
    ReportedInAlready { order: String, part: u32 },
    #[error("order {order} has parts that are neither answered nor released")]
    PartsOpen { order: String },
    #[error("order {order}: whoever stepped aside does nothing more with it")]
    SteppedAside { order: String },
    #[error("order {order} is being supervised")]
    SupervisionOpen { order: String },
    #[error("order {order} is not being supervised")]
    NoSupervisionOpen { order: String },
    #[error("order {order}: the unit has not replied to the supervision")]
    NoSupervisionReply { order: String },
    #[error("order {order}: the supervision has no such milestone")]
    MilestoneUnknown { order: String },
    #[error("order {order}: its citizen wants no reply and is not called back")]
    CallBackUnwanted { order: String },
    #[error("order {order} cannot be merged into itself")]
    MergeIntoItself { order: String },
    #[error("order {order} has members: it is not merged into another")]
    HasMembers { order: String },
    #[error("order {order} is {}: nothing is merged into it", .state.as_str())]
    ParentOver { order: String, state: State },
    #[error("order {order} took a step while another was merged into it")]
    ParentMoved { order: String },
    #[error("order {order} was merged into {parent}, which has not been answered yet")]
    ParentNotAnswered { order: String, parent: String },
    #[error("order {order} has no such tier in this cluster, or the place does not lie in the order's")]
    NoSuchTier { order: String },
}

impl Refusal {
    /// Stable, for clients.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotOpened => "NOT_FOUND",
            Self::State { .. } => "STATE_REFUSES",
            Self::Role { .. } => "ROLE_DENIED",
            Self::Unit { .. } => "UNIT_DENIED",
            Self::OutOfReach { .. } => "UNIT_OUT_OF_REACH",
            Self::VerifierInUnit { .. } => "VERIFIER_IN_UNIT",
            Self::ApproverIsRequester { .. } => "APPROVER_IS_REQUESTER",
            Self::ApproverIsHandler { .. } => "APPROVER_IS_HANDLER",
            Self::ReplyNotPending { .. } => "REPLY_NOT_PENDING",
            Self::ReplyPending { .. } => "REPLY_PENDING",
            Self::NotReturnable { .. } => "NOT_RETURNABLE",
            Self::RulingRequired { .. } => "RULING_REQUIRED",
            Self::RequestPending { .. } => "REQUEST_PENDING",
            Self::NoRequestPending { .. } => "NO_REQUEST_PENDING",
            Self::AlreadyExtended { .. } => "ALREADY_EXTENDED",
            Self::UntilNotLater { .. } => "UNTIL_INVALID",
            Self::AlreadyWaiting { .. } => "ALREADY_WAITING",
            Self::NotWaiting { .. } => "NOT_WAITING",
            Self::RatingWindowOver { .. } => "RATING_WINDOW_OVER",
            Self::ReopenWindowOver { .. } => "WINDOW_OVER",
            Self::UnitCalledAlready { .. } => "UNIT_CALLED_ALREADY",
            Self::TooManyParts { .. } => "TOO_MANY_PARTS",
            Self::PartUnknown { .. } => "PART_UNKNOWN",
            Self::PartOver { .. } => "PART_OVER",
            Self::PartOfAnotherUnit { .. } => "PART_OF_ANOTHER_UNIT",
            Self::ReportedInAlready { .. } => "REPORTED_IN_ALREADY",
            Self::PartsOpen { .. } => "PARTS_OPEN",
            Self::SteppedAside { .. } => "STEPPED_ASIDE",
            Self::SupervisionOpen { .. } => "SUPERVISION_OPEN",
            Self::NoSupervisionOpen { .. } => "NO_SUPERVISION_OPEN",
            Self::NoSupervisionReply { .. } => "NO_SUPERVISION_REPLY",
            Self::MilestoneUnknown { .. } => "MILESTONES_INVALID",
            Self::CallBackUnwanted { .. } => "CALL_BACK_UNWANTED",
            Self::MergeIntoItself { .. } => "MERGE_INTO_ITSELF",
            Self::HasMembers { .. } => "HAS_MEMBERS",
            Self::ParentOver { .. } => "PARENT_OVER",
            Self::ParentMoved { .. } => "PARENT_MOVED",
            Self::ParentNotAnswered { .. } => "PARENT_NOT_ANSWERED",
            Self::NoSuchTier { .. } => "NO_SUCH_TIER",
        }
    }

    /// The rule that refuses, in words that may be shown; `None` where the request itself is wrong.
    #[must_use]
    pub const fn law(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotOpened
            | Self::UntilNotLater { .. }
            | Self::PartUnknown { .. }
            | Self::MilestoneUnknown { .. }
            | Self::MergeIntoItself { .. }
            | Self::ParentMoved { .. } => {
                return None;
            }
            Self::State { .. } => "verbs of a work order: each leads on from its own states only",
            Self::Role { .. } => {
                "verbs of a work order: each is for its own roles, a dispatcher's for the tier that owns the order"
            }
            Self::Unit { .. } => {
                "verbs of a work order: the unit's are for the unit that has it, a dispatcher's for the place it lies in"
            }
            Self::OutOfReach { .. } => {
                "assign, rule, reassign (派单): to units of the dispatcher's own place; a unit above is whistled for, or the order escalated"
            }
            Self::VerifierInUnit { .. } => {
                "verify (核查): by somebody other than the handler, outside the handling unit"
            }
            Self::ApproverIsRequester { .. } => "approve: by somebody other than the one who asked",
            Self::ApproverIsHandler { .. } => "approveReply: by somebody other than the handler",
            Self::ReplyNotPending { .. } => "approveReply, refuseReply: once, where the category asks for it",
            Self::ReplyPending { .. } => "approveReply: verify, rate and close wait for it",
            Self::NotReturnable { .. } => "return (退回): twice at most, never after a ruling, which binds",
            Self::RulingRequired { .. } => "return (退回): after the second only a ruling leads on",
            Self::RequestPending { .. } => "requestSuspension, requestExtension: one request at a time",
            Self::NoRequestPending { .. } => "approve, decline: while a request is pending",
            Self::AlreadyExtended { .. } => "requestExtension (延期): granted once",
            Self::AlreadyWaiting { .. } => "waitForCitizen: until citizenAnswered",
            Self::NotWaiting { .. } => "citizenAnswered: after waitForCitizen",
            Self::RatingWindowOver { .. } | Self::ReopenWindowOver { .. } => {
                "rate, reopen: within the days that the catalog gives the citizen (15 unless it says otherwise)"
            }
            Self::UnitCalledAlready { .. } => "coHandle, whistle: one open part for each unit, none for the lead",
            Self::TooManyParts { .. } => {
                "coHandle, whistle: 64 parts in an order's life; more is a matter for a task force"
            }
            Self::PartOver { .. } => "reportIn, answerPart, releasePart: of an open part",
            Self::PartOfAnotherUnit { .. } => "reportIn, answerPart (报到): by the unit that was called to this part",
            Self::ReportedInAlready { .. } => "reportIn (报到): once",
            Self::PartsOpen { .. } => "resolve: when each part was answered or released (协办, 吹哨)",
            Self::SteppedAside { .. } => {
                "stepAside (回避): who has a conflict of interest has no more part in the order"
            }
            Self::SupervisionOpen { .. } => "supervise (督办): one at a time",
            Self::NoSupervisionOpen { .. } => "replySupervision, reviewSupervision: while a supervision is open",
            Self::NoSupervisionReply { .. } => "reviewSupervision: after the unit's reply",
            Self::CallBackUnwanted { .. } => "verify (核查): who wants no reply is not called; the file decides",
            Self::HasMembers { .. } | Self::ParentOver { .. } => {
                "merge (并案): into an open order, and never one with members: so there is no chain and no circle"
            }
            Self::ParentNotAnswered { .. } => {
                "rate: of a merged order, once the one that it was merged into has an answer"
            }
            Self::NoSuchTier { .. } => "escalate, handDown (提级, 交办): to a tier above or below in the same cluster",
        })
    }

    /// The field of the request that is at fault, where it is one.
    #[must_use]
    pub const fn field(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::UntilNotLater { .. } => Some(("until", "must be a later date")),
            Self::OutOfReach { .. } => Some(("unit", "lies outside your place")),
            Self::MergeIntoItself { .. } => Some(("into", "is the order itself")),
            Self::CallBackUnwanted { .. } => Some(("reached", "nobody is called about this order")),
            Self::ParentOver { .. } => Some(("into", "is closed, merged or cancelled")),
            Self::UnitCalledAlready { .. } => Some(("units", "leads the order or has a part already")),
            Self::MilestoneUnknown { .. } => Some(("reached", "no such milestone")),
            Self::NotOpened
            | Self::State { .. }
            | Self::Role { .. }
            | Self::Unit { .. }
            | Self::VerifierInUnit { .. }
            | Self::ApproverIsRequester { .. }
            | Self::ApproverIsHandler { .. }
            | Self::ReplyNotPending { .. }
            | Self::ReplyPending { .. }
            | Self::NotReturnable { .. }
            | Self::RulingRequired { .. }
            | Self::RequestPending { .. }
            | Self::NoRequestPending { .. }
            | Self::AlreadyExtended { .. }
            | Self::AlreadyWaiting { .. }
            | Self::NotWaiting { .. }
            | Self::RatingWindowOver { .. }
            | Self::ReopenWindowOver { .. }
            | Self::TooManyParts { .. }
            | Self::PartUnknown { .. }
            | Self::PartOver { .. }
            | Self::PartOfAnotherUnit { .. }
            | Self::ReportedInAlready { .. }
            | Self::PartsOpen { .. }
            | Self::SteppedAside { .. }
            | Self::SupervisionOpen { .. }
            | Self::NoSupervisionOpen { .. }
            | Self::NoSupervisionReply { .. }
            | Self::HasMembers { .. }
            | Self::ParentMoved { .. }
            | Self::ParentNotAnswered { .. }
            | Self::NoSuchTier { .. } => None,
        }
    }
}
