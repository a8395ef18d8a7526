//! The one pattern of the house: a case with a life. A service states its rules as pure functions on this trait; everything
//! else (loading, batching, committing, timers, replays) is the casebook's and the same for all.
//!
//! ```text
//! Command ──► decide(&state, command, &facts) -> Result<Vec<Event>, Refusal>     pure
//! Event   ──► evolve(state, &event) -> state                                      pure, total
//! state   ──► index(&state) -> Row                                                what lists may ask for
//! state   ──► timers(&state) -> Vec<Timer>                                        what must happen later
//! ```

use civic::{CaseId, DivisionCode, Micros, Place};
use serde::{Serialize, de::DeserializeOwned};

/// A kind of case. The implementing type is its state: one enum whose variants own exactly what is known then, or a struct
/// around such an enum when much is common. Serde encoding must be deterministic: no hash maps inside.
pub trait Case: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Name of the kind in ids and tables, singular camelCase: `report`, `workOrder`.
    const KIND: &'static str;
    /// Version of the state's encoding. Raise it when the type changes: older rows are rebuilt from their events on load.
    const SCHEMA: i64;
    /// The stored event, a protobuf message: additive for ever.
    type Event: prost::Message + Default + Clone + PartialEq + Send + Sync + 'static;
    /// What somebody asks for. Owned data; private text is already sealed.
    type Command: Send + Sync + 'static;
    /// What the rules may look at besides the state: now, fresh ids, a catalog snapshot, answers fetched before.
    type Facts: Send + Sync + 'static;
    /// Why the rules say no.
    type Refusal: std::error::Error + Clone + Send + Sync + 'static;

    /// The rules. `None` is a case that does not exist yet. No event means: nothing to do, answered with the state as it is.
    fn decide(
        state: Option<&Self>,
        command: &Self::Command,
        facts: &Self::Facts,
    ) -> Result<Vec<Self::Event>, Self::Refusal>;
    /// Applies one event. Total: `None` only when the first event is not one that can open a case (then the row is corrupt).
    fn evolve(state: Option<Self>, event: &Self::Event) -> Option<Self>;
    /// The columns that lists filter by.
    fn index(&self) -> Row;
    /// Everything that must happen later in this state; what is not named is cancelled. The earliest is the one that is armed.
    fn timers(&self) -> Vec<Timer>;
    /// The event type in the timeline and on the feed, such as `workOrder.assigned`.
    fn event_type(event: &Self::Event) -> &'static str;
    /// When the event happened, as it was written.
    fn event_time(event: &Self::Event) -> Micros;
    /// Role and unit by reference, as written into the event.
    fn event_actor(event: &Self::Event) -> String;
    /// What other services may know of the event: type with major version and the encoded `PublicEvent`. `None`: internal.
    fn publish(id: CaseId, event: &Self::Event) -> Option<(String, Vec<u8>)>;
    /// Whether the event may follow the state, by the table of the kind and whatever else must hold between the two. For the
    /// verifier: it replays what `decide` once allowed against what the table says.
    fn legal(state: Option<&Self>, event: &Self::Event) -> bool {
        let _ = (state, event);
        true
    }
    /// Whether the event destroys the key under which the case's texts are sealed: they can be read by nobody from then on.
    fn erases(event: &Self::Event) -> bool {
        let _ = event;
        false
    }
}

/// Columns of a case that lists may ask for. `None` keeps the row out of that column's index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Cases that are still somebody's work; closed ones leave the partial indexes.
    pub open: bool,
    /// Small number of the state, for filters.
    pub state: i64,
    /// 1..4; 0 when the kind has none.
    pub urgency: i64,
    pub category: Option<String>,
    pub district: Option<String>,
    pub town: Option<String>,
    pub village: Option<String>,
    pub grid: Option<String>,
    /// Unit that answers for it now.
    pub unit: Option<String>,
    /// Most specific place, also the routing attribute of the case's events.
    pub place: Option<String>,
    /// Instant of the yellow lamp; `None` while the clock stands.
    pub yellow_at: Option<Micros>,
    pub red_at: Option<Micros>,
    /// Lamp as last turned by its timer: 1 green, 2 yellow, 3 red, 0 none. Answers compute the lamp from the instants above.
    pub lamp: i64,
    /// A person must look at it (below a threshold, parked question).
    pub flagged: bool,
    /// Further lists that it stands in, sorted. Most cases have none: then they cost nothing.
    pub tags: Vec<Tag>,
}

