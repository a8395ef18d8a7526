//! Random histories of one order, each step held against the oracle, each history replayed from its stored events.

use casebook::{Case, Timer};
use civic::{Lamp, Micros, Tier};
use dispatch::domain::work_order::{
    Author, Command, Facts, Heard, Part, PartStanding, Refusal, Said, State, Step, SupervisionStanding, TimerName,
    Told, Verb, WorkOrder,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use prost::Message;
use proto::dispatch::v1::stored::WorkOrderEvent;
use testkit::Seed;

use crate::oracle::Oracle;
use crate::table::{Line, table};
use crate::world::{self, NOW, calendar, facts, person};

/// One timer stands for several of its kind.
fn several(name: TimerName) -> bool {
    name.as_str().starts_with("part.") || name == TimerName::SupervisionDue
}

/// What the rules say to a command.
pub(crate) type Decided = Result<Vec<WorkOrderEvent>, Refusal>;

/// The rules under test: the real ones, or real ones with a bug planted.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) decide: fn(Option<&WorkOrder>, &Command, &Facts) -> Decided,
    pub(crate) evolve: fn(Option<WorkOrder>, &WorkOrderEvent) -> Option<WorkOrder>,
    pub(crate) timers: fn(&WorkOrder) -> Vec<Timer>,
}

pub(crate) const REAL: Rules = Rules {
    decide: <WorkOrder as Case>::decide,
    evolve: <WorkOrder as Case>::evolve,
    timers: <WorkOrder as Case>::timers,
};

/// One operation as chance gives it: what, verb or timer, who, with what, after how long.
type Op = [u8; 5];

/// Operations of one history: long enough to come round twice.
const LENGTH: usize = 60;

/// Operations in all, from the environment: CI sends a million.
pub(crate) fn operations() -> u32 {
    std::env::var("JIEWANG_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

/// Random histories until one is wrong; the shortest wrong one is told.
pub(crate) fn search(rules: Rules, operations: u32, shrink: u32, seed: &Seed) -> Result<(), String> {
    let table = table();
    let cases = operations / u32::try_from(LENGTH / 2).unwrap() + 1;
    let config = Config { cases, failure_persistence: None, max_shrink_iters: shrink, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed.bytes()));
    let strategy = (any::<u8>(), prop::collection::vec(any::<Op>(), 1..LENGTH));
    let run = |(variant, ops): (u8, Vec<Op>)| History::run(&table, rules, variant, &ops).map_err(TestCaseError::fail);
    runner.run(&strategy, run).map_err(|error| match error {
        TestError::Fail(why, ops) => format!("{why}\n{ops:?}"),
        TestError::Abort(why) => why.to_string(),
    })
}

#[test]
fn random_histories_agree_with_the_oracle() {
    if let Err(wrong) = search(REAL, operations(), 2_000, &Seed::from_env()) {
        panic!("{wrong}");
    }
}

/// One order, its oracle, and everything that was stored of it.
struct History<'a> {
    table: &'a [Line],
    rules: Rules,
    order: WorkOrder,
    oracle: Oracle,
    now: Micros,
    calendar: usize,
    stored: Vec<Vec<u8>>,
}

impl<'a> History<'a> {
    fn run(table: &'a [Line], rules: Rules, variant: u8, ops: &[Op]) -> Result<(), String> {
        let mut history = Self::open(table, rules, variant)?;
        for op in ops {
            history.operate(*op)?;
        }
        history.replay()
    }

    fn open(table: &'a [Line], rules: Rules, variant: u8) -> Result<Self, String> {
        let opening = world::opening(variant);
        let oracle = Oracle::opened(&opening, NOW);
        let events =
            (rules.decide)(None, &world::open(variant), &facts(NOW, Author::Report, 0)).map_err(|e| e.to_string())?;
        let mut order = None;
        for event in &events {
            order = (rules.evolve)(order, event);
        }
        let order = order.ok_or("the first events open nothing")?;
        let stored = events.iter().map(Message::encode_to_vec).collect();
        let history = Self { table, rules, order, oracle, now: NOW, calendar: 0, stored };
        history.oracle.compare(&history.order)?;
        Ok(history)
    }

    fn operate(&mut self, op: Op) -> Result<(), String> {
        let [what, which, who, choice, wait] = op;
        self.pass_time(wait);
        match what % 16 {
            0 => self.fire(TimerName::ALL[usize::from(which) % TimerName::ALL.len()]),
            1 => self.fire_next(),
            2 => self.change_calendar(),
            3 => self.open_again(choice),
            4 => self.rule(which, choice),
            5 => self.hear(which, who),
            6 if which.is_multiple_of(2) => self.family(which / 2, choice),
            6 => self.step(Verb::ALL[usize::from(which) % Verb::ALL.len()], who, choice),
            _ => self.likely_step(which, who, choice),
        }
    }

