//! Chores of the repository: `cargo xtask check` holds the house rules that no lint knows.

mod arrows;
mod house;
mod supply;

use std::process::ExitCode;

fn main() -> ExitCode {
    let verb = std::env::args().nth(1);
    let found = match verb.as_deref() {
        Some("check") => arrows::check().and_then(|mut found| {
            found.extend(house::check()?);
            found.extend(supply::check()?);
            Ok(found)
        }),
        Some(_) | None => {
            eprintln!("usage: cargo xtask check");
            return ExitCode::from(2);
        }
    };
    match found {
        Ok(found) if found.is_empty() => ExitCode::SUCCESS,
        Ok(found) => {
            found.iter().for_each(|line| eprintln!("{line}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
