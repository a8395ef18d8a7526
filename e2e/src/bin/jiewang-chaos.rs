//! `make chaos`: strikes the cluster of `make cluster` so many times (`jiewang-chaos FOLDER STRIKES`), then waits until all of it answers.
//! The seed is printed; `JIEWANG_SEED` repeats a run.

use e2e::{chaos::Chaos, client::Client, until};
use std::{path::PathBuf, process::ExitCode};
use testkit::Seed;

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let folder = args.next().map_or_else(|| PathBuf::from(".cluster"), PathBuf::from);
    let strikes: usize = args.next().and_then(|count| count.to_str()?.parse().ok()).unwrap_or(20);
    let mut chaos = match Chaos::of(&folder) {
        Ok(chaos) => chaos,
        Err(error) => {
            eprintln!("chaos: no cluster in {}: {error}; start one with make cluster", folder.display());
            return ExitCode::from(2);
        }
    };
    let seed = Seed::from_env();
    eprintln!("chaos: {strikes} strikes, seed {}", seed.value());
    for number in 1..=strikes {
        eprintln!("chaos: {number}: {}", chaos.strike(&seed).await);
    }
    for gateway in chaos.gateways() {
        let probe = Client::new(gateway, None);
        until("/readyz", || async { probe.get("readyz").await.ok().filter(|answer| answer.status == 200) }).await;
    }
    eprintln!("chaos: every gateway is ready");
    ExitCode::SUCCESS
}
