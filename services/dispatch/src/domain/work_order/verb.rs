//! The verbs of the table: from which states each leads on, and who may use it.

use super::state::State;

/// What somebody may do with an order.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    Assign,
    Accept,
    Start,
    Resolve,
    ApproveReply,
    RefuseReply,
    Verify,
    Rate,
    Close,
    Return,
    Rule,
    Reassign,
    RequestSuspension,
    RequestExtension,
    Approve,
    Decline,
    Resume,
    WaitForCitizen,
    CitizenAnswered,
    Reopen,
    Cancel,
    Merge,
    CoHandle,
    Whistle,
    ReportIn,
    AnswerPart,
    ReleasePart,
    StepAside,
    Supervise,
    ReplySupervision,
    ReviewSupervision,
    Escalate,
    HandDown,
}

/// Who may use a verb, in the words of the contract.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub enum By {
    /// Town-, district- or city-dispatcher of the owning tier.
    Dispatcher,
    /// A member of the unit that has the order.
    Unit,
    /// A member marked as head, of that unit or of its place's centre, or a dispatcher.
    HeadOrDispatcher,
    /// A dispatcher outside the unit that has the order.
    Verifier,
    /// The reporter through `reports:rate`, or the hotline.
    CitizenOrHotline,
    /// A member of the unit that has the order, or a dispatcher.
    UnitOrDispatcher,
    /// A member of a unit that was called to do a part.
    CalledUnit,
    /// A supervisor (督办) of a place that the order lies in.
    Supervisor,
}

impl By {
    /// As the table writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dispatcher => "dispatcher",
            Self::Unit => "unit",
            Self::HeadOrDispatcher => "head or dispatcher",
            Self::Verifier => "verifier",
            Self::CitizenOrHotline => "citizen or hotline",
            Self::UnitOrDispatcher => "unit or dispatcher",
            Self::CalledUnit => "called unit",
            Self::Supervisor => "supervisor",
        }
    }
}

impl Verb {
    /// All verbs.
    pub const ALL: [Self; 33] = [
        Self::Assign,
        Self::Accept,
        Self::Start,
        Self::Resolve,
        Self::ApproveReply,
        Self::RefuseReply,
        Self::Verify,
        Self::Rate,
        Self::Close,
        Self::Return,
        Self::Rule,
        Self::Reassign,
        Self::RequestSuspension,
        Self::RequestExtension,
        Self::Approve,
        Self::Decline,
        Self::Resume,
        Self::WaitForCitizen,
        Self::CitizenAnswered,
        Self::Reopen,
        Self::Cancel,
        Self::Merge,
        Self::CoHandle,
        Self::Whistle,
        Self::ReportIn,
        Self::AnswerPart,
        Self::ReleasePart,
        Self::StepAside,
        Self::Supervise,
        Self::ReplySupervision,
        Self::ReviewSupervision,
        Self::Escalate,
        Self::HandDown,
    ];

    /// As the contract writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Accept => "accept",
            Self::Start => "start",
            Self::Resolve => "resolve",
            Self::ApproveReply => "approveReply",
            Self::RefuseReply => "refuseReply",
            Self::Verify => "verify",
            Self::Rate => "rate",
            Self::Close => "close",
            Self::Return => "return",
            Self::Rule => "rule",
            Self::Reassign => "reassign",
            Self::RequestSuspension => "requestSuspension",
            Self::RequestExtension => "requestExtension",
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Resume => "resume",
            Self::WaitForCitizen => "waitForCitizen",
            Self::CitizenAnswered => "citizenAnswered",
            Self::Reopen => "reopen",
            Self::Cancel => "cancel",
            Self::Merge => "merge",
            Self::CoHandle => "coHandle",
            Self::Whistle => "whistle",
            Self::ReportIn => "reportIn",
            Self::AnswerPart => "answerPart",
            Self::ReleasePart => "releasePart",
            Self::StepAside => "stepAside",
            Self::Supervise => "supervise",
            Self::ReplySupervision => "replySupervision",
            Self::ReviewSupervision => "reviewSupervision",
            Self::Escalate => "escalate",
            Self::HandDown => "handDown",
        }
    }

    /// States in which the verb can be used at all.
    #[must_use]
    pub const fn leads_from(self) -> &'static [State] {
        use State::{Accepted, Assigned, Closed, Created, InProgress, Merged, Resolved, Returned, Suspended, Verified};
        match self {
            Self::Assign => &[Created, Assigned, Returned],
            Self::Accept => &[Assigned],
            Self::Start => &[Accepted],
            Self::Resolve
            | Self::CoHandle
            | Self::Whistle
            | Self::StepAside
            | Self::Reassign
            | Self::RequestSuspension
            | Self::RequestExtension
            | Self::Approve
            | Self::Decline => &[Accepted, InProgress],
            Self::ApproveReply | Self::RefuseReply | Self::Verify => &[Resolved],
            Self::Rate => &[Resolved, Verified, Closed, Merged],
            Self::Close => &[Verified],
            Self::Return => &[Assigned, Accepted],
            Self::Rule => &[Returned],
            Self::Resume => &[Suspended],
            Self::WaitForCitizen | Self::CitizenAnswered => &[InProgress],
            Self::Reopen => &[Closed],
            Self::Merge | Self::ReportIn | Self::AnswerPart | Self::ReleasePart => {
                &[Created, Assigned, Accepted, InProgress, Returned, Suspended]
            }
            Self::Cancel
            | Self::Supervise
            | Self::ReplySupervision
            | Self::ReviewSupervision
            | Self::Escalate
            | Self::HandDown => &[Created, Assigned, Accepted, InProgress, Resolved, Verified, Returned, Suspended],
        }
    }

    /// Who may use it.
    #[must_use]
    pub const fn by(self) -> By {
        match self {
            Self::Assign
            | Self::Close
            | Self::Rule
            | Self::Reassign
            | Self::Approve
            | Self::Decline
            | Self::Resume
            | Self::Reopen
            | Self::Cancel
            | Self::Merge
            | Self::Escalate
            | Self::HandDown => By::Dispatcher,
            Self::Accept
            | Self::Start
            | Self::Resolve
            | Self::Return
            | Self::RequestSuspension
            | Self::RequestExtension
            | Self::WaitForCitizen
            | Self::CitizenAnswered
            | Self::StepAside
            | Self::ReplySupervision => By::Unit,
            Self::CoHandle | Self::Whistle | Self::ReleasePart => By::UnitOrDispatcher,
            Self::ReportIn | Self::AnswerPart => By::CalledUnit,
            Self::Supervise | Self::ReviewSupervision => By::Supervisor,
            Self::ApproveReply | Self::RefuseReply => By::HeadOrDispatcher,
            Self::Verify => By::Verifier,
            Self::Rate => By::CitizenOrHotline,
        }
    }
}
