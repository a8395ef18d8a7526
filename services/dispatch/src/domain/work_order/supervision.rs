//! 督办: a record of its own beside the order's life. Notice, limit, reply, review; 挂牌督办 for major risks, with a task force and
//! milestones.

use civic::{Limit, Micros, Private, UnitCode};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::command::{Answering, Facts, Notice};
use super::decide::{end_of, name};
use super::event::{limit, optional_unit, private, sealed, store_limit};
use super::refusal::Refusal;
use super::state::{Head, WorkOrder};

/// Milestones of one marked supervision.
pub const MILESTONES_AT_MOST: usize = 32;

/// The last supervision of an order. Those before it stand in the timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Supervision {
    pub standing: SupervisionStanding,
    /// Role and unit of who noticed.
    pub by: String,
    pub notice: Private<String>,
    pub limit: Limit,
    pub due: Micros,
    /// The reply did not come in time, and this was recorded.
    pub overdue: bool,
    pub marked: bool,
    pub task_force: Option<UnitCode>,
    pub task_force_name: String,
    pub milestones: Vec<Milestone>,
    pub reply: Option<Private<String>>,
    pub review: Option<Private<String>>,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SupervisionStanding {
    Noticed,
    Replied,
    Reviewed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Milestone {
    pub title: Private<String>,
    pub due: Micros,
    pub reached: bool,
    /// Its time came before it was reached, and this was recorded.
    pub missed: bool,
}

impl Supervision {
    /// Not reviewed yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.standing != SupervisionStanding::Reviewed
    }
}

fn open(order: &WorkOrder) -> Option<&Supervision> {
    order.head.supervision.as_ref().filter(|supervision| supervision.is_open())
}

pub(super) fn notice(order: &WorkOrder, notice: &Notice<Private<String>>, facts: &Facts) -> Result<Body, Refusal> {
    if open(order).is_some() {
        return Err(Refusal::SupervisionOpen { order: name(order) });
    }
    let Notice { text, limit, marked, task_force, milestones } = notice;
    let force = |part: fn(&Answering) -> String| task_force.as_ref().map(part).unwrap_or_default();
    let milestone =
        |(title, due): &(Private<String>, Micros)| stored::Milestone { title: sealed(title), due_us: due.0 };
    Ok(Body::SupervisionNoticed(stored::SupervisionNoticed {
        text: sealed(text),
        limit: Some(store_limit(*limit)),
        due_us: end_of(*limit, order, facts).0,
        marked: *marked,
        task_force: force(|unit| unit.unit.to_string()),
        task_force_name: force(|unit| unit.name.clone()),
        milestones: milestones.iter().map(milestone).collect(),
    }))
}

pub(super) fn reply(order: &WorkOrder, text: &Private<String>, reached: &[u32]) -> Result<Body, Refusal> {
    let Some(supervision) = open(order) else { return Err(Refusal::NoSupervisionOpen { order: name(order) }) };
    let known =
        |number: &u32| *number >= 1 && usize::try_from(*number).is_ok_and(|n| n <= supervision.milestones.len());
    if !reached.iter().all(known) {
        return Err(Refusal::MilestoneUnknown { order: name(order) });
    }
    Ok(Body::SupervisionReplied(stored::SupervisionReplied { text: sealed(text), reached: reached.to_vec() }))
}

pub(super) fn review(
    order: &WorkOrder,
    satisfied: bool,
    text: &Private<String>,
    facts: &Facts,
) -> Result<Body, Refusal> {
    let Some(supervision) = open(order) else { return Err(Refusal::NoSupervisionOpen { order: name(order) }) };
    if supervision.standing != SupervisionStanding::Replied {
        return Err(Refusal::NoSupervisionReply { order: name(order) });
    }
    let due_us = if satisfied { 0 } else { end_of(supervision.limit, order, facts).0 };
    Ok(Body::SupervisionReviewed(stored::SupervisionReviewed { satisfied, text: sealed(text), due_us }))
}