    /// Mostly on, sometimes to the next timer or just before it, sometimes the clock steps back an hour.
    fn pass_time(&mut self, wait: u8) {
        let next = (self.rules.timers)(&self.order).into_iter().map(|timer| timer.due).min();
        self.now = match (wait % 16, next) {
            (0, Some(due)) => due.max(self.now),
            (1, Some(due)) => (due - 1).max(self.now),
            (2, _) => self.now - Micros::HOUR,
            (3, _) => self.now + 20 * Micros::DAY,
            (4, _) => self.now + 2 * Micros::DAY,
            (5 | 6, _) => self.now + 5 * Micros::HOUR,
            (7..=9, _) => self.now,
            (_, _) => self.now + 11 * Micros::MINUTE,
        };
    }

    /// A verb that leads on from here, by somebody who often may.
    fn likely_step(&mut self, which: u8, who: u8, choice: u8) -> Result<(), String> {
        let state = self.oracle.state;
        let lines: Vec<&Line> = self.table.iter().filter(|line| line.from.contains(&state)).collect();
        let Some(line) = lines.get(usize::from(which) % lines.len().max(1)) else { return Ok(()) };
        // Cancelling ends most histories too soon.
        let ends = matches!(line.verb, Verb::Cancel | Verb::Merge | Verb::Escalate | Verb::HandDown | Verb::StepAside);
        if ends && who >= 16 {
            return Ok(());
        }
        let handlers: &[u8] = match self.order.assignment().map(|assignment| assignment.unit.as_str()) {
            Some("500151001-pingan") => &[2, 3],
            Some("500151001-zhifa") => &[4, 16],
            Some("500151002-pingan") => &[14],
            Some(_) | None => &[5],
        };
        let people: &[u8] = match line.by.as_str() {
            "unit" => handlers,
            // Half of the time whoever does the part that the choice is about.
            "called unit" => {
                let part = self.order.head.parts.get(usize::from(choice % 2)).map(|part| part.unit.as_str());
                match part {
                    Some("500151001-pingan") => &[2, 3],
                    Some("500151001-zhifa") => &[4, 16],
                    Some("500151-gongan") => &[20],
                    Some(_) | None => &[5, 14],
                }
            }
            "supervisor" => &[19],
            "citizen or hotline" => &[8, 9],
            "head or dispatcher" if self.oracle.place.starts_with("500151001") => &[0, 3, 6, 15, 16, 17],
            _ if self.order.head.tier == Tier::City => &[18],
            _ if self.order.head.tier == Tier::District => &[7],
            _ if self.oracle.place == "500151002" => &[12],
            _ => &[0, 1, 6],
        };
        self.step(line.verb, people[usize::from(who) % people.len()], choice)
    }

    fn step(&mut self, verb: Verb, who: u8, choice: u8) -> Result<(), String> {
        let actor = world::actor(who);
        let step = world::step(verb, choice, self.now);
        let due = self.order.head.marks.total.map(|mark| mark.due);
        let expected = self.oracle.refuses(self.table, &step, &actor, self.now, due);
        let command = Command::Step { step: step.clone(), note: None };
        let decided =
            (self.rules.decide)(Some(&self.order), &command, &facts(self.now, person(actor.clone()), self.calendar));
        let what = || format!("{} by {} {:?} in {:?}", verb.as_str(), actor.role, actor.unit, self.oracle.state);
        match (decided, expected) {
            (Err(refusal), Some(reason)) if refusal.reason() == reason => Ok(()),
            (Ok(events), None) if events.len() == 1 => {
                let from = self.order.clone();
                self.oracle.take(&step, &actor, self.now);
                self.apply(&events)?;
                self.check_step(&from, &step)
            }
            (decided, expected) => Err(format!("{}: {decided:?}, but the oracle says {expected:?}", what())),
        }
    }

    fn apply(&mut self, events: &[WorkOrderEvent]) -> Result<(), String> {
        for event in events {
            self.stored.push(event.encode_to_vec());
            self.order = (self.rules.evolve)(Some(self.order.clone()), event).ok_or("an event cannot be applied")?;
        }
        self.oracle.compare(&self.order)?;
        self.check_timers()?;
        match events.last().and_then(|event| event.after.as_ref()) {
            Some(after) if after.state == self.order.state().number() && after.round == self.order.head.round => Ok(()),
            after => Err(format!("the event tells others {after:?} of {:?}", self.order)),
        }
    }

