//! The contract over Redis Streams, each test on a server of its own.
use crate::suite;
use testkit::RedisServer;

#[tokio::test]
async fn events_take_effect_once_and_in_order() {
    let Some(redis) = RedisServer::start("events_take_effect_once_and_in_order") else { return };
    suite::events_take_effect_once_and_in_order(&redis).await;
}

#[tokio::test]
async fn a_consumer_that_starts_late_reads_what_it_missed() {
    let Some(redis) = RedisServer::start("a_consumer_that_starts_late_reads_what_it_missed") else { return };
    suite::a_consumer_that_starts_late_reads_what_it_missed(&redis).await;
}

#[tokio::test]
async fn a_feed_that_loses_and_repeats_changes_nothing() {
    let Some(redis) = RedisServer::start("a_feed_that_loses_and_repeats_changes_nothing") else { return };
    suite::a_feed_that_loses_and_repeats_changes_nothing(&redis).await;
}

#[tokio::test]
async fn an_application_that_fails_anywhere_takes_effect_once() {
    let Some(redis) = RedisServer::start("an_application_that_fails_anywhere_takes_effect_once") else { return };
    suite::an_application_that_fails_anywhere_takes_effect_once(&redis).await;
}

#[tokio::test]
async fn a_database_that_keeps_failing_delays_and_nothing_else() {
    let Some(redis) = RedisServer::start("a_database_that_keeps_failing_delays_and_nothing_else") else { return };
    suite::a_database_that_keeps_failing_delays_and_nothing_else(&redis).await;
}

#[tokio::test]
async fn a_partition_that_cannot_be_applied_does_not_hold_the_others() {
    let Some(redis) = RedisServer::start("a_partition_that_cannot_be_applied_does_not_hold_the_others") else { return };
    suite::a_partition_that_cannot_be_applied_does_not_hold_the_others(&redis).await;
}

#[tokio::test]
async fn a_crashed_replica_is_followed_by_another() {
    let Some(redis) = RedisServer::start("a_crashed_replica_is_followed_by_another") else { return };
    suite::a_crashed_replica_is_followed_by_another(&redis).await;
}

#[tokio::test]
async fn a_drained_replica_hands_over_without_waiting_for_its_lease() {
    let Some(redis) = RedisServer::start("a_drained_replica_hands_over_without_waiting_for_its_lease") else { return };
    suite::a_drained_replica_hands_over_without_waiting_for_its_lease(&redis).await;
}

#[tokio::test]
async fn a_replica_that_slept_through_its_lease_changes_nothing() {
    let Some(redis) = RedisServer::start("a_replica_that_slept_through_its_lease_changes_nothing") else { return };
    suite::a_replica_that_slept_through_its_lease_changes_nothing(&redis).await;
}

#[tokio::test]
async fn replicas_that_come_and_go_double_and_skip_nothing() {
    let Some(redis) = RedisServer::start("replicas_that_come_and_go_double_and_skip_nothing") else { return };
    suite::replicas_that_come_and_go_double_and_skip_nothing(&redis).await;
}

#[tokio::test]
async fn a_log_that_is_away_delays_and_nothing_else() {
    let Some(redis) = RedisServer::start("a_log_that_is_away_delays_and_nothing_else") else { return };
    suite::a_log_that_is_away_delays_and_nothing_else(&redis).await;
}
