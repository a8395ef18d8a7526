//! The body of an answer as the caller reads it: counted when it ends, cut at the deadline.

use super::connection::unreachable;
use crate::error::{Code, Fault, code_in};
use crate::metrics::Pending;
use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::time::{Instant, Sleep};
use tonic::Status;

/// What came of an answer so far.
pub(super) enum Content {
    Coming(Incoming),
    /// Of a call that may be repeated: only when the end was seen is it known that it need not be.
    Whole {
        message: Option<Bytes>,
        trailers: Option<HeaderMap>,
    },
}

impl Content {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self {
            Self::Coming(body) => Pin::new(body).poll_frame(cx),
            Self::Whole { message, trailers } => {
                let message = message.take().map(Frame::data);
                Poll::Ready(message.or_else(|| trailers.take().map(Frame::trailers)).map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Coming(body) => body.is_end_stream(),
            Self::Whole { message, trailers } => message.is_none() && trailers.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Coming(body) => body.size_hint(),
            Self::Whole { message, .. } => SizeHint::with_exact(message.as_ref().map_or(0, Bytes::len) as u64),
        }
    }
}

/// Body of a response that a [`super::Channel`] received.
pub struct Answer {
    content: Content,
    pending: Option<Pending>,
    until: Option<Instant>,
    /// Made at the first wait: a unary answer is usually there whole, and a timer costs.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Answer {
    pub(super) fn new(content: Content, pending: Option<Pending>, until: Option<Instant>) -> Self {
        Self { content, pending, until, alarm: None }
    }

    fn end(&mut self, code: Option<Code>) {
        if let Some(pending) = self.pending.take() {
            pending.end(code);
        }
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(until) = self.until else {
            return false;
        };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        alarm.as_mut().poll(cx).is_ready()
    }

    fn fail(&mut self, fault: Fault) -> Status {
        self.end(Some(fault.code));
        fault.into_status()
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        match this.content.poll_frame(cx) {
            Poll::Pending if this.is_late(cx) => Poll::Ready(Some(Err(this.fail(Fault::deadline_exceeded())))),
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    this.end(code_in(trailers).map(Code::of));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let fault = unreachable("the connection was lost during the call").with_source(error);
                Poll::Ready(Some(Err(this.fail(fault))))
            }
            Poll::Ready(None) => {
                this.end(None);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}
