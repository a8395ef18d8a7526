//! What a consumer remembers between rounds, and what follows from it. No I/O.
use crate::apply::Slice;
use crate::event::partition_of;
use crate::{Envelope, Lease, Partition, Position, SourceError};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// The partitions that this replica holds.
#[derive(Debug, Default)]
pub(super) struct Progress {
    held: BTreeMap<Partition, Hold>,
}

/// One partition.
#[derive(Debug)]
struct Hold {
    epoch: i64,
    consumed: Position,
    /// The head as last heard of; may be old, never too high.
    head: Position,
    /// Up to here the feed is known to have nothing, the log must be read.
    fill_to: Position,
    /// Applications in a row that failed.
    failures: u32,
    /// No attempt before this instant.
    not_before: Option<Instant>,
    /// A commit's outcome is unknown: nothing is done before the positions were read again.
    doubtful: bool,
    /// The log ended before `consumed` once: its further events would silently be taken for consumed ones.
    behind: bool,
}

impl Hold {
    fn new(lease: &Lease) -> Self {
        Self {
            epoch: lease.epoch,
            consumed: lease.consumed,
            head: 0,
            fill_to: 0,
            failures: 0,
            not_before: None,
            doubtful: false,
            behind: false,
        }
    }

    fn ready(&self, now: Instant) -> bool {
        !self.doubtful && !self.behind && self.not_before.is_none_or(|instant| instant <= now)
    }
}

/// What the next round asks for, each with the position consumed so far.
#[derive(Debug, Default)]
pub(super) struct Wants {
    pub(super) from_source: Vec<(Partition, Position)>,
    pub(super) from_feed: Vec<(Partition, Position)>,
}

/// What the feed brought that can be used.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) slices: Vec<Slice>,
    /// Partitions that have a hole before the next event of the feed, or were passed over in silence.
    pub(super) gaps: u64,
}

impl Progress {
    /// Takes over what the lease table says. True when a partition is new here.
    pub(super) fn renewed(&mut self, leases: &[Lease]) -> bool {
        self.held.retain(|partition, _| leases.iter().any(|lease| lease.partition == *partition));
        let mut new = false;
        for lease in leases {
            match self.held.get_mut(&lease.partition) {
                Some(hold) if hold.epoch == lease.epoch => {
                    hold.consumed = lease.consumed;
                    hold.doubtful = false;
                }
                Some(_) | None => {
                    new = true;
                    self.held.insert(lease.partition, Hold::new(lease));
                }
            }
        }
        new
    }

    /// Takes note of the heads, which were asked for when `consumed` was so. Answers with the partitions found behind.
    pub(super) fn learn_heads(&mut self, heads: &[Position], consumed: &[(Partition, Position)]) -> Vec<Partition> {
        let mut behind = Vec::new();
        for (partition, before) in consumed {
            let (Some(hold), Some(head)) = (self.held.get_mut(partition), heads.get(usize::from(*partition))) else {
                continue;
            };
            hold.head = *head;
            if head < before {
                hold.behind = true;
                behind.push(*partition);
            }
        }
        behind
    }

    /// Without a feed everything up to the heads comes from the log.
    pub(super) fn fill_to_heads(&mut self) {
        for hold in self.held.values_mut() {
            hold.fill_to = hold.fill_to.max(hold.head);
        }
    }

    pub(super) fn wants(&self, now: Instant) -> Wants {
        let mut wants = Wants::default();
        for (partition, hold) in self.held.iter().filter(|(_, hold)| hold.ready(now)) {
            let place = (*partition, hold.consumed);
            if hold.fill_to > hold.consumed {
                wants.from_source.push(place);
            } else {
                wants.from_feed.push(place);
            }
        }
        wants
    }

