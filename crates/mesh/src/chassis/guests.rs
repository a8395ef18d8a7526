//! Who may connect, and how they behave: limits for each address, and for each connection what hyper does not count.
//!
//! HTTP/2 lets a peer begin calls and take them back at once, as many as it can write; each costs this side more than that one ("rapid
//! reset"). hyper ends a connection on which too many such calls wait to be seen; a peer that is a little slower than that is ended
//! here. An address that was sent away three times within a minute, and did nothing else, is not let in for half a minute.
//!
//! A peer may also ask and not read: every answer then lies in memory for as long as it likes to hold the call open.

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;

/// So often within [`REMEMBERED`].
const OFFENCES: u32 = 3;
const REMEMBERED: Duration = Duration::from_secs(60);
const KEPT_OUT: Duration = Duration::from_secs(30);

/// Addresses from which on those that are forgotten are also dropped: who offends and never comes back leaves nothing behind for ever.
const MANY: usize = 4096;

/// Calls that a peer may take back on one connection before they are weighed against those that it let end: deadlines pass, people leave.
const TAKEN_BACK: u32 = 200;

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has as many connections as one may have.
    TooMany,
    /// It had to be sent away too often, a short while ago.
    KeptOut,
}

/// All addresses that have a connection, or are remembered.
pub struct Guests {
    limit: usize,
    known: Mutex<HashMap<IpAddr, Guest>>,
}

#[derive(Default)]
struct Guest {
    open: usize,
    offences: u32,
    offended: Option<Instant>,
}

impl Guests {
    /// So many connections for each address.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, known: Mutex::default() })
    }

    /// One more connection of an address.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Refusal> {
        let now = Instant::now();
        let mut known = self.known();
        if known.len() >= MANY {
            known.retain(|_, guest| guest.open > 0 || guest.is_remembered(now));
        }
        let guest = known.entry(address).or_default();
        guest.forget(now);
        if guest.offences >= OFFENCES {
            return Err(Refusal::KeptOut);
        }
        if guest.open >= self.limit {
            return Err(Refusal::TooMany);
        }
        guest.open += 1;
        Ok(Seat { guests: Arc::clone(self), address })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<IpAddr, Guest>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    fn is_remembered(&self, now: Instant) -> bool {
        let long = if self.offences >= OFFENCES { KEPT_OUT } else { REMEMBERED };
        self.offended.is_some_and(|offended| now.saturating_duration_since(offended) < long)
    }

    fn forget(&mut self, now: Instant) {
        if !self.is_remembered(now) {
            (self.offences, self.offended) = (0, None);
        }
    }
}

/// One connection of an address, until it is dropped.
pub struct Seat {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Seat {
    /// The peer had to be sent away.
    pub(super) fn offend(&self) {
        let now = Instant::now();
        if let Some(guest) = self.guests.known().get_mut(&self.address) {
            guest.forget(now);
            guest.offences += 1;
            guest.offended = Some(now);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut known = self.guests.known();
        let Some(guest) = known.get_mut(&self.address) else { return };
        guest.open -= 1;
        guest.forget(Instant::now());
        if guest.open == 0 && guest.offended.is_none() {
            known.remove(&self.address);
        }
    }
}

/// What becomes of the calls of one connection.
#[derive(Default)]
pub(super) struct Conduct {
    ended: AtomicU32,
    taken_back: AtomicU32,
    over: CancellationToken,
    /// Answers that were not taken yet, by the turn in which they were given: this one, the one before, and the next.
    unread: [AtomicU32; 3],
    turn: AtomicUsize,
}

impl Conduct {
    pub(super) fn begin(self: &Arc<Self>) -> Begun {
        Begun { conduct: Arc::clone(self), ended: false }
    }

    /// No call came to its end.
    pub(super) fn did_nothing_else(&self) -> bool {
        self.ended.load(Ordering::Relaxed) == 0
    }

