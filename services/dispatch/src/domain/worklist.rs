//! The tasks of one post (照单履职), day after day: one case for as long as the post lasts. A day is begun with one event, whatever its
//! length; a tick is another. What was not done stays on the list, and how many days it did is counted from its first.
//!
//! ```text
//! state  | begin                                  | assign   | tick
//! (none) | Begun                                  | refused  | refused
//! Begun  | a day that was begun: nothing; Begun   | Assigned | Ticked, once a task, on the list's day
//! ```

mod evolve;
mod item;

pub use item::{Candidate, Item, Source, Ticked};

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros, Place, Private, UnitCode};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::WorklistEvent;
use proto::dispatch::v1::stored::worklist_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::day::Day;
use super::refusal::Refusal;
use super::roster::running_day;
use super::work_order::stored_place::store_place;
use super::work_order::{Author, Facts};

/// Tasks of one list. A day that has more begins with so many, and the others come when there is room.
pub const TASKS_AT_MOST: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worklist {
    pub post: String,
    pub place: Place,
    pub unit: UnitCode,
    /// Whose day it was when it was begun.
    pub worker: String,
    /// The day of the list.
    pub day: Day,
    /// In the order of their numbers.
    pub items: Vec<Item>,
    /// When each rule, or each entry of a care list, was last done, by its source; forgotten when it is due whatever its interval.
    pub last: Vec<(Source, Day)>,
    pub next: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Begin(Box<Beginning>),
    Assign {
        text: Private<String>,
        on: Day,
    },
    /// `on_duty`: whose day the post has now, by the roster.
    Tick {
        number: u32,
        day: Option<Day>,
        on_duty: String,
        evidence: Evidence,
    },
}

/// A day as roster, rules and care lists give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    pub day: Day,
    pub post: String,
    pub place: Place,
    pub unit: UnitCode,
    pub worker: String,
    /// Everything that the post does at some interval.
    pub candidates: Vec<Candidate>,
}

/// What a task is ticked off with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    pub note: Option<Private<String>>,
    /// Where it lies and its hash.
    pub photo: Option<(String, String)>,
    /// Id of the report.
    pub report: String,
}

impl Worklist {
    /// What stands on the list of its day, done or not.
    pub fn on_list(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.since <= self.day)
    }

    /// The day that an event begins; `None` for what happens within one.
    #[must_use]
    pub fn day_begun(event: &WorklistEvent) -> Option<Day> {
        match event.event.as_ref()? {
            Body::Begun(body) => body.date.parse().ok(),
            Body::Assigned(_) | Body::Ticked(_) => None,
        }
    }

    /// Something is due on a day and does not stand on the list: after its beginning that is what a full list had no room for.
    #[must_use]
    pub fn owes(&self, candidate: &Candidate, day: Day) -> bool {
        let stands = self.items.iter().any(|item| item.done.is_none() && item.source == candidate.source);
        let last = self.last.iter().find(|(source, _)| *source == candidate.source).map(|(_, day)| *day);
        !stands && last.is_none_or(|last| day.since(last) >= candidate.every)
    }
}

/// What is due comes to the list, unless it stands there; what has no source any more leaves it.
fn begin(state: Option<&Worklist>, beginning: &Beginning, facts: &Facts) -> Option<Body> {
    let Beginning { day, post, place, unit, worker, candidates } = beginning;
    if state.is_some_and(|state| state.day >= *day) {
        return None;
    }
    let lives = |source: &Source| *source == Source::Assigned || candidates.iter().any(|c| c.source == *source);
    let undone = || state.into_iter().flat_map(|state| &state.items).filter(|item| item.done.is_none());
    let stay = undone().filter(|item| lives(&item.source)).count();
    let due = candidates.iter().filter(|candidate| state.is_none_or(|state| state.owes(candidate, *day)));
    let due = due.take(TASKS_AT_MOST.saturating_sub(stay));
    let first = state.map_or(1, |state| state.next);
    let opened = (first..).zip(due).map(|(number, candidate)| candidate.source.store(number));
    let dropped = undone().filter(|item| !lives(&item.source)).map(|item| item.number);
    Some(Body::Begun(stored::DayBegun {
        date: day.to_string(),
        unit: unit.to_string(),
        worker: worker.clone(),
        opened: opened.collect(),
        dropped: dropped.collect(),
        catalog_version: facts.catalog.version().to_owned(),
        post: if state.is_none() { post.clone() } else { String::new() },
        place: state.is_none_or(|state| state.place != *place).then(|| store_place(place)),
    }))
}

