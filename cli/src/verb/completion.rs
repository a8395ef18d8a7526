//! `jiewang completion`: what a shell needs to complete the verbs and their flags.

use crate::args::Args as Jiewang;
use crate::exit::{Exit, Failure};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::Write;

/// `jiewang completion`
#[derive(Args, Debug)]
pub struct CompletionArgs {
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Writes the script to standard output.
///
/// # Errors
/// When standard output does not take it.
pub fn run(args: &CompletionArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Jiewang::command(), "jiewang", &mut script);
    std::io::stdout().lock().write_all(&script).map_err(Failure::Output)?;
    Ok(Exit::Ok)
}
