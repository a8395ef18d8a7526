//! Records counted as they come: outcomes and latencies by kind, and the run second by second.

use super::{
    curve::Storm,
    drive::{Outcome, Record},
    mix::Kind,
    schedule::{Arrival, micros},
};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// An hour: longer than anything is waited for.
const LONGEST: u64 = 3_600_000_000;
pub(super) const SECOND: u64 = 1_000_000;

/// Microseconds from 1 to [`LONGEST`], three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in order")
}

/// Everything that is known of one kind, or of all.
#[derive(Debug, Clone)]
pub struct Counts {
    pub outcomes: BTreeMap<String, u64>,
    /// From the instant at which it was due; also of what was refused, not answered or never sent.
    pub from_due: Histogram<u64>,
    /// From the instant at which it was sent: what a closed loop would have told.
    pub from_sent: Histogram<u64>,
    /// From due, of those that were served.
    pub served: Histogram<u64>,
}

impl Default for Counts {
    fn default() -> Self {
        Self { outcomes: BTreeMap::new(), from_due: histogram(), from_sent: histogram(), served: histogram() }
    }
}

impl Counts {
    fn add(&mut self, record: &Record) {
        *self.outcomes.entry(record.outcome.word().to_owned()).or_default() += 1;
        match record.outcome {
            Outcome::Ok => {
                self.served.saturating_record(record.from_due());
                self.from_sent.saturating_record(record.from_sent());
            }
            Outcome::Refused(_) | Outcome::NoAnswer => self.from_sent.saturating_record(record.from_sent()),
            Outcome::Unsent => {}
            Outcome::NothingThere => return,
        }
        self.from_due.saturating_record(record.from_due());
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.outcomes.values().sum()
    }

    #[must_use]
    pub fn ok(&self) -> u64 {
        self.outcomes.get(Outcome::Ok.word()).copied().unwrap_or(0)
    }
}

/// One second of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Second {
    /// Due in it.
    pub offered: u64,
    /// Served in it: the goodput.
    pub ok: u64,
    /// Refused or given up in it.
    pub failed: u64,
    /// Due in it, and held by the bound on requests in flight.
    pub held: u64,
    /// Microseconds from due, of what came back in it; 0 where nothing did.
    pub p50: u64,
    pub p99: u64,
    pub max: u64,
}

/// A stretch of the run that is counted by itself, until the next one begins.
#[derive(Debug)]
pub struct Phase {
    pub name: &'static str,
    /// Microseconds; what counts is when a request was due.
    pub from: u64,
    pub kinds: BTreeMap<Kind, Counts>,
}

/// A run, counted.
#[derive(Debug)]
pub struct Tally {
    pub all: Counts,
    pub kinds: BTreeMap<Kind, Counts>,
    /// Before a storm, in it, and after it; none without a storm.
    pub phases: Vec<Phase>,
    pub seconds: Vec<Second>,
    /// What the bound on requests in flight has cost those that it held.
    pub held: Histogram<u64>,
    /// How late the generator was by itself.
    pub late: Histogram<u64>,
    /// Of the second that is going on.
    current: Histogram<u64>,
    at: usize,
}

