//! `jiewang load`: the rows of a CSV as reports, through the gateway as any integrator would file them.
//!
//! Safe to run again and again: request id and channel number come from the row, so a row that is already filed is answered with
//! its first report. What cannot be read is named by line and skipped; what the gateway refuses is named by line and counted by
//! reason. Two shapes of table are known, told apart by their header: see [`open311`] and [`own`].

pub mod drive;
pub mod filing;
pub mod open311;
pub mod own;
pub mod post;
mod progress;
pub mod source;
pub mod summary;

use crate::args::Connection;
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output::Printer;
use civic::{Clock, Role, SystemClock};
use clap::Args;
use drive::{Settings, drive};
use post::Retry;
use progress::Progress;
use source::Rows;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use summary::Summary;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A load at a low rate may take days.
const TOKEN_LASTS: Duration = Duration::from_secs(7 * 24 * 3600);

const TABLES: &str = "\
Tables, told apart by their header (UTF-8, commas):
  our own    kind, channel, text and one of requestId and channelNumber; where wanted categoryCode, urgency, occurTime,
             divisionCode or latitude and longitude or address, name, phone, anonymous, secret, noReply
  open 311   city, request_id, created_at, precision, due_at, type, detail, queue, district (docs/open311-mapping.md)

A second load adds nothing. Ends with 6 when rows were skipped, each named on standard error.";

/// `jiewang load`
#[derive(Args, Debug)]
#[command(after_help = TABLES)]
pub struct LoadArgs {
    /// CSV, plain or gzip
    pub file: PathBuf,
    /// Rows a second; 0 is as fast as it goes
    #[arg(long, default_value_t = 0.0, value_parser = rate)]
    pub rate: f64,
    /// Requests that wait for their answers at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub in_flight: u16,
    /// Seconds for which one row is tried again while the gateway is overloaded, unavailable or gone
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub patience: u64,
    #[command(flatten)]
    pub connection: Connection,
}

/// Files the rows and prints the summary.
///
/// # Errors
/// When the file cannot be opened or is no table we know; when the gateway does not answer or refuses the token. The summary of
/// what was done until then is printed all the same.
pub async fn run(args: &LoadArgs, printer: &Printer) -> Result<Exit, Failure> {
    let rows = Rows::open(&args.file)?;
    let client = args.connection.client(Role::Integrator, TOKEN_LASTS)?;
    client.probe("/healthz").await?;
    let stop = CancellationToken::new();
    let (summary, halt) = until_signalled(args, rows, &client, &stop).await?;
    printer.print(&summary.finding())?;
    match halt {
        Some(failure) => Err(failure),
        None => Ok(summary.exit()),
    }
}

/// The first signal lets the rows in flight finish, the second ends at once.
async fn until_signalled(
    args: &LoadArgs,
    rows: Rows,
    client: &Client,
    stop: &CancellationToken,
) -> Result<(Summary, Option<Failure>), Failure> {
    let settings = Settings {
        rate: args.rate,
        in_flight: usize::from(args.in_flight),
        retry: Retry::for_seconds(args.patience),
        started: SystemClock.now(),
    };
    let progress = Progress::of(&rows);
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let mut load = pin!(drive(rows, client, &settings, stop, &progress));
    loop {
        tokio::select! {
            outcome = &mut load => {
                progress.finish();
                return Ok(outcome);
            }
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stop.is_cancelled() {
            progress.finish();
            return Err(Failure::Interrupted);
        }
        progress.note("stopping: rows in flight are finished; once more to stop at once");
        stop.cancel();
    }
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|source| Failure::Io { doing: "listen for signals".to_owned(), source })
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|rate| rate.is_finite() && (0.0..=1_000_000.0).contains(rate));
    number.ok_or_else(|| "a rate is a number of rows a second from 0 to 1000000".to_owned())
}
