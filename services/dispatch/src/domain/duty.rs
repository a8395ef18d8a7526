//! The life of a duty (事项的准入、调整、评估): a tier above proposes what a list shall say, the level that would bear it reviews, a tier
//! above admits or refuses. An admission makes the next version of the duty list, from a day on; open orders keep the list they pinned.
//!
//! ```text
//! state    | propose  | adjust, retire | review             | admit                        | refuse                      | listed
//! (none)   | proposed | refused        | refused            | refused                      | refused                     | refused
//! proposed | refused  | refused        | reviewed           | refused                      | refused, or as before       | refused
//! reviewed | refused  | refused        | refused            | admitted, retired; objected: refused | refused, or as before | refused
//! admitted | refused  | proposed       | refused            | refused                      | refused                     | once an admission
//! refused  | refused  | refused        | refused            | refused                      | refused                     | refused
//! retired  | refused  | refused        | refused            | refused                      | refused                     | once an admission
//! ```
//!
//! "As before": an adjustment that is refused leaves the duty admitted as it was.

mod evolve;
mod line;

pub use line::{Change, Line};

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros, Private, Tier};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::DutyEvent;
use proto::dispatch::v1::stored::duty_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::authority;
use super::day::Day;
use super::refusal::Refusal;
use super::work_order::{Author, Facts};

/// The timer that puts an admission on the list, in case whoever admitted could not.
pub const LIST: &str = "duty.list";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// As admitted last; `None` before.
    pub admitted: Option<Line>,
    /// What is proposed, or was last.
    pub proposal: Proposal,
    pub standing: Standing,
    pub updated: Micros,
    /// Admissions so far: each makes a version of the list.
    pub admissions: u32,
    /// Version of the list that has the last admission; `None` while it has not.
    pub listed: Option<String>,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    Proposed,
    Reviewed,
    Admitted,
    Refused,
    Retired,
}

/// What a list shall say, and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub change: Change,
    pub line: Line,
    pub from: Day,
    pub reason: Private<String>,
    pub by: String,
    /// Keyed hash of who proposed.
    pub person: Vec<u8>,
    pub review: Option<Review>,
    pub decided_by: String,
    pub refusal: Option<Private<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub agrees: bool,
    pub reason: Private<String>,
    pub by: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Propose {
        line: Line,
        from: Day,
        reason: Private<String>,
    },
    Adjust {
        line: Line,
        from: Day,
        reason: Private<String>,
    },
    Retire {
        from: Day,
        reason: Private<String>,
    },
    Review {
        agrees: bool,
        reason: Private<String>,
    },
    Admit,
    Refuse {
        reason: Private<String>,
    },
    /// A version of the list has it.
    Listed {
        version: String,
    },
}

impl Standing {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Reviewed => "reviewed",
            Self::Admitted => "admitted",
            Self::Refused => "refused",
            Self::Retired => "retired",
        }
    }

    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Proposed => 1,
            Self::Reviewed => 2,
            Self::Admitted => 3,
            Self::Refused => 4,
            Self::Retired => 5,
        }
    }

    const fn is_open(self) -> bool {
        match self {
            Self::Proposed | Self::Reviewed | Self::Admitted => true,
            Self::Refused | Self::Retired => false,
        }
    }
}

impl Duty {
    /// An admission that no version of the list has yet.
    #[must_use]
    pub const fn is_unlisted(&self) -> bool {
        self.admissions > 0 && self.listed.is_none()
    }

    fn only(&self, standing: Standing) -> Result<(), Refusal> {
        if self.standing == standing { Ok(()) } else { Err(Refusal::State { state: self.standing.as_str() }) }
    }
}

fn sealed(text: &Private<String>) -> Bytes {
    Bytes::copy_from_slice(text.sealed())
}

/// A list changes for days that have not begun: what was opened today keeps its list.
fn ahead(from: Day, facts: &Facts) -> Result<(), Refusal> {
    if from > Day::of(facts.now) { Ok(()) } else { Err(Refusal::FromNotLater) }
}

fn above(tier: Tier, facts: &Facts) -> Result<(), Refusal> {
    match &facts.author {
        Author::Person { actor, .. } => authority::is_above(actor, tier),
        Author::Report
        | Author::Timer
        | Author::Calendar
        | Author::Reform
        | Author::Parent
        | Author::BuildingDay { .. } => Ok(()),
    }
}

fn propose(
    change: Change,
    line: &Line,
    (from, reason): (Day, &Private<String>),
    facts: &Facts,
) -> Result<Body, Refusal> {
    above(line.tier, facts)?;
    ahead(from, facts)?;
    Ok(Body::Proposed(stored::DutyProposed {
        change: change.as_str().to_owned(),
        duty: Some(line.store()),
        from: from.to_string(),
        reason: sealed(reason),
    }))
}

