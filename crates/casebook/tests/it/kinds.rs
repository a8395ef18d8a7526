//! Two small kinds of case that use everything the casebook offers: a parcel that is labelled, weighed and watched by alarms, and a
//! depot that counts what was brought.

use casebook::{Case, Row, Tag, Timer};
use civic::{CaseId, Micros};
use prost::{Message, Oneof};
use serde::{Deserialize, Serialize};

/// A weight that no rule survives.
pub(crate) const PANICS: i64 = 1_717_171;

/// A weight that destroys the parcel's keys.
pub(crate) const ERASES: i64 = 4_747_474;

/// Everything a list may filter by.
#[derive(Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
pub(crate) struct Labels {
    #[prost(string, optional, tag = "1")]
    pub(crate) district: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(crate) town: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(crate) village: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(crate) grid: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(crate) unit: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(crate) category: Option<String>,
    #[prost(int64, tag = "7")]
    pub(crate) state: i64,
    #[prost(int64, tag = "8")]
    pub(crate) urgency: i64,
    #[prost(int64, tag = "9")]
    pub(crate) lamp: i64,
    #[prost(bool, tag = "10")]
    pub(crate) flagged: bool,
    /// Stands for what a real state holds.
    #[prost(string, tag = "11")]
    pub(crate) text: String,
    /// Units that have a share.
    #[prost(string, repeated, tag = "12")]
    pub(crate) shares: Vec<String>,
    #[prost(string, optional, tag = "13")]
    pub(crate) parent: Option<String>,
    /// The machine that sent it.
    #[prost(string, optional, tag = "14")]
    pub(crate) sender: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
pub(crate) struct Alarm {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(int64, tag = "2")]
    pub(crate) due: i64,
}

