//! `queue parked`: events that could not take effect, by the service that could not take them. A running cluster is asked through its
//! gateway; the data of one that is stopped is opened.

mod remote;

use crate::{
    args::{Parked, ParkedArgs},
    client::Client,
    cluster::Cluster,
    exit::{Exit, Failure},
    output::{Finding, Printer},
    verb::verify,
};
use casebook::effects::Parking;
use remote::Case;

/// Who acts over data at rest: whoever may open the folder.
const OFFLINE: &str = "operator/data folder";
/// Cases that are asked for when all are meant: the largest page there is.
const ALL: usize = 200;

/// Where the parked cases are.
enum Where {
    Running(Box<Client>),
    AtRest(Box<Cluster>),
}

/// Carries the verb out where the cases are.
///
/// # Errors
/// When they cannot be reached, and when there is no such case.
pub async fn run(args: ParkedArgs, printer: &Printer) -> Result<Exit, Failure> {
    let place = match args.reach.client(&args.stores.data_dir)? {
        Some(client) => Where::Running(Box::new(client)),
        None => Where::AtRest(Box::new(verify::open(&args.stores).await?)),
    };
    match args.verb {
        Parked::List { service, limit } => {
            let service = service.map(|room| room.as_str()).unwrap_or_default();
            list(&place.cases(service, limit).await?, printer)
        }
        Parked::Show { name } => show(&place.case(&name).await?, printer),
        Parked::Replay { name: Some(name), all: _, note } => {
            let case = place.case(&name).await?;
            replay(&place, &[case], &note).await
        }
        Parked::Replay { name: None, all: _, note } => {
            let cases = place.cases("", ALL).await?;
            replay(&place, &cases, &note).await
        }
        Parked::GiveUp { yes: false, .. } => Err(Failure::Usage(
            "what the event said will be lost to this service: say --yes if that is meant".to_owned(),
        )),
        Parked::GiveUp { name, reason, yes: true } => give_up(&place, &name, &reason).await,
    }
}

impl Where {
    async fn cases(&self, service: &str, limit: usize) -> Result<Vec<Case>, Failure> {
        match self {
            Self::Running(client) => remote::list(client, service, limit).await,
            Self::AtRest(cluster) => {
                let cases = cluster.parked.cases().await?;
                let wanted = cases.iter().filter(|case| service.is_empty() || case.service == service);
                Ok(wanted.take(limit).map(Case::of).collect())
            }
        }
    }

    async fn case(&self, name: &str) -> Result<Case, Failure> {
        let nothing = || Failure::NotFound(format!("nothing is parked under {name}"));
        match self {
            Self::Running(client) => remote::get(client, name).await,
            Self::AtRest(cluster) => cluster.parked.case(name).await?.as_ref().map(Case::of).ok_or_else(nothing),
        }
    }

    /// Events that are left.
    async fn replay(&self, case: &Case, note: &str) -> Result<usize, Failure> {
        match self {
            Self::Running(client) => Ok(remote::replay(client, &case.name, note).await?.events.len()),
            Self::AtRest(cluster) => {
                let by = Parking { actor: OFFLINE, reason: note };
                let replayed = cluster.parked.replay(&case.name, by).await?;
                Ok(replayed.map_or(0, |replayed| replayed.waited.saturating_sub(replayed.settled)))
            }
        }
    }

    async fn give_up(&self, case: &Case, position: i64, reason: &str) -> Result<(), Failure> {
        match self {
            Self::Running(client) => remote::give_up(client, &case.name, position, reason).await,
            Self::AtRest(cluster) => {
                let by = Parking { actor: OFFLINE, reason };
                cluster.parked.give_up(&case.name, Some(position), by).await?;
                Ok(())
            }
        }
    }
}

fn list(cases: &[Case], printer: &Printer) -> Result<Exit, Failure> {
    let row =
        |case: &Case| vec![case.name.clone(), case.since.clone(), case.events.len().to_string(), case.reason.clone()];
    printer.print(&Finding {
        head: vec!["NAME", "SINCE", "EVENTS", "REASON"],
        rows: cases.iter().map(row).collect(),
        names: cases.iter().map(|case| case.name.clone()).collect(),
        value: cases.iter().map(Case::value).collect(),
    })?;
    Ok(Exit::Ok)
}

fn show(case: &Case, printer: &Printer) -> Result<Exit, Failure> {
    let rows = case
        .events
        .iter()
        .map(|event| vec![event.position.to_string(), event.kind.clone(), event.since.clone(), event.reason.clone()]);
    printer.print(&Finding {
        head: vec!["POSITION", "TYPE", "SINCE", "REASON"],
        rows: rows.collect(),
        names: vec![case.name.clone()],
        value: case.value(),
    })?;
    Ok(Exit::Ok)
}

async fn replay(place: &Where, cases: &[Case], note: &str) -> Result<Exit, Failure> {
    let mut stuck = 0;
    for case in cases {
        let waiting = case.events.len();
        let left = place.replay(case, note).await?;
        eprintln!("{}: {} of {waiting} events took effect", case.name, waiting.saturating_sub(left));
        stuck += usize::from(left > 0);
    }
    Ok(if stuck == 0 { Exit::Ok } else { Exit::Partly })
}

/// The first event only: what waits behind it may take effect once it is gone.
async fn give_up(place: &Where, name: &str, reason: &str) -> Result<Exit, Failure> {
    let case = place.case(name).await?;
    let Some(first) = case.events.first() else { return Ok(Exit::NotFound) };
    place.give_up(&case, first.position, reason).await?;
    eprintln!("{name}: the event at position {} is given up", first.position);
    Ok(Exit::Ok)
}
