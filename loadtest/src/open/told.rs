//! What a run has shown, as it is told: figures for the terminal, the JSON and the page.

use super::{
    mix::Kind,
    tally::{Counts, Phase, SECOND, Second, Tally},
};
use crate::{figures::median, machine::Machine};
use anyhow::Context;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A finished run.
#[derive(Debug)]
pub struct Told {
    pub machine: Machine,
    /// What was asked for, in words.
    pub asked: Vec<(&'static str, String)>,
    /// Seconds in which the rate was another one, and what they were.
    pub marks: Vec<Mark>,
    pub tally: Tally,
    /// False when it was stopped.
    pub whole: bool,
}

/// A stretch of the run with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    pub name: String,
    pub from: f64,
    pub until: f64,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Quantiles {
    /// `None` where nothing was measured.
    #[must_use]
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| millis(histogram.value_at_quantile(quantile));
        let max = millis(histogram.max());
        (!histogram.is_empty()).then(|| Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max })
    }

    #[must_use]
    pub const fn all(&self) -> [f64; 5] {
        [self.p50, self.p90, self.p99, self.p999, self.max]
    }
}

pub(super) fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

impl Told {
    /// Kinds that were asked for, all together last.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &Counts)> {
        self.tally.kinds.iter().map(|(kind, counts)| (kind.as_str(), counts)).chain([("all", &self.tally.all)])
    }

    #[must_use]
    pub fn json(&self) -> Value {
        let kinds = of_kinds(&self.tally.kinds);
        let asked: BTreeMap<_, _> = self.asked.iter().cloned().collect();
        json!({
            "machine": self.machine.json(), "commit": self.machine.commit, "date": self.machine.date,
            "asked": asked, "whole": self.whole,
            "marks": self.marks.iter().map(|m| json!({"name": m.name, "from": m.from, "until": m.until})).collect::<Vec<_>>(),
            "goodputPerSecond": self.goodput(), "all": of_counts(&self.tally.all), "kinds": kinds,
            "phases": self.tally.phases.iter().map(of_phase).collect::<Vec<_>>(), "recoveredSeconds": self.recovered(),
            "held": of_delay(&self.tally.held), "generatorLate": of_delay(&self.tally.late),
            "seconds": self.tally.seconds.iter().map(of_second).collect::<Vec<_>>(),
        })
    }

    /// Writes `<date>-<commit>-<name>.json` and `.html` into a folder.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn record(&self, folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let stem = folder.join(format!("{}-{name}", self.machine.stem()));
        let write = |extension: &str, text: String| {
            let file = PathBuf::from(format!("{}.{extension}", stem.display()));
            std::fs::write(&file, text).with_context(|| format!("failed to write {}", file.display()))
        };
        write("json", format!("{:#}\n", self.json()))?;
        write("html", super::page::page(self))?;
        Ok(stem)
    }

    /// For a terminal.
    pub fn print(&self) {
        println!("{}\n{}", self.machine.words(), if self.whole { "" } else { "stopped before its end\n" });
        println!(
            "milliseconds from the instant at which a request was due; p99 from when it was sent in the last column"
        );
        let head = ["", "requests", "ok", "p50", "p90", "p99", "p99.9", "max", "sent p99"];
        println!("{}", line(&head.map(str::to_owned)));
        for (name, counts) in self.rows() {
            let due = Quantiles::of(&counts.from_due).map_or([f64::NAN; 5], |quantiles| quantiles.all());
            let sent = Quantiles::of(&counts.from_sent).map_or(f64::NAN, |quantiles| quantiles.p99);
            let figures = due.into_iter().chain([sent]).map(|figure| format!("{figure:.1}"));
            let counted = [name.to_owned(), counts.total().to_string(), counts.ok().to_string()];
            println!("{}", line(&counted.into_iter().chain(figures).collect::<Vec<_>>()));
        }
        for (outcome, count) in &self.tally.all.outcomes {
            println!("{outcome:<32} {count:>9}");
        }
        println!("goodput: {:.1} requests served a second", self.goodput());
        for (what, delay) in self.delays() {
            println!("{what}: {delay}");
        }
    }

    /// What lies between the instant at which a request was due and that at which it was sent.
    pub(super) fn delays(&self) -> [(&'static str, String); 2] {
        let words = |histogram: &Histogram<u64>| match Quantiles::of(histogram) {
            None => "none".to_owned(),
            Some(q) => format!(
                "{} requests, p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms",
                histogram.len(),
                q.p50,
                q.p99,
                q.max
            ),
        };
        [
            ("held by the bound on requests in flight", words(&self.tally.held)),
            ("late by the generator itself", words(&self.tally.late)),
        ]
    }

    /// Requests served a second, until the last second in which one was due: what comes later was not served in time.
    #[must_use]
    pub fn goodput(&self) -> f64 {
        let seconds = &self.tally.seconds;
        let run = seconds.iter().rposition(|second| second.offered > 0).map_or(0, |last| last + 1);
        seconds[..run].iter().map(|second| second.ok).sum::<u64>() as f64 / run.max(1) as f64
    }

    /// How many seconds after the storm the p99 of a second was at most twice the median of those before; nothing without a storm,
    /// without anything before it, and where it never was.
    #[must_use]
    pub fn recovered(&self) -> Option<usize> {
        let [_, storm, after] = &self.tally.phases[..] else { return None };
        let second = |phase: &Phase| usize::try_from(phase.from / SECOND).ok();
        let (storm, after) = (second(storm)?, second(after)?);
        let before: Vec<f64> = self.tally.seconds.get(..storm)?.iter().map(|second| second.p99 as f64).collect();
        let calm = |second: &Second| second.p99 > 0 && second.p99 as f64 <= 2.0 * median(&before);
        self.tally.seconds.get(after..)?.iter().position(calm)
    }
}

