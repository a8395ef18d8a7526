//! `make bench`: see the library, and README.md beside it.

// Every part of the bench is a future within the next, and each holds a cluster, a fleet or a client of HTTP/2.
#![recursion_limit = "256"]

use anyhow::Context;
use clap::{Parser, ValueEnum};
use loadtest::{
    accept, apart, calls, days, figures::Sheet, guarded, lamps, lifecycle, mass, memory, overload, peers, postgres,
    reads, relay, replicas, role, rolling, seed::Seeded, stream, sustained, text, traced, written,
};
use std::{
    fs::File,
    path::PathBuf,
    process::{Command, ExitCode},
    time::Duration,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where the product's log goes. It is set for the process that measures, whose standard error is that file.
const LOG: &str = "JIEWANG_BENCH_LOG";

/// Product and limit in turn, on the same cores.
#[derive(Parser)]
struct Args {
    /// Which parts; all when none is named
    parts: Vec<Part>,
    /// Rounds of product and limit
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of one run
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Sizes of the seed, the smallest first; may be repeated
    #[arg(long, default_values_t = [10_000, 1_000_000])]
    cases: Vec<usize>,
    /// Looks of each kind at each size
    #[arg(long, default_value_t = 300)]
    samples: usize,
    /// Reports of `written`
    #[arg(long, default_value_t = 30_000)]
    written: usize,
    /// Reports loaded in `memory`
    #[arg(long, default_value_t = 1_000_000)]
    reports: usize,
    /// Reports of `mass`
    #[arg(long, default_value_t = 20_000)]
    mass: usize,
    /// Orders of `lamps`
    #[arg(long, default_value_t = 10_000)]
    lamps: usize,
    /// Keep seeded folders here and take them from here the next time
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write JSON and a table of this run into a folder
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "loadtest/results")]
    record: Option<PathBuf>,
    /// Where the product's log goes, which is written in any case
    #[arg(long, value_name = "FILE", default_value = "/dev/null")]
    log: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Accepted reports, intake alone, against the bound of storing and calling
    Accept,
    /// Accepting with dispatch consuming, against storing alone
    Sustained,
    /// From a report sent to its event on an open stream, at half the sustained rate
    Stream,
    /// Get, clock and lists at the sizes of the seed
    Reads,
    /// Whole lives over HTTP at the sizes of the seed
    Lives,
    /// Bytes written for a report at the largest size, by table
    Written,
    /// Resident memory of `jiewang up`
    Memory,
    /// One incident with thousands of callers: merged, answered, closed, each told
    Mass,
    /// Orders of one place that turn red in the same minute, while reports are accepted
    Lamps,
    /// Accepted reports on PostgreSQL
    Postgres,
    /// The lists of a day for 101,000 grid workers
    Days,
    /// Likely duplicates: precision and recall, and the search among `--reports` prints
    Duplicates,
    /// A text classified
    Classify,
    /// A call between two services with everything that it carries, against a bare tonic's
    Calls,
    /// Accepted reports with every trace recorded and sent, against none
    Traced,
    /// A decision of the policies
    Decisions,
    /// Accepted reports with the witness of the log, against none
    Witnessed,
    /// Logs of a million records compared with what was witnessed
    Verified,
    /// What sealing takes of an accepted report
    Sealed,
    /// The gateway's processor time a request, against HAProxy and Envoy
    Relay,
    /// From a report sent to its event through separate processes, at half the highest rate
    Apart,
    /// One of two replicas is killed, one is ten times slower
    Replicas,
    /// Three times more than can be carried
    Overload,
    /// Every process restarted under load
    Restarts,
    /// Every certificate changed under load
    Certificates,
    /// The same job on Restate and on Temporal
    Peers,
}

