//! Requests to suspend or extend, and the times in which both clocks stand.

use civic::Micros;
use prost::bytes::Bytes;

use super::{Stamp, working};
use crate::domain::work_order::event::private;
use crate::domain::work_order::state::{
    Accepted, Assignment, Before, Head, InProgress, Phase, Request, RequestKind, Suspended,
};

/// Why both clocks stand, in the words a clock explains itself with.
const SUSPENDED: &str = "suspended";
const WAITING: &str = "waiting for the citizen";

pub(super) fn requested(
    phase: Phase,
    kind: RequestKind,
    until_us: i64,
    reason: &Bytes,
    stamp: &Stamp<'_>,
) -> Option<Phase> {
    let request = Request {
        kind,
        until: Micros(until_us),
        reason: private(reason),
        asked: stamp.at,
        person: stamp.person.to_vec(),
    };
    with_request(phase, Some(request)).map(|(phase, _)| phase)
}

pub(super) fn declined(phase: Phase) -> Option<Phase> {
    with_request(phase, None).map(|(phase, _)| phase)
}

/// The same phase with another request, and the one it had.
fn with_request(phase: Phase, request: Option<Request>) -> Option<(Phase, Option<Request>)> {
    match phase {
        Phase::Accepted(Accepted { to, request: had }) => Some((Phase::Accepted(Accepted { to, request }), had)),
        Phase::InProgress(InProgress { to, request: had, waiting }) => {
            Some((Phase::InProgress(InProgress { to, request, waiting }), had))
        }
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Suspended(_)
        | Phase::Resolved(_)
        | Phase::Verified(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Merged(_)
        | Phase::Cancelled(_) => None,
    }
}

pub(super) fn approved(head: &mut Head, phase: Phase, stamp: &Stamp<'_>) -> Option<Phase> {
    let (phase, request) = with_request(phase, None)?;
    let request = request?;
    match request.kind {
        RequestKind::Suspension => suspended(head, phase, request.until, stamp),
        RequestKind::Extension => extended(head, phase, request.until, stamp),
    }
}

fn suspended(head: &mut Head, phase: Phase, until: Micros, stamp: &Stamp<'_>) -> Option<Phase> {
    let before = match &phase {
        Phase::Accepted(_) => Before::Accepted,
        Phase::InProgress(phase) => Before::InProgress { waiting: phase.waiting },
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Suspended(_)
        | Phase::Resolved(_)
        | Phase::Verified(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Merged(_)
        | Phase::Cancelled(_) => return None,
    };
    let mut to = working(phase)?;
    if before != (Before::InProgress { waiting: true }) {
        pause(head, &mut to, SUSPENDED, stamp);
    }
    Some(Phase::Suspended(Suspended { to, until, before }))
}

fn extended(head: &mut Head, mut phase: Phase, until: Micros, stamp: &Stamp<'_>) -> Option<Phase> {
    const GRANTED: &str = "extended";
    head.extended = true;
    head.total.extend(until, stamp.by, GRANTED, stamp.at);
    let to = match &mut phase {
        Phase::Accepted(phase) => &mut phase.to,
        Phase::InProgress(phase) => &mut phase.to,
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Suspended(_)
        | Phase::Resolved(_)
        | Phase::Verified(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Merged(_)
        | Phase::Cancelled(_) => return None,
    };
    to.watch.extend(until, stamp.by, GRANTED, stamp.at);
    Some(phase)
}

/// A timer that fires late does not lengthen the pause: it ends at the date that was granted.
pub(super) fn resumed(head: &mut Head, phase: Phase, by_timer: bool, at: Micros) -> Option<Phase> {
    let Phase::Suspended(Suspended { mut to, until, before }) = phase else { return None };
    let from = if by_timer { until } else { at };
    match before {
        Before::Accepted => {
            run(head, &mut to, from);
            Some(Phase::Accepted(Accepted { to, request: None }))
        }
        Before::InProgress { waiting } => {
            if !waiting {
                run(head, &mut to, from);
            }
            Some(Phase::InProgress(InProgress { to, request: None, waiting }))
        }
    }
}

pub(super) fn citizen_awaited(head: &mut Head, phase: Phase, stamp: &Stamp<'_>) -> Option<Phase> {
    let Phase::InProgress(InProgress { mut to, request, waiting: false }) = phase else { return None };
    pause(head, &mut to, WAITING, stamp);
    Some(Phase::InProgress(InProgress { to, request, waiting: true }))
}

pub(super) fn citizen_answered(head: &mut Head, phase: Phase, at: Micros) -> Option<Phase> {
    let Phase::InProgress(InProgress { mut to, request, waiting: true }) = phase else { return None };
    run(head, &mut to, at);
    Some(Phase::InProgress(InProgress { to, request, waiting: false }))
}

fn pause(head: &mut Head, to: &mut Assignment, why: &str, stamp: &Stamp<'_>) {
    head.total.pause(stamp.at, stamp.by, why);
    head.pause_parts(stamp.at, stamp.by, why);
    to.watch.pause(stamp.at, stamp.by, why);
}

fn run(head: &mut Head, to: &mut Assignment, from: Micros) {
    head.total.resume(from);
    head.resume_parts(from);
    to.watch.resume(from);
}
