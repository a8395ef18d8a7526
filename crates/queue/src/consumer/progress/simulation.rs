//! Many random lives of a consumer against a model of its database: what it asks to be applied is always what comes next. Bugs
//! put in on purpose show that the model would notice.
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

/// What becomes of events on their way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Whole,
    Lossy,
    Dead,
}

/// How the consumer is made wrong, if it is.
#[derive(Clone, Copy)]
enum Planted {
    Nothing,
    /// What the feed brought and what was made of it.
    InSlices(fn(&mut Slice, &[Envelope])),
    /// The database compares neither epoch nor position.
    InTheFence,
    /// Nobody asks for the heads.
    InThePoll,
}

struct Simulation {
    planted: Planted,
    seed: Seed,
    truth: Vec<Truth>,
    progress: Progress,
    now: Instant,
}

impl Simulation {
    fn new(seed: Seed, planted: Planted) -> Self {
        let truth = vec![Truth::default(); usize::from(PARTITIONS)];
        Self { planted, seed, truth, progress: Progress::default(), now: Instant::now() }
    }

    /// Much trouble, then quiet: every round makes progress until nothing is left, first with a carrier that is dead.
    fn live(&mut self, steps: usize) {
        for _ in 0..steps {
            self.step();
        }
        self.truth.iter_mut().for_each(|truth| truth.head += 20);
        for quiet in 0.. {
            let before = self.lag();
            if before == 0 {
                return;
            }
            self.renew();
            self.poll();
            let carrier = if quiet < 3 { Carrier::Dead } else { Carrier::Whole };
            self.round(carrier);
            self.round(carrier);
            assert!(self.lag() < before, "stuck at {before}");
        }
    }

    fn step(&mut self) {
        match self.seed.below(10) {
            0 | 1 => self.commit(),
            2 => self.renew(),
            3 => self.poll(),
            4 => self.another_replica_takes_over(),
            _ => self.round(Carrier::Lossy),
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
        if matches!(self.planted, Planted::InThePoll) {
            return;
        }
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

    /// One round of the consumer; over a lossy carrier the database has its troubles, too.
    fn round(&mut self, carrier: Carrier) {
        let wants = self.progress.wants(self.now);
        let mut slices = Vec::new();
        for (partition, after) in wants.from_source {
            let all: Vec<Position> = (after + 1..=self.truth[usize::from(partition)].head).take(6).collect();
            if let Ok(slice) = self.progress.filled(partition, events(partition, &all), "intake") {
                slices.push(slice);
            }
        }
        let brought: Vec<Envelope> =
            wants.from_feed.iter().flat_map(|(partition, after)| self.carried(*partition, *after, carrier)).collect();
        let mut from_feed = self.progress.brought(&wants.from_feed, brought.clone()).slices;
        if let Planted::InSlices(wrong) = self.planted {
            from_feed.iter_mut().for_each(|slice| wrong(slice, &brought));
        }
        slices.extend(from_feed);
        for slice in slices {
            self.apply(&slice, carrier == Carrier::Lossy);
        }
    }

    fn carried(&self, partition: Partition, after: Position, carrier: Carrier) -> Vec<Envelope> {
        let from = (after - self.small(3)).max(0);
        let head = self.truth[usize::from(partition)].head;
        let arrives = |_: &Position| match carrier {
            Carrier::Whole => true,
            Carrier::Lossy => !self.seed.per_mille(200),
            Carrier::Dead => false,
        };
        events(partition, &(from + 1..=head).take(8).filter(arrives).collect::<Vec<_>>())
    }

    fn apply(&mut self, slice: &Slice, trouble: bool) {
        let reach = [(slice.partition, slice.to())];
        let luck = if trouble { self.seed.below(6) } else { 5 };
        if luck == 0 {
            return self.progress.failed(&reach, self.now);
        }
        let truth = &mut self.truth[usize::from(slice.partition)];
        let fenced = !matches!(self.planted, Planted::InTheFence);
        if fenced && (truth.epoch != slice.epoch || truth.consumed != slice.from) {
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
    let mut simulation = Simulation::new(Seed::from_env(), Planted::Nothing);
    simulation.live(STEPS);
    assert!(simulation.truth.iter().all(|truth| truth.consumed > 1_000), "the simulation hardly moved");
}

fn of_slice<'a>(slice: &Slice, brought: &'a [Envelope]) -> impl Iterator<Item = &'a Envelope> + use<'a> {
    let partition = i32::from(slice.partition);
    brought.iter().filter(move |event| event.partition == partition)
}

fn hole_passed_over(slice: &mut Slice, brought: &[Envelope]) {
    let to = slice.to();
    slice.events.extend(of_slice(slice, brought).filter(|event| event.position > to).cloned());
}

fn old_events_again(slice: &mut Slice, brought: &[Envelope]) {
    let from = slice.from;
    let old: Vec<Envelope> = of_slice(slice, brought).filter(|event| event.position <= from).cloned().collect();
    slice.events.splice(0..0, old);
}

fn event_lost(slice: &mut Slice, _: &[Envelope]) {
    if slice.events.len() > 2 {
        slice.events.remove(1);
    }
}

fn event_doubled(slice: &mut Slice, _: &[Envelope]) {
    slice.events.insert(0, slice.events[0].clone());
}

fn neighbours_swapped(slice: &mut Slice, _: &[Envelope]) {
    if slice.events.len() > 1 {
        slice.events.swap(0, 1);
    }
}

#[test]
fn every_planted_bug_is_found() {
    let bugs = [
        ("a hole is passed over", Planted::InSlices(hole_passed_over)),
        ("a repeated event counts again", Planted::InSlices(old_events_again)),
        ("an event is lost", Planted::InSlices(event_lost)),
        ("an event is applied twice", Planted::InSlices(event_doubled)),
        ("two events change places", Planted::InSlices(neighbours_swapped)),
        ("a zombie's lease counts", Planted::InTheFence),
        ("silence of the carrier is believed", Planted::InThePoll),
    ];
    let seed = Seed::from_env();
    let survives = |planted| {
        let seed = Seed::new(seed.next());
        std::thread::spawn(move || Simulation::new(seed, planted).live(STEPS / 10)).join().is_ok()
    };
    assert!(survives(Planted::Nothing));
    let missed: Vec<&str> = bugs.into_iter().filter(|(_, bug)| survives(*bug)).map(|(name, _)| name).collect();
    assert_eq!(missed, Vec::<&str>::new(), "bugs that the simulation does not find");
}
