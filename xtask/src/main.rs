//! Chores of the repository: `cargo xtask check` holds the house rules that no lint knows, `cargo xtask new-service NAME` makes a service.

mod arrows;
mod house;
mod metrics;
mod new_service;
mod supply;

use anyhow::Context;
use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["check"] => check(),
        ["new-service", name] => new_service(name),
        _ => {
            eprintln!("usage: cargo xtask check\n       cargo xtask new-service NAME");
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
    found.iter().for_each(|line| eprintln!("{line}"));
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn new_service(name: &str) -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the repository")?;
    new_service::run(root, name)?;
    Ok(ExitCode::SUCCESS)
}