impl Tally {
    #[must_use]
    pub fn new(arrivals: &[Arrival], storm: Option<Storm>) -> Self {
        let phase = |(name, from): (&'static str, f64)| Phase { name, from: micros(from), kinds: BTreeMap::new() };
        let phases = |storm: Storm| {
            [("before", 0.0), ("in the storm", storm.at), ("after", storm.at + storm.seconds)].map(phase).into()
        };
        let mut tally = Self {
            all: Counts::default(),
            kinds: BTreeMap::new(),
            phases: storm.map_or_else(Vec::new, phases),
            seconds: Vec::new(),
            held: histogram(),
            late: histogram(),
            current: histogram(),
            at: 0,
        };
        for arrival in arrivals {
            tally.second(arrival.due).offered += 1;
        }
        tally
    }

    pub fn add(&mut self, record: &Record) {
        self.all.add(record);
        self.kinds.entry(record.kind).or_default().add(record);
        if let Some(phase) = self.phases.iter_mut().rfind(|phase| phase.from <= record.due) {
            phase.kinds.entry(record.kind).or_default().add(record);
        }
        if record.outcome == Outcome::NothingThere {
            return;
        }
        self.late.saturating_record(record.late());
        if record.held > 0 {
            self.held.saturating_record(record.held);
            self.second(record.due).held += 1;
        }
        self.turn_to(index(record.done));
        self.current.saturating_record(record.from_due());
        let second = self.second(record.done);
        let counter = if record.outcome == Outcome::Ok { &mut second.ok } else { &mut second.failed };
        *counter += 1;
    }

    /// The second that went by last, when one did.
    #[must_use]
    pub fn latest(&self) -> Option<Second> {
        self.seconds.get(self.at.checked_sub(1)?).copied()
    }

    /// Closes the second that is going on. A run that was stopped has none behind it.
    pub fn finish(&mut self) {
        self.turn_to(self.at + 1);
        self.seconds.truncate(self.at);
    }

    fn turn_to(&mut self, second: usize) {
        if second <= self.at {
            return;
        }
        let (p50, p99) = (self.current.value_at_quantile(0.5), self.current.value_at_quantile(0.99));
        let (max, at) = (self.current.max(), self.at as u64 * SECOND);
        let closed = self.second(at);
        (closed.p50, closed.p99, closed.max) = (p50, p99, max);
        self.current.reset();
        self.second(second as u64 * SECOND);
        self.at = second;
    }

    fn second(&mut self, micros: u64) -> &mut Second {
        let at = index(micros);
        if self.seconds.len() <= at {
            self.seconds.resize(at + 1, Second::default());
        }
        &mut self.seconds[at]
    }
}

fn index(micros: u64) -> usize {
    (micros / SECOND) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(due: u64, sent: u64, done: u64, outcome: Outcome) -> Record {
        let [due, sent, done] = [due, sent, done].map(|millis| millis * 1000);
        Record { kind: Kind::List, due, sent, done, held: sent - due, outcome }
    }

    #[test]
    fn goodput_counts_in_the_second_of_the_answer_and_what_was_offered_in_that_of_its_instant() {
        let arrivals = [100, 200, 2_900].map(|due| Arrival { due: due * 1000, kind: Kind::List });
        let mut tally = Tally::new(&arrivals, None);
        tally.add(&record(100, 100, 150, Outcome::Ok));
        tally.add(&record(200, 1_100, 1_200, Outcome::Ok));
        tally.add(&record(2_900, 2_900, 3_100, Outcome::Refused("OVERLOADED".to_owned())));
        tally.finish();
        let told: Vec<_> = tally.seconds.iter().map(|s| (s.offered, s.ok, s.failed, s.held)).collect();
        assert_eq!(told, [(2, 1, 0, 1), (0, 1, 0, 0), (1, 0, 0, 0), (0, 0, 1, 0)]);
        assert_eq!((tally.seconds[0].p99, tally.seconds[2].p99), (50_015, 0), "to three digits");
        assert!(tally.seconds[1].max >= 1_000_000);
        assert_eq!(tally.all.outcomes["OVERLOADED"], 1);
        assert_eq!((tally.all.ok(), tally.all.total()), (2, 3));
    }

    #[test]
    fn a_request_counts_in_the_phase_in_which_it_was_due() {
        let mut tally = Tally::new(&[], Some(Storm { times: 10.0, at: 2.0, seconds: 3.0 }));
        for due in [0, 1_999, 2_000, 4_999, 5_000] {
            tally.add(&record(due, due, due + 9_000, Outcome::Ok));
        }
        let counted = |phase: &Phase| (phase.name, phase.kinds[&Kind::List].total());
        assert_eq!(
            tally.phases.iter().map(counted).collect::<Vec<_>>(),
            [("before", 2), ("in the storm", 2), ("after", 1)]
        );
    }

    #[test]
    fn what_was_never_sent_counts_from_due_only_and_what_had_nothing_to_do_not_at_all() {
        let mut tally = Tally::new(&[], None);
        tally.add(&record(0, 5_000, 5_000, Outcome::Unsent));
        tally.add(&record(0, 0, 0, Outcome::NothingThere));
        let counts = &tally.kinds[&Kind::List];
        assert_eq!((counts.from_due.len(), counts.from_sent.len(), counts.served.len()), (1, 0, 0));
        assert_eq!((counts.total(), tally.held.len()), (2, 1));
    }
}
