//! `jiewang case`: work orders and reports as the gateway tells them.

mod clock;
mod list;
mod name;
mod show;

pub use name::CaseName;

use crate::args::Connection;
use crate::exit::{Exit, Failure};
use crate::output::Printer;
use civic::Role;
use clap::{Args, Subcommand};
use list::ListArgs;
use std::time::Duration;

/// Longer than any of these verbs takes.
const TOKEN_LASTS: Duration = Duration::from_secs(600);

/// `jiewang case`
#[derive(Args, Debug)]
pub struct CaseArgs {
    #[command(subcommand)]
    pub verb: CaseVerb,
}

/// What to see. Without a token all of them look as a dispatcher of the whole territory.
#[derive(Subcommand, Debug)]
pub enum CaseVerb {
    /// Work orders, or reports with --reports, the oldest first
    List(ListArgs),
    /// One with all its fields
    Show(OneArgs),
    /// What happened to it
    Timeline(OneArgs),
    /// Both clocks of a work order and how they come to their due times
    Clock(OneArgs),
}

/// One case.
#[derive(Args, Debug)]
pub struct OneArgs {
    /// workOrders/<26 characters>, reports/<26 characters>, or the 26 characters of a work order
    pub name: CaseName,
    #[command(flatten)]
    pub connection: Connection,
}

/// Asks and prints.
///
/// # Errors
/// What the gateway refuses, and what keeps it from answering.
pub async fn run(args: CaseArgs, printer: &Printer) -> Result<Exit, Failure> {
    let finding = match &args.verb {
        CaseVerb::List(args) => list::ask(args, &client(&args.connection)?).await?,
        CaseVerb::Show(args) => show::case(&args.name, &client(&args.connection)?).await?,
        CaseVerb::Timeline(args) => show::timeline(&args.name, &client(&args.connection)?).await?,
        CaseVerb::Clock(args) => clock::ask(&args.name, &client(&args.connection)?).await?,
    };
    printer.print(&finding)?;
    Ok(Exit::Ok)
}

fn client(connection: &Connection) -> Result<crate::client::Client, Failure> {
    connection.client(Role::CityDispatcher, TOKEN_LASTS)
}