fn line(cells: &[String]) -> String {
    cells
        .iter()
        .enumerate()
        .map(|(n, cell)| if n == 0 { format!("{cell:<10}") } else { format!("{cell:>10}") })
        .collect()
}

fn of_phase(phase: &Phase) -> Value {
    json!({"name": phase.name, "fromSeconds": millis(phase.from) / 1000.0, "kinds": of_kinds(&phase.kinds)})
}

fn of_kinds(kinds: &BTreeMap<Kind, Counts>) -> Map<String, Value> {
    kinds.iter().map(|(kind, counts)| (kind.to_string(), of_counts(counts))).collect()
}

fn of_counts(counts: &Counts) -> Value {
    json!({
        "requests": counts.total(), "outcomes": counts.outcomes, "fromDueMs": of_histogram(&counts.from_due),
        "fromSentMs": of_histogram(&counts.from_sent), "servedFromDueMs": of_histogram(&counts.served),
    })
}

fn of_delay(histogram: &Histogram<u64>) -> Value {
    json!({"requests": histogram.len(), "ms": of_histogram(histogram)})
}

fn of_histogram(histogram: &Histogram<u64>) -> Value {
    Quantiles::of(histogram).map_or(
        Value::Null,
        |Quantiles { p50, p90, p99, p999, max }| json!({"p50": p50, "p90": p90, "p99": p99, "p99.9": p999, "max": max}),
    )
}

fn of_second(second: &Second) -> Value {
    let Second { offered, ok, failed, held, p50, p99, max } = *second;
    json!({
        "offered": offered, "ok": ok, "failed": failed, "held": held,
        "p50Ms": millis(p50), "p99Ms": millis(p99), "maxMs": millis(max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::{
        curve::Storm,
        drive::{Outcome, Record},
        schedule::Arrival,
    };

    /// A run with one request in the middle of each second, which takes so many milliseconds.
    fn told(storm: Option<Storm>, takes: &[u64]) -> Told {
        let mut tally = Tally::new(&[], storm);
        for (n, takes) in takes.iter().enumerate() {
            let due = n as u64 * SECOND + SECOND / 2;
            let done = due + takes * 1000;
            tally.add(&Record { kind: Kind::Emergency, due, sent: due, done, held: 0, outcome: Outcome::Ok });
        }
        tally.finish();
        Told { machine: Machine::of_this_run(), asked: Vec::new(), marks: Vec::new(), tally, whole: true }
    }

    #[test]
    fn a_cluster_has_recovered_when_a_second_is_again_at_most_twice_as_slow_as_before() {
        let storm = Some(Storm { times: 10.0, at: 3.0, seconds: 2.0 });
        assert_eq!(told(storm, &[300, 10, 12, 400, 450, 440, 380, 20, 11]).recovered(), Some(2));
        assert_eq!(told(storm, &[10, 10, 12, 400, 450, 440, 380]).recovered(), None);
        assert_eq!(told(None, &[10, 10, 12]).recovered(), None);
        let json = told(storm, &[10, 10, 12, 400, 450, 12]).json();
        let phase = &json["phases"][1];
        assert_eq!((&phase["name"], &phase["kinds"]["emergency"]["requests"]), (&json!("in the storm"), &json!(2)));
        assert_eq!(json["recoveredSeconds"], 0);
    }

    #[test]
    fn what_is_served_when_nothing_is_due_any_more_is_no_goodput() {
        let arrivals = [0, 1].map(|second| Arrival { due: second * SECOND, kind: Kind::List });
        let mut tally = Tally::new(&arrivals, None);
        for (due, done) in [(0, 500_000), (1_000_000, 7_000_000)] {
            tally.add(&Record { kind: Kind::List, due, sent: due, done, held: 0, outcome: Outcome::Ok });
        }
        tally.finish();
        assert_eq!(Told { tally, ..told(None, &[]) }.goodput(), 0.5);
    }
}
