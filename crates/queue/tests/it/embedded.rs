//! The contract over the feed inside one process, with paused time.
use crate::carriers::Embedded;
use crate::suite;
use crate::unreliable::{HastyFeed, NotingDesk};
use crate::world::{TIMING, World};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn events_take_effect_once_and_in_order() {
    suite::events_take_effect_once_and_in_order(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_heard_without_waiting_for_the_next_poll() {
    let mut world = World::new(&Embedded);
    world.start_consumer();
    world.log.commit(&world.seed, 1);
    world.all_is_consumed().await;
    for _ in 0..10 {
        let before = tokio::time::Instant::now();
        world.log.commit(&world.seed, 50);
        world.all_is_consumed().await;
        // Time stands still while anything can run: any waiting would show as a step of the paused clock.
        assert!(before.elapsed() < TIMING.poll / 2);
    }
    world.finish().await;
}

/// The first event of a quiet time is not kept waiting; those that come while others were just written share a transaction.
#[tokio::test(start_paused = true)]
async fn transactions_begin_a_round_apart() {
    let mut world = World::new(&Embedded);
    let round = Duration::from_millis(10);
    world.timing.round = round;
    let desk = Arc::new(NotingDesk { inner: world.desk.clone(), begun: Mutex::default() });
    world.start_consumer_with(world.desk.clone(), desk.clone(), world.feed());
    world.desk.until("leases are held", |rows| rows.iter().all(|row| row.holder.is_some())).await;
    tokio::time::sleep(5 * round).await;
    let first = Instant::now();
    for _ in 0..100 {
        world.log.commit(&world.seed, 1);
        tokio::time::sleep(round / 10).await;
    }
    world.finish().await;
    let begun = desk.begun.lock().unwrap();
    assert!(begun[0] - first < round / 10, "an event after a quiet time waited");
    assert!(begun.windows(2).all(|pair| pair[1] - pair[0] >= round), "{begun:?}");
    assert!((10..=11).contains(&begun.len()), "100 events at ten a round took {} transactions", begun.len());
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_starts_late_reads_what_it_missed() {
    suite::a_consumer_that_starts_late_reads_what_it_missed(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_loses_and_repeats_changes_nothing() {
    suite::a_feed_that_loses_and_repeats_changes_nothing(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_says_nothing_at_once_is_not_asked_without_a_pause() {
    let mut world = World::new(&Embedded);
    let hasty = Arc::new(HastyFeed(AtomicU64::new(0)));
    world.start_consumer_with(world.desk.clone(), world.desk.clone(), hasty);
    for _ in 0..10 {
        world.commit_in_bursts(10).await;
        world.all_is_consumed().await;
    }
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_application_that_fails_anywhere_takes_effect_once() {
    suite::an_application_that_fails_anywhere_takes_effect_once(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_database_that_keeps_failing_delays_and_nothing_else() {
    suite::a_database_that_keeps_failing_delays_and_nothing_else(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_cannot_be_applied_does_not_hold_the_others() {
    suite::a_partition_that_cannot_be_applied_does_not_hold_the_others(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_crashed_replica_is_followed_by_another() {
    suite::a_crashed_replica_is_followed_by_another(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_drained_replica_hands_over_without_waiting_for_its_lease() {
    suite::a_drained_replica_hands_over_without_waiting_for_its_lease(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_slept_through_its_lease_changes_nothing() {
    suite::a_replica_that_slept_through_its_lease_changes_nothing(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn replicas_that_come_and_go_double_and_skip_nothing() {
    suite::replicas_that_come_and_go_double_and_skip_nothing(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_away_delays_and_nothing_else() {
    suite::a_log_that_is_away_delays_and_nothing_else(&Embedded).await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_put_back_is_held_and_not_skipped() {
    let mut world = World::new(&Embedded);
    world.log.commit(&world.seed, 400);
    let replica = world.start_consumer();
    world.all_is_consumed().await;
    let hashes = |world: &World<'_>| world.desk.rows().iter().map(|row| row.hash).collect::<Vec<_>>();
    let before = hashes(&world);
    replica.drain.cancel();
    world.desk.until("leases are given back", |rows| rows.iter().all(|row| row.holder.is_none())).await;
    world.log.truncate(10);
    world.start_consumer();
    world.desk.until("leases are held", |rows| rows.iter().all(|row| row.holder.is_some())).await;
    // Grows past the old head again, with other events: none of them may be taken for what comes next.
    world.log.commit(&world.seed, 800);
    for _ in 0..100 {
        tokio::time::advance(TIMING.poll).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(hashes(&world), before);
}
