//! A building day (楼栋工作日): a district leader sits with departments in a neighbourhood, and each request gets a decision on the spot
//! that opens a work order with unit and date.
//!
//! ```text
//! state  | open    | decide                     | order opened      | close
//! (none) | open    | refused                    | refused           | refused
//! open   | refused | open, with one request more | once a request    | closed
//! closed | refused | refused                    | once a request    | refused
//! ```
//!
//! A decision is written first and names the order; the order is opened right after, or by the timer when whoever decided died in between.

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros, Place, Private, UnitCode};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::BuildingDayEvent;
use proto::dispatch::v1::stored::building_day_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::authority;
use super::day::Day;
use super::refusal::Refusal;
use super::work_order::stored_place::{place, store_place};
use super::work_order::{Author, Facts};

/// Requests of one session.
pub const REQUESTS_AT_MOST: usize = 200;
/// The timer that opens what was decided.
pub const OPEN_ORDERS: &str = "order.open";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildingDay {
    pub place: Place,
    pub day: Day,
    pub units: Vec<UnitCode>,
    pub by: String,
    pub requests: Vec<Request>,
    pub open: bool,
}

/// One request with its decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Sealed under the order's key, whose first event has the same words.
    pub text: Private<String>,
    pub category: String,
    pub unit: UnitCode,
    pub due: Micros,
    pub at: Micros,
    pub work_order: CaseId,
    /// The order is there.
    pub opened: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Open {
        place: Place,
        day: Day,
        units: Vec<UnitCode>,
    },
    Decide(Box<Deciding>),
    /// The order of a decision is there.
    OrderOpened(CaseId),
    Close,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Deciding {
    pub text: Private<String>,
    pub category: String,
    pub unit: UnitCode,
    pub due: Micros,
    pub work_order: CaseId,
}

impl BuildingDay {
    /// Decisions whose order is not there yet.
    pub fn unopened(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|request| !request.opened)
    }
}

/// The leader, or the centre that keeps the minutes.
fn may(place: &Place, facts: &Facts) -> Result<(), Refusal> {
    let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::NotOpened) };
    authority::leads_district(actor, place, &facts.view)
}

fn decided(session: &BuildingDay, deciding: &Deciding, facts: &Facts) -> Result<Body, Refusal> {
    may(&session.place, facts)?;
    if !session.open {
        return Err(Refusal::State { state: "closed" });
    }
    if session.requests.len() >= REQUESTS_AT_MOST {
        return Err(Refusal::TooManyRequests { most: REQUESTS_AT_MOST });
    }
    // Who is not there promises nothing.
    if !session.units.contains(&deciding.unit) {
        return Err(Refusal::UnitNotPresent { unit: deciding.unit.clone() });
    }
    if deciding.due <= facts.now {
        return Err(Refusal::DueNotLater);
    }
    Ok(Body::Decided(stored::RequestDecided {
        text: Bytes::copy_from_slice(deciding.text.sealed()),
        category: deciding.category.clone(),
        unit: deciding.unit.to_string(),
        due_us: deciding.due.0,
        work_order: deciding.work_order.to_string(),
    }))
}

fn decide(session: &BuildingDay, command: &Command, facts: &Facts) -> Result<Option<Body>, Refusal> {
    Ok(Some(match command {
        Command::Open { .. } => return Err(Refusal::State { state: "open" }),
        Command::Decide(deciding) => decided(session, deciding, facts)?,
        Command::OrderOpened(order) if session.unopened().any(|request| request.work_order == *order) => {
            Body::OrderOpened(stored::OrderOpened { work_order: order.to_string() })
        }
        Command::OrderOpened(_) => return Ok(None),
        Command::Close => {
            may(&session.place, facts)?;
            if !session.open {
                return Err(Refusal::State { state: "closed" });
            }
            Body::Closed(stored::BuildingDayClosed {})
        }
    }))
}

fn request(body: &stored::RequestDecided, at: Micros) -> Option<Request> {
    Some(Request {
        text: Private::from_sealed(body.text.to_vec()),
        category: body.category.clone(),
        unit: body.unit.parse().ok()?,
        due: Micros(body.due_us),
        at,
        work_order: body.work_order.parse().ok()?,
        opened: false,
    })
}

impl Case for BuildingDay {
    const KIND: &'static str = "buildingDay";
    const SCHEMA: i64 = 1;
    type Event = BuildingDayEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<BuildingDayEvent>, Refusal> {
        let body = match (state, command) {
            (None, Command::Open { place, day, units }) => {
                may(place, facts)?;
                let units = units.iter().map(ToString::to_string).collect();
                Some(Body::Opened(stored::BuildingDayOpened {
                    place: Some(store_place(place)),
                    date: day.to_string(),
                    units,
                }))
            }
            (None, Command::Decide(_) | Command::OrderOpened(_) | Command::Close) => return Err(Refusal::NotOpened),
            (Some(session), command) => decide(session, command, facts)?,
        };
        let person = Bytes::copy_from_slice(facts.author.reference());
        let by = facts.author.written();
        Ok(body
            .map(|body| BuildingDayEvent { at_us: facts.now.0, by, person, event: Some(body) })
            .into_iter()
            .collect())
    }

    fn evolve(state: Option<Self>, event: &BuildingDayEvent) -> Option<Self> {
        match event.event.as_ref()? {
            Body::Opened(body) => Some(Self {
                place: place(body.place.as_ref())?,
                day: body.date.parse().ok()?,
                units: body.units.iter().map(|unit| unit.parse().ok()).collect::<Option<_>>()?,
                by: event.by.clone(),
                requests: Vec::new(),
                open: true,
            }),
            Body::Decided(body) => {
                let mut session = state?;
                session.requests.push(request(body, Micros(event.at_us))?);
                Some(session)
            }
            Body::OrderOpened(body) => {
                let (mut session, order) = (state?, body.work_order.parse::<CaseId>().ok()?);
                session.requests.iter_mut().find(|request| request.work_order == order)?.opened = true;
                Some(session)
            }
            Body::Closed(_) => Some(Self { open: false, ..state? }),
        }
    }

    fn index(&self) -> Row {
        Row { open: self.open, state: if self.open { 1 } else { 2 }, ..Row::at(&self.place) }
    }

    fn timers(&self) -> Vec<Timer> {
        let first = self.unopened().map(|request| request.at).min();
        first.map(|due| Timer { name: OPEN_ORDERS.to_owned(), due }).into_iter().collect()
    }

    fn event_type(event: &BuildingDayEvent) -> &'static str {
        match &event.event {
            Some(Body::Opened(_)) => "buildingDay.opened",
            Some(Body::Decided(_)) => "buildingDay.requestDecided",
            Some(Body::OrderOpened(_)) => "buildingDay.orderOpened",
            Some(Body::Closed(_)) => "buildingDay.closed",
            None => "buildingDay.unreadable",
        }
    }

    fn event_time(event: &BuildingDayEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &BuildingDayEvent) -> String {
        event.by.clone()
    }

    /// Internal: what comes of a request is told by its order.
    fn publish(_: CaseId, _: &BuildingDayEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &BuildingDayEvent) -> bool {
        match (state, &event.event) {
            (None, Some(Body::Opened(_))) => true,
            (Some(session), Some(Body::Decided(_) | Body::Closed(_))) => session.open,
            (Some(session), Some(Body::OrderOpened(body))) => {
                session.unopened().any(|request| request.work_order.to_string() == body.work_order)
            }
            (Some(_), Some(Body::Opened(_)))
            | (None, Some(Body::Decided(_) | Body::OrderOpened(_) | Body::Closed(_)))
            | (_, None) => false,
        }
    }
}
