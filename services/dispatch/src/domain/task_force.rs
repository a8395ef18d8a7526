//! A task force (专班): a group over units, made for one matter, with a lead and an end. It may hold orders under marked supervision
//! (挂牌督办); its plan has milestones, and one that is missed warns.
//!
//! ```text
//! state     | form   | hold                    | reach     | its dates                | dissolve
//! (none)    | active | refused                 | refused   | –                        | refused
//! active    | refused| active, once an order   | active    | milestones missed, overdue | dissolved, when no order it holds is open
//! dissolved | refused| refused                 | refused   | –                        | refused
//! ```

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros, Place, Private, UnitCode};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::TaskForceEvent;
use proto::dispatch::v1::stored::task_force_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::authority;
use super::day::Day;
use super::refusal::Refusal;
use super::work_order::stored_place::{place, store_place};
use super::work_order::{Author, Facts, Milestone};

/// Orders that one task force holds: whoever ends it looks at each.
pub const ORDERS_AT_MOST: usize = 200;
/// The timer of the next milestone, or of the end.
pub const LATE: &str = "plan.late";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskForce {
    pub title: Private<String>,
    pub purpose: Private<String>,
    pub place: Place,
    pub lead: UnitCode,
    pub units: Vec<UnitCode>,
    /// Last day.
    pub until: Day,
    /// The instant after it.
    pub end: Micros,
    /// In the order of their dates.
    pub milestones: Vec<Milestone>,
    pub orders: Vec<CaseId>,
    pub by: String,
    /// Its end came, and this was recorded.
    pub overdue: bool,
    /// With which it was dissolved.
    pub result: Option<Private<String>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Form(Box<Forming>),
    /// `marked`: the order is under marked supervision now.
    Hold {
        order: CaseId,
        marked: bool,
    },
    Reach(u32),
    Late,
    /// `open`: so many of its orders are.
    Dissolve {
        result: Private<String>,
        open: usize,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Forming {
    pub title: Private<String>,
    pub purpose: Private<String>,
    pub place: Place,
    pub lead: UnitCode,
    pub units: Vec<UnitCode>,
    pub until: Day,
    pub milestones: Vec<(Private<String>, Micros)>,
}

impl TaskForce {
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.result.is_none()
    }

    /// A milestone was missed and is not reached yet.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.milestones.iter().any(|milestone| milestone.missed && !milestone.reached)
    }

    fn waiting(&self) -> impl Iterator<Item = (u32, &Milestone)> {
        (1..).zip(&self.milestones).filter(|(_, milestone)| !milestone.reached && !milestone.missed)
    }
}

fn sealed(text: &Private<String>) -> Bytes {
    Bytes::copy_from_slice(text.sealed())
}

fn private(bytes: &Bytes) -> Private<String> {
    Private::from_sealed(bytes.to_vec())
}

fn may(place: &Place, facts: &Facts) -> Result<(), Refusal> {
    let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::NotOpened) };
    authority::commands_at(actor, place, &facts.view)
}

fn form(forming: &Forming, facts: &Facts) -> Result<Body, Refusal> {
    may(&forming.place, facts)?;
    if forming.until < Day::of(facts.now) {
        return Err(Refusal::EndNotLater);
    }
    let milestone =
        |(title, due): &(Private<String>, Micros)| stored::Milestone { title: sealed(title), due_us: due.0 };
    Ok(Body::Formed(stored::TaskForceFormed {
        title: sealed(&forming.title),
        purpose: sealed(&forming.purpose),
        place: Some(store_place(&forming.place)),
        lead: forming.lead.to_string(),
        units: forming.units.iter().map(ToString::to_string).collect(),
        end_date: forming.until.to_string(),
        end_us: forming.until.plus(1).start().0,
        milestones: forming.milestones.iter().map(milestone).collect(),
    }))
}

/// The lead says what is reached; whoever formed it may as well.
fn reach(force: &TaskForce, number: u32, facts: &Facts) -> Result<Body, Refusal> {
    let leads = matches!(&facts.author, Author::Person { actor, .. } if actor.unit.as_ref() == Some(&force.lead));
    if !leads {
        may(&force.place, facts)?;
    }
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    match index.and_then(|index| force.milestones.get(index)) {
        Some(milestone) if !milestone.reached => Ok(Body::Reached(stored::MilestoneReached { milestone: number })),
        Some(_) => Err(Refusal::State { state: "reached" }),
        None => Err(Refusal::MilestoneUnknown { number }),
    }
}

fn late(force: &TaskForce, now: Micros) -> Option<Body> {
    let milestones: Vec<u32> = force.waiting().filter(|(_, m)| m.due <= now).map(|(number, _)| number).collect();
    let end = !force.overdue && force.end <= now;
    (end || !milestones.is_empty()).then_some(Body::Late(stored::TaskForceLate { milestones, end }))
}

