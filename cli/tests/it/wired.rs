//! Intake and dispatch as they are wired in production, on simulated machines with a simulated network between them (docs/adr/0044).
//!
//! `JIEWANG_SEED` repeats one run; `JIEWANG_SEEDS` says how many there are.

mod client;
// The store that fails on purpose, which casebook's own suite runs on.
#[path = "../../../crates/casebook/tests/stores/faulty.rs"]
mod faulty;
mod network;
mod world;

use std::env;
use testkit::Seed;
use world::{Outcome, REPORTS, Weather, run};

/// Enough for every kind of fault.
const SEEDS: u64 = 6;

/// How many are asked for.
fn seeds() -> Option<u64> {
    env::var("JIEWANG_SEEDS").ok()?.parse().ok()
}

fn check(seed: u64, weather: Weather) -> Outcome {
    let outcome = run(seed, weather);
    eprintln!(
        "JIEWANG_SEED={seed} {weather:?}: {} answered, {} in doubt, {} repeated, {} strikes, {} failures of stores",
        outcome.told.reports.len(),
        outcome.told.doubtful,
        outcome.told.repeated,
        outcome.struck.len(),
        outcome.failed
    );
    assert!(outcome.wrong.is_empty(), "JIEWANG_SEED={seed} {weather:?}: {:#?}\n{:#?}", outcome.wrong, outcome.struck);
    outcome
}

#[test]
fn every_report_becomes_one_order_over_a_slow_network() {
    let outcome = check(1, Weather::Fair);
    assert_eq!((outcome.told.reports.len(), outcome.told.doubtful), (REPORTS, 0));
}

#[test]
fn each_acknowledged_report_is_one_order_whatever_lines_and_machines_do() {
    let first = Seed::from_env();
    let count = seeds().unwrap_or(if env::var_os("JIEWANG_SEED").is_some() { 1 } else { SEEDS });
    for number in 0..count {
        let outcome = check(first.value().wrapping_add(number), Weather::Foul);
        assert!(!outcome.struck.is_empty() && outcome.failed > 0, "nothing went wrong");
    }
}

#[test]
fn a_disk_that_forgets_what_was_acknowledged_is_found() {
    let lost = |seed| {
        let outcome = run(seed, Weather::Forgetful);
        outcome.wrong.iter().any(|wrong| wrong.starts_with("report:") && wrong.contains("are missing"))
    };
    assert!((1..6).any(lost), "not with the seeds 1 to 5");
}

#[test]
fn a_seed_gives_the_same_run_again() {
    for seed in 5..5 + seeds().unwrap_or(2) {
        let (one, other) = (run(seed, Weather::Even), run(seed, Weather::Even));
        assert_eq!((&one.wrong, &other.wrong), (&Vec::new(), &Vec::new()), "seed {seed}");
        assert_eq!((&one.struck, one.failed), (&other.struck, other.failed), "seed {seed}");
        assert_eq!(one.told.trace, other.told.trace, "seed {seed}");
        assert_eq!(one.digest, other.digest, "seed {seed}");
    }
}