    /// An answer that lies here until the peer has taken it.
    pub(super) fn lay_out(self: &Arc<Self>, answer: Body) -> Body {
        if answer.is_end_stream() {
            return answer;
        }
        let turn = self.turn.load(Ordering::Relaxed) % 3;
        self.unread[turn].fetch_add(1, Ordering::Relaxed);
        Body::new(Unread { answer, conduct: Arc::clone(self), turn })
    }

    /// Ends when an answer was not taken for so long, or for up to twice so long.
    pub(super) async fn unread(&self, within: Duration) {
        loop {
            tokio::time::sleep(within).await;
            let now = self.turn.fetch_add(1, Ordering::Relaxed) + 1;
            // Of the turn before the one that has just ended.
            if self.unread[(now + 1) % 3].load(Ordering::Relaxed) > 0 {
                return;
            }
        }
    }

    /// Ends when the peer has taken back too much.
    pub(super) async fn over(&self) {
        self.over.cancelled().await;
    }
}

/// See [`Conduct::lay_out`].
struct Unread {
    answer: Body,
    conduct: Arc<Conduct>,
    turn: usize,
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.conduct.unread[self.turn].fetch_sub(1, Ordering::Relaxed);
    }
}

impl HttpBody for Unread {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.answer).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.answer.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.answer.size_hint()
    }
}

/// A call that has begun; dropped without an end it was taken back.
pub(super) struct Begun {
    conduct: Arc<Conduct>,
    ended: bool,
}

impl Begun {
    pub(super) fn conduct(&self) -> &Arc<Conduct> {
        &self.conduct
    }

    pub(super) fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if self.ended {
            self.conduct.ended.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let taken_back = self.conduct.taken_back.fetch_add(1, Ordering::Relaxed) + 1;
        if taken_back > TAKEN_BACK && taken_back > self.conduct.ended.load(Ordering::Relaxed) {
            self.conduct.over.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[tokio::test(start_paused = true)]
    async fn an_address_that_offends_three_times_in_a_minute_is_kept_out_for_a_while_and_alone() {
        let guests = Guests::new(8);
        for _ in 0..2 {
            guests.admit(ONE).unwrap().offend();
        }
        tokio::time::advance(REMEMBERED).await;
        for _ in 0..2 {
            guests.admit(ONE).unwrap().offend();
        }
        guests.admit(ONE).expect("two of them are forgotten").offend();
        assert_eq!(guests.admit(ONE).err(), Some(Refusal::KeptOut));
        assert!(guests.admit(OTHER).is_ok());
        tokio::time::advance(KEPT_OUT).await;
        drop(guests.admit(ONE).unwrap());
        assert!(guests.known().is_empty(), "who has gone and behaved is not remembered");
    }

    #[tokio::test(start_paused = true)]
    async fn offenders_that_never_come_back_are_dropped() {
        let guests = Guests::new(1);
        for number in 0..u32::try_from(MANY).unwrap() {
            guests.admit(IpAddr::V4(number.into())).unwrap().offend();
        }
        tokio::time::advance(REMEMBERED).await;
        drop(guests.admit(ONE).unwrap());
        assert!(guests.known().is_empty());
    }

    #[test]
    fn an_address_has_so_many_connections_and_a_closed_one_makes_room() {
        let guests = Guests::new(2);
        let (first, _second) = (guests.admit(ONE).unwrap(), guests.admit(ONE).unwrap());
        assert_eq!(guests.admit(ONE).err(), Some(Refusal::TooMany));
        drop(first);
        assert!(guests.admit(ONE).is_ok());
    }

    #[test]
    fn calls_that_end_pay_for_calls_that_are_taken_back() {
        let conduct = Arc::new(Conduct::default());
        for _ in 0..300 {
            conduct.begin().end();
        }
        for _ in 0..300 {
            drop(conduct.begin());
        }
        assert!(!conduct.over.is_cancelled());
        drop(conduct.begin());
        assert!(conduct.over.is_cancelled());
    }
}
