//! An entry of a care list (关爱名单): a person who is visited, with purpose, basis and end. What is known of the person, and the basis in
//! somebody's words, is sealed and stands in no column; the entry's only use is that the lists of the day have a visit.
//!
//! ```text
//! state     | enter   | end   | its date
//! (none)    | Entered | refused | –
//! cared for | refused | Ended | Ended
//! ended     | refused | refused | –
//! ```

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros, Place, Private};
use prost::bytes::Bytes;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::CareEvent;
use proto::dispatch::v1::stored::care_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::authority;
use super::day::Day;
use super::refusal::Refusal;
use super::work_order::stored_place::{place, store_place};
use super::work_order::{Author, Facts};

/// The timer of its end.
pub const END: &str = "care.end";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CareEntry {
    pub purpose: String,
    pub basis: Basis,
    pub consent: bool,
    pub place: Place,
    pub who: Person,
    /// Last day.
    pub until: Day,
    /// The instant after it.
    pub end: Micros,
    /// 0: as the rule of the task says.
    pub visit_days: u32,
    pub entered: Micros,
    pub by: String,
    pub standing: Standing,
}

/// On which rule the entry rests, in the words of whoever entered it: they may name somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    Sealed(Private<String>),
    /// As the first events of entries kept it.
    Plain(String),
}

/// Who is visited: sealed from the first event on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub name: Private<String>,
    pub phone: Private<String>,
    pub address: Private<String>,
    /// What a visitor must know.
    pub remark: Private<String>,
}

impl Person {
    /// Before anything is sealed.
    #[must_use]
    pub fn unknown() -> Self {
        let nothing = || Private::from_sealed(Vec::new());
        Self { name: nothing(), phone: nothing(), address: nothing(), remark: nothing() }
    }

    fn store(&self) -> stored::SealedPerson {
        let sealed = |text: &Private<String>| Bytes::copy_from_slice(text.sealed());
        stored::SealedPerson {
            name: sealed(&self.name),
            phone: sealed(&self.phone),
            address: sealed(&self.address),
            remark: sealed(&self.remark),
        }
    }

