//! One order that lives through every kind of event.

use civic::Micros;
use dispatch::domain::work_order::{
    Author, CallBack, Command, Heard, Opening, Opinion, Said, Step, TimerName, Told, Verb, WorkOrder,
};
use proto::dispatch::v1::stored::WorkOrderEvent;

use crate::model::REAL;
use crate::world::{NOW, actor, facts, news, open, opening, other, person, ruling, step};

struct Life {
    order: Option<WorkOrder>,
    events: Vec<WorkOrderEvent>,
    now: Micros,
    calendar: usize,
}

impl Life {
    fn take(&mut self, command: &Command, author: Author) {
        let facts = facts(self.now, author, self.calendar);
        let events = (REAL.decide)(self.order.as_ref(), command, &facts).unwrap();
        assert!(!events.is_empty(), "{command:?} does something");
        for event in events {
            self.order = (REAL.evolve)(self.order.take(), &event);
            self.events.push(event);
        }
        self.now = self.now + Micros::MINUTE;
    }

    fn verb(&mut self, verb: Verb, who: u8, choice: u8) {
        let command = Command::Step { step: step(verb, choice, self.now), note: None };
        self.take(&command, person(actor(who)));
    }

    fn hear(&mut self, said: Said) {
        self.take(&Command::Hear(Heard { said, by: "grid-leader@500151001".to_owned() }), Author::Report);
    }

    fn fire(&mut self, name: TimerName) {
        let timers = (REAL.timers)(self.order.as_ref().unwrap());
        let due = timers.into_iter().find(|timer| timer.name == name.as_str()).unwrap().due;
        self.now = self.now.max(due);
        self.take(&Command::Fire(name), Author::Timer);
    }
}

/// Opened without a unit, ruled on, and ruled on again when a unit has it.
pub(crate) fn ruled_life() -> Vec<WorkOrderEvent> {
    let mut life = Life { order: None, events: Vec::new(), now: NOW, calendar: 0 };
    life.take(&open(2 + 8), Author::Report);
    let rule = |which, choice| Command::Reclassify(Box::new(ruling(which, choice)));
    // Another category in a village of the town, level one, a unit that the list knows.
    life.take(&rule(1 + 6, 1 + 2 + (1 << 6)), Author::Report);
    life.take(&rule(12, 1 << 4), Author::Report);
    life.events
}

/// Whistled, answered, released, handed to another, supervised, escalated and handed down.
pub(crate) fn shared_life() -> Vec<WorkOrderEvent> {
    let mut life = Life { order: None, events: Vec::new(), now: NOW, calendar: 0 };
    life.take(&open(2), Author::Report);
    life.verb(Verb::Accept, 2, 0);
    life.verb(Verb::Whistle, 2, 4);
    life.verb(Verb::CoHandle, 0, 1);
    life.verb(Verb::ReportIn, 20, 0);
    life.fire(TimerName::PartYellow);
    life.fire(TimerName::PartReportIn);
    life.verb(Verb::AnswerPart, 20, 0);
    life.verb(Verb::ReleasePart, 2, 1);
    life.verb(Verb::Supervise, 19, 1);
    life.fire(TimerName::SupervisionDue);
    life.verb(Verb::ReplySupervision, 2, 2);
    life.verb(Verb::ReviewSupervision, 19, 0);
    life.verb(Verb::ReplySupervision, 2, 2);
    life.verb(Verb::ReviewSupervision, 19, 1);
    life.verb(Verb::StepAside, 2, 1);
    life.verb(Verb::StepAside, 3, 0);
    life.verb(Verb::Escalate, 0, 0);
    life.verb(Verb::HandDown, 7, 0);
    life.fire(TimerName::TotalRed);
    life.events
}

