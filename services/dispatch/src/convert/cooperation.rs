//! Parts, supervision and tiers of an order as callers see them.

use civic::{CaseId, Role, Stopwatch};
use proto::dispatch::v1 as pb;

use super::answer::{Answers, lamp_of, limit};
use super::timestamp;
use crate::domain::work_order::{
    Mark, Milestone, Part, PartMark, PartStanding, Supervision, SupervisionStanding, WorkOrder,
};
use crate::error::Error;

impl Answers<'_> {
    pub(super) fn add_cooperation(
        &self,
        answer: &mut pb::WorkOrder,
        id: CaseId,
        order: &WorkOrder,
    ) -> Result<(), Error> {
        let head = &order.head;
        let seen = head.parts.iter().filter(|part| self.sees(part, order));
        answer.parts = seen.map(|part| self.part(id, order, part)).collect::<Result<_, _>>()?;
        answer.co_handled = head.parts.iter().any(|part| !part.whistled);
        answer.whistled = head.parts.iter().any(|part| part.whistled);
        answer.tier = head.tier.as_str().to_owned();
        answer.origin_tier = head.origin.map(|tier| tier.as_str().to_owned()).unwrap_or_default();
        let supervised = head.supervision.as_ref().filter(|_| !self.is_only_called(order));
        answer.supervision = supervised.map(|supervision| self.supervision(id, supervision)).transpose()?;
        Ok(())
    }

    /// The caller's unit was called to the order and does not lead it.
    fn is_only_called(&self, order: &WorkOrder) -> bool {
        let actor = &self.asking.actor;
        let works = matches!(actor.role, Role::DepartmentHandler | Role::Liaison | Role::GridWorker | Role::GridLeader);
        works && order.unit() != actor.unit.as_ref()
    }

    fn sees(&self, part: &Part, order: &WorkOrder) -> bool {
        !self.is_only_called(order) || self.asking.actor.unit.as_ref() == Some(&part.unit)
    }

    fn part(&self, id: CaseId, order: &WorkOrder, part: &Part) -> Result<pb::Part, Error> {
        let state = match part.standing {
            PartStanding::Called => pb::PartState::Called,
            PartStanding::ReportedIn => pb::PartState::ReportedIn,
            PartStanding::Answered => pb::PartState::Answered,
            PartStanding::Released => pb::PartState::Released,
        };
        let mark = mark(order, part);
        Ok(pb::Part {
            part: part.number.to_string(),
            unit: part.unit.to_string(),
            unit_name: part.unit_name.clone(),
            whistled: part.whistled,
            state: state.into(),
            report_in_due_time: Some(timestamp(part.report_in_due)),
            due_time: mark.map(|mark| timestamp(mark.due)),
            lamp: lamp_of(mark.map_or(part.lamp, |mark| mark.lamp(self.desk.now))),
            answer: part.answer.as_ref().map(|answer| self.app.open(id, answer)).transpose()?.unwrap_or_default(),
        })
    }

    pub(super) fn part_clocks(
        &self,
        order: &WorkOrder,
        clock: impl Fn(&Stopwatch, Option<Mark>) -> pb::Clock,
    ) -> Vec<pb::PartClock> {
        let part_clock = |part: &Part| pb::PartClock {
            part: part.number.to_string(),
            unit: part.unit.to_string(),
            clock: Some(clock(&part.watch, mark(order, part))),
            report_in_due_time: Some(timestamp(part.report_in_due)),
        };
        if self.asking.actor.role == Role::Citizen {
            return Vec::new();
        }
        order.head.parts.iter().filter(|part| self.sees(part, order)).map(part_clock).collect()
    }

    fn supervision(&self, id: CaseId, supervision: &Supervision) -> Result<pb::Supervision, Error> {
        let state = match supervision.standing {
            SupervisionStanding::Noticed => pb::SupervisionState::Noticed,
            SupervisionStanding::Replied => pb::SupervisionState::Replied,
            SupervisionStanding::Reviewed => pb::SupervisionState::Reviewed,
        };
        let opened = |text: &Option<civic::Private<String>>| {
            text.as_ref().map(|text| self.app.open(id, text)).transpose().map(Option::unwrap_or_default)
        };
        let milestones = supervision.milestones.iter().map(|milestone| self.milestone(id, milestone));
        Ok(pb::Supervision {
            state: state.into(),
            notice: self.app.open(id, &supervision.notice)?,
            limit: Some(limit(supervision.limit)),
            due_time: Some(timestamp(supervision.due)),
            overdue: supervision.overdue,
            marked: supervision.marked,
            task_force: supervision.task_force.as_ref().map(ToString::to_string).unwrap_or_default(),
            task_force_name: supervision.task_force_name.clone(),
            milestones: milestones.collect::<Result<_, _>>()?,
            reply: opened(&supervision.reply)?,
            review: opened(&supervision.review)?,
            by: supervision.by.clone(),
        })
    }

    fn milestone(&self, id: CaseId, milestone: &Milestone) -> Result<pb::SupervisionMilestone, Error> {
        Ok(pb::SupervisionMilestone {
            title: self.app.open(id, &milestone.title)?,
            due_time: Some(timestamp(milestone.due)),
            reached: milestone.reached,
            missed: milestone.missed,
        })
    }
}

fn mark(order: &WorkOrder, part: &Part) -> Option<Mark> {
    let marks: &[PartMark] = &order.head.marks.parts;
    marks.iter().find(|mark| mark.part == part.number).map(|mark| mark.mark)
}
