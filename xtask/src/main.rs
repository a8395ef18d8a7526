//! Chores of the repository: `cargo xtask check` holds the house rules that no lint knows, `cargo xtask new-service NAME` makes a service,
//! `cargo xtask advisories CHECKOUT` renews what is known of faults in the crates of others, `cargo xtask sbom` says what is in the binary.

mod advisories;
mod arrows;
mod house;
mod metrics;
mod new_service;
mod sbom;
mod supply;

use anyhow::Context;
use std::{path::Path, process::ExitCode};

const USAGE: &str =
    "usage: cargo xtask check\n       cargo xtask new-service NAME\n       cargo xtask advisories CHECKOUT";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["check"] => check(),
        ["new-service", name] => in_root(|root| new_service::run(root, name)),
        ["advisories", checkout] => in_root(|root| advisories::renew(root, Path::new(checkout))),
        ["sbom"] => in_root(sbom::print),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(done) => done,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> anyhow::Result<ExitCode> {
    let mut found = arrows::check()?;
    found.extend(house::check()?);
    found.extend(metrics::check()?);
    found.extend(supply::check()?);
    found.extend(advisories::check()?);
    found.iter().for_each(|line| eprintln!("{line}"));
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn in_root(chore: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the repository")?;
    chore(root)?;
    Ok(ExitCode::SUCCESS)
}
