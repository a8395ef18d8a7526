//! Server-sent events, as a screen reads them.

use crate::{PATIENCE, client::Client};
use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: String,
    pub data: Value,
}

impl Event {
    /// The step that an order took.
    #[must_use]
    pub fn step(&self) -> String {
        self.data["data"]["workOrderChanged"]["step"].as_str().unwrap_or_default().to_owned()
    }

    /// The order.
    #[must_use]
    pub fn order(&self) -> String {
        self.data["data"]["workOrderChanged"]["workOrder"].as_str().unwrap_or_default().to_owned()
    }
}

/// An open stream.
#[derive(Debug)]
pub struct Screen {
    body: Incoming,
    read: String,
}

impl Screen {
    /// Opens `v1/events:stream`, behind the event with this id when one is given, and waits for its greeting.
    ///
    /// # Panics
    /// When it is not opened.
    pub async fn open(client: &Client, query: &str, after: Option<&str>) -> Self {
        let headers: Vec<(&str, &str)> = after.map(|id| ("last-event-id", id)).into_iter().collect();
        let opened = client.open(Method::GET, &format!("v1/events:stream{query}"), &headers, Bytes::new()).await;
        let answer = opened.expect("a stream is opened");
        assert_eq!(answer.status(), 200);
        let mut screen = Self { body: answer.into_body(), read: String::new() };
        while screen.read.is_empty() {
            assert!(screen.more().await, "the stream ended before its greeting");
        }
        screen
    }

    /// The next event; `None` when the stream has ended.
    ///
    /// # Panics
    /// When none comes within [`PATIENCE`].
    pub async fn next(&mut self) -> Option<Event> {
        let next = async {
            loop {
                while let Some((block, rest)) = self.read.split_once("\n\n") {
                    let (block, rest) = (block.to_owned(), rest.to_owned());
                    self.read = rest;
                    if let Some(event) = parse(&block) {
                        return Some(event);
                    }
                }
                if !self.more().await {
                    return None;
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("an event comes")
    }

    /// So many events.
    ///
    /// # Panics
    /// When the stream ends before.
    pub async fn take(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.next().await.expect("the stream goes on"));
        }
        events
    }

    async fn more(&mut self) -> bool {
        let Some(Ok(frame)) = self.body.frame().await else { return false };
        if let Ok(data) = frame.into_data() {
            self.read.push_str(&String::from_utf8_lossy(&data));
        }
        true
    }
}

/// Comments and the greeting are no events.
fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let data = serde_json::from_str(field("data:")?).expect("every event is JSON");
    Some(Event { id: field("id:").unwrap_or_default().to_owned(), data })
}