/// Brought with a limit, heard of, merged, answered by its parent, and back again because its citizen was not satisfied.
pub(crate) fn member_life() -> Vec<WorkOrderEvent> {
    let mut life = Life { order: None, events: Vec::new(), now: NOW, calendar: 0 };
    let opening = Opening { due: Some(NOW + 9 * Micros::DAY + 1), ..opening(2) };
    life.take(&Command::Open(Box::new(opening)), Author::Report);
    life.hear(Said::Supplemented { attachments: 2 });
    life.hear(Said::Urged { total: 3 });
    life.hear(Said::Transferred { to: 2 });
    life.hear(Said::Checked { confirmed: true });
    life.verb(Verb::Merge, 0, 1);
    life.hear(Said::Ended { reason: civic::Private::from_sealed(b"reason".to_vec()) });
    life.take(&Command::Tell { parent: other(1), news: news(2, 1) }, Author::Parent);
    life.verb(Verb::Rate, 9, 0);
    life.events
}

/// Joined by another, answered, its members told in two pages, and found not to be done as told.
pub(crate) fn parent_life() -> Vec<WorkOrderEvent> {
    let mut life = Life { order: None, events: Vec::new(), now: NOW, calendar: 0 };
    life.take(&open(2), Author::Report);
    life.verb(Verb::Accept, 2, 0);
    let seen = life.order.as_ref().unwrap().news();
    life.take(&Command::Join { member: other(1), news: seen }, person(actor(0)));
    life.verb(Verb::Resolve, 2, 0);
    for (after, done) in [(None, false), (Some(other(1)), true)] {
        let told = Told { number: 1, after, upto: Some(other(1)), done };
        life.take(&Command::MembersTold(told), Author::Timer);
    }
    life.hear(Said::Checked { confirmed: false });
    life.events
}

/// The events of that life.
pub(crate) fn life() -> Vec<WorkOrderEvent> {
    let mut life = Life { order: None, events: Vec::new(), now: NOW, calendar: 0 };
    // Urgency three, the reply to be approved, no unit listed.
    life.take(&open(2 + 4 + 8), Author::Report);
    life.verb(Verb::Assign, 0, 0);
    life.fire(TimerName::AcceptDue);
    life.verb(Verb::Return, 2, 0);
    life.verb(Verb::Rule, 0, 0);
    life.verb(Verb::Accept, 2, 0);
    life.verb(Verb::Reassign, 0, 1);
    life.verb(Verb::Accept, 4, 0);
    life.verb(Verb::RequestSuspension, 4, 2);
    life.verb(Verb::Decline, 0, 0);
    life.verb(Verb::RequestSuspension, 4, 1);
    life.verb(Verb::Approve, 0, 0);
    life.fire(TimerName::SuspensionUntil);
    life.verb(Verb::RequestExtension, 4, 3);
    life.verb(Verb::Approve, 0, 0);
    life.verb(Verb::Start, 4, 0);
    life.verb(Verb::WaitForCitizen, 4, 0);
    life.verb(Verb::CitizenAnswered, 4, 0);
    life.calendar = 1;
    life.fire(TimerName::UnitYellow);
    life.verb(Verb::Resolve, 4, 0);
    life.verb(Verb::RefuseReply, 0, 0);
    life.verb(Verb::Resolve, 4, 0);
    life.verb(Verb::ApproveReply, 0, 0);
    let unsolved =
        Step::Verify(CallBack { reached: true, opinion: Opinion { answered: true, solved: false, satisfied: false } });
    life.take(&Command::Step { step: unsolved, note: None }, person(actor(0)));
    finish(&mut life);
    life.events
}

fn finish(life: &mut Life) {
    for _ in 0..2 {
        life.verb(Verb::Resolve, 4, 0);
        life.verb(Verb::ApproveReply, 0, 0);
        life.verb(Verb::Verify, 0, 10);
        life.verb(Verb::Close, 0, 0);
        if life.order.as_ref().unwrap().head.round == 2 {
            life.verb(Verb::Reopen, 0, 0);
        }
    }
    life.verb(Verb::Rate, 9, 0);
    // The year that was not loaded at the last step is loaded now: its dates are no longer provisional.
    life.calendar = 0;
    life.take(&Command::Recalculate, Author::Calendar);
    life.verb(Verb::Cancel, 0, 0);
}