impl Args {
    fn wants(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}

fn main() -> ExitCode {
    if let Some(played) = role::play(std::env::args_os()) {
        return played;
    }
    let args = Args::parse();
    let done = if std::env::var_os(LOG).is_some() { measure(&args) } else { with_log(&args) };
    done.unwrap_or_else(|error| {
        println!("jiewang-bench: {error:#}");
        ExitCode::FAILURE
    })
}

/// The same program again with its standard error in a file: telemetry writes there as in `jiewang up`, and is paid for.
fn with_log(args: &Args) -> anyhow::Result<ExitCode> {
    let log = File::create(&args.log).with_context(|| format!("failed to write {}", args.log.display()))?;
    let mut again = Command::new(std::env::current_exe()?);
    let ended = again.args(std::env::args_os().skip(1)).env(LOG, &args.log).stderr(log).status()?;
    Ok(ended.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

#[tokio::main]
async fn measure(args: &Args) -> anyhow::Result<ExitCode> {
    // What `jiewang up` installs: a line of log for every report, and the recorder of metrics.
    let _telemetry =
        mesh::telemetry::init(&mesh::telemetry::Telemetry { service: "jiewang".into(), ..Default::default() })?;
    let mut sheet = Sheet::default();
    println!("{}", sheet.machine());
    let done = parts(args, &mut sheet).await;
    if let Some(folder) = &args.record {
        // Also when a part failed: what was measured until then is not lost.
        println!("\nrecorded as {}", sheet.record(folder)?);
    }
    done?;
    println!("\n{} figures miss what is asked", sheet.missed());
    Ok(if sheet.missed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn parts(args: &Args, sheet: &mut Sheet) -> anyhow::Result<()> {
    let within = Duration::from_secs(args.seconds);
    let how = format!(
        "{} rounds of {} s in turn, 256 in flight, request ids from seed {}",
        args.rounds,
        args.seconds,
        accept::SEED
    );
    if args.wants(Part::Accept) {
        sheet.part("accept", &how);
        accept::run(sheet, args.rounds, within).await?;
    }
    let mut sustained = None;
    if args.wants(Part::Sustained) || args.wants(Part::Stream) {
        sheet.part("sustained", &how);
        sustained = Some(sustained::run(sheet, args.rounds, within).await?);
    }
    if let Some(rate) = sustained.filter(|_| args.wants(Part::Stream)) {
        sheet.part("stream", &format!("open loop for {} s after two that are not counted", args.seconds));
        stream::run(sheet, rate / 2.0, within).await?;
    }
    on_seeded(args, sheet, within).await?;
    if args.wants(Part::Days) {
        sheet.part(
            "days",
            &format!("{} days one after the other, made by the cluster's timers, nothing ticked off", args.rounds),
        );
        days::run(sheet, args.rounds).await?;
    }
    if args.wants(Part::Memory) {
        sheet.part("memory", "a process of its own, an empty folder");
        memory::run(sheet, args.reports).await?;
    }
    if args.wants(Part::Mass) {
        sheet.part("mass", &format!("{} reports of one matter over HTTP", args.mass));
        mass::run(sheet, args.mass).await?;
    }
    if args.wants(Part::Lamps) {
        sheet.part("lamps", "ends spread over a minute; accepting over HTTP, 256 in flight, dispatch consuming");
        lamps::run(sheet, args.lamps, 3 * within).await?;
    }
    if args.wants(Part::Duplicates) {
        sheet.part("duplicates", "in memory, two thirds of the reports in one town");
        text::duplicates(sheet, args.reports)?;
    }
    if args.wants(Part::Classify) {
        sheet.part("classify", "rules and model, texts of the corpus");
        text::classify(sheet)?;
    }
    if args.wants(Part::Postgres) {
        sheet.part("postgres", &how);
        postgres::run(sheet, args.rounds, within).await?;
    }
    beside_others(args, sheet, within).await?;
    of_processes(args, sheet, within).await
}

/// Each with processes of its own.
async fn beside_others(args: &Args, sheet: &mut Sheet, within: Duration) -> anyhow::Result<()> {
    let turns = format!("{} rounds of {} s in turn", args.rounds, args.seconds);
    if args.wants(Part::Calls) {
        sheet.part("calls", &format!("{turns}, CreateReport of the corpus to an echo, 4 connections"));
        calls::run(sheet, args.rounds, within).await?;
    }
    if args.wants(Part::Traced) {
        sheet.part("traced", &format!("{turns}, 256 in flight, `jiewang serve intake`"));
        traced::run(sheet, args.rounds, within).await?;
    }
    if args.wants(Part::Decisions) {
        sheet.part("decisions", "every role about every rpc");
        guarded::decisions(sheet)?;
    }
    if args.wants(Part::Witnessed) {
        sheet.part("witnessed", &format!("{turns}, 256 in flight, `jiewang serve intake`"));
        guarded::witnessed(sheet, args.rounds, within).await?;
    }
    if args.wants(Part::Verified) {
        sheet.part("verified", &format!("{} rounds, `jiewang audit verify` on files", args.rounds));
        guarded::verified(sheet, args.rounds, args.data.as_deref()).await?;
    }
    if args.wants(Part::Sealed) {
        sheet.part("sealed", &format!("{turns}, 256 in flight, `jiewang serve intake`"));
        guarded::sealed(sheet, args.rounds, within).await?;
    }
    if args.wants(Part::Relay) {
        sheet.part("relay", &format!("{turns}, 64 in flight, POST /v1/reports of the corpus"));
        relay::run(sheet, args.rounds, within).await?;
    }
    if args.wants(Part::Peers) {
        sheet.part("peers", &format!("{turns}, each server alone in an empty folder"));
        peers::run(sheet, args.rounds, within).await?;
    }
    Ok(())
}

/// What a cluster of separate processes is asked.
async fn of_processes(args: &Args, sheet: &mut Sheet, within: Duration) -> anyhow::Result<()> {
    if args.wants(Part::Apart) {
        sheet.part("apart", "two of each service and gateway over PostgreSQL, Redis and Consul, encrypted; open loop");
        apart::run(sheet, within).await?;
    }
    if args.wants(Part::Replicas) {
        sheet.part("replicas", "64 in flight over one channel to two servers in this process");
        replicas::run(sheet, within).await?;
    }
    if args.wants(Part::Overload) {
        sheet.part(
            "overload",
            "one process on one core, clients on another; open loop, one request in a hundred an alarm",
        );
        overload::run(sheet, within).await?;
    }
    if args.wants(Part::Restarts) {
        sheet.part("restarts", "processes as in apart, one after the other; 200 reports a second at their instants");
        rolling::restarts(sheet).await?;
    }
    if args.wants(Part::Certificates) {
        sheet.part("certificates", "as restarts; leaf, intermediate and root, then every process again");
        rolling::rotations(sheet).await?;
    }
    Ok(())
}

/// Looks first, which change nothing, then lives, then what is written at the largest size.
async fn on_seeded(args: &Args, sheet: &mut Sheet, within: Duration) -> anyhow::Result<()> {
    if ![Part::Reads, Part::Lives, Part::Written].into_iter().any(|part| args.wants(part)) {
        return Ok(());
    }
    sheet.part(
        "seed",
        &format!("lived through by the services' own use cases, 90 % closed, seed {}", loadtest::seed::SEED),
    );
    let mut seeded = Vec::new();
    for cases in &args.cases {
        seeded.push(Seeded::take(*cases, args.data.as_deref()).await?);
        sheet.note(seeded.last().map(|seeded: &Seeded| seeded.told.clone()).unwrap_or_default());
    }
    if args.wants(Part::Reads) {
        sheet.part(
            "reads",
            &format!("one at a time over HTTP, median of {}, sizes {:?} in turn", args.samples, args.cases),
        );
        reads::run(sheet, &seeded, args.samples).await?;
    }
    if args.wants(Part::Lives) {
        sheet.part("lives", &format!("{} rounds of {} s, sizes {:?} in turn", args.rounds, args.seconds, args.cases));
        lifecycle::run(sheet, &seeded, args.rounds, within).await?;
    }
    if let Some(largest) = seeded.last().filter(|_| args.wants(Part::Written)) {
        sheet.part("written", "everything on, random request ids of version 4");
        written::run(sheet, largest, args.written).await?;
    }
    Ok(())
}