fn assign(state: &Worklist, text: &Private<String>, on: Day, facts: &Facts) -> Result<Body, Refusal> {
    if on < running_day(facts.now, facts.catalog.limits().tasks_hour()) {
        return Err(Refusal::DateNotLater);
    }
    if state.items.len() >= TASKS_AT_MOST {
        return Err(Refusal::TooManyTasks { most: TASKS_AT_MOST });
    }
    let text = Bytes::copy_from_slice(text.sealed());
    Ok(Body::Assigned(stored::TaskAssigned { number: state.next, text, date: on.to_string() }))
}

/// On the day of the list, once.
fn tick(state: &Worklist, number: u32, day: Option<Day>, evidence: &Evidence, now: Day) -> Result<Body, Refusal> {
    if state.day != now || day.is_some_and(|day| day != state.day) {
        return Err(Refusal::OtherDay { list: state.day });
    }
    let item = state.on_list().find(|item| item.number == number).ok_or(Refusal::TaskUnknown { number })?;
    if item.done.is_some() {
        return Err(Refusal::TaskDone { number });
    }
    let (photo_uri, photo_sha256) = evidence.photo.clone().unwrap_or_default();
    Ok(Body::Ticked(stored::TaskTicked {
        number,
        note: evidence.note.as_ref().map(|note| Bytes::copy_from_slice(note.sealed())).unwrap_or_default(),
        photo_uri,
        photo_sha256,
        report: evidence.report.clone(),
    }))
}

impl Case for Worklist {
    const KIND: &'static str = "worklist";
    const SCHEMA: i64 = 2;
    type Event = WorklistEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<WorklistEvent>, Refusal> {
        let begun = || state.ok_or(Refusal::NotOpened);
        let body = match command {
            Command::Begin(beginning) => begin(state, beginning, facts),
            Command::Assign { text, on } => Some(assign(begun()?, text, *on, facts)?),
            Command::Tick { number, day, on_duty, evidence } => {
                let now = running_day(facts.now, facts.catalog.limits().tasks_hour());
                let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::OtherWorker) };
                if actor.subject != *on_duty {
                    return Err(Refusal::OtherWorker);
                }
                Some(tick(begun()?, *number, *day, evidence, now)?)
            }
        };
        let person = Bytes::copy_from_slice(facts.author.reference());
        let by = facts.author.written();
        let event = |body| WorklistEvent { at_us: facts.now.0, by, person, event: Some(body) };
        Ok(body.map(event).into_iter().collect())
    }

    fn evolve(state: Option<Self>, event: &WorklistEvent) -> Option<Self> {
        evolve::evolve(state, event)
    }

    fn index(&self) -> Row {
        Row { open: true, state: 1, unit: Some(self.unit.to_string()), ..Row::at(&self.place) }
    }

    /// The roster's timer begins the days of all its posts.
    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }

    fn event_type(event: &WorklistEvent) -> &'static str {
        match &event.event {
            Some(Body::Begun(_)) => "worklist.dayBegun",
            Some(Body::Assigned(_)) => "worklist.taskAssigned",
            Some(Body::Ticked(_)) => "worklist.taskTicked",
            None => "worklist.unreadable",
        }
    }

    fn event_time(event: &WorklistEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &WorklistEvent) -> String {
        event.by.clone()
    }

    /// Internal: no track of a grid worker leaves this service (domain, lines not crossed: 4).
    fn publish(_: CaseId, _: &WorklistEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &WorklistEvent) -> bool {
        evolve::legal(state, event)
    }
}
