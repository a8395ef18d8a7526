//! Many random lives of a consumer against a model of its database: what it asks to be applied is always what comes next.
use super::tests::events;
use super::*;
use testkit::Seed;

const PARTITIONS: u16 = 3;
const STEPS: usize = 200_000;

/// A partition as log and database have it.
#[derive(Clone, Copy, Default)]
struct Truth {
    head: Position,
    epoch: i64,
    consumed: Position,
    ours: bool,
}

struct Simulation {
    seed: Seed,
    truth: Vec<Truth>,
    progress: Progress,
    now: Instant,
}

impl Simulation {
    fn new(seed: Seed) -> Self {
        let truth = vec![Truth::default(); usize::from(PARTITIONS)];
        Self { seed, truth, progress: Progress::default(), now: Instant::now() }
    }

    fn step(&mut self) {
        match self.seed.below(10) {
            0 | 1 => self.commit(),
            2 => self.renew(),
            3 => self.poll(),
            4 => self.another_replica_takes_over(),
            _ => self.round(true),
        }
    }

    fn any(&mut self) -> &mut Truth {
        let at = usize::try_from(self.seed.below(u64::from(PARTITIONS))).expect("small");
        &mut self.truth[at]
    }

    fn small(&self, bound: u64) -> i64 {
        i64::try_from(self.seed.below(bound)).expect("small")
    }

    fn commit(&mut self) {
        let more = self.small(5);
        self.any().head += more;
    }

    fn renew(&mut self) {
        let mut leases = Vec::new();
        for (partition, truth) in (0..).zip(&mut self.truth) {
            if !truth.ours {
                truth.ours = true;
                truth.epoch += 1;
            }
            leases.push(Lease { partition, epoch: truth.epoch, consumed: truth.consumed });
        }
        self.progress.renewed(&leases);
    }

    fn poll(&mut self) {
        let consumed = self.progress.consumed();
        // An answer may be a little old, but never from before the question.
        let heads: Vec<Position> = self.truth.iter().map(|truth| truth.head).collect();
        let behind = self.progress.learn_heads(&heads, &consumed);
        assert!(behind.is_empty(), "the log never went back");
    }

    fn another_replica_takes_over(&mut self) {
        let more = self.small(4);
        let truth = self.any();
        if truth.ours {
            truth.ours = false;
            truth.epoch += 1;
            truth.consumed = (truth.consumed + more).min(truth.head);
        }
    }

    /// One round of the consumer; without trouble everything works at the first attempt.
    fn round(&mut self, trouble: bool) {
        let wants = self.progress.wants(self.now);
        let mut slices = Vec::new();
        for (partition, after) in wants.from_source {
            let all: Vec<Position> = (after + 1..=self.truth[usize::from(partition)].head).take(6).collect();
            if let Ok(slice) = self.progress.filled(partition, events(partition, &all), "intake") {
                slices.push(slice);
            }
        }
        let mut brought = Vec::new();
        for (partition, after) in &wants.from_feed {
            let from = (after - self.small(3)).max(0);
            let head = self.truth[usize::from(*partition)].head;
            let carried: Vec<Position> =
                (from + 1..=head).take(8).filter(|_| !trouble || !self.seed.per_mille(200)).collect();
            brought.extend(events(*partition, &carried));
        }
        slices.extend(self.progress.brought(&wants.from_feed, brought).slices);
        for slice in slices {
            self.apply(&slice, trouble);
        }
    }

    fn apply(&mut self, slice: &Slice, trouble: bool) {
        let reach = [(slice.partition, slice.to())];
        let luck = if trouble { self.seed.below(6) } else { 5 };
        if luck == 0 {
            return self.progress.failed(&reach, self.now);
        }
        let truth = &mut self.truth[usize::from(slice.partition)];
        if truth.epoch != slice.epoch || truth.consumed != slice.from {
            return self.progress.lost(&[slice.partition], &reach);
        }
        let positions: Vec<Position> = slice.events.iter().map(|event| event.position).collect();
        assert_eq!(positions, (truth.consumed + 1..=slice.to()).collect::<Vec<_>>());
        assert!(slice.to() <= truth.head);
        truth.consumed = slice.to();
        if luck == 1 {
            // Committed, but the answer was lost.
            return self.progress.failed(&reach, self.now);
        }
        self.progress.applied(&reach);
    }

    fn lag(&self) -> i64 {
        self.truth.iter().map(|truth| truth.head - truth.consumed).sum()
    }
}

#[test]
fn whatever_happens_what_is_applied_comes_next_and_in_the_end_nothing_is_left() {
    let mut simulation = Simulation::new(Seed::from_env());
    for _ in 0..STEPS {
        simulation.step();
    }
    assert!(simulation.truth.iter().all(|truth| truth.consumed > 1_000), "the simulation hardly moved");
    // Quiet from here on: every round makes progress until nothing is left.
    while simulation.lag() > 0 {
        let before = simulation.lag();
        simulation.renew();
        simulation.poll();
        simulation.round(false);
        simulation.round(false);
        assert!(simulation.lag() < before, "stuck at {before}");
    }
}
