//! Three times more than a cluster can carry: what is still served, how long an emergency waits, and when it is over.
//!
//! The cluster, one process, has one core and the clients the other, so that what the clients take is not taken from it.

use crate::{
    figures::{Asked, Sheet},
    open::{
        city::{City, Doors},
        curve::{Base, Curve, Storm},
        drive::{Bounds, drive},
        mix::{Kind, Mix},
        schedule,
        tally::{Counts, Tally},
        told::Told,
    },
    process::{Jiewang, pin},
    refusing,
};
use anyhow::Context;
use std::{
    future::pending,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

const SEED: u64 = 20_261_124;
/// Of these the one that serves most: with few the disk is waited for, with many the gateway refuses.
const IN_FLIGHT: [usize; 3] = [32, 64, 128];
/// What the clients have open at most, twice what the gateway takes at a time; who is due beyond that has waited since then.
const CONNECTIONS: usize = 1024;
/// What is waited for an answer: as long as a gateway does.
const PATIENCE: Duration = Duration::from_secs(15);
/// Requests a second at which nothing waits for anything.
const CALM: f64 = 50.0;
/// Of what it can carry, before and after the storm.
const BEFORE: f64 = 0.3;
const STORM_SECONDS: f64 = 10.0;
const RECOVERED_WITHIN: f64 = 5.0;

/// Reports of citizens, and one in a hundred an alarm.
fn mix() -> Mix {
    "citizen=99,emergency=1".parse().expect("a mix")
}

pub async fn run(sheet: &mut Sheet, within: Duration) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut up = Jiewang::start(dir.path(), &["up"], None)?;
    up.process.answers(&format!("http://{}/readyz", up.http)).await?;
    up.process.pin(0)?;
    pin(std::process::id(), "1")?;
    let measured = measure(sheet, &up, dir.path(), within).await;
    let cores = std::thread::available_parallelism().map_or(1, usize::from).max(2);
    pin(std::process::id(), &format!("0-{}", cores - 1))?;
    measured?;
    up.process.end().await
}

async fn measure(sheet: &mut Sheet, up: &Jiewang, folder: &Path, within: Duration) -> anyhow::Result<()> {
    let doors = Doors::new(vec![format!("http://{}", up.http)])?;
    let city = Arc::new(City::new(doors, folder, Duration::from_secs(3600))?);
    city.warm(1000).await?;
    let mut peak = f64::MIN;
    for in_flight in IN_FLIGHT {
        let served = closed(&city, in_flight, within).await;
        sheet.row(format!("served, {in_flight} in flight"), served, "/s", Asked::Nothing);
        peak = peak.max(served);
    }
    let calm = Curve { rate: CALM, seconds: 2.0 * within.as_secs_f64(), base: Base::Constant, storm: None, bulk: None };
    let calm = storm_over(&city, &calm, &"citizen=1,emergency=1".parse().expect("a mix")).await?;
    let unloaded = p99(calm.tally.kinds.get(&Kind::Emergency));
    sheet.row("an emergency filed while nothing else waits, p99", unloaded, "ms", Asked::Nothing);
    let storm = Storm { times: 3.0 / BEFORE, at: within.as_secs_f64(), seconds: STORM_SECONDS };
    let seconds = storm.at + storm.seconds + 2.0 * RECOVERED_WITHIN;
    let curve = Curve { rate: BEFORE * peak, seconds, base: Base::Constant, storm: Some(storm), bulk: None };
    let told = storm_over(&city, &curve, &mix()).await?;
    tell(sheet, &told, storm, peak, unloaded);
    let refusal = refusing::cost(within).await?;
    sheet.row("a bare server that only refuses: processor time of one", refusal * 1e6, "µs", Asked::Nothing);
    sheet.row("goodput / the most, if a refusal cost no more", refusing::left(peak, refusal), "", Asked::Nothing);
    Ok(())
}

/// Requests served a second when the next follows the last, so many at a time.
async fn closed(city: &Arc<City>, in_flight: usize, within: Duration) -> f64 {
    let (city, mix) = (city.clone(), mix());
    let kinds: Vec<Kind> = kinds(&mix);
    let flown = crate::flight::fly(in_flight, within, usize::MAX, move |n| {
        let (city, kind) = (city.clone(), kinds[n % kinds.len()]);
        async move { city.act(1_000_000 * in_flight + n, kind).await == crate::open::drive::Outcome::Ok }
    })
    .await;
    flown.rate()
}

fn kinds(mix: &Mix) -> Vec<Kind> {
    use rand::SeedableRng as _;
    let mut rng = rand::rngs::SmallRng::seed_from_u64(SEED);
    (0..1000).map(|_| mix.draw(&mut rng)).collect()
}

/// Drives what is due by a curve, however many that are.
async fn storm_over(city: &Arc<City>, curve: &Curve, mix: &Mix) -> anyhow::Result<Told> {
    let arrivals = schedule::draw(curve, mix, SEED);
    let tally = Arc::new(Mutex::new(Tally::new(&arrivals, curve.storm)));
    let counted = tally.clone();
    let seen = move |record| counted.lock().unwrap_or_else(PoisonError::into_inner).add(&record);
    let bounds = Bounds { in_flight: CONNECTIONS, patience: PATIENCE };
    let first = 1_000_000_000 * (1 + usize::from(curve.storm.is_some()));
    let whole = drive(&arrivals, bounds, pending(), seen, |n, kind| {
        let city = city.clone();
        async move { city.act(first + n, kind).await }
    })
    .await;
    let tally = Arc::into_inner(tally).context("every request is counted")?.into_inner();
    let mut tally = tally.unwrap_or_else(PoisonError::into_inner);
    tally.finish();
    Ok(Told { machine: crate::machine::Machine::of_this_run(), asked: Vec::new(), marks: Vec::new(), tally, whole })
}

fn p99(counts: Option<&Counts>) -> f64 {
    counts.map_or(f64::NAN, |counts| counts.served.value_at_quantile(0.99) as f64 / 1000.0)
}

fn tell(sheet: &mut Sheet, told: &Told, storm: Storm, peak: f64, unloaded: f64) {
    let (from, until) = (storm.at as usize, (storm.at + storm.seconds) as usize);
    let served: u64 = told.tally.seconds[from..until].iter().map(|second| second.ok).sum();
    let goodput = served as f64 / storm.seconds;
    let in_storm = &told.tally.phases[1].kinds;
    sheet.row("three times that, for ten seconds: served", goodput, "/s", Asked::Nothing);
    sheet.row("goodput / the most that is served", goodput / peak, "", Asked::AtLeast(0.9));
    let emergency = in_storm.get(&Kind::Emergency);
    sheet.row("an emergency filed meanwhile, p99", p99(emergency), "ms", Asked::Nothing);
    sheet.row("against unloaded", p99(emergency) / unloaded, "", Asked::Below(2.0));
    let alarms = emergency.map_or(f64::NAN, |counts| counts.ok() as f64 / counts.total() as f64);
    sheet.row("emergencies that were taken at once", 100.0 * alarms, "%", Asked::Nothing);
    for (kind, counts) in in_storm {
        sheet.note(format!("{kind}: {:?}, those served: p99 {:.1} ms", counts.outcomes, p99(Some(counts))));
    }
    let recovered = told.recovered().map_or(f64::INFINITY, |seconds| seconds as f64);
    sheet.row(
        "p99 of a second again at most twice that before, after",
        recovered,
        "s",
        Asked::AtMost(RECOVERED_WITHIN),
    );
}