    /// Checks what the log gave: dense from the next position on, or nothing of it counts.
    pub(super) fn filled(
        &mut self,
        partition: Partition,
        mut events: Vec<Envelope>,
        producer: &str,
    ) -> Result<Slice, SourceError> {
        let hold = self
            .held
            .get(&partition)
            .ok_or_else(|| SourceError::UnknownPartition { service: producer.to_owned(), partition })?;
        let dense = (hold.consumed + 1..)
            .zip(&events)
            .take_while(|(position, event)| event.position == *position && partition_of(event) == Some(partition))
            .count();
        if dense == 0 {
            return Err(SourceError::NotDense {
                service: producer.to_owned(),
                partition,
                expected: hold.consumed + 1,
                found: events.first().map(|event| event.position),
            });
        }
        events.truncate(dense);
        Ok(Slice { partition, epoch: hold.epoch, from: hold.consumed, events })
    }

    /// Sorts what the feed brought: repeated events are dropped, a hole ends the slice and is noted for the log.
    pub(super) fn brought(&mut self, wanted: &[(Partition, Position)], events: Vec<Envelope>) -> Brought {
        let mut by_partition: BTreeMap<Partition, Vec<Envelope>> = BTreeMap::new();
        for event in events {
            if let Some(partition) = partition_of(&event) {
                by_partition.entry(partition).or_default().push(event);
            }
        }
        let mut brought = Brought::default();
        for (partition, _) in wanted {
            let Some(hold) = self.held.get_mut(partition) else {
                continue;
            };
            let Some(events) = by_partition.remove(partition) else {
                // Silent although the producer has more: the carrier lost it or is slow. The log has it.
                if hold.head > hold.consumed {
                    hold.fill_to = hold.head;
                    brought.gaps += 1;
                }
                continue;
            };
            let (run, hole) = consecutive(hold.consumed, events);
            if let Some(hole) = hole {
                hold.fill_to = hole;
                brought.gaps += 1;
            }
            if !run.is_empty() {
                brought.slices.push(Slice {
                    partition: *partition,
                    epoch: hold.epoch,
                    from: hold.consumed,
                    events: run,
                });
            }
        }
        brought
    }

    pub(super) fn applied(&mut self, reach: &[(Partition, Position)]) {
        for (partition, to) in reach {
            if let Some(hold) = self.held.get_mut(partition) {
                hold.consumed = *to;
                hold.failures = 0;
                hold.not_before = None;
            }
        }
    }

    pub(super) fn failed(&mut self, reach: &[(Partition, Position)], not_before: Instant) {
        for (partition, _) in reach {
            if let Some(hold) = self.held.get_mut(partition) {
                hold.failures = hold.failures.saturating_add(1);
                hold.not_before = Some(not_before);
                hold.doubtful = true;
            }
        }
    }

    /// Forgets the lost partitions. An answer that names none of the batch's own is taken to mean all of them.
    pub(super) fn lost(&mut self, named: &[Partition], reach: &[(Partition, Position)]) {
        let before = self.held.len();
        self.held.retain(|partition, _| !named.contains(partition));
        if self.held.len() == before {
            self.held.retain(|partition, _| reach.iter().all(|(other, _)| other != partition));
        }
    }

    pub(super) fn failures(&self, partition: Partition) -> u32 {
        self.held.get(&partition).map_or(0, |hold| hold.failures)
    }

    /// The next instant at which a waiting partition may be tried again.
    pub(super) fn next_ready(&self, now: Instant) -> Option<Instant> {
        self.held.values().filter_map(|hold| hold.not_before).filter(|instant| *instant > now).min()
    }

    pub(super) fn consumed(&self) -> Vec<(Partition, Position)> {
        self.held.iter().map(|(partition, hold)| (*partition, hold.consumed)).collect()
    }

    pub(super) fn lag(&self) -> i64 {
        self.held.values().map(|hold| (hold.head - hold.consumed).max(0)).sum()
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.held.len()).expect("partitions are counted in 16 bits")
    }
}

/// The events that follow `consumed` without a hole, and the last position missing before the first that does not.
fn consecutive(consumed: Position, events: Vec<Envelope>) -> (Vec<Envelope>, Option<Position>) {
    let mut run = Vec::with_capacity(events.len());
    let mut last = consumed;
    for event in events {
        if event.position <= last {
            continue;
        }
        if event.position > last + 1 {
            return (run, Some(event.position - 1));
        }
        last = event.position;
        run.push(event);
    }
    (run, None)
}
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
