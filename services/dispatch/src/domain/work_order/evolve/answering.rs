//! The unit's answer, its approval, the call-back, the citizen's word, and the next round.

use civic::Micros;
use proto::dispatch::v1::stored;

use super::{Stamp, working};
use crate::domain::work_order::event::private;
use crate::domain::work_order::state::{
    Assignment, Closed, Done, Head, InProgress, Phase, Rating, Resolution, Resolved,
};
use crate::domain::work_order::{merging, supervision};

pub(super) fn resolved(head: &mut Head, phase: Phase, body: &stored::Resolved, stamp: &Stamp<'_>) -> Option<Phase> {
    let mut to = working(phase)?;
    head.total.resume(stamp.at);
    to.watch.stop(stamp.at);
    let resolution = Resolution {
        result: private(&body.result),
        reply: private(&body.reply),
        handler: stamp.person.to_vec(),
        window_until: Micros(body.window_until_us),
    };
    Some(Phase::Resolved(Resolved { to, resolution, reply_pending: body.reply_pending }))
}

pub(super) fn reply_approved(phase: Phase) -> Option<Phase> {
    let Phase::Resolved(resolved) = phase else { return None };
    Some(Phase::Resolved(Resolved { reply_pending: false, ..resolved }))
}

/// Back to the unit: the time since it resolved becomes a pause of its clock.
pub(super) fn answer_again(phase: Phase, at: Micros) -> Option<Phase> {
    let mut to = answered(phase)?;
    to.watch.reopen(at);
    Some(Phase::InProgress(InProgress { to, request: None, waiting: false }))
}

/// The unit that has answered, in any of the three phases.
fn answered(phase: Phase) -> Option<Assignment> {
    match phase {
        Phase::Resolved(phase) => Some(phase.to),
        Phase::Verified(phase) => Some(phase.to),
        Phase::Closed(phase) => Some(phase.to),
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Accepted(_)
        | Phase::InProgress(_)
        | Phase::Suspended(_)
        | Phase::Returned(_)
        | Phase::Merged(_)
        | Phase::Cancelled(_) => None,
    }
}

pub(super) fn next_round(head: &mut Head, phase: Phase, at: Micros) -> Option<Phase> {
    if let Phase::Closed(closed) = &phase {
        head.total.reopen(at);
        supervision::reopen(head, closed.at, at);
    }
    head.round += 1;
    answer_again(phase, at)
}

pub(super) fn verified(head: &mut Head, phase: Phase, body: &stored::Verified, at: Micros) -> Option<Phase> {
    if body.next_round {
        return next_round(head, phase, at);
    }
    let Phase::Resolved(Resolved { to, resolution, .. }) = phase else { return None };
    Some(Phase::Verified(Done { to, resolution }))
}

pub(super) fn rated(head: &mut Head, phase: Phase, body: &stored::Rated, at: Micros) -> Option<Phase> {
    head.rating = Some(Rating {
        answered: body.answered,
        solved: body.solved,
        satisfied: body.satisfied,
        comment: private(&body.comment),
    });
    if let Phase::Merged(merged) = phase {
        Some(if body.next_round { merging::leave(head, merged, at) } else { Phase::Merged(merged) })
    } else if body.next_round {
        next_round(head, phase, at)
    } else if body.closes {
        close(head, phase, body.window_until_us, at)
    } else {
        let Phase::Closed(closed) = phase else { return None };
        Some(Phase::Closed(closed))
    }
}

pub(super) fn closed(head: &mut Head, phase: Phase, body: &stored::Closed, at: Micros) -> Option<Phase> {
    let Phase::Verified(_) = phase else { return None };
    close(head, phase, body.window_until_us, at)
}

fn close(head: &mut Head, phase: Phase, window_until_us: i64, at: Micros) -> Option<Phase> {
    let done = match phase {
        Phase::Resolved(Resolved { to, resolution, .. }) => Done { to, resolution },
        Phase::Verified(done) => done,
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Accepted(_)
        | Phase::InProgress(_)
        | Phase::Suspended(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Merged(_)
        | Phase::Cancelled(_) => return None,
    };
    head.total.stop(at);
    let resolution = Resolution { window_until: Micros(window_until_us), ..done.resolution };
    Some(Phase::Closed(Closed { to: done.to, resolution, at }))
}