    /// The table's right side; and a due date moves only with a step that moves it.
    fn check_step<T>(&self, from: &WorkOrder, step: &Step<T>) -> Result<(), String> {
        let line = self.table.iter().find(|line| line.verb == step.verb()).unwrap();
        let (before, order) = (from.state(), &self.order);
        if !line.to.contains(&order.state()) {
            return Err(format!("{} led from {before:?} to {:?}", line.verb.as_str(), order.state()));
        }
        let quiet = matches!(
            line.verb,
            Verb::Accept
                | Verb::Start
                | Verb::ApproveReply
                | Verb::RequestSuspension
                | Verb::RequestExtension
                | Verb::Decline
                | Verb::ReportIn
                | Verb::Supervise
                | Verb::ReplySupervision
                | Verb::ReviewSupervision
        );
        if quiet && order.head.marks != from.head.marks {
            return Err(format!("{} moved a due date", line.verb.as_str()));
        }
        if !quiet && let Some(mark) = order.head.marks.total {
            let due = order.head.total.due(calendar(self.calendar), order.head.updated);
            let moved = matches!(line.verb, Verb::Verify) && order.state() == State::Verified;
            if !moved && (mark.due, mark.yellow) != (due.due, due.yellow) {
                return Err(format!("{} wrote {mark:?}, the clock says {due:?}", line.verb.as_str()));
            }
        }
        if order.head.total.started != NOW {
            return Err("the total clock was reset".to_owned());
        }
        Ok(())
    }

    /// Exactly those timers that the state calls for.
    fn check_timers(&self) -> Result<(), String> {
        let head = &self.order.head;
        let mut expected = Vec::new();
        for (mark, lamp, clock) in
            [(head.marks.total, head.lamps.total, "total"), (head.marks.unit, head.lamps.unit, "unit")]
        {
            let Some(mark) = mark else { continue };
            if lamp == Lamp::Green {
                expected.push((format!("{clock}.yellow"), mark.yellow));
            }
            if lamp != Lamp::Red {
                expected.push((format!("{clock}.red"), mark.due));
            }
        }
        let mut armed: Vec<_> =
            (self.rules.timers)(&self.order).into_iter().map(|timer| (timer.name, timer.due)).collect();
        self.check_beside(&mut armed)?;
        let lasting = |name: &String| name == "accept.due" || name == "suspension.until";
        let own: Vec<_> = armed.iter().map(|(name, _)| name.clone()).filter(lasting).collect();
        armed.retain(|(name, _)| !lasting(name));
        armed.sort();
        expected.sort();
        let suspended = self.oracle.state == State::Suspended;
        let fits = match own.as_slice() {
            [] => !suspended,
            [one] => (one == "suspension.until") == suspended && (suspended || self.oracle.state == State::Assigned),
            _ => false,
        };
        if armed == expected && fits { Ok(()) } else { Err(format!("armed {armed:?} {own:?}, expected {expected:?}")) }
    }

    /// Exactly the earliest instant of each kind that parts and supervision wait for; takes them out.
    fn check_beside(&self, armed: &mut Vec<(String, Micros)>) -> Result<(), String> {
        let head = &self.order.head;
        let marks = |part: u32| head.marks.parts.iter().find(|mark| mark.part == part).map(|mark| mark.mark);
        let earliest = |instants: Vec<Micros>| instants.into_iter().min();
        let of_parts =
            |wanted: &dyn Fn(&Part) -> Option<Micros>| earliest(head.parts.iter().filter_map(wanted).collect());
        let mut expected = vec![
            (
                "part.reportIn",
                of_parts(&|part| {
                    let waits = part.standing == PartStanding::Called && !part.overdue && marks(part.number).is_some();
                    waits.then_some(part.report_in_due)
                }),
            ),
            (
                "part.yellow",
                of_parts(&|part| marks(part.number).filter(|_| part.lamp == Lamp::Green).map(|mark| mark.yellow)),
            ),
            ("part.red", of_parts(&|part| marks(part.number).filter(|_| part.lamp != Lamp::Red).map(|mark| mark.due))),
        ];
        let open = head.supervision.iter().filter(|supervision| {
            supervision.standing != SupervisionStanding::Reviewed
                && !matches!(self.oracle.state, State::Closed | State::Merged | State::Cancelled)
        });
        let dues = open.flat_map(|supervision| {
            let waits = supervision.standing == SupervisionStanding::Noticed && !supervision.overdue;
            let milestones = supervision.milestones.iter().filter(|one| !one.reached && !one.missed);
            milestones.map(|one| one.due).chain(waits.then_some(supervision.due)).collect::<Vec<_>>()
        });
        expected.push(("supervision.due", earliest(dues.collect())));
        let telling = head.members.and_then(|members| members.telling);
        expected.push(("members.tell", telling.map(|telling| telling.since)));
        for (name, due) in expected {
            let found = armed.iter().position(|(armed, _)| armed == name).map(|index| armed.remove(index).1);
            if found != due {
                return Err(format!("{name} armed {found:?}, expected {due:?}"));
            }
        }
        Ok(())
    }