fn decide(force: &TaskForce, command: &Command, facts: &Facts) -> Result<Option<Body>, Refusal> {
    if !force.is_active() {
        return if *command == Command::Late { Ok(None) } else { Err(Refusal::State { state: "dissolved" }) };
    }
    Ok(Some(match command {
        Command::Form(_) => return Err(Refusal::State { state: "active" }),
        Command::Hold { order, marked } => {
            may(&force.place, facts)?;
            if !marked {
                return Err(Refusal::NotMarked);
            }
            if force.orders.contains(order) {
                return Err(Refusal::HeldAlready);
            }
            if force.orders.len() >= ORDERS_AT_MOST {
                return Err(Refusal::TooManyOrders { most: ORDERS_AT_MOST });
            }
            Body::Held(stored::OrderHeld { work_order: order.to_string() })
        }
        Command::Reach(number) => reach(force, *number, facts)?,
        Command::Late => return Ok(late(force, facts.now)),
        Command::Dissolve { result, open } => {
            may(&force.place, facts)?;
            if *open > 0 {
                return Err(Refusal::OrdersOpen { open: *open });
            }
            Body::Dissolved(stored::TaskForceDissolved { result: sealed(result) })
        }
    }))
}

fn formed(body: &stored::TaskForceFormed, event: &TaskForceEvent) -> Option<TaskForce> {
    let milestone = |stored: &stored::Milestone| Milestone {
        title: private(&stored.title),
        due: Micros(stored.due_us),
        reached: false,
        missed: false,
    };
    Some(TaskForce {
        title: private(&body.title),
        purpose: private(&body.purpose),
        place: place(body.place.as_ref())?,
        lead: body.lead.parse().ok()?,
        units: body.units.iter().map(|unit| unit.parse().ok()).collect::<Option<_>>()?,
        until: body.end_date.parse().ok()?,
        end: Micros(body.end_us),
        milestones: body.milestones.iter().map(milestone).collect(),
        orders: Vec::new(),
        by: event.by.clone(),
        overdue: false,
        result: None,
    })
}

fn evolve(mut force: TaskForce, body: &Body) -> Option<TaskForce> {
    let index = |number: u32| usize::try_from(number).ok()?.checked_sub(1);
    match body {
        Body::Formed(_) => return None,
        Body::Held(body) => force.orders.push(body.work_order.parse().ok()?),
        Body::Reached(body) => force.milestones.get_mut(index(body.milestone)?)?.reached = true,
        Body::Late(body) => {
            force.overdue |= body.end;
            for number in &body.milestones {
                force.milestones.get_mut(index(*number)?)?.missed = true;
            }
        }
        Body::Dissolved(body) => force.result = Some(private(&body.result)),
    }
    Some(force)
}

impl Case for TaskForce {
    const KIND: &'static str = "taskForce";
    const SCHEMA: i64 = 1;
    type Event = TaskForceEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<TaskForceEvent>, Refusal> {
        let body = match (state, command) {
            (None, Command::Form(forming)) => Some(form(forming, facts)?),
            (None, Command::Hold { .. } | Command::Reach(_) | Command::Late | Command::Dissolve { .. }) => {
                return Err(Refusal::NotOpened);
            }
            (Some(force), command) => decide(force, command, facts)?,
        };
        let person = Bytes::copy_from_slice(facts.author.reference());
        let by = facts.author.written();
        Ok(body.map(|body| TaskForceEvent { at_us: facts.now.0, by, person, event: Some(body) }).into_iter().collect())
    }

    fn evolve(state: Option<Self>, event: &TaskForceEvent) -> Option<Self> {
        match event.event.as_ref()? {
            Body::Formed(body) => formed(body, event),
            body @ (Body::Held(_) | Body::Reached(_) | Body::Late(_) | Body::Dissolved(_)) => evolve(state?, body),
        }
    }

    fn index(&self) -> Row {
        Row {
            open: self.is_active(),
            state: if self.is_active() { 1 } else { 2 },
            unit: Some(self.lead.to_string()),
            flagged: self.is_active() && (self.overdue || self.is_behind()),
            ..Row::at(&self.place)
        }
    }

    fn timers(&self) -> Vec<Timer> {
        if !self.is_active() {
            return Vec::new();
        }
        let end = (!self.overdue).then_some(self.end);
        let next = self.waiting().map(|(_, milestone)| milestone.due).chain(end).min();
        next.map(|due| Timer { name: LATE.to_owned(), due }).into_iter().collect()
    }

    fn event_type(event: &TaskForceEvent) -> &'static str {
        match &event.event {
            Some(Body::Formed(_)) => "taskForce.formed",
            Some(Body::Held(_)) => "taskForce.orderHeld",
            Some(Body::Reached(_)) => "taskForce.milestoneReached",
            Some(Body::Late(_)) => "taskForce.late",
            Some(Body::Dissolved(_)) => "taskForce.dissolved",
            None => "taskForce.unreadable",
        }
    }

    fn event_time(event: &TaskForceEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &TaskForceEvent) -> String {
        event.by.clone()
    }

    /// Internal: the order's own events tell of the matter.
    fn publish(_: CaseId, _: &TaskForceEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &TaskForceEvent) -> bool {
        match (state, &event.event) {
            (None, Some(Body::Formed(_))) => true,
            (Some(force), Some(Body::Held(_) | Body::Reached(_) | Body::Late(_) | Body::Dissolved(_))) => {
                force.is_active()
            }
            (Some(_), Some(Body::Formed(_)))
            | (None, Some(Body::Held(_) | Body::Reached(_) | Body::Late(_) | Body::Dissolved(_)))
            | (_, None) => false,
        }
    }
}
