//! `make chaos`: strikes the cluster of `make cluster` while clients file reports and take steps, sees every part of it back, and then
//! asks what became of it all: clients' histories against what is stored, and `jiewang verify` over the databases.
//!
//! With `--rows FILE` its rows are loaded meanwhile, and once more when everything is back: then each must be there already.
//!
//! The seed is printed; `JIEWANG_SEED` repeats the order of strikes. What it did and saw goes to standard output, as Markdown.

use clap::Parser;
use e2e::{
    audit::{Load, Seen, check},
    chaos::{Chaos, Strike},
    client::Client,
    door::Door,
    matters::{Crew, TOWN, UNIT},
    rows::Rows,
    until,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use testkit::Seed;
use tokio::time::Instant;

/// Strikes a cluster while it works, and checks that nothing is lost or doubled.
#[derive(Parser)]
struct Args {
    /// The cluster's folder
    folder: PathBuf,
    /// How many strikes
    #[arg(default_value_t = 20)]
    strikes: usize,
    /// Strike for so many minutes, however many strikes these are
    #[arg(long, conflicts_with = "strikes")]
    minutes: Option<u64>,
    /// Clients before each gateway that file reports one after the other
    #[arg(long, default_value_t = 2)]
    clients: usize,
    /// Milliseconds that a client rests after a report
    #[arg(long, default_value_t = 100)]
    rest: u64,
    /// Load the rows of this CSV through the first gateway meanwhile, and strike until they are all in
    #[arg(long)]
    rows: Option<PathBuf>,
    /// Rows a second
    #[arg(long, default_value_t = 100.0, requires = "rows")]
    rate: f64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match Chaos::of(&args.folder) {
        Ok(chaos) => run(&args, chaos).await,
        Err(error) => {
            eprintln!("chaos: no cluster in {}: {error}; start one with make cluster", args.folder.display());
            ExitCode::from(2)
        }
    }
}

async fn run(args: &Args, mut chaos: Chaos) -> ExitCode {
    let (seed, began) = (Seed::from_env(), Instant::now());
    eprintln!("chaos: seed {}", seed.value());
    if !chaos.cuts_lines() {
        eprintln!("chaos: lines are left alone: this network has a way out, or there is no nftables (see make soak)");
    }
    let doors: Vec<Door> = (1..).zip(chaos.gateways()).map(|(n, at)| door(&args.folder, n, at)).collect();
    let rest = Duration::from_millis(args.rest);
    let mut loads: Vec<Load> =
        doors.iter().map(|door| Load::start_paced(&Crew::at(door, UNIT), args.clients, rest, &seed)).collect();
    let rows = args.rows.as_deref().map(|file| Rows::start(file, args.rate, &doors[0]));
    let strikes = strike(args, &mut chaos, &mut loads, rows.as_ref(), &seed).await;
    for gateway in chaos.gateways() {
        let probe = Client::new(gateway, None);
        until("/readyz", || async { probe.get("readyz").await.ok().filter(|answer| answer.status == 200) }).await;
    }
    let mut seen = Seen::default();
    for load in loads {
        load.more(5).await;
        seen.add(load.finish().await);
    }
    let struck_for = began.elapsed();
    let loaded = match (args.rows.as_deref(), rows) {
        (Some(file), Some(rows)) => Some((rows.finish().await, Rows::start(file, 0.0, &doors[0]).finish().await)),
        _ => None,
    };
    check(&seen, &doors[0].member("town-dispatcher", TOWN)).await;
    eprintln!("chaos: what clients saw is what is stored");
    let verified = until("verify finds nothing, and nothing is left to do", || async { chaos.at_rest() }).await;
    tell(&strikes, &seen, seed.value(), struck_for);
    if let Some((first, again)) = loaded {
        tell_rows(&first, &again);
    }
    println!("`jiewang verify`:\n");
    print!("{verified}");
    ExitCode::SUCCESS
}

fn door(folder: &Path, number: usize, at: std::net::SocketAddr) -> Door {
    Door::new(at, &folder.join(format!("gateway-{number}")))
}

async fn strike(args: &Args, chaos: &mut Chaos, loads: &mut [Load], rows: Option<&Rows>, seed: &Seed) -> Vec<Strike> {
    let (mut strikes, began) = (Vec::new(), Instant::now());
    let goes_on = |done: usize| match args.minutes {
        Some(minutes) => began.elapsed() < Duration::from_secs(60 * minutes),
        None => done < args.strikes,
    };
    while goes_on(strikes.len()) || rows.is_some_and(|rows| !rows.have_ended()) {
        let strike = chaos.strike(seed).await;
        eprintln!("chaos: {} after {:.0} s: {}", strikes.len() + 1, began.elapsed().as_secs_f64(), strike.told);
        assert!(!loads.iter_mut().any(Load::has_given_up), "a client was not answered, see above");
        strikes.push(strike);
    }
    strikes
}

/// As a table: who was struck, how often in which way.
fn tell(strikes: &[Strike], seen: &Seen, seed: u64, long: Duration) {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for strike in strikes {
        *counts.entry(&strike.target).or_default().entry(strike.fault).or_default() += 1;
    }
    let attempts = seen.history.len();
    let steps: usize = seen.steps.values().map(Vec::len).sum();
    println!("{} strikes in {} s, seed {seed}\n", strikes.len(), long.as_secs());
    println!("| struck | kill | freeze | end | cut | slow |\n|---|---|---|---|---|---|");
    for (target, of) in counts {
        let count = |fault| of.get(fault).copied().unwrap_or(0);
        let [kill, freeze, end, cut, slow] = ["kill", "freeze", "end", "cut", "slow"].map(count);
        println!("| {target} | {kill} | {freeze} | {end} | {cut} | {slow} |");
    }
    println!(
        "\n{} reports accepted in {attempts} attempts, {} of them without a last word; {steps} steps taken.",
        attempts - seen.doubtful,
        seen.doubtful
    );
    println!("The longest from a first attempt to its acceptance: {:.1} s.", seen.longest.as_secs_f64());
    println!("Every acknowledged report is stored once, every order is there once, every step took effect once.");
}

/// Each row of the file was filed, by one try of several, and none a second time.
fn tell_rows(first: &Value, again: &Value) {
    assert_eq!((&again["accepted"], &again["replayed"]), (&0.into(), &first["rows"]), "{first} {again}");
    let of = |name: &str| first[name].to_string();
    println!(
        "{} rows were loaded meanwhile in {} s, {} tries more than rows. Loaded once more, {} of them were there already and none was filed.",
        of("rows"),
        of("seconds"),
        of("retries"),
        again["replayed"]
    );
}
