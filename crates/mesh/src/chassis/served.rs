//! Seats for calls in flight, and the body of a streamed answer that keeps its seat until it ends.

use crate::call::{CURRENT, Call};
use crate::error::{Code, Fault, code_in};
use crate::metrics::Pending;
use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

/// A limit of things in flight at once, without a queue.
pub(super) struct Seats {
    taken: AtomicUsize,
    limit: usize,
}

impl Seats {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), limit })
    }

    pub(super) fn take(self: &Arc<Self>) -> Option<Slot> {
        // Taken first and given back when it was one too many: two at once cannot both slip in.
        let slot = Slot(Arc::clone(self));
        (self.taken.fetch_add(1, Ordering::AcqRel) < self.limit).then_some(slot)
    }
}

/// One seat; free again when dropped.
pub(super) struct Slot(Arc<Seats>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A streamed answer. Its call ends with the trailers, or as cancelled when the caller leaves.
pub(super) struct Served {
    body: Body,
    pending: Option<Pending>,
    seat: Option<Slot>,
    until: Option<Pin<Box<Sleep>>>,
    /// The body is polled under it too: its errors show the trace id, its own calls pass the caller on.
    call: Arc<Call>,
}

impl Served {
    pub(super) fn new(body: Body, pending: Pending, seat: Option<Slot>, call: Arc<Call>) -> Self {
        let until = call.deadline.map(|until| Box::pin(tokio::time::sleep_until(until)));
        Self { body, pending: Some(pending), seat, until, call }
    }

    fn end(&mut self, code: Option<Code>) {
        if let Some(pending) = self.pending.take() {
            pending.end(code);
        }
        self.seat = None;
    }

    /// After a panic the stream ends with INTERNAL in its trailers.
    fn panicked(&mut self) -> Frame<Bytes> {
        tracing::error!(trace_id = %self.call.trace.trace_id(), "a streamed answer panicked");
        self.end(Some(Code::Internal));
        self.trailers(&Fault::internal_traced(&self.call.trace))
    }

    /// Trailers that end the stream from our side.
    fn close(&mut self, fault: Fault) -> Frame<Bytes> {
        self.end(Some(fault.code));
        self.trailers(&fault.into_status())
    }

    fn trailers(&mut self, status: &Status) -> Frame<Bytes> {
        self.body = Body::empty();
        let mut trailers = HeaderMap::new();
        if let Err(error) = status.add_header(&mut trailers) {
            tracing::error!(%error, "a status cannot be written as trailers");
        }
        Frame::trailers(trailers)
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        self.until.as_mut().is_some_and(|until| until.as_mut().poll(cx).is_ready())
    }
}

impl HttpBody for Served {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.pending.is_none() {
            return Poll::Ready(None);
        }
        let (body, call) = (&mut this.body, Arc::clone(&this.call));
        let poll = || CURRENT.sync_scope(call, || Pin::new(body).poll_frame(cx));
        let Ok(polled) = catch_unwind(AssertUnwindSafe(poll)) else {
            return Poll::Ready(Some(Ok(this.panicked())));
        };
        match &polled {
            Poll::Pending if this.is_late(cx) => {
                return Poll::Ready(Some(Ok(this.close(Fault::deadline_exceeded()))));
            }
            Poll::Pending => {}
            Poll::Ready(next) => match next {
                Some(Ok(frame)) => {
                    if let Some(trailers) = frame.trailers_ref() {
                        this.end(code_in(trailers).map(Code::of));
                    }
                }
                Some(Err(status)) => this.end(Some(Code::of(status.code()))),
                None => this.end(None),
            },
        }
        polled
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
