//! An order and its clocks as callers see them.

use casebook::Found;
use civic::{CaseId, Explanation, Lamp, Limit, Micros, Role, SegmentKind, Stopwatch};
use proto::dispatch::v1 as pb;
use proto::types::v1::{Category, Lamp as PbLamp};

use super::{order_name, timestamp};
use crate::app::{App, Asking, Desk};
use crate::domain::work_order::{Mark, Phase, Rating, Request, RequestKind, Verification, WorkOrder};
use crate::error::Error;

/// Who an answer is made for, and with what it is made.
pub struct Answers<'a> {
    pub app: &'a App,
    pub desk: &'a Desk,
    pub asking: &'a Asking,
}

impl Answers<'_> {
    /// The order. A citizen sees state, unit, date, and the reply once it may be told; the inside of the unit's work is not shown. Who may not
    /// read what was written in it is shown its header.
    ///
    /// # Errors
    /// Sealed text that cannot be opened.
    pub fn order(&self, id: CaseId, version: i64, order: &WorkOrder) -> Result<pb::WorkOrder, Error> {
        let withheld = !self.desk.reads(&self.asking.actor, id, order);
        let mut answer = self.outside(id, version, order)?;
        if let Some(merged) = order.merged() {
            answer.parent_state = merged.news.standing.number();
        }
        if !self.is_citizen() {
            self.add_inside(&mut answer, id, order)?;
        }
        Ok(if withheld { header(answer) } else { answer })
    }

    /// A merged order with what its citizen is told of the one that carries its matter on: unit, date, reply, and where that stands now. Of
    /// the other's people nothing, and to a citizen not even its name.
    ///
    /// # Errors
    /// Sealed text that cannot be opened.
    pub fn member(&self, answer: pb::WorkOrder, parent: &Found<WorkOrder>) -> Result<pb::WorkOrder, Error> {
        let told = self.outside(parent.id, parent.version, &parent.state)?;
        let standing = parent.state.news().standing;
        if answer.content_withheld {
            return Ok(pb::WorkOrder { parent_state: standing.number(), ..answer });
        }
        // Who had the member need not have anything to do with the parent: a reply that waits for its approval is not shown.
        let reply = if standing.is_answered() { told.reply } else { String::new() };
        Ok(pb::WorkOrder {
            unit: told.unit,
            unit_name: told.unit_name,
            due_time: told.due_time,
            lamp: told.lamp,
            reply,
            reply_pending: told.reply_pending,
            parent_state: standing.number(),
            ..answer
        })
    }

    fn is_citizen(&self) -> bool {
        self.asking.actor.role == Role::Citizen
    }

    fn outside(&self, id: CaseId, version: i64, order: &WorkOrder) -> Result<pb::WorkOrder, Error> {
        let head = &order.head;
        let assignment = order.assignment();
        let category = Category {
            code: head.category.clone(),
            display_name: head.category_name.clone(),
            // How sure anybody was, and who said so, is the report's to tell.
            ..Category::default()
        };
        Ok(pb::WorkOrder {
            name: order_name(id),
            etag: version.to_string(),
            state: order.state().number(),
            report: if head.report.is_empty() { String::new() } else { format!("reports/{}", head.report) },
            tracking_number: head.tracking_number.clone(),
            category: (!head.category.is_empty()).then_some(category),
            urgency: head.urgency.number(),
            division_code: head.place.code.to_string(),
            division_name: self.desk.view.full_name(&head.place.code).unwrap_or_default(),
            unit: order.unit().map(ToString::to_string).unwrap_or_default(),
            unit_name: assignment.map(|assignment| assignment.unit_name.clone()).unwrap_or_default(),
            lamp: lamp(order, self.desk.now),
            due_time: head.marks.total.map(|mark| timestamp(mark.due)),
            create_time: Some(timestamp(head.opened)),
            update_time: Some(timestamp(head.updated)),
            round: head.round,
            reply: self.reply(id, order)?,
            reply_pending: reply_pending(order),
            waiting_for_citizen: order.waiting(),
            close_time: if let Phase::Closed(closed) = &order.phase { Some(timestamp(closed.at)) } else { None },
            owner: head.owner.clone(),
            epoch: head.epoch,
            ..pb::WorkOrder::default()
        })
    }

    fn reply(&self, id: CaseId, order: &WorkOrder) -> Result<String, Error> {
        if self.is_citizen() && reply_pending(order) {
            return Ok(String::new());
        }
        order.resolution().map_or_else(|| Ok(String::new()), |resolution| self.app.open(id, &resolution.reply))
    }

    fn add_inside(&self, answer: &mut pb::WorkOrder, id: CaseId, order: &WorkOrder) -> Result<(), Error> {
        let head = &order.head;
        answer.assignee = order.assignment().map(|assignment| assignment.assignee.clone()).unwrap_or_default();
        answer.responsible_unit = head.responsible.as_ref().map(ToString::to_string).unwrap_or_default();
        answer.returns = head.returns;
        answer.returnable = order.returnable();
        answer.extended = head.extended;
        answer.pending = order.request().map(|request| self.pending(id, request)).transpose()?;
        answer.result = match order.resolution() {
            Some(resolution) => self.app.open(id, &resolution.result)?,
            None => String::new(),
        };
        answer.parent = order.merged().map(|merged| order_name(merged.into)).unwrap_or_default();
        answer.members = head.members.map_or(0, |members| i32::try_from(members.joined).unwrap_or(i32::MAX));
        answer.verification = verification(head.verified_by()).into();
        self.add_cooperation(answer, id, order)?;
        answer.rating = head.rating.as_ref().map(|rating| self.rating(id, rating)).transpose()?;
        Ok(())
    }

    fn pending(&self, id: CaseId, request: &Request) -> Result<pb::PendingRequest, Error> {
        let kind = match request.kind {
            RequestKind::Suspension => pb::RequestKind::Suspension,
            RequestKind::Extension => pb::RequestKind::Extension,
        };
        Ok(pb::PendingRequest {
            kind: kind.into(),
            until: Some(timestamp(request.until)),
            reason: self.app.open(id, &request.reason)?,
            request_time: Some(timestamp(request.asked)),
        })
    }

    fn rating(&self, id: CaseId, rating: &Rating) -> Result<pb::Rating, Error> {
        Ok(pb::Rating {
            answered: rating.answered,
            solved: rating.solved,
            satisfied: rating.satisfied,
            comment: self.app.open(id, &rating.comment)?,
        })
    }

    /// Both clocks, each explaining itself.
    #[must_use]
    pub fn clocks(&self, order: &WorkOrder) -> pb::WorkOrderClock {
        let marks = &order.head.marks;
        let clock = |watch: &Stopwatch, mark: Option<Mark>| self.clock(watch, mark, &marks.calendar_version);
        pb::WorkOrderClock {
            total: Some(clock(&order.head.total, marks.total)),
            unit: order.assignment().map(|assignment| clock(&assignment.watch, marks.unit)),
            parts: self.part_clocks(order, clock),
        }
    }

    /// A running clock shows the instants that its last event wrote. One that was stopped shows those it stopped with, one that
    /// stands shows none: they move as long as it stands.
    pub(super) fn clock(&self, watch: &Stopwatch, mark: Option<Mark>, calendar_version: &str) -> pb::Clock {
        let explained = watch.explain(&self.desk.calendar, self.desk.now);
        let computed = Mark { yellow: explained.yellow, due: explained.due, provisional: explained.provisional };
        let shown = mark.or_else(|| (!explained.paused).then_some(computed));
        let at = watch.stopped.unwrap_or(self.desk.now);
        pb::Clock {
            limit: Some(limit(watch.limit)),
            due_time: shown.map(|mark| timestamp(mark.due)),
            yellow_time: shown.map(|mark| timestamp(mark.yellow)),
            segments: segments(&explained, watch.stopped.is_some()),
            calendar_version: calendar_version.to_owned(),
            provisional: shown.is_some_and(|mark| mark.provisional),
            lamp: lamp_of(shown.unwrap_or(computed).lamp(at)),
            stop_time: watch.stopped.map(timestamp),
        }
    }
}

