//! Bugs put in on purpose, into the consumer's database and into the carrier. A suite that does not find each of them is no suite.
use crate::carriers::{Carrier, Embedded};
use crate::desk::{Desk, Wrong};
use crate::log::Log;
use crate::suite;
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use queue::{Envelope, Feed, FeedError, Partition, Position, Relay};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// What a carrier makes of the events that it brings.
type Twist = fn(&mut Vec<Envelope>);

/// A carrier and a database, either of them wrong.
#[derive(Clone, Copy)]
struct Planted {
    desk: Option<Wrong>,
    feed: Twist,
}

const SOUND: Planted = Planted { desk: None, feed: |_| () };

impl Carrier for Planted {
    fn feed(&self, log: &Arc<Log>, consumer: &str) -> Arc<dyn Feed> {
        Arc::new(Twisted { inner: Embedded.feed(log, consumer), twist: self.feed })
    }

    fn relay(&self, _log: &Arc<Log>) -> Option<Relay> {
        None
    }

    fn desk(&self) -> Arc<Desk> {
        Desk::planted(self.desk)
    }
}

struct Twisted {
    inner: Arc<dyn Feed>,
    twist: Twist,
}

#[async_trait]
impl Feed for Twisted {
    async fn next(
        &self,
        wants: &[(Partition, Position)],
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Envelope>, FeedError> {
        let mut events = self.inner.next(wants, max, wait).await?;
        (self.twist)(&mut events);
        Ok(events)
    }
}

/// An event is lost, and those behind it get its number and their predecessors'.
fn renumber(events: &mut Vec<Envelope>) {
    if events.len() > 2 {
        let gone = events.remove(1);
        let behind = events.iter_mut().filter(|e| e.partition == gone.partition && e.position > gone.position);
        behind.for_each(|event| event.position -= 1);
    }
}

/// Two events of one partition come under each other's number.
fn swap(events: &mut Vec<Envelope>) {
    if let [first, second, ..] = events.as_mut_slice()
        && first.partition == second.partition
    {
        std::mem::swap(first, second);
        std::mem::swap(&mut first.position, &mut second.position);
    }
}

/// What belongs to one partition comes under another, in place of its own.
fn astray(events: &mut Vec<Envelope>) {
    events.retain(|event| event.partition != 2);
    for event in events.iter_mut().filter(|event| event.partition == 3) {
        event.partition = 2;
    }
}

/// An event has another one's content.
fn overwritten(events: &mut Vec<Envelope>) {
    if let [first, .., last] = events.as_mut_slice() {
        first.data = last.data.clone();
    }
}

type Statement = for<'a> fn(&'a dyn Carrier) -> LocalBoxFuture<'a, ()>;

async fn holds(statement: Statement, planted: Planted) -> bool {
    AssertUnwindSafe(statement(&planted)).catch_unwind().await.is_ok()
}

const ONCE: Statement = |carrier| suite::events_take_effect_once_and_in_order(carrier).boxed_local();
const SLEPT: Statement = |carrier| suite::a_replica_that_slept_through_its_lease_changes_nothing(carrier).boxed_local();
const FOLLOWED: Statement = |carrier| suite::a_crashed_replica_is_followed_by_another(carrier).boxed_local();

#[tokio::test(start_paused = true)]
async fn every_planted_bug_is_found() {
    let desk = |wrong| Planted { desk: Some(wrong), ..SOUND };
    let feed = |twist| Planted { feed: twist, ..SOUND };
    let bugs: [(&str, Statement, Planted); 9] = [
        ("an event's effect is lost", ONCE, desk(Wrong::LosesEffects)),
        ("an event takes effect twice", ONCE, desk(Wrong::DoublesEffects)),
        ("the events of a case take effect in the wrong order", ONCE, desk(Wrong::TurnsOrder)),
        ("a zombie's lease counts", SLEPT, desk(Wrong::Unfenced)),
        ("two replicas hold a lease under one epoch", FOLLOWED, desk(Wrong::SharesLeases)),
        ("the carrier hides a hole by numbering anew", ONCE, feed(renumber)),
        ("the carrier swaps two events of a partition", ONCE, feed(swap)),
        ("the carrier brings an event under another partition", ONCE, feed(astray)),
        ("the carrier brings another event's content", ONCE, feed(overwritten)),
    ];
    for statement in [ONCE, SLEPT, FOLLOWED] {
        assert!(holds(statement, SOUND).await, "nothing is planted");
    }
    let mut missed = Vec::new();
    for (name, statement, planted) in bugs {
        if holds(statement, planted).await {
            missed.push(name);
        }
    }
    assert_eq!(missed, Vec::<&str>::new(), "bugs that the suite does not find");
}
