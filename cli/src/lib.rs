//! The operators' verbs, and the wiring that turns the crates into a running cluster.
//!
//! `args` says what may be typed, `room` which services there are, `verb` has one file per verb, `output` writes what a verb found, `exit` says how it went.
//! Data goes to standard output and nothing else does: notes, progress and complaints go to standard error.

pub mod args;
pub mod client;
pub mod cluster;
pub mod exit;
pub mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod memory;
pub mod output;
mod person;
pub mod room;
mod sign_in;
pub mod verb;

pub use args::Args;
pub use exit::{Exit, Failure};

use args::{Queue, QueueArgs, Verb};
use output::Printer;
use std::process::ExitCode;

/// Carries out what was asked for. Whatever goes wrong is said once, here, on standard error.
#[must_use]
pub fn run(args: Args) -> ExitCode {
    match start(args) {
        Ok(exit) => exit.into(),
        // The reader of the pipe has seen enough.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Ok.into(),
        Err(failure) => {
            eprintln!("jiewang: {}", exit::sentence(&failure));
            failure.exit().into()
        }
    }
}

fn start(args: Args) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Failure::Io { doing: "start the runtime".to_owned(), source })?;
    runtime.block_on(perform(args.verb, Printer::new(args.output)))
}

async fn perform(verb: Verb, printer: Printer) -> Result<Exit, Failure> {
    match verb {
        Verb::Token(args) => verb::token::run(&args, &printer),
        Verb::Load(args) => verb::load::run(&args, &printer).await,
        Verb::Replay(args) => verb::replay::run(&args, &printer).await,
        Verb::Case(args) => verb::case::run(args, &printer).await,
        Verb::Doctor(args) => verb::doctor::run(&args, &printer).await,
        Verb::Catalog(args) => verb::catalog::run(args, &printer).await,
        Verb::Classifier(args) => verb::classifier::run(&args, &printer).await,
        Verb::Certs(args) => verb::certs::run(args, &printer),
        Verb::Calendar(args) => verb::calendar::run(args, &printer).await,
        Verb::Completion(args) => verb::completion::run(&args),
        Verb::Up(args) => verb::up::up(&args, &printer).await,
        Verb::Serve(args) => verb::up::serve(&args, &printer).await,
        Verb::Queue(QueueArgs { queue: Queue::Parked(args) }) => verb::parked::run(args, &printer).await,
        Verb::Audit(args) => verb::audit::run(&args, &printer).await,
        Verb::Vault(args) => verb::vault::run(&args, &printer),
        Verb::Verify(args) => verb::verify::run(&args, &printer).await,
    }
}