    fn fire_next(&mut self) -> Result<(), String> {
        let next = (self.rules.timers)(&self.order).into_iter().min_by_key(|timer| timer.due);
        let Some(next) = next else { return Ok(()) };
        let name = next.name.parse().map_err(|_| format!("a timer named {}", next.name))?;
        self.fire(name)
    }

    fn fire(&mut self, name: TimerName) -> Result<(), String> {
        if name == TimerName::MembersTell {
            return self.tell_page(false);
        }
        let armed = (self.rules.timers)(&self.order).into_iter().find(|timer| timer.name == name.as_str());
        let due = armed.is_some_and(|timer| timer.due <= self.now);
        let facts = facts(self.now, Author::Timer, self.calendar);
        let events = (self.rules.decide)(Some(&self.order), &Command::Fire(name), &facts).map_err(|e| e.to_string())?;
        match (due, events.len()) {
            (false, 0) => return Ok(()),
            (true, 1) => {}
            (_, events) => return Err(format!("{name} due {due} at {}: {events} events", self.now)),
        }
        if name == TimerName::SuspensionUntil {
            self.oracle.resume_by_timer(self.now);
        } else {
            self.oracle.updated = self.now.max(self.oracle.updated);
        }
        self.apply(&events)?;
        // Of parts and milestones another one's may be next: it must lie later than all that were just told.
        let again = |timer: &Timer| timer.name == name.as_str() && (timer.due <= self.now || !several(name));
        let again = (self.rules.timers)(&self.order).iter().any(again);
        if again { Err(format!("{name} fired and is armed again")) } else { Ok(()) }
    }

    /// News for the members, from whichever page is next.
    fn tell_page(&mut self, done: bool) -> Result<(), String> {
        let members = self.order.head.members.unwrap_or_default();
        let after = members.telling.and_then(|telling| telling.after);
        let upto = world::other(1);
        let told = Command::MembersTold(Told { number: members.news, after, upto: Some(upto), done });
        let events = self.decide(&told, Author::Timer)?;
        let expected = self.oracle.tells_a_page(upto, done, self.now);
        self.apply_as_many(&events, expected, "a page of members")
    }

    /// A merge from the parent's side, news from the child's, a page that was told.
    fn family(&mut self, which: u8, choice: u8) -> Result<(), String> {
        match which % 4 {
            0 => self.join(choice),
            1 => {
                let known = self.order.merged().map_or(0, |merged| merged.news.number);
                let (parent, news) = (world::other(choice | 1), world::news(known + u32::from(choice / 4 % 2), choice));
                let events = self.decide(&Command::Tell { parent, news }, Author::Parent)?;
                let expected = self.oracle.hears_of_its_parent(parent, news, self.now);
                self.apply_as_many(&events, expected, "news of the parent")
            }
            more => self.tell_page(more == 2),
        }
    }

    fn join(&mut self, choice: u8) -> Result<(), String> {
        let seen = self.order.news();
        let news = if choice.is_multiple_of(4) { world::news(seen.number, choice / 4) } else { seen };
        let join = Command::Join { member: world::other(1), news };
        let facts = facts(self.now, person(world::actor(0)), self.calendar);
        let decided = (self.rules.decide)(Some(&self.order), &join, &facts);
        match (decided, self.oracle.join(news, self.now)) {
            (Err(refusal), Err(reason)) if refusal.reason() == reason => Ok(()),
            (Ok(events), Ok(())) => self.apply(&events),
            (decided, expected) => Err(format!("a member joins: {decided:?}, but the oracle says {expected:?}")),
        }
    }