impl Row {
    /// The columns of a place: each tier that is known, and the lowest.
    #[must_use]
    pub fn at(place: &Place) -> Self {
        let code = |code: &Option<DivisionCode>| code.as_ref().map(|code| code.as_str().to_owned());
        Self {
            district: code(&place.district),
            town: code(&place.town),
            village: code(&place.village),
            grid: code(&place.grid),
            place: Some(place.code.as_str().to_owned()),
            ..Self::default()
        }
    }
}

/// A list that a case stands in besides those of its columns, of which a case may have several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tag {
    /// A unit that has a share in the case and does not answer for it.
    Unit(String),
    /// The case that this one is a member of.
    Parent(CaseId),
    /// The machine that sent it: [`crate::sender_of`].
    Sender(String),
}

impl Tag {
    const UNIT: &'static str = "unit/";
    const PARENT: &'static str = "parent/";
    const SENDER: &'static str = "sender/";

    /// As a row keeps it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Unit(unit) => format!("{}{unit}", Self::UNIT),
            Self::Parent(case) => format!("{}{case}", Self::PARENT),
            Self::Sender(sender) => format!("{}{sender}", Self::SENDER),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let unit = text.strip_prefix(Self::UNIT).map(|unit| Self::Unit(unit.to_owned()));
        let sender = || text.strip_prefix(Self::SENDER).map(|sender| Self::Sender(sender.to_owned()));
        unit.or_else(sender).or_else(|| text.strip_prefix(Self::PARENT)?.parse().ok().map(Self::Parent))
    }

    /// All tags of a case in one column; `None`: none.
    pub(crate) fn join(tags: &[Self]) -> Option<String> {
        (!tags.is_empty()).then(|| tags.iter().map(Self::text).collect::<Vec<_>>().join(" "))
    }

    /// `None`: a column that no release wrote.
    pub(crate) fn split(column: Option<&str>) -> Option<Vec<Self>> {
        column.unwrap_or_default().split_whitespace().map(Self::read).collect()
    }
}

/// Something that must happen later: a row armed and cancelled in the state's own transaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    /// Name inside the case, such as `total.red`; one timer per name.
    pub name: String,
    /// Already written into an event; never computed while firing.
    pub due: Micros,
}

/// The one timer of a case that is armed: its earliest. The next is armed in the transaction in which this one fires or is
/// cancelled, so a case has one row whatever its state names, and a clock with four lamps writes no more than one with two.
pub(crate) fn armed<C: Case>(state: &C) -> Vec<Timer> {
    state.timers().into_iter().min_by(|a, b| (a.due, &a.name).cmp(&(b.due, &b.name))).into_iter().collect()
}

/// A timer that came due, as handed to the service. The service answers with a command that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTimer {
    pub kind: String,
    pub case: CaseId,
    pub name: String,
    pub due: Micros,
    /// Version of the case that armed it: a later arming of the same name has another generation.
    pub generation: i64,
    /// The trace of the command that armed it: what follows from its firing stands in that trace, too.
    pub traceparent: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_into_one_column_and_come_back() {
        let id = CaseId::from_bytes([7; 16]);
        let (unit, sender) = (Tag::Unit("500151-gongan".to_owned()), Tag::Sender("0a1b".to_owned()));
        for tags in [vec![], vec![Tag::Parent(id)], vec![sender, Tag::Parent(id)], vec![unit, Tag::Parent(id)]] {
            assert_eq!(Tag::split(Tag::join(&tags).as_deref()), Some(tags));
        }
        for column in ["unit", "parent/x", "moon/1"] {
            assert_eq!(Tag::split(Some(column)), None, "{column}");
        }
    }
}