/// Without a word that anybody wrote: who has it, how it stands, and by when.
fn header(answer: pb::WorkOrder) -> pb::WorkOrder {
    let wordless = |part: pb::Part| pb::Part { answer: String::new(), ..part };
    pb::WorkOrder {
        result: String::new(),
        reply: String::new(),
        assignee: String::new(),
        pending: answer.pending.map(|pending| pb::PendingRequest { reason: String::new(), ..pending }),
        rating: answer.rating.map(|rating| pb::Rating { comment: String::new(), ..rating }),
        parts: answer.parts.into_iter().map(wordless).collect(),
        supervision: answer.supervision.map(bare_supervision),
        content_withheld: true,
        ..answer
    }
}

fn bare_supervision(supervision: pb::Supervision) -> pb::Supervision {
    let wordless = |milestone: pb::SupervisionMilestone| pb::SupervisionMilestone { title: String::new(), ..milestone };
    pb::Supervision {
        notice: String::new(),
        reply: String::new(),
        review: String::new(),
        milestones: supervision.milestones.into_iter().map(wordless).collect(),
        ..supervision
    }
}

const fn verification(way: Verification) -> pb::Verification {
    match way {
        Verification::CallBack => pb::Verification::CallBack,
        Verification::OnFile => pb::Verification::OnFile,
        Verification::OnFileOrInTouch => pb::Verification::OnFileOrInTouch,
    }
}

pub(super) fn limit(limit: Limit) -> pb::Limit {
    pb::Limit { amount: limit.amount.into(), unit: limit.measure.as_str().to_owned() }
}

fn segments(explained: &Explanation, stopped: bool) -> Vec<pb::ClockSegment> {
    let last = explained.segments.len().saturating_sub(1);
    let segment = |(index, segment): (usize, &civic::Segment)| pb::ClockSegment {
        kind: match segment.kind {
            SegmentKind::Running => "running".to_owned(),
            SegmentKind::Paused => "paused".to_owned(),
        },
        from: Some(timestamp(segment.from)),
        to: (stopped || index < last).then(|| timestamp(segment.to)),
        by: segment.by.clone(),
        reason: segment.reason.clone(),
    };
    explained.segments.iter().enumerate().map(segment).collect()
}

fn reply_pending(order: &WorkOrder) -> bool {
    if let Phase::Resolved(resolved) = &order.phase { resolved.reply_pending } else { false }
}

/// The order's lamp is the total clock's: at the time of the answer while it runs, else as it was last turned.
fn lamp(order: &WorkOrder, now: Micros) -> i32 {
    lamp_of(order.head.marks.total.map_or(order.head.lamps.total, |mark| mark.lamp(now)))
}

pub(super) fn lamp_of(lamp: Lamp) -> i32 {
    let lamp = match lamp {
        Lamp::Green => PbLamp::Green,
        Lamp::Yellow => PbLamp::Yellow,
        Lamp::Red => PbLamp::Red,
    };
    lamp.into()
}