    /// Something came to the report. A withdrawal ends most histories too soon.
    fn hear(&mut self, which: u8, who: u8) -> Result<(), String> {
        let ended = || Said::Ended { reason: civic::Private::from_sealed(b"reason".to_vec()) };
        let said = match which % 6 {
            0 => Said::Supplemented { attachments: 1 },
            1 => Said::Urged { total: 2 },
            2 => Said::Transferred { to: 1 },
            3 => Said::Checked { confirmed: true },
            4 => Said::Checked { confirmed: false },
            _ if who < 16 => ended(),
            _ => return Ok(()),
        };
        let command = Command::Hear(Heard { said: said.clone(), by: "citizen".to_owned() });
        let events = self.decide(&command, Author::Report)?;
        let expected = self.oracle.hear(&said, self.now);
        self.apply_as_many(&events, expected, "something heard")
    }

    fn decide(&self, command: &Command, author: Author) -> Result<Vec<WorkOrderEvent>, String> {
        let facts = facts(self.now, author, self.calendar);
        (self.rules.decide)(Some(&self.order), command, &facts).map_err(|refusal| refusal.to_string())
    }

    fn apply_as_many(&mut self, events: &[WorkOrderEvent], expected: usize, what: &str) -> Result<(), String> {
        if events.len() != expected {
            return Err(format!("{what} in {:?} wrote {} events, not {expected}", self.order.state(), events.len()));
        }
        if events.is_empty() { Ok(()) } else { self.apply(events) }
    }

    /// A person rules on the report. The unit and its clock stay; the total clock keeps its start.
    fn rule(&mut self, which: u8, choice: u8) -> Result<(), String> {
        let ruling = world::ruling(which, choice);
        let facts = facts(self.now, Author::Report, self.calendar);
        let command = Command::Reclassify(Box::new(ruling.clone()));
        let events = (self.rules.decide)(Some(&self.order), &command, &facts).map_err(|error| error.to_string())?;
        let before = self.order.clone();
        let expected = self.oracle.rule(&ruling, self.now);
        if events.len() != expected {
            return Err(format!("a ruling in {:?} wrote {} events, not {expected}", before.state(), events.len()));
        }
        if events.is_empty() {
            return Ok(());
        }
        self.apply(&events)?;
        let order = &self.order;
        if before.assignment().is_some() && (&order.phase, &order.head.marks) != (&before.phase, &before.head.marks) {
            return Err(format!("a ruling changed {before:?} to {order:?}"));
        }
        let limit = world::catalog().limits().closing(order.head.urgency);
        if order.head.urgency != before.head.urgency && order.head.total.limit != limit {
            return Err(format!("{:?} has the limit {:?}", order.head.urgency, order.head.total.limit));
        }
        if let Some(mark) = order.head.marks.total.filter(|_| expected == 2) {
            let due = order.head.total.due(calendar(self.calendar), order.head.updated);
            if (mark.due, mark.yellow) != (due.due, due.yellow) {
                return Err(format!("a ruling wrote {mark:?}, the clock says {due:?}"));
            }
        }
        if order.head.total.started == NOW { Ok(()) } else { Err("a ruling reset the total clock".to_owned()) }
    }

    fn change_calendar(&mut self) -> Result<(), String> {
        self.calendar = 1 - self.calendar;
        let facts = facts(self.now, Author::Calendar, self.calendar);
        let events =
            (self.rules.decide)(Some(&self.order), &Command::Recalculate, &facts).map_err(|error| error.to_string())?;
        if events.is_empty() {
            return Ok(());
        }
        self.oracle.updated = self.now.max(self.oracle.updated);
        self.apply(&events)
    }

    /// The report's event comes again: nothing happens.
    fn open_again(&self, variant: u8) -> Result<(), String> {
        let facts = facts(self.now, Author::Report, self.calendar);
        match (self.rules.decide)(Some(&self.order), &world::open(variant), &facts) {
            Ok(events) if events.is_empty() => Ok(()),
            other => Err(format!("opened twice: {other:?}")),
        }
    }

    /// The stored bytes give the same state, byte for byte, and the verifier's table allows every event where it stands.
    fn replay(&self) -> Result<(), String> {
        let mut order = None;
        for bytes in &self.stored {
            let event = WorkOrderEvent::decode(bytes.as_slice()).map_err(|error| error.to_string())?;
            if !WorkOrder::legal(order.as_ref(), &event) {
                return Err(format!("the table does not allow {event:?}"));
            }
            order = (self.rules.evolve)(order, &event);
        }
        let bytes = |order: Option<&WorkOrder>| order.map(|order| postcard::to_stdvec(order).unwrap());
        if bytes(order.as_ref()) == bytes(Some(&self.order)) { Ok(()) } else { Err("the replay differs".to_owned()) }
    }
}
