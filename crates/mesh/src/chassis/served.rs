//! Seats for calls in flight, and the body of a streamed answer that keeps its seat until it ends.

use crate::call::{CURRENT, Call};
use crate::error::{Code, Fault, code_in};
use crate::metrics::Pending;
use crate::urgency::Urgency;
use bytes::Bytes;
use civic::{Clock, Micros};
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
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

    pub(super) fn take(self: &Arc<Self>, urgency: Urgency) -> Option<Slot> {
        // Taken first and given back when it was one too many: two at once cannot both slip in.
        let taken = self.taken.fetch_add(1, Ordering::AcqRel);
        let slot = Slot { seats: Arc::clone(self), kept_back: taken >= Urgency::Usual.share(self.limit) };
        (taken < urgency.share(self.limit)).then_some(slot)
    }
}

/// One seat; free again when dropped.
pub(super) struct Slot {
    seats: Arc<Seats>,
    /// It is one of those for what cannot wait.
    pub(super) kept_back: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.seats.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How long at most the clock is not looked at: it may be set while a stream is open.
const LOOK: Duration = Duration::from_secs(60);

/// The end of the token that a stream was opened with.
pub(super) struct Expiry {
    until: Micros,
    clock: Arc<dyn Clock>,
    alarm: Pin<Box<Sleep>>,
}

impl Expiry {
    pub(super) fn new(until: Micros, clock: Arc<dyn Clock>) -> Self {
        let alarm = Box::pin(tokio::time::sleep(Self::wait(until, &*clock).unwrap_or_default()));
        Self { until, clock, alarm }
    }

    /// Until the next look at the clock; `None` when the token has ended.
    fn wait(until: Micros, clock: &dyn Clock) -> Option<Duration> {
        let left = u64::try_from(until - clock.now()).ok().filter(|left| *left > 0)?;
        Some(Duration::from_micros(left).min(LOOK))
    }

    fn has_come(&mut self, cx: &mut Context<'_>) -> bool {
        while self.alarm.as_mut().poll(cx).is_ready() {
            let Some(wait) = Self::wait(self.until, &*self.clock) else {
                return true;
            };
            self.alarm.as_mut().reset(Instant::now() + wait);
        }
        false
    }
}

/// A streamed answer. Its call ends with the trailers, or as cancelled when the caller leaves. It ends at its deadline, and with
/// the token that it was opened with: who may no longer ask is no longer told.
pub(super) struct Served {
    body: Body,
    pending: Option<Pending>,
    seat: Option<Slot>,
    until: Option<Pin<Box<Sleep>>>,
    expiry: Option<Expiry>,
    /// The body is polled under it too: its errors show the trace id, its own calls pass the caller on.
    call: Arc<Call>,
}

impl Served {
    pub(super) fn new(
        body: Body,
        pending: Pending,
        seat: Option<Slot>,
        call: Arc<Call>,
        expiry: Option<Expiry>,
    ) -> Self {
        let until = call.deadline.map(|until| Box::pin(tokio::time::sleep_until(until)));
        Self { body, pending: Some(pending), seat, until, expiry, call }
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
        // First of all: a stream that always has something to say would never come to it otherwise.
        if this.expiry.as_mut().is_some_and(|expiry| expiry.has_come(cx)) {
            return Poll::Ready(Some(Ok(this.close(Fault::token_expired()))));
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
