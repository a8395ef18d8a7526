//! Parked cases as the gateway tells of them, and as the store does: the same to whoever looks.

use crate::client::{Client, request_id};
use crate::cluster::parked::Waiting;
use crate::exit::Failure;
use bytes::Bytes;
use casebook::ParkedEvent;
use prost::Message as _;
use queue::Envelope;
use serde::Deserialize;
use serde_json::{Value, json};

/// One case with what waits.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Case {
    /// `<service>/<id>`
    pub(super) name: String,
    producer: String,
    subject: String,
    pub(super) reason: String,
    #[serde(rename = "parkTime")]
    pub(super) since: String,
    pub(super) events: Vec<Event>,
}

/// One event, without its content.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    partition: i32,
    #[serde(deserialize_with = "number")]
    pub(super) position: i64,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) reason: String,
    #[serde(rename = "parkTime")]
    pub(super) since: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Listed {
    parked_cases: Vec<Case>,
}

/// Proto JSON writes 64-bit numbers as strings.
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(from)?;
    let read = value.as_str().map_or_else(|| value.as_i64(), |text| text.parse().ok());
    read.ok_or_else(|| serde::de::Error::custom("no number"))
}

impl Case {
    pub(super) fn of(waiting: &Waiting) -> Self {
        let first = waiting.first();
        Self {
            name: waiting.name(),
            producer: first.producer.clone(),
            subject: first.subject.clone(),
            reason: first.reason.clone(),
            since: first.at.to_string(),
            events: waiting.events.iter().map(Event::of).collect(),
        }
    }

    /// Names are short on the command line.
    fn short(self) -> Self {
        Self { name: self.name.trim_start_matches("parkedCases/").to_owned(), ..self }
    }

    pub(super) fn value(&self) -> Value {
        let event = |e: &Event| {
            json!({
                "partition": e.partition, "position": e.position, "type": e.kind, "reason": e.reason, "since": e.since,
            })
        };
        json!({
            "name": self.name,
            "producer": self.producer,
            "subject": self.subject,
            "reason": self.reason,
            "since": self.since,
            "events": self.events.iter().map(event).collect::<Vec<_>>(),
        })
    }
}

impl Event {
    fn of(event: &ParkedEvent) -> Self {
        Self {
            partition: event.partition.into(),
            position: event.position,
            kind: Envelope::decode(event.envelope.as_slice()).map(|e| e.r#type).unwrap_or_default(),
            reason: event.reason.clone(),
            since: event.at.to_string(),
        }
    }
}

pub(super) async fn list(client: &Client, service: &str, limit: usize) -> Result<Vec<Case>, Failure> {
    let service = if service.is_empty() { String::new() } else { format!("&service={service}") };
    let listed: Listed = client.get(&format!("/v1/parkedCases?pageSize={limit}{service}")).await?;
    Ok(listed.parked_cases.into_iter().map(Case::short).collect())
}

pub(super) async fn get(client: &Client, name: &str) -> Result<Case, Failure> {
    let case: Case = client.get(&format!("/v1/parkedCases/{name}")).await?;
    Ok(case.short())
}

pub(super) async fn replay(client: &Client, name: &str, note: &str) -> Result<Case, Failure> {
    let body = json!({"requestId": request_id(), "note": note});
    let left: Case = client.post(&format!("/v1/parkedCases/{name}:replay"), Bytes::from(body.to_string())).await?;
    Ok(left)
}

pub(super) async fn give_up(client: &Client, name: &str, position: i64, reason: &str) -> Result<(), Failure> {
    let body = json!({"requestId": request_id(), "position": position.to_string(), "reason": reason});
    let _left: Case = client.post(&format!("/v1/parkedCases/{name}:giveUp"), Bytes::from(body.to_string())).await?;
    Ok(())
}