/// An admitted duty is changed by going the whole way again. Category and tier are what it is.
fn change(
    duty: &Duty,
    change: Change,
    line: Option<&Line>,
    why: (Day, &Private<String>),
    facts: &Facts,
) -> Result<Body, Refusal> {
    duty.only(Standing::Admitted)?;
    // What is proposed next would take the place of what is not on the list yet.
    if duty.is_unlisted() {
        return Err(Refusal::State { state: "being listed" });
    }
    let admitted = duty.admitted.as_ref().ok_or(Refusal::NotOpened)?;
    let line = line.unwrap_or(admitted);
    if (&line.category, line.tier) != (&admitted.category, admitted.tier) {
        return Err(Refusal::OtherDuty);
    }
    propose(change, line, why, facts)
}

fn admit(duty: &Duty, facts: &Facts) -> Result<Body, Refusal> {
    let Proposal { line, from, person, review, .. } = &duty.proposal;
    above(line.tier, facts)?;
    duty.only(Standing::Reviewed)?;
    // Nobody is burdened against the word of the level that bears it.
    if review.as_ref().is_none_or(|review| !review.agrees) {
        return Err(Refusal::ReviewObjects);
    }
    if person.as_slice() == facts.author.reference() {
        return Err(Refusal::SamePerson);
    }
    ahead(*from, facts)?;
    Ok(Body::Admitted(stored::DutyAdmitted {}))
}

fn decide(duty: &Duty, command: &Command, facts: &Facts) -> Result<Option<Body>, Refusal> {
    let tier = duty.proposal.line.tier;
    Ok(Some(match command {
        Command::Propose { .. } => return Err(Refusal::State { state: duty.standing.as_str() }),
        Command::Adjust { line, from, reason } => change(duty, Change::Adjust, Some(line), (*from, reason), facts)?,
        Command::Retire { from, reason } => change(duty, Change::Retire, None, (*from, reason), facts)?,
        Command::Review { agrees, reason } => {
            if let Author::Person { actor, .. } = &facts.author {
                authority::bears(actor, tier)?;
            }
            duty.only(Standing::Proposed)?;
            Body::Reviewed(stored::DutyReviewed { agrees: *agrees, reason: sealed(reason) })
        }
        Command::Admit => admit(duty, facts)?,
        Command::Refuse { reason } => {
            above(tier, facts)?;
            if !matches!(duty.standing, Standing::Proposed | Standing::Reviewed) {
                return Err(Refusal::State { state: duty.standing.as_str() });
            }
            Body::Refused(stored::DutyRefused { reason: sealed(reason) })
        }
        // Whoever admitted and the timer may both say so.
        Command::Listed { version } if duty.is_unlisted() => {
            Body::Listed(stored::DutyListed { version: version.clone() })
        }
        Command::Listed { .. } => return Ok(None),
    }))
}

impl Case for Duty {
    const KIND: &'static str = "duty";
    const SCHEMA: i64 = 1;
    type Event = DutyEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<DutyEvent>, Refusal> {
        let body = match (state, command) {
            (None, Command::Propose { line, from, reason }) => {
                Some(propose(Change::Enter, line, (*from, reason), facts)?)
            }
            (None, _) => return Err(Refusal::NotOpened),
            (Some(duty), command) => decide(duty, command, facts)?,
        };
        let person = Bytes::copy_from_slice(facts.author.reference());
        let by = facts.author.written();
        Ok(body.map(|body| DutyEvent { at_us: facts.now.0, by, person, event: Some(body) }).into_iter().collect())
    }

    fn evolve(state: Option<Self>, event: &DutyEvent) -> Option<Self> {
        evolve::evolve(state, event)
    }

    /// A list is the whole territory's: it lies in no place.
    fn index(&self) -> Row {
        Row {
            open: self.standing.is_open(),
            state: i64::from(self.standing.number()),
            category: Some(self.proposal.line.category.clone()),
            ..Row::default()
        }
    }

    fn timers(&self) -> Vec<Timer> {
        if self.is_unlisted() { vec![Timer { name: LIST.to_owned(), due: self.updated }] } else { Vec::new() }
    }

    fn event_type(event: &DutyEvent) -> &'static str {
        match &event.event {
            Some(Body::Proposed(_)) => "duty.proposed",
            Some(Body::Reviewed(_)) => "duty.reviewed",
            Some(Body::Admitted(_)) => "duty.admitted",
            Some(Body::Refused(_)) => "duty.refused",
            Some(Body::Listed(_)) => "duty.listed",
            None => "duty.unreadable",
        }
    }

    fn event_time(event: &DutyEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &DutyEvent) -> String {
        event.by.clone()
    }

    /// Internal: the list that it makes is what others go by.
    fn publish(_: CaseId, _: &DutyEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &DutyEvent) -> bool {
        evolve::legal(state, event)
    }
}
