//! `make bench`: see the library.

use clap::{Parser, ValueEnum};
use loadtest::{accept, figures, lifecycle, stream, sustained};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Product and limit in turn, on the same cores.
#[derive(Parser)]
struct Args {
    /// Which parts; all when none is named.
    parts: Vec<Part>,
    /// Rounds of product and limit.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of one run.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Whole lives seeded before lives are measured; may be repeated.
    #[arg(long, default_values_t = [10_000])]
    cases: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Accepted reports against the bound of storing and calling; sustained with dispatch consuming
    Accept,
    /// Whole lives over HTTP
    Lives,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    println!("{}", figures::machine());
    let within = Duration::from_secs(args.seconds);
    let wanted = |part: Part| args.parts.is_empty() || args.parts.contains(&part);
    if wanted(Part::Accept) {
        println!("\naccept: {} rounds of {} s, request ids from seed {}", args.rounds, args.seconds, accept::SEED);
        let raw = accept::run(args.rounds, within).await?;
        let sustained = sustained::run(within, raw).await?;
        stream::run(sustained / 2.0, within).await?;
    }
    if wanted(Part::Lives) {
        println!("\nlives: {} s after seeding", args.seconds);
        for cases in args.cases {
            lifecycle::run(cases, within).await?;
        }
    }
    Ok(())
}
