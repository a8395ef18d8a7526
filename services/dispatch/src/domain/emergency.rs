//! The emergency (突发事件): a level-one matter in the minutes in which it is decided. It starts with its work order and a plan (预案), calls
//! the plan's parties in order or in parallel, and lets no call lie: what nobody acknowledges in time goes to the next in its chain, and at
//! the end of the chain to the dispatcher of the owning tier.
//!
//! ```text
//! verb        | an action that is                           | becomes      | by
//! acknowledge | called, unanswered                          | acknowledged | a called party
//! report      | acknowledged                                | acknowledged | the party that took it on
//! done        | called, unanswered, acknowledged            | done         | a called party, then the one that took it on
//! call        | called, unanswered                          | called       | dispatcher of the owning tier
//! end         | waiting, called, unanswered, acknowledged, done | as it was | dispatcher of the owning tier
//! ```
//!
//! An action waits until those before it are over: done, or unanswered, since nobody's silence may hold up the rest. Whoever was called
//! may take an action on as long as nobody else has, also when the chain went on meanwhile or came to its end. Ending stops every call.
//!
//! The plan's steps stand in the first event with the units that they mean at this place; no later plan, duty list or reform moves them.
//! The instants of calls stand in the event that calls. Whom the matter is about is the report's to know: nothing here says it.

mod command;
mod decide;
mod event;
mod evolve;
mod publish;
mod refusal;
mod state;

pub use command::{Command, Facts, Opening, Planned, Step, Verb};
pub use publish::summary;
pub use refusal::Refusal;
pub use state::{Action, Call, Emergency, Ended, Head, Party, Phase, Standing, State};

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros};
use proto::dispatch::v1::stored::EmergencyEvent;

/// The only timer of an emergency: the earliest call that nobody has acknowledged.
pub const CALL_DUE: &str = "call.due";

/// The emergency of a report. It begins at the same instant, so the id differs in its last bit only.
#[must_use]
pub const fn id_of(report: CaseId) -> CaseId {
    let mut bytes = *report.as_bytes();
    bytes[15] ^= 1;
    CaseId::from_bytes(bytes)
}

impl Case for Emergency {
    const KIND: &'static str = "emergency";
    const SCHEMA: i64 = 1;
    type Event = EmergencyEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<EmergencyEvent>, Refusal> {
        decide::decide(state, command, facts)
    }

    fn evolve(state: Option<Self>, event: &EmergencyEvent) -> Option<Self> {
        evolve::evolve(state, event)
    }

    fn legal(state: Option<&Self>, event: &EmergencyEvent) -> bool {
        evolve::legal(state, event)
    }

    fn index(&self) -> Row {
        publish::index(self)
    }

    fn timers(&self) -> Vec<Timer> {
        let due = self.next_due();
        due.map(|due| Timer { name: CALL_DUE.to_owned(), due }).into_iter().collect()
    }

    fn event_type(event: &EmergencyEvent) -> &'static str {
        publish::event_type(event)
    }

    fn event_time(event: &EmergencyEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &EmergencyEvent) -> String {
        event.by.clone()
    }

    fn publish(id: CaseId, event: &EmergencyEvent) -> Option<(String, Vec<u8>)> {
        publish::publish(id, event)
    }
}
