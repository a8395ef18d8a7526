//! A recorded reminder or interview (提醒、约谈) of a responsible person or enterprise, and what follows from it.
//!
//! ```text
//! state | record        | follow up                         | its date
//! (none)| open, or done when nothing is to follow | refused | –
//! open  | refused       | done, or open with another date    | open, overdue
//! done  | refused       | refused                            | –
//! ```

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros, Place, Private, UnitCode};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::InterviewEvent;
use proto::dispatch::v1::stored::interview_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::authority;
use super::refusal::Refusal;
use super::work_order::stored_place::{place, store_place};
use super::work_order::{Author, Facts};

/// The timer of the follow-up.
pub const DUE: &str = "followUp.due";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interview {
    pub kind: Kind,
    /// Who was reminded or interviewed.
    pub party: Private<String>,
    pub place: Place,
    /// That recorded it.
    pub unit: UnitCode,
    pub by: String,
    pub at: Micros,
    pub text: Private<String>,
    /// The matter, if it has an order.
    pub work_order: Option<CaseId>,
    /// What is to follow, until when.
    pub follow_up: Option<FollowUp>,
    pub result: Option<Private<String>>,
    pub done: bool,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Reminder,
    Interview,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    pub text: Private<String>,
    pub due: Micros,
    /// Its date came, and this was recorded.
    pub overdue: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Record(Box<Recording>),
    /// With a date when it is not done.
    FollowUp {
        text: Private<String>,
        next: Option<Micros>,
    },
    Overdue,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    pub kind: Kind,
    pub party: Private<String>,
    pub place: Place,
    pub text: Private<String>,
    pub work_order: Option<CaseId>,
    pub follow_up: Option<(Private<String>, Micros)>,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Interview => "interview",
        }
    }
}

fn sealed(text: &Private<String>) -> Bytes {
    Bytes::copy_from_slice(text.sealed())
}

fn private(bytes: &Bytes) -> Private<String> {
    Private::from_sealed(bytes.to_vec())
}

fn later(due: Micros, facts: &Facts) -> Result<(), Refusal> {
    if due > facts.now { Ok(()) } else { Err(Refusal::DueNotLater) }
}

fn record(recording: &Recording, facts: &Facts) -> Result<Body, Refusal> {
    let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::NotOpened) };
    authority::interviews(actor, &recording.place, &facts.view)?;
    let unit = actor.unit.as_ref().ok_or(Refusal::Role { role: actor.role })?;
    if let Some((_, due)) = &recording.follow_up {
        later(*due, facts)?;
    }
    Ok(Body::Recorded(stored::InterviewRecorded {
        kind: recording.kind.as_str().to_owned(),
        party: sealed(&recording.party),
        place: Some(store_place(&recording.place)),
        unit: unit.to_string(),
        text: sealed(&recording.text),
        work_order: recording.work_order.map(|order| order.to_string()).unwrap_or_default(),
        follow_up: recording.follow_up.as_ref().map(|(text, _)| sealed(text)).unwrap_or_default(),
        due_us: recording.follow_up.as_ref().map_or(0, |(_, due)| due.0),
    }))
}

fn follow_up(
    interview: &Interview,
    text: &Private<String>,
    next: Option<Micros>,
    facts: &Facts,
) -> Result<Body, Refusal> {
    if let Author::Person { actor, .. } = &facts.author {
        authority::interviews(actor, &interview.place, &facts.view)?;
    }
    if interview.done {
        return Err(Refusal::State { state: "done" });
    }
    if let Some(due) = next {
        later(due, facts)?;
    }
    let (done, due_us) = (next.is_none(), next.map_or(0, |due| due.0));
    Ok(Body::FollowedUp(stored::InterviewFollowedUp { text: sealed(text), done, due_us }))
}

