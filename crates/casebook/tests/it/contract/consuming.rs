//! Events of another service: leases, positions, effects, parked cases.

use crate::{
    kinds::{Command, PANICS, Parcel},
    world::World,
};
use casebook::{Ask, Bundle, Consume, Effects, GiveUp, JournalEntry, Scope, effects::Parking};
use civic::{CaseId, Micros};
use queue::{Apply as _, ApplyError, Batch, Envelope, Lease, Partition, Position, Slice};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const LONG: Duration = Duration::from_secs(3600);
const PRODUCER: &str = "elsewhere";
const BY: Parking<'static> = Parking { actor: "operator", reason: "cannot be" };

struct By<F>(F);

impl<F> Effects for By<F>
where
    F: Fn(&Envelope) -> Result<Option<Bundle>, GiveUp> + Send + Sync + 'static,
{
    fn effect(&self, event: &Envelope) -> Result<Option<Bundle>, GiveUp> {
        (self.0)(event)
    }

    fn acts_on(&self) -> &'static [&'static str] {
        &["parcel.weighed.v1"]
    }
}

/// A consumer of one partition that makes up the events it consumes.
pub(super) struct Desk<'a> {
    w: &'a World,
    pub(super) consume: Consume,
    lease: Mutex<Lease>,
}

impl<'a> Desk<'a> {
    pub(super) async fn new<F>(w: &'a World, effect: F) -> Self
    where
        F: Fn(&Envelope) -> Result<Option<Bundle>, GiveUp> + Send + Sync + 'static,
    {
        let consume = Consume::new(w.book.clone(), Arc::new(By(effect)));
        let lease = acquire(w, "desk", &[0], LONG).await.remove(0);
        Self { w, consume, lease: Mutex::new(lease) }
    }

    pub(super) fn event(&self, subject: &str, version: i64) -> Envelope {
        Envelope { subject: subject.to_owned(), case_version: version, ..Envelope::default() }
    }

    /// Consumes these next; tries again until it is known that they are.
    pub(super) async fn apply(&self, events: &[Envelope]) {
        let Lease { epoch, consumed: from, .. } = *self.lease.lock().unwrap();
        let to = from + Position::try_from(events.len()).unwrap();
        loop {
            match self.consume.apply(batch(epoch, from, events)).await {
                Ok(()) => break,
                Err(ApplyError::LeaseLost(_)) if self.w.is_faulty() && self.consumed().await == to => break,
                Err(ApplyError::Retry(_)) if self.w.is_faulty() => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(self.consumed().await, to);
        self.lease.lock().unwrap().consumed = to;
    }

    async fn consumed(&self) -> Position {
        self.w.sure(async || self.w.store.consumed(PRODUCER).await).await[0]
    }

    async fn parked(&self) -> Vec<(String, Position)> {
        let parked = self.w.sure(async || self.w.store.parked().await).await;
        parked.into_iter().map(|p| (p.subject, p.position)).collect()
    }

    async fn replay(&self, subject: &str) -> usize {
        self.w.sure(async || self.consume.replay(PRODUCER, subject, BY).await).await
    }
}

fn batch(epoch: i64, from: Position, events: &[Envelope]) -> Batch {
    let events = (from + 1..).zip(events).map(|(position, e)| Envelope { position, ..e.clone() }).collect();
    Batch { producer: PRODUCER.to_owned(), slices: vec![Slice { partition: 0, epoch, from, events }] }
}

async fn acquire(w: &World, holder: &str, partitions: &[Partition], ttl: Duration) -> Vec<Lease> {
    w.sure(async || w.store.acquire(PRODUCER, holder, partitions, ttl).await).await
}

pub(super) async fn a_lease_is_taken_renewed_and_lost_to_another_epoch(w: &World) {
    let lease = |partition, epoch| Lease { partition, epoch, consumed: 0 };
    assert_eq!(acquire(w, "a", &[0, 2], LONG).await, [lease(0, 1), lease(2, 1)]);
    assert_eq!(acquire(w, "b", &[0, 1, 2], LONG).await, [lease(1, 1)], "held ones stay");
    assert_eq!(acquire(w, "a", &[0], LONG).await, [lease(0, 1), lease(2, 1)], "renewed under the same epoch");
    w.sure(async || w.store.release(PRODUCER, "a").await).await;
    assert_eq!(acquire(w, "b", &[0, 1, 2], Duration::ZERO).await, [lease(0, 2), lease(1, 1), lease(2, 2)]);
    let taken = async {
        // What was leased for no time at all runs out as soon as a clock moves.
        while w.clock.advance(1).0 > 0 && acquire(w, "c", &[1], LONG).await.is_empty() {}
    };
    tokio::time::timeout(crate::world::BOUND, taken).await.expect("an expired lease is taken");
    assert_eq!(acquire(w, "c", &[1], LONG).await, [lease(1, 2)]);
    assert!(acquire(w, "d", &[], LONG).await.is_empty());
    let other = w.sure(async || w.store.acquire("another producer", "a", &[0], LONG).await).await;
    assert_eq!(other, [lease(0, 1)]);
}

/// Each event weighs its parcel by its case version; a version of 13 refuses, 14 cannot be understood, 15 means nothing, 17 makes
/// the rule panic.
fn weigh(parcel: CaseId) -> impl Fn(&Envelope) -> Result<Option<Bundle>, GiveUp> + Send + Sync {
    move |event| {
        let by = match event.case_version {
            13 => -1_000_000,
            14 => return Err(GiveUp("not understood".to_owned())),
            15 => return Ok(None),
            17 => PANICS,
            by => by,
        };
        Ok(Some(Bundle::of(Ask::<Parcel>::new(parcel, Command::Weigh(by), crate::world::START))))
    }
}

async fn weight(w: &World, parcel: CaseId) -> i64 {
    w.sure(async || w.book.get::<Parcel>(&Scope::All, parcel).await).await.state.weight
}

pub(super) async fn the_position_moves_with_the_effect(w: &World) {
    let parcel = w.parcel().await;
    let desk = Desk::new(w, weigh(parcel)).await;
    desk.apply(&[desk.event("a", 1), desk.event("b", 2), desk.event("a", 15)]).await;
    desk.apply(&[desk.event("a", 15)]).await;
    desk.apply(&[desk.event("a", 4)]).await;
    assert_eq!((weight(w, parcel).await, desk.parked().await), (7, vec![]));
}

pub(super) async fn an_effect_under_a_lost_lease_writes_nothing(w: &World) {
    let parcel = w.parcel().await;
    let desk = Desk::new(w, weigh(parcel)).await;
    for (epoch, from) in [(2, 0), (0, 0), (1, 1)] {
        let lost = loop {
            match desk.consume.apply(batch(epoch, from, &[desk.event("a", 1)])).await {
                Err(ApplyError::Retry(_)) if w.is_faulty() => {}
                other => break other,
            }
        };
        assert!(matches!(&lost, Err(ApplyError::LeaseLost(p)) if *p == [0]), "{lost:?}");
    }
    assert_eq!((weight(w, parcel).await, desk.consumed().await), (0, 0));
}

pub(super) async fn the_same_slice_twice_has_one_effect(w: &World) {
    let parcel = w.parcel().await;
    let desk = Desk::new(w, weigh(parcel)).await;
    let again = || desk.consume.apply(batch(1, 0, &[desk.event("a", 1)]));
    let (one, two) = futures_util::join!(again(), again());
    if !w.is_faulty() {
        let mut answers = [one.is_ok(), two.is_ok()];
        answers.sort_unstable();
        assert_eq!(answers, [false, true], "also when both share a transaction");
    }
    while desk.consumed().await == 0 {
        drop(again().await);
    }
    assert_eq!((weight(w, parcel).await, desk.consumed().await), (1, 1));
}

pub(super) async fn a_refused_event_parks_its_case_and_later_ones_wait_behind_it(w: &World) {
    let parcel = w.parcel().await;
    let desk = Desk::new(w, weigh(parcel)).await;
    desk.apply(&[desk.event("a", 13), desk.event("b", 1), desk.event("a", 2), desk.event("c", 14)]).await;
    assert_eq!(weight(w, parcel).await, 1, "others move on");
    desk.apply(&[desk.event("a", 4), desk.event("b", 8), desk.event("c", 16), desk.event("a", 15)]).await;
    assert_eq!(weight(w, parcel).await, 9);
    let all = [("a", 1), ("a", 3), ("a", 5), ("c", 4), ("c", 7)];
    let parked = desk.parked().await;
    assert!(all.iter().all(|(subject, position)| parked.contains(&((*subject).to_owned(), *position))), "{parked:?}");
    let reasons = w.sure(async || w.store.parked().await).await;
    assert!(reasons[0].reason.contains("weighs nothing") && reasons[1].reason.contains("behind"), "{reasons:?}");
}

pub(super) async fn what_a_later_release_tells_parks_its_case(w: &World) {
    let parcel = w.parcel().await;
    let desk = Desk::new(w, weigh(parcel)).await;
    let told = |subject: &str, kind: &str, weight| Envelope { r#type: kind.to_owned(), ..desk.event(subject, weight) };
    desk.apply(&[
        told("a", "parcel.weighed.v1", 1),
        told("b", "parcel.weighed.v2", 2),
        told("c", "parcel.weighed.v1", 15),
        told("d", "parcel.painted.v7", 4),
        told("b", "parcel.weighed.v1", 8),
    ])
    .await;
    assert_eq!(weight(w, parcel).await, 5, "what nobody here waits for is of no concern, and others move on");
    let mut parked = w.sure(async || w.store.parked().await).await;
    parked.sort_by_key(|event| event.position);
    let reasons: Vec<(&str, &str)> = parked.iter().map(|event| (&*event.subject, &*event.reason)).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert_eq!(reasons[0], ("b", "parcel.weighed.v2 is of a later release: this one knows parcel.weighed.v1"));
    assert_eq!(reasons[1], ("c", "parcel.weighed.v1 says nothing that this release knows"));
    assert!(reasons[2].0 == "b" && reasons[2].1.contains("behind"), "{reasons:?}");
}

pub(super) async fn parked_events_replay_in_order_and_stop_at_the_first_that_still_cannot_be(w: &World) {
    let parcel = w.parcel().await;
    let desk = Desk::new(w, weigh(parcel)).await;
    desk.apply(&[desk.event("a", 13), desk.event("a", 2), desk.event("a", 14), desk.event("a", 4)]).await;
    desk.replay("a").await;
    assert_eq!((weight(w, parcel).await, desk.parked().await.len()), (0, 4), "nothing has changed");
    w.run(parcel, Command::Weigh(1_000_000)).await.unwrap();
    desk.replay("a").await;
    assert_eq!(weight(w, parcel).await, 2);
    assert_eq!(desk.parked().await, [("a".to_owned(), 3), ("a".to_owned(), 4)]);
    desk.apply(&[desk.event("a", 8)]).await;
    assert_eq!(weight(w, parcel).await, 2, "still behind");
}

/// Two operators press the button at once: one effect.
pub(super) async fn an_event_that_is_replayed_twice_at_once_takes_effect_once(w: &World) {
    let parcel = w.parcel().await;
    let desk = Desk::new(w, weigh(parcel)).await;
    desk.apply(&[desk.event("a", 13), desk.event("a", 2), desk.event("a", 4)]).await;
    w.run(parcel, Command::Weigh(1_000_000)).await.unwrap();
    futures_util::join!(desk.replay("a"), desk.replay("a"), desk.replay("a"));
    desk.replay("a").await;
    assert_eq!((weight(w, parcel).await, desk.parked().await), (6, vec![]));
}

pub(super) async fn giving_up_takes_the_first_and_is_journalled(w: &World) {
    let parcel = w.parcel().await;
    let desk = Desk::new(w, weigh(parcel)).await;
    desk.apply(&[desk.event("a", 14), desk.event("a", 2)]).await;
    let given = w.sure(async || desk.consume.give_up(PRODUCER, "a", BY).await).await;
    assert!(w.is_faulty() || given.is_some_and(|p| p.position == 1));
    if w.is_faulty() {
        return;
    }
    assert_eq!(desk.parked().await, [("a".to_owned(), 2)]);
    assert_eq!((desk.replay("a").await, weight(w, parcel).await), (1, 2));
    let journal = w.sure(async || w.store.journalled(10).await).await;
    let told = |e: &JournalEntry| (e.actor.clone(), e.action.clone(), e.subject.clone(), e.reason.clone());
    let entry = |action: &str, at| {
        let subject = format!("{PRODUCER}/a@{at}");
        ("operator".to_owned(), action.to_owned(), subject, "cannot be".to_owned())
    };
    let mut journal: Vec<_> = journal.iter().map(told).collect();
    journal.sort();
    assert_eq!(journal, [entry("queue.giveUp", 1), entry("queue.replay", 2)]);
    let none = desk.consume.give_up(PRODUCER, "a", BY).await.unwrap();
    assert!(none.is_none());
}

pub(super) async fn a_refusal_that_is_fine_parks_nothing(w: &World) {
    let parcel = w.parcel().await;
    let effect = weigh(parcel);
    let desk = Desk::new(w, move |event: &Envelope| Ok(effect(event)?.map(Bundle::ignore_refusal))).await;
    desk.apply(&[desk.event("a", 13), desk.event("a", 2)]).await;
    assert_eq!((weight(w, parcel).await, desk.parked().await), (2, vec![]));
}

/// Also when the rules are allowed to refuse: a panic is no refusal.
pub(super) async fn a_rule_that_panics_parks_its_event_and_the_committer_goes_on(w: &World) {
    let parcel = w.parcel().await;
    let effect = weigh(parcel);
    let desk = Desk::new(w, move |event: &Envelope| Ok(effect(event)?.map(Bundle::ignore_refusal))).await;
    desk.apply(&[desk.event("a", 17), desk.event("b", 2)]).await;
    assert_eq!((weight(w, parcel).await, desk.parked().await), (2, vec![("a".to_owned(), 1)]));
    assert!(w.run(parcel, Command::Weigh(PANICS)).await.is_err());
    assert!(w.run(parcel, Command::Weigh(1)).await.is_ok());
}

pub(super) async fn what_the_journal_has_kept_long_enough_is_retired_with_a_word_and_numbers_go_on(w: &World) {
    if w.is_faulty() {
        return;
    }
    let entry = |at: i64, action: &str| JournalEntry {
        at: Micros(at),
        actor: "operator".to_owned(),
        action: action.to_owned(),
        subject: "s".to_owned(),
        reason: "r".to_owned(),
    };
    let written = [entry(10, "a"), entry(20, "queue.giveUp"), entry(30, "b"), entry(40, "c")];
    w.store.journal(&written).await.unwrap();
    let told = async || {
        let entries = w.store.journal_after(0, 100).await.unwrap();
        entries.into_iter().map(|(n, entry)| (n, entry.action, entry.subject)).collect::<Vec<_>>()
    };
    let row = |n: i64, action: &str, subject: &str| (n, action.to_owned(), subject.to_owned());
    assert_eq!(w.store.retire_journal(Micros(10), Micros(50)).await.unwrap(), 0);
    assert_eq!(told().await.len(), 4, "nothing is old, nothing is said");
    assert_eq!(w.store.retire_journal(Micros(40), Micros(50)).await.unwrap(), 2);
    let kept = [row(2, "queue.giveUp", "s"), row(4, "c", "s"), row(5, "journal.retired", "3")];
    assert_eq!(told().await, kept);
    assert_eq!(w.store.retire_journal(Micros(60), Micros(70)).await.unwrap(), 1, "but for what is kept for ever");
    let kept = [row(2, "queue.giveUp", "s"), row(5, "journal.retired", "3"), row(6, "journal.retired", "4")];
    assert_eq!(told().await, kept);
    w.store.journal(&[entry(80, "d")]).await.unwrap();
    assert_eq!(w.store.journal_head().await.unwrap(), 7);
}
