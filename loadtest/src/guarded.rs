//! What the guard costs: a decision of the policies, and the witness beside the log of accepted reports.

use crate::{
    corpus::Corpus,
    figures::{Asked, Sheet, median},
    traced::{Intake, rates},
};
use civic::{Actor, Role};
use guard::policy::{Guard, Rules};
use hdrhistogram::Histogram;
use mesh::{Caller, Matter, Policies as _};
use std::{sync::Arc, time::Duration, time::Instant};

/// Times that everybody asks about everything.
const TURNS: usize = 200;

/// A folder that cannot be made: no witness begins, and everything else is as it is.
const NOWHERE: &str = "/proc/none";

/// Every role about every rpc and the matters it knows of; the first time each is asked of Cedar, later it is remembered.
pub fn decisions(sheet: &mut Sheet) -> anyhow::Result<()> {
    let (guard, acts) = (Guard::open(None)?, Rules::built_in()?.acts());
    let unit = || "500151001".parse();
    let callers = Role::all().iter().map(|role| Ok(Caller::known(Actor::member(*role, "bench", unit()?))));
    let callers = callers.collect::<anyhow::Result<Vec<_>>>()?;
    let first = ask(&guard, &callers, &acts, 1)?;
    let later = ask(&guard, &callers, &acts, TURNS)?;
    let micros = |taken: &Histogram<u64>, quantile| taken.value_at_quantile(quantile) as f64 / 1e3;
    sheet.note(format!("{} roles, {} rpcs, the built-in policies", callers.len(), acts.len()));
    sheet.row("asked of Cedar for the first time, p50", micros(&first, 0.50), "µs", Asked::Nothing);
    sheet.row("asked of Cedar for the first time, p99", micros(&first, 0.99), "µs", Asked::Nothing);
    sheet.row("a decision, p50", micros(&later, 0.50), "µs", Asked::Nothing);
    sheet.row("a decision, p99", micros(&later, 0.99), "µs", Asked::Below(50.0));
    Ok(())
}

fn ask(guard: &Guard, callers: &[Caller], acts: &[String], turns: usize) -> anyhow::Result<Histogram<u64>> {
    let mut taken = Histogram::new(3)?;
    for _ in 0..turns {
        for caller in callers {
            for act in acts {
                let began = Instant::now();
                std::hint::black_box((guard.may(caller, act), guard.reach(caller.role(), Matter::Report)));
                taken.record(u64::try_from(began.elapsed().as_nanos())?)?;
            }
        }
    }
    Ok(taken)
}

/// Reports accepted with and without the witness, in turn.
pub async fn witnessed(sheet: &mut Sheet, rounds: usize, within: Duration) -> anyhow::Result<()> {
    let corpus = Arc::new(Corpus::load()?);
    let mut without = Intake::start(&corpus, &["--audit-dir", NOWHERE], None).await?;
    let mut with = Intake::start(&corpus, &[], None).await?;
    for round in 0..rounds {
        without.run(&corpus, within, round).await?;
        with.run(&corpus, within, round).await?;
    }
    let (off, on) = (median(&rates(&without.runs)), median(&rates(&with.runs)));
    sheet.row("accepted without a witness", off, "/s", Asked::Nothing);
    sheet.row("accepted with one", on, "/s", Asked::Nothing);
    sheet.row("with / without", on / off, "", Asked::AtLeast(0.95));
    sheet.row("processor time a report, without", without.micros(), "µs", Asked::Nothing);
    sheet.row("processor time a report, with", with.micros(), "µs", Asked::Nothing);
    let each = |runs: &[_]| rates(runs).iter().map(|rate| format!("{rate:.0}")).collect::<Vec<_>>().join(", ");
    sheet.note(format!("rounds: without {}; with {}", each(&without.runs), each(&with.runs)));
    without.serving.process.end().await?;
    with.serving.process.end().await?;
    Ok(())
}
