//! What the guard costs: a decision of the policies, the witness beside the log of accepted reports, and the sealing of their texts.

use crate::{
    corpus::Corpus,
    figures::{Asked, Sheet, median},
    seed::Seeded,
    traced::{Intake, rates},
};
use casebook::{KEY_BYTES, Keys, Sealer as _, Suite};
use civic::{Actor, CaseId, Role, SystemRng};
use guard::policy::{Guard, Rules};
use guard::vault::{KeyRing, Vault};
use hdrhistogram::Histogram;
use mesh::{Caller, Matter, Policies as _};
use serde_json::Value;
use std::{path::Path, process::Command, sync::Arc, time::Duration, time::Instant};

/// Times that everybody asks about everything.
const TURNS: usize = 200;

/// Cases whose logs are verified: some eight records each.
const VERIFIED: usize = 130_000;
/// Reports sealed in a round.
const SEALED: usize = 20_000;
/// As long as the hash that intake seals.
const SECRET_HASH: &str = "0123456789abcdef0123456789abcdef";

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
                std::hint::black_box((guard.may(caller, act), guard.reach(&caller.to_actor(), Matter::Report)));
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

/// Whether the logs of a hundred thousand lived-through cases are what was witnessed, offline: by the binary, as an auditor asks it.
pub async fn verified(sheet: &mut Sheet, rounds: usize, keep: Option<&Path>) -> anyhow::Result<()> {
    let seeded = Seeded::take(VERIFIED, keep).await?;
    sheet.note(seeded.told.clone());
    let program = std::env::current_exe()?.with_file_name("jiewang");
    let (mut took, mut records) = (Vec::new(), 0);
    for _ in 0..rounds {
        let began = Instant::now();
        let mut asked = Command::new(&program);
        let said = asked.args(["audit", "verify", "-o", "json", "--data-dir"]).arg(&seeded.folder).output()?;
        took.push(began.elapsed().as_secs_f64());
        let told: Value = serde_json::from_slice(&said.stdout)?;
        anyhow::ensure!(said.status.success() && told["holds"] == true, "the logs do not verify: {told}");
        records = told["services"].as_array().into_iter().flatten().filter_map(|one| one["records"].as_u64()).sum();
    }
    sheet.row("records verified", records as f64, "", Asked::Nothing);
    sheet.row("taking", median(&took), "s", Asked::Nothing);
    sheet.row("for 1,000,000", median(&took) * 1e6 / records as f64, "s", Asked::Below(30.0));
    Ok(())
}

/// What sealing takes of the processor time that an accepted report takes as a whole, in both suites. Measured beside each other and not
/// on and off: there is no jiewang that does not seal.
pub async fn sealed(sheet: &mut Sheet, rounds: usize, within: Duration) -> anyhow::Result<()> {
    let corpus = Arc::new(Corpus::load()?);
    let mut whole = Intake::start(&corpus, &[], None).await?;
    let (mut aes, mut sm) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        whole.run(&corpus, within, round).await?;
        aes.push(sealing(&corpus, Suite::Aes));
        sm.push(sealing(&corpus, Suite::Sm));
    }
    let (whole_micros, aes, sm) = (whole.micros(), median(&aes), median(&sm));
    sheet.row("processor time a report", whole_micros, "µs", Asked::Nothing);
    sheet.row("of it sealed and its key wrapped, AES", aes, "µs", Asked::Nothing);
    sheet.row("the same with SM4", sm, "µs", Asked::Nothing);
    sheet.row("sealing / report", aes / whole_micros, "", Asked::Below(0.10));
    whole.serving.process.end().await?;
    Ok(())
}

/// Microseconds a report, of the texts that intake seals of it and the key that is kept with them.
fn sealing(corpus: &Corpus, suite: Suite) -> f64 {
    let vault = Vault::new(suite, KeyRing::derived(suite, &[7; KEY_BYTES]), Arc::new(SystemRng));
    let reports: Vec<_> = (0..SEALED).map(|n| corpus.request(n, "")).collect();
    let began = Instant::now();
    for (n, report) in (0_u128..).zip(&reports) {
        let subject = CaseId::from_bytes(n.to_be_bytes());
        let phone = report.reporter.as_ref().map_or("", |reporter| reporter.phone.as_str());
        let texts = [report.text.as_str(), SECRET_HASH, &report.channel_number, phone];
        let event: Vec<u8> = vault.seal_all(subject, &texts).into_iter().flat_map(|text| text.into_sealed()).collect();
        vault.learn(subject, &vault.keep(subject, &Keys::default(), &[&event]));
    }
    began.elapsed().as_secs_f64() * 1e6 / SEALED as f64
}
