//! Decisions about holes, heads and doubts, without any clock or database.
use super::*;
use std::time::Duration;

fn event(partition: Partition, position: Position) -> Envelope {
    Envelope { partition: i32::from(partition), position, ..Envelope::default() }
}

pub(super) fn events(partition: Partition, positions: &[Position]) -> Vec<Envelope> {
    positions.iter().map(|position| event(partition, *position)).collect()
}

fn lease(partition: Partition, epoch: i64, consumed: Position) -> Lease {
    Lease { partition, epoch, consumed }
}

fn holding(consumed: Position) -> Progress {
    let mut progress = Progress::default();
    progress.renewed(&[lease(0, 1, consumed)]);
    progress
}

fn positions(slices: &[Slice]) -> Vec<Position> {
    slices.iter().flat_map(|slice| slice.events.iter().map(|event| event.position)).collect()
}

#[test]
fn a_hole_ends_the_slice_and_sends_the_consumer_to_the_log_until_it_is_closed() {
    let mut progress = holding(4);
    let brought = progress.brought(&[(0, 4)], events(0, &[3, 4, 5, 6, 9, 10]));
    assert_eq!(positions(&brought.slices), [5, 6]);
    assert_eq!(brought.gaps, 1);
    progress.applied(&[(0, 6)]);
    let wants = progress.wants(Instant::now());
    assert_eq!((wants.from_source, wants.from_feed), (vec![(0, 6)], vec![]));
    let slice = progress.filled(0, events(0, &[7, 8]), "intake").expect("dense");
    assert_eq!((slice.from, slice.to()), (6, 8));
    progress.applied(&[(0, 8)]);
    assert_eq!(progress.wants(Instant::now()).from_feed, [(0, 8)]);
}

#[test]
fn silence_means_the_log_only_when_the_head_is_further_on() {
    let mut progress = holding(4);
    progress.learn_heads(&[4], &[(0, 4)]);
    assert_eq!(progress.brought(&[(0, 4)], Vec::new()).gaps, 0);
    assert_eq!(progress.wants(Instant::now()).from_feed, [(0, 4)]);
    progress.learn_heads(&[6], &[(0, 4)]);
    assert_eq!(progress.brought(&[(0, 4)], Vec::new()).gaps, 1);
    assert_eq!(progress.wants(Instant::now()).from_source, [(0, 4)]);
}

#[test]
fn a_log_with_a_hole_is_an_error_and_never_skipped() {
    let mut progress = holding(4);
    for broken in [vec![], events(0, &[6]), events(0, &[4, 5]), events(1, &[5])] {
        assert!(progress.filled(0, broken, "intake").is_err());
    }
    let prefix = progress.filled(0, events(0, &[5, 6, 8]), "intake").expect("begins where it must");
    assert_eq!(positions(&[prefix]), [5, 6]);
}

#[test]
fn after_a_doubtful_commit_nothing_is_asked_before_the_positions_were_read_again() {
    let mut progress = holding(4);
    let now = Instant::now();
    progress.failed(&[(0, 6)], now);
    assert!(progress.wants(now).from_feed.is_empty());
    // The commit had taken place after all.
    progress.renewed(&[lease(0, 1, 6)]);
    assert_eq!(progress.wants(now).from_feed, [(0, 6)]);
    assert_eq!(progress.failures(0), 1);
    progress.applied(&[(0, 7)]);
    assert_eq!(progress.failures(0), 0);
}

#[test]
fn a_failed_partition_waits_for_its_pause_and_the_others_do_not() {
    let mut progress = Progress::default();
    let leases = [lease(0, 1, 0), lease(1, 1, 0)];
    progress.renewed(&leases);
    let now = Instant::now();
    let later = now + Duration::from_secs(1);
    progress.failed(&[(1, 3)], later);
    progress.renewed(&leases);
    assert_eq!(progress.wants(now).from_feed, [(0, 0)]);
    assert_eq!(progress.next_ready(now), Some(later));
    assert_eq!(progress.wants(later).from_feed, [(0, 0), (1, 0)]);
}

#[test]
fn a_new_epoch_forgets_what_was_known_under_the_old_one() {
    let mut progress = holding(4);
    progress.learn_heads(&[9], &[(0, 4)]);
    progress.fill_to_heads();
    assert!(!progress.renewed(&[lease(0, 1, 4)]));
    assert_eq!(progress.lag(), 5);
    assert!(progress.renewed(&[lease(0, 2, 7)]));
    assert_eq!(progress.wants(Instant::now()).from_feed, [(0, 7)]);
    assert!(!progress.renewed(&[]));
    assert_eq!(progress.count(), 0);
}

#[test]
fn a_loss_that_names_nothing_of_the_batch_loses_the_batch() {
    let mut progress = Progress::default();
    progress.renewed(&[lease(0, 1, 0), lease(1, 1, 0), lease(2, 1, 0)]);
    progress.lost(&[2], &[(0, 1), (2, 1)]);
    assert_eq!(progress.count(), 2);
    progress.lost(&[], &[(0, 1)]);
    assert_eq!(progress.consumed(), [(1, 0)]);
}

#[test]
fn a_head_behind_what_was_consumed_holds_the_partition() {
    let mut progress = holding(4);
    assert_eq!(progress.learn_heads(&[3], &[(0, 4)]), [0]);
    progress.learn_heads(&[9], &[(0, 4)]);
    assert!(progress.wants(Instant::now()).from_feed.is_empty());
    // An answer that is only older than what the feed brought meanwhile is no such sign.
    let mut progress = holding(4);
    let asked = progress.consumed();
    progress.applied(&[(0, 6)]);
    assert!(progress.learn_heads(&[5], &asked).is_empty());
}