fn recorded(body: &stored::InterviewRecorded, event: &InterviewEvent) -> Option<Interview> {
    let kind = [Kind::Reminder, Kind::Interview].into_iter().find(|kind| kind.as_str() == body.kind)?;
    let follow_up = (!body.follow_up.is_empty()).then(|| FollowUp {
        text: private(&body.follow_up),
        due: Micros(body.due_us),
        overdue: false,
    });
    Some(Interview {
        kind,
        party: private(&body.party),
        place: place(body.place.as_ref())?,
        unit: body.unit.parse().ok()?,
        by: event.by.clone(),
        at: Micros(event.at_us),
        text: private(&body.text),
        work_order: if body.work_order.is_empty() { None } else { Some(body.work_order.parse().ok()?) },
        done: follow_up.is_none(),
        follow_up,
        result: None,
    })
}

impl Case for Interview {
    const KIND: &'static str = "interview";
    const SCHEMA: i64 = 1;
    type Event = InterviewEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<InterviewEvent>, Refusal> {
        let body = match (state, command) {
            (None, Command::Record(recording)) => record(recording, facts)?,
            (Some(_), Command::Record(_)) => return Err(Refusal::State { state: "recorded" }),
            (None, Command::FollowUp { .. } | Command::Overdue) => return Err(Refusal::NotOpened),
            (Some(interview), Command::FollowUp { text, next }) => follow_up(interview, text, *next, facts)?,
            (Some(interview), Command::Overdue) if !interview.timers().is_empty() => {
                Body::Overdue(stored::InterviewOverdue {})
            }
            (Some(_), Command::Overdue) => return Ok(Vec::new()),
        };
        let person = Bytes::copy_from_slice(facts.author.reference());
        Ok(vec![InterviewEvent { at_us: facts.now.0, by: facts.author.written(), person, event: Some(body) }])
    }

    fn evolve(state: Option<Self>, event: &InterviewEvent) -> Option<Self> {
        match event.event.as_ref()? {
            Body::Recorded(body) => recorded(body, event),
            Body::FollowedUp(body) => {
                let mut interview = state?;
                interview.result = Some(private(&body.text));
                interview.done = body.done;
                if !body.done {
                    let follow_up = interview.follow_up.as_mut()?;
                    (follow_up.due, follow_up.overdue) = (Micros(body.due_us), false);
                }
                Some(interview)
            }
            Body::Overdue(_) => {
                let mut interview = state?;
                interview.follow_up.as_mut()?.overdue = true;
                Some(interview)
            }
        }
    }

    fn index(&self) -> Row {
        Row {
            open: !self.done,
            state: if self.done { 2 } else { 1 },
            unit: Some(self.unit.to_string()),
            flagged: !self.done && self.follow_up.as_ref().is_some_and(|follow_up| follow_up.overdue),
            ..Row::at(&self.place)
        }
    }

    fn timers(&self) -> Vec<Timer> {
        let waits = self.follow_up.as_ref().filter(|follow_up| !self.done && !follow_up.overdue);
        waits.map(|follow_up| Timer { name: DUE.to_owned(), due: follow_up.due }).into_iter().collect()
    }

    fn event_type(event: &InterviewEvent) -> &'static str {
        match &event.event {
            Some(Body::Recorded(_)) => "interview.recorded",
            Some(Body::FollowedUp(_)) => "interview.followedUp",
            Some(Body::Overdue(_)) => "interview.overdue",
            None => "interview.unreadable",
        }
    }

    fn event_time(event: &InterviewEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &InterviewEvent) -> String {
        event.by.clone()
    }

    /// Internal: who was interviewed is for those who see the place.
    fn publish(_: CaseId, _: &InterviewEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &InterviewEvent) -> bool {
        match (state, &event.event) {
            (None, Some(Body::Recorded(_))) => true,
            (Some(interview), Some(Body::FollowedUp(_))) => !interview.done,
            (Some(interview), Some(Body::Overdue(_))) => !interview.timers().is_empty(),
            (Some(_), Some(Body::Recorded(_))) | (None, Some(Body::FollowedUp(_) | Body::Overdue(_))) | (_, None) => {
                false
            }
        }
    }
}
