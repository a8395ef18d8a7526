//! Which event may stand behind which state: the table read backwards, for the verifier (I8). It asks the table itself and not
//! `decide`, so that a mistake in the one is found by the other.

use super::{
    Verb,
    state::{State, WorkOrder},
};
use proto::dispatch::v1::stored::{WorkOrderEvent, work_order_event::Event as Body};

/// What may have caused an event.
enum Cause {
    /// The event of the report; nothing stands before it.
    Opening,
    /// One of these verbs.
    Verbs(&'static [Verb]),
    /// A timer, a ruling or a calendar, on an order that is not closed for good.
    Itself,
    /// Whatever the state: a parent tells its members also when it is over.
    Ever,
    /// Its parent took a step.
    Member,
    /// A second person looked at what was said to be done.
    Check,
}

pub(super) fn legal(state: Option<&WorkOrder>, event: &WorkOrderEvent) -> bool {
    let Some(body) = &event.event else { return false };
    match (cause(body), state.map(WorkOrder::state)) {
        (Cause::Opening, before) => before.is_none(),
        (Cause::Verbs(_) | Cause::Itself | Cause::Ever | Cause::Member | Cause::Check, None) => false,
        (Cause::Verbs(verbs), Some(before)) => verbs.iter().any(|verb| verb.leads_from().contains(&before)),
        (Cause::Ever, Some(_)) => true,
        (Cause::Member, Some(before)) => before == State::Merged,
        (Cause::Check, Some(before)) => matches!(before, State::Resolved | State::Verified | State::Closed),
        (Cause::Itself, Some(before)) => !matches!(before, State::Closed | State::Cancelled),
    }
}

fn cause(body: &Body) -> Cause {
    Cause::Verbs(match body {
        Body::Created(_) => return Cause::Opening,
        Body::PartsLate(_)
        | Body::SupervisionLate(_)
        | Body::LampTurned(_)
        | Body::AcceptOverdue(_)
        | Body::CalendarChanged(_)
        | Body::ReportSpoke(_)
        | Body::MemberJoined(_)
        | Body::Reclassified(_) => {
            return Cause::Itself;
        }
        Body::MembersTold(_) => return Cause::Ever,
        Body::ParentStepped(_) => return Cause::Member,
        Body::SpotCheckFailed(_) => return Cause::Check,
        Body::Assigned(_) => &[Verb::Assign, Verb::Rule],
        Body::Accepted(_) => &[Verb::Accept],
        Body::Started(_) => &[Verb::Start],
        Body::Resolved(_) => &[Verb::Resolve],
        Body::ReplyApproved(_) => &[Verb::ApproveReply],
        Body::ReplyRefused(_) => &[Verb::RefuseReply],
        Body::Verified(_) => &[Verb::Verify],
        Body::Rated(_) => &[Verb::Rate],
        Body::Closed(_) => &[Verb::Close],
        Body::Returned(_) => &[Verb::Return],
        Body::Reassigned(_) => &[Verb::Reassign],
        Body::SuspensionRequested(_) => &[Verb::RequestSuspension],
        Body::ExtensionRequested(_) => &[Verb::RequestExtension],
        Body::RequestApproved(_) => &[Verb::Approve],
        Body::RequestDeclined(_) => &[Verb::Decline],
        Body::Resumed(_) => &[Verb::Resume],
        Body::CitizenAwaited(_) => &[Verb::WaitForCitizen],
        Body::CitizenAnswered(_) => &[Verb::CitizenAnswered],
        Body::Reopened(_) => &[Verb::Reopen],
        Body::Cancelled(_) => &[Verb::Cancel],
        Body::PartsCalled(_) => &[Verb::CoHandle, Verb::Whistle],
        Body::PartReportedIn(_) => &[Verb::ReportIn],
        Body::PartAnswered(_) => &[Verb::AnswerPart],
        Body::PartReleased(_) => &[Verb::ReleasePart],
        Body::SteppedAside(_) => &[Verb::StepAside],
        Body::SupervisionNoticed(_) => &[Verb::Supervise],
        Body::SupervisionReplied(_) => &[Verb::ReplySupervision],
        Body::SupervisionReviewed(_) => &[Verb::ReviewSupervision],
        Body::TierMoved(_) => &[Verb::Escalate, Verb::HandDown],
        Body::Merged(_) => &[Verb::Merge],
    })
}
