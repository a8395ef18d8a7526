//! What holds over every carrier.
use crate::carriers::Carrier;
use crate::unreliable::{FaultyDesk, LossyFeed, PickyDesk, StoppedDesk, arrives};
use crate::world::World;
use queue::Feed;
use std::sync::Arc;
use testkit::{Fault, Faults, Seed};

pub(crate) async fn events_take_effect_once_and_in_order(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.start_relay();
    world.start_consumer();
    world.commit_in_bursts(100).await;
    world.all_is_consumed().await;
    world.commit_in_bursts(20).await;
    world.finish().await;
}

pub(crate) async fn a_consumer_that_starts_late_reads_what_it_missed(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.log.commit(&world.seed, 2_000);
    // The relay begins at the head: the stream has nothing of what was before.
    world.start_relay();
    world.start_consumer();
    world.commit_in_bursts(20).await;
    world.finish().await;
}

pub(crate) async fn a_feed_that_loses_and_repeats_changes_nothing(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.start_relay();
    let lossy: Arc<dyn Feed> = Arc::new(LossyFeed { inner: world.feed(), seed: Seed::new(world.seed.next()) });
    world.start_consumer_with(world.desk.clone(), world.desk.clone(), lossy);
    for _ in 0..10 {
        world.commit_in_bursts(10).await;
        world.all_is_consumed().await;
    }
    world.finish().await;
}

pub(crate) async fn an_application_that_fails_anywhere_takes_effect_once(carrier: &dyn Carrier) {
    for fault in [Fault::Before, Fault::After] {
        for nth in 1..=4 {
            let faults = Arc::new(Faults::once(nth, fault));
            let mut world = World::new(carrier);
            world.start_relay();
            let faulty = Arc::new(FaultyDesk { inner: world.desk.clone(), faults: faults.clone() });
            world.start_consumer_with(world.desk.clone(), faulty, world.feed());
            while faults.injected() == 0 {
                world.commit_in_bursts(1).await;
                world.all_is_consumed().await;
            }
            world.commit_in_bursts(5).await;
            world.finish().await;
        }
    }
}

pub(crate) async fn a_database_that_keeps_failing_delays_and_nothing_else(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.start_relay();
    let faults = Arc::new(Faults::chance(world.seed.next(), 300));
    let faulty = Arc::new(FaultyDesk { inner: world.desk.clone(), faults: faults.clone() });
    world.start_consumer_with(faulty.clone(), faulty, world.feed());
    for _ in 0..10 {
        world.commit_in_bursts(10).await;
        world.all_is_consumed().await;
    }
    assert!(faults.injected() > 0);
    faults.heal();
    world.finish().await;
}

pub(crate) async fn a_partition_that_cannot_be_applied_does_not_hold_the_others(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.start_relay();
    let faults = Arc::new(Faults::always(Fault::Before));
    let picky = Arc::new(PickyDesk { inner: world.desk.clone(), refuses: 3, faults: faults.clone() });
    world.start_consumer_with(world.desk.clone(), picky, world.feed());
    world.log.commit(&world.seed, 500);
    let heads = world.log.heads();
    world
        .desk
        .until("all but one partition are consumed", |rows| {
            rows.iter().zip(&heads).enumerate().all(|(at, (row, head))| at == 3 || row.consumed == *head)
        })
        .await;
    assert_eq!(world.desk.rows()[3].consumed, 0);
    faults.heal();
    world.finish().await;
}

pub(crate) async fn a_crashed_replica_is_followed_by_another(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.start_relay();
    let first = world.start_consumer();
    world.commit_in_bursts(10).await;
    world.all_is_consumed().await;
    world.start_consumer();
    world.commit_in_bursts(3).await;
    first.task.abort();
    world.commit_in_bursts(10).await;
    world.all_is_consumed().await;
    assert!(world.desk.rows().iter().all(|row| row.epoch == 2), "{:?}", world.desk.rows());
    world.finish().await;
}

pub(crate) async fn a_drained_replica_hands_over_without_waiting_for_its_lease(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.start_relay();
    for _ in 0..5 {
        let replica = world.start_consumer();
        world.commit_in_bursts(10).await;
        replica.drain.cancel();
        world.desk.until("leases are given back", |rows| rows.iter().all(|row| row.holder.is_none())).await;
    }
    world.start_consumer();
    world.finish().await;
}

pub(crate) async fn a_replica_that_slept_through_its_lease_changes_nothing(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.start_relay();
    let stopped = StoppedDesk::new(world.desk.clone());
    world.start_consumer_with(world.desk.clone(), stopped.clone(), world.feed());
    // Every partition, so that every lease is asked for.
    world.log.commit(&world.seed, 200);
    arrives(&stopped.arrived).await;
    world.start_consumer();
    world.all_is_consumed().await;
    stopped.go_on.add_permits(1_000);
    // The sleeper's transaction is refused, then it waits for a lease like any other replica.
    world.commit_in_bursts(10).await;
    world.all_is_consumed().await;
    world.finish().await;
}

pub(crate) async fn replicas_that_come_and_go_double_and_skip_nothing(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.start_relay();
    let mut replicas = vec![world.start_consumer()];
    for _ in 0..30 {
        world.commit_in_bursts(3).await;
        let chosen = usize::try_from(world.seed.below(replicas.len() as u64)).unwrap();
        match world.seed.below(4) {
            0 => replicas.swap_remove(chosen).task.abort(),
            1 => replicas.swap_remove(chosen).drain.cancel(),
            _ if replicas.len() < 4 => {}
            _ => continue,
        }
        replicas.push(world.start_consumer());
    }
    world.finish().await;
}

pub(crate) async fn a_log_that_is_away_delays_and_nothing_else(carrier: &dyn Carrier) {
    let mut world = World::new(carrier);
    world.log.commit(&world.seed, 300);
    world.log.set_away(true);
    world.start_relay();
    world.start_consumer();
    world.desk.until("leases are held", |rows| rows.iter().all(|row| row.holder.is_some())).await;
    world.commit_in_bursts(5).await;
    assert!(world.desk.rows().iter().all(|row| row.consumed == 0));
    world.log.set_away(false);
    world.commit_in_bursts(5).await;
    world.finish().await;
}
