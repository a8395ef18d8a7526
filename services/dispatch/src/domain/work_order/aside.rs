//! 回避: a handler with a conflict of interest steps aside, and has nothing more to do with the order.

use civic::{Micros, Private};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::work_order_event::Event as Body;

use super::command::Facts;
use super::decide::{end_of, name};
use super::event::{limit, sealed, store_limit};
use super::refusal::Refusal;
use super::state::{Assigned, Head, Phase, WorkOrder};

/// Whoever stepped aside does nothing more here, in whatever role.
pub(super) fn has_stepped(order: &WorkOrder, facts: &Facts) -> Result<(), Refusal> {
    let person = facts.author.reference();
    if !person.is_empty() && order.head.aside.iter().any(|aside| aside == person) {
        return Err(Refusal::SteppedAside { order: name(order) });
    }
    Ok(())
}

pub(super) fn step(order: &WorkOrder, assignee: &str, reason: &Private<String>, facts: &Facts) -> Body {
    let accept = facts.catalog.limits().accept(order.head.urgency);
    Body::SteppedAside(stored::SteppedAside {
        reason: sealed(reason),
        assignee: assignee.to_owned(),
        accept_limit: Some(store_limit(accept)),
        accept_due_us: end_of(accept, order, facts).0,
    })
}

/// The unit and its clock stay.
pub(super) fn stepped(
    head: &mut Head,
    mut phase: Phase,
    body: &stored::SteppedAside,
    person: &[u8],
    at: Micros,
) -> Option<Phase> {
    head.aside.push(person.to_vec());
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
    to.assignee.clone_from(&body.assignee);
    if !body.assignee.is_empty() {
        return Some(phase);
    }
    head.total.resume(at);
    head.resume_parts(at);
    to.watch.resume(at);
    let (to, accept_limit) = (to.clone(), limit(body.accept_limit.as_ref())?);
    Some(Phase::Assigned(Assigned { to, accept_limit, accept_due: Micros(body.accept_due_us), overdue: false }))
}
