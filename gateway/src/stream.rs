//! A server stream as server-sent events.
//!
//! A task takes messages from the service into a bounded buffer; hyper takes them out as the client reads. A full buffer means
//! the client is too slow: the stream is closed, and the client resumes by `Last-Event-ID`. (Without the buffer the slow client
//! would hold the service's stream by flow control for as long as it likes.) The service ends the stream when the token that opened it
//! has ended; the client hears `TOKEN_EXPIRED`, as of every other failure, in an event of its own.
use crate::json;
use crate::limits::StreamPermit;
use crate::problem::Problem;
use crate::reason::{Language, Reason};
use crate::routes::Route;
use crate::wire::{self, Plans};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

type Piece = Result<Frame<Bytes>, Infallible>;
/// The body of an event stream.
pub(crate) type EventBody = StreamBody<ReceiverStream<Piece>>;

/// Everything the pump needs to know of its stream.
pub(crate) struct Pump {
    pub(crate) messages: Streaming<Bytes>,
    pub(crate) heartbeat: Duration,
    pub(crate) drain: CancellationToken,
    pub(crate) language: Language,
    pub(crate) trace: String,
    pub(crate) permit: StreamPermit,
    /// Number of the message's `id` field, where it has one.
    pub(crate) id_field: Option<u32>,
}

/// Number of the string field `id` of a stream's message.
pub(crate) fn id_field(route: &Route) -> Option<u32> {
    let field = route.output.get_field_by_name("id")?;
    (field.kind() == prost_reflect::Kind::String && !field.is_list()).then(|| field.number())
}

/// The body, and the sender that fills it. Two more places than events: the greeting and the closing error.
pub(crate) fn body(buffer: usize) -> (mpsc::Sender<Piece>, EventBody) {
    let (sender, receiver) = mpsc::channel(buffer + 2);
    (sender, StreamBody::new(ReceiverStream::new(receiver)))
}

impl Pump {
    /// Runs until either side ends.
    pub(crate) async fn run(mut self, plans: &Plans, route: &Route, client: mpsc::Sender<Piece>) {
        // The greeting brings the headers to the client before the first event, and tells how soon to come back.
        let mut ending = put(&client, "retry: 3000\n: open\n\n".into()).err();
        while ending.is_none() {
            ending = tokio::select! {
                () = client.closed() => Some(None),
                () = self.drain.cancelled() => Some(Some(Reason::Draining.into())),
                next = tokio::time::timeout(self.heartbeat, self.messages.message()) => match next {
                    Err(_) => put(&client, ": \n\n".into()).err(),
                    Ok(Ok(Some(message))) => self.event(plans, route, &message).and_then(|text| put(&client, text)).err(),
                    Ok(Ok(None)) => Some(None),
                    Ok(Err(status)) => Some(Some(Problem::of_status(&status))),
                },
            };
        }
        if let Some(Some(problem)) = ending {
            let document = problem.render(self.language, &self.trace);
            // Best effort: behind a full buffer nobody reads it.
            let text = format!("event: error\ndata: {}\n\n", String::from_utf8_lossy(&document));
            drop(client.try_send(Ok(Frame::data(text.into()))));
        }
        drop(self.permit);
    }

    fn event(&self, plans: &Plans, route: &Route, message: &[u8]) -> Result<String, Option<Problem>> {
        let quick = route.output_plan.and_then(|plan| plans.to_json(plan, message));
        let json = quick.or_else(|| json::write(&route.output, message)).and_then(|json| String::from_utf8(json).ok());
        let json = json.ok_or_else(|| Some(Problem::from(Reason::Internal)))?;
        Ok(text_of(&json, self.id_field.and_then(|number| wire::find_string(message, number))))
    }
}

/// As it goes to the client. A line break in an id would end its line; such an id cannot be resumed by.
pub(crate) fn text_of(json: &str, id: Option<&str>) -> String {
    match id.filter(|id| !id.is_empty() && !id.contains(['\n', '\r', '\0'])) {
        Some(id) => format!("id: {id}\ndata: {json}\n\n"),
        None => format!("data: {json}\n\n"),
    }
}

/// Puts text into the buffer; the error is how to end (nothing to say when the client is gone).
fn put(client: &mpsc::Sender<Piece>, text: String) -> Result<(), Option<Problem>> {
    // The last place is kept for the closing error.
    if client.capacity() <= 1 {
        return Err(Some(Reason::StreamTooSlow.into()));
    }
    client.try_send(Ok(Frame::data(text.into()))).map_err(|error| match error {
        TrySendError::Full(_) => Some(Reason::StreamTooSlow.into()),
        TrySendError::Closed(_) => None,
    })
}