    fn read(stored: &stored::SealedPerson) -> Self {
        let private = |bytes: &Bytes| Private::from_sealed(bytes.to_vec());
        Self {
            name: private(&stored.name),
            phone: private(&stored.phone),
            address: private(&stored.address),
            remark: private(&stored.remark),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    CaredFor,
    /// With the reason, unless its date came.
    Ended(Option<Private<String>>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Enter(Box<Entering>),
    End {
        reason: Private<String>,
    },
    /// Its date came.
    Expire,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entering {
    pub purpose: String,
    pub basis: Private<String>,
    pub consent: bool,
    pub place: Place,
    pub who: Person,
    pub until: Day,
    pub visit_days: u32,
}

impl CareEntry {
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.standing {
            Standing::CaredFor => true,
            Standing::Ended(_) => false,
        }
    }
}

/// Purpose and basis, consent where the purpose asks for it, and an end within its longest time: without each of them nobody is put on
/// a list (Personal Information Protection Law, arts. 6, 13, 29, 31).
fn enter(entering: &Entering, facts: &Facts) -> Result<Body, Refusal> {
    let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::NotOpened) };
    authority::keeps_lists_of(actor, &entering.place, &facts.view)?;
    let purpose = facts.catalog.care().get(&entering.purpose).ok_or(Refusal::NotOpened)?;
    if purpose.consent && !entering.consent {
        return Err(Refusal::ConsentMissing);
    }
    let today = Day::of(facts.now);
    if entering.until <= today {
        return Err(Refusal::EndNotLater);
    }
    if entering.until.since(today) > purpose.longest {
        return Err(Refusal::EndTooFar { longest: purpose.longest });
    }
    Ok(Body::Entered(stored::CareEntered {
        purpose: entering.purpose.clone(),
        basis: String::new(),
        consent: entering.consent,
        place: Some(store_place(&entering.place)),
        who: Some(entering.who.store()),
        end_date: entering.until.to_string(),
        end_us: entering.until.plus(1).start().0,
        visit_days: entering.visit_days,
        sealed_basis: Bytes::copy_from_slice(entering.basis.sealed()),
    }))
}

fn basis(body: &stored::CareEntered) -> Basis {
    if body.basis.is_empty() {
        Basis::Sealed(Private::from_sealed(body.sealed_basis.to_vec()))
    } else {
        Basis::Plain(body.basis.clone())
    }
}

fn end(entry: &CareEntry, reason: &Private<String>, facts: &Facts) -> Result<Body, Refusal> {
    if let Author::Person { actor, .. } = &facts.author {
        authority::keeps_lists_of(actor, &entry.place, &facts.view)?;
    }
    if !entry.is_open() {
        return Err(Refusal::State { state: "ended" });
    }
    Ok(Body::Ended(stored::CareEnded { reason: Bytes::copy_from_slice(reason.sealed()) }))
}

impl Case for CareEntry {
    const KIND: &'static str = "careEntry";
    const SCHEMA: i64 = 2;
    type Event = CareEvent;
    type Command = Command;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Command, facts: &Facts) -> Result<Vec<CareEvent>, Refusal> {
        let body = match (state, command) {
            (None, Command::Enter(entering)) => enter(entering, facts)?,
            (Some(_), Command::Enter(_)) => return Err(Refusal::State { state: "entered" }),
            (None, Command::End { .. } | Command::Expire) => return Err(Refusal::NotOpened),
            (Some(entry), Command::End { reason }) => end(entry, reason, facts)?,
            (Some(entry), Command::Expire) if entry.is_open() => Body::Ended(stored::CareEnded::default()),
            (Some(_), Command::Expire) => return Ok(Vec::new()),
        };
        let person = Bytes::copy_from_slice(facts.author.reference());
        Ok(vec![CareEvent { at_us: facts.now.0, by: facts.author.written(), person, event: Some(body) }])
    }

    fn evolve(state: Option<Self>, event: &CareEvent) -> Option<Self> {
        match event.event.as_ref()? {
            Body::Entered(body) => Some(Self {
                purpose: body.purpose.clone(),
                basis: basis(body),
                consent: body.consent,
                place: place(body.place.as_ref())?,
                who: Person::read(body.who.as_ref()?),
                until: body.end_date.parse().ok()?,
                end: Micros(body.end_us),
                visit_days: body.visit_days,
                entered: Micros(event.at_us),
                by: event.by.clone(),
                standing: Standing::CaredFor,
            }),
            Body::Ended(body) => {
                let reason = (!body.reason.is_empty()).then(|| Private::from_sealed(body.reason.to_vec()));
                Some(Self { standing: Standing::Ended(reason), ..state? })
            }
        }
    }

    /// Where it is, and nothing of why or who: a column that could be asked for would be a list by trait.
    fn index(&self) -> Row {
        Row { open: self.is_open(), state: if self.is_open() { 1 } else { 2 }, ..Row::at(&self.place) }
    }

    fn timers(&self) -> Vec<Timer> {
        if self.is_open() { vec![Timer { name: END.to_owned(), due: self.end }] } else { Vec::new() }
    }

    fn event_type(event: &CareEvent) -> &'static str {
        match &event.event {
            Some(Body::Entered(_)) => "careEntry.entered",
            Some(Body::Ended(_)) => "careEntry.ended",
            None => "careEntry.unreadable",
        }
    }

    fn event_time(event: &CareEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &CareEvent) -> String {
        event.by.clone()
    }

    /// Internal: nobody else learns that somebody is cared for.
    fn publish(_: CaseId, _: &CareEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &CareEvent) -> bool {
        match (state, &event.event) {
            (None, Some(Body::Entered(_))) => true,
            (Some(entry), Some(Body::Ended(_))) => entry.is_open(),
            (Some(_), Some(Body::Entered(_))) | (None, Some(Body::Ended(_))) | (_, None) => false,
        }
    }
}