pub(super) fn noticed(head: &mut Head, body: &stored::SupervisionNoticed, by: &str) -> Option<()> {
    let milestone = |milestone: &stored::Milestone| Milestone {
        title: private(&milestone.title),
        due: Micros(milestone.due_us),
        reached: false,
        missed: false,
    };
    head.supervision = Some(Supervision {
        standing: SupervisionStanding::Noticed,
        by: by.to_owned(),
        notice: private(&body.text),
        limit: limit(body.limit.as_ref())?,
        due: Micros(body.due_us),
        overdue: false,
        marked: body.marked,
        task_force: optional_unit(&body.task_force)?,
        task_force_name: body.task_force_name.clone(),
        milestones: body.milestones.iter().map(milestone).collect(),
        reply: None,
        review: None,
    });
    Some(())
}

pub(super) fn replied(head: &mut Head, body: &stored::SupervisionReplied) -> Option<()> {
    let supervision = head.supervision.as_mut()?;
    supervision.standing = SupervisionStanding::Replied;
    supervision.reply = Some(private(&body.text));
    for number in &body.reached {
        milestone(supervision, *number)?.reached = true;
    }
    Some(())
}

fn milestone(supervision: &mut Supervision, number: u32) -> Option<&mut Milestone> {
    supervision.milestones.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)
}

pub(super) fn reviewed(head: &mut Head, body: &stored::SupervisionReviewed) -> Option<()> {
    let supervision = head.supervision.as_mut()?;
    supervision.review = Some(private(&body.text));
    if body.satisfied {
        supervision.standing = SupervisionStanding::Reviewed;
    } else {
        supervision.standing = SupervisionStanding::Noticed;
        supervision.due = Micros(body.due_us);
        supervision.overdue = false;
    }
    Some(())
}

/// The reply is waited for until then; `None`: it came, or its lateness is recorded, or the order is over.
fn reply_due(order: &WorkOrder) -> Option<Micros> {
    let waits =
        |supervision: &&Supervision| supervision.standing == SupervisionStanding::Noticed && !supervision.overdue;
    open(order).filter(waits).map(|supervision| supervision.due)
}

/// A closed order cannot reply: the time that it was closed does not count against its reply. Milestones are dates, and stay.
pub(super) fn reopen(head: &mut Head, closed: Micros, at: Micros) {
    let open = head.supervision.as_mut().filter(|one| one.standing == SupervisionStanding::Noticed && !one.overdue);
    if let Some(supervision) = open {
        supervision.due = supervision.due + (at.max(closed) - closed);
    }
}

fn waits(milestone: &Milestone) -> bool {
    !milestone.reached && !milestone.missed
}

/// The next instant at which progress may have fallen behind.
pub(super) fn next(order: &WorkOrder) -> Option<Micros> {
    if !order.state().is_open() {
        return None;
    }
    let milestones = open(order).into_iter().flat_map(|supervision| &supervision.milestones);
    milestones.filter(|milestone| waits(milestone)).map(|milestone| milestone.due).chain(reply_due(order)).min()
}

/// Everything whose time has come is told in one event, so that the next lies later.
pub(super) fn fire(order: &WorkOrder, now: Micros) -> Body {
    let milestones = open(order).into_iter().flat_map(|supervision| &supervision.milestones);
    let come = (1..).zip(milestones).filter(|(_, milestone)| waits(milestone) && milestone.due <= now);
    Body::SupervisionLate(stored::SupervisionLate {
        reply: reply_due(order).is_some_and(|due| due <= now),
        milestones: come.map(|(number, _)| number).collect(),
    })
}

pub(super) fn late(head: &mut Head, body: &stored::SupervisionLate) -> Option<()> {
    let supervision = head.supervision.as_mut()?;
    supervision.overdue |= body.reply;
    for number in &body.milestones {
        milestone(supervision, *number)?.missed = true;
    }
    Some(())
}
