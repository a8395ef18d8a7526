//! A screen of the city: an open stream of events that resumes where it ended, and when it showed what.

use crate::local::{HttpClient, Local, http};
use bytes::Bytes;
use civic::{Actor, Role};
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Incoming};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// An instant for each order, by its id, which it shares with its report.
#[derive(Clone, Default)]
pub(crate) struct Instants(Arc<Mutex<HashMap<String, Instant>>>);

impl Instants {
    pub(crate) fn hold(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first counts.
    pub(crate) fn note(&self, id: String, at: Instant) {
        self.hold().entry(id).or_insert(at);
    }
}

/// A city's screen: one open stream that resumes where it ended.
pub(crate) struct Screen {
    client: HttpClient,
    url: String,
    token: String,
    /// Of an order that changed: its id, where its event is one that is waited for.
    of: fn(&Value) -> Option<&str>,
    pub(crate) seen: Instants,
}

pub(crate) struct Told {
    pub(crate) opened: usize,
    pub(crate) events: usize,
}

impl Screen {
    pub(crate) fn new(local: &Local, of: fn(&Value) -> Option<&str>) -> Self {
        let actor =
            Actor { role: Role::CityDispatcher, subject: "screen".into(), unit: "50".parse().ok(), head: false };
        Self::at(&format!("http://{}", local.http), local.mint(&actor), of)
    }

    /// Before a gateway, with a token of a dispatcher of the city.
    pub(crate) fn at(gateway: &str, token: String, of: fn(&Value) -> Option<&str>) -> Self {
        Self { client: http(), url: format!("{gateway}/v1/events:stream"), token, of, seen: Instants::default() }
    }

    pub(crate) async fn open(&self, last_event: &str) -> anyhow::Result<Incoming> {
        let mut request = Request::get(&self.url).header("authorization", format!("Bearer {}", self.token));
        if !last_event.is_empty() {
            request = request.header("last-event-id", last_event);
        }
        let response = self.client.request(request.body(Full::new(Bytes::new()))?).await?;
        anyhow::ensure!(response.status().is_success(), "the stream was refused: {}", response.status());
        Ok(response.into_body())
    }

    /// Until the server is gone.
    pub(crate) async fn read(self, mut body: Incoming) -> anyhow::Result<Told> {
        let (mut told, mut last) = (Told { opened: 1, events: 0 }, String::new());
        loop {
            self.follow(body, &mut told, &mut last).await;
            let Ok(again) = self.open(&last).await else { return Ok(told) };
            body = again;
            told.opened += 1;
        }
    }

    async fn follow(&self, mut body: Incoming, told: &mut Told, last: &mut String) {
        let mut buffer = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            buffer.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
            let (at, mut taken) = (Instant::now(), 0);
            while let Some(end) = buffer[taken..].iter().position(|byte| *byte == b'\n') {
                self.line(&buffer[taken..taken + end], at, told, last);
                taken += end + 1;
            }
            buffer.drain(..taken);
        }
    }

    fn line(&self, line: &[u8], at: Instant, told: &mut Told, last: &mut String) {
        if let Some(id) = line.strip_prefix(b"id:") {
            *last = String::from_utf8_lossy(id).trim().to_owned();
        }
        let Some(data) = line.strip_prefix(b"data:") else { return };
        told.events += 1;
        let event: Value = serde_json::from_slice(data).unwrap_or_default();
        if let Some(id) = (self.of)(&event["data"]["workOrderChanged"]) {
            self.seen.note(id.to_owned(), at);
        }
    }
}