#[derive(Clone, PartialEq, Eq, Oneof)]
pub(crate) enum What {
    #[prost(message, tag = "2")]
    Opened(Labels),
    #[prost(message, tag = "3")]
    Labelled(Labels),
    #[prost(int64, tag = "4")]
    Weighed(i64),
    #[prost(message, tag = "5")]
    Armed(Alarm),
    #[prost(string, tag = "6")]
    Rang(String),
    #[prost(string, tag = "7")]
    Disarmed(String),
    #[prost(bool, tag = "8")]
    Closed(bool),
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct ParcelEvent {
    #[prost(int64, tag = "1")]
    pub(crate) at: i64,
    #[prost(oneof = "What", tags = "2, 3, 4, 5, 6, 7, 8")]
    pub(crate) what: Option<What>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) labels: Labels,
    pub(crate) weight: i64,
    pub(crate) open: bool,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) rung: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum Command {
    Open(Labels),
    Label(Labels),
    Weigh(i64),
    Arm(&'static str, Micros),
    Disarm(&'static str),
    /// What a due timer becomes.
    Ring(String),
    Close,
    /// Asks for nothing.
    Look,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("there is no parcel")]
    Missing,
    #[error("the parcel is there already")]
    Exists,
    #[error("a parcel weighs nothing at least")]
    TooLight,
}

impl Case for Parcel {
    const KIND: &'static str = "parcel";
    const SCHEMA: i64 = 3;
    type Event = ParcelEvent;
    type Command = Command;
    type Facts = Micros;
    type Refusal = Refused;

    fn decide(state: Option<&Self>, command: &Command, now: &Micros) -> Result<Vec<ParcelEvent>, Refused> {
        let what = match (state, command) {
            (None, Command::Open(labels)) => What::Opened(labels.clone()),
            (Some(_), Command::Open(_)) => return Err(Refused::Exists),
            (None, _) => return Err(Refused::Missing),
            (Some(_), Command::Label(labels)) => What::Labelled(labels.clone()),
            (Some(_), Command::Weigh(PANICS)) => panic!("planted"),
            (Some(s), Command::Weigh(by)) if s.weight + by < 0 => return Err(Refused::TooLight),
            (Some(_), Command::Weigh(by)) => What::Weighed(*by),
            (Some(_), Command::Arm(name, due)) => What::Armed(Alarm { name: (*name).to_owned(), due: due.0 }),
            (Some(_), Command::Disarm(name)) => What::Disarmed((*name).to_owned()),
            (Some(s), Command::Ring(name)) if s.alarms.iter().any(|a| a.name == *name && a.due <= now.0) => {
                What::Rang(name.clone())
            }
            (Some(_), Command::Close) => What::Closed(true),
            (Some(_), Command::Ring(_) | Command::Look) => return Ok(Vec::new()),
        };
        Ok(vec![ParcelEvent { at: now.0, what: Some(what) }])
    }

    fn evolve(state: Option<Self>, event: &ParcelEvent) -> Option<Self> {
        let Some(mut s) = state else {
            let Some(What::Opened(labels)) = &event.what else { return None };
            return Some(Self { labels: labels.clone(), weight: 0, open: true, alarms: vec![], rung: vec![] });
        };
        match event.what.as_ref()? {
            What::Opened(_) => return None,
            What::Labelled(labels) => s.labels = labels.clone(),
            What::Weighed(by) => s.weight += by,
            What::Armed(alarm) => {
                s.alarms.retain(|a| a.name != alarm.name);
                s.alarms.push(alarm.clone());
            }
            What::Rang(name) => {
                s.alarms.retain(|a| a.name != *name);
                s.rung.push(name.clone());
            }
            What::Disarmed(name) => s.alarms.retain(|a| a.name != *name),
            What::Closed(_) => {
                s.open = false;
                s.alarms.clear();
            }
        }
        Some(s)
    }

    fn index(&self) -> Row {
        let l = self.labels.clone();
        let shares = l.shares.into_iter().map(Tag::Unit);
        let sender = l.sender.map(Tag::Sender);
        let parent = l.parent.map(|id| Tag::Parent(id.parse().expect("a test plants ids")));
        Row {
            open: self.open,
            state: l.state,
            urgency: l.urgency,
            category: l.category,
            place: l.village.clone().or_else(|| l.town.clone()),
            district: l.district,
            town: l.town,
            village: l.village,
            grid: l.grid,
            unit: l.unit,
            yellow_at: Some(Micros(self.weight)),
            red_at: None,
            lamp: l.lamp,
            flagged: l.flagged,
            tags: shares.chain(parent).chain(sender).collect(),
        }
    }

    fn timers(&self) -> Vec<Timer> {
        self.alarms.iter().map(|a| Timer { name: a.name.clone(), due: Micros(a.due) }).collect()
    }

    fn event_type(event: &ParcelEvent) -> &'static str {
        match event.what {
            Some(What::Opened(_)) => "parcel.opened",
            Some(What::Labelled(_)) => "parcel.labelled",
            Some(What::Weighed(_)) => "parcel.weighed",
            Some(What::Armed(_)) => "parcel.armed",
            Some(What::Rang(_)) => "parcel.rang",
            Some(What::Disarmed(_)) => "parcel.disarmed",
            Some(What::Closed(_)) => "parcel.closed",
            None => "parcel.unknown",
        }
    }

    fn erases(event: &ParcelEvent) -> bool {
        matches!(event.what, Some(What::Weighed(ERASES)))
    }

    fn event_time(event: &ParcelEvent) -> Micros {
        Micros(event.at)
    }

    fn event_actor(_: &ParcelEvent) -> String {
        "clerk".to_owned()
    }

    fn publish(_: CaseId, event: &ParcelEvent) -> Option<(String, Vec<u8>)> {
        matches!(event.what, Some(What::Opened(_) | What::Weighed(_)))
            .then(|| (format!("{}.v1", Self::event_type(event)), event.encode_to_vec()))
    }

    fn legal(state: Option<&Self>, event: &ParcelEvent) -> bool {
        state.is_none_or(|s| s.open) || !matches!(event.what, Some(What::Weighed(_)))
    }
}

/// Counts what is brought; refuses to count below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Depot {
    pub(crate) stock: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Brought {
    #[prost(int64, tag = "1")]
    pub(crate) amount: i64,
}

impl Case for Depot {
    const KIND: &'static str = "depot";
    const SCHEMA: i64 = 1;
    type Event = Brought;
    type Command = i64;
    type Facts = ();
    type Refusal = Refused;

    fn decide(state: Option<&Self>, amount: &i64, (): &()) -> Result<Vec<Brought>, Refused> {
        let stock = state.map_or(0, |s| s.stock);
        if stock + amount < 0 { Err(Refused::TooLight) } else { Ok(vec![Brought { amount: *amount }]) }
    }

    fn evolve(state: Option<Self>, event: &Brought) -> Option<Self> {
        Some(Self { stock: state.map_or(0, |s| s.stock) + event.amount })
    }

    fn index(&self) -> Row {
        Row { open: true, ..Row::default() }
    }

    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }

    fn event_type(_: &Brought) -> &'static str {
        "depot.brought"
    }

    fn event_time(_: &Brought) -> Micros {
        Micros(0)
    }

    fn event_actor(_: &Brought) -> String {
        String::new()
    }

    fn publish(_: CaseId, _: &Brought) -> Option<(String, Vec<u8>)> {
        None
    }
}
