//! `verify`: the invariants of docs/invariants.md over data at rest, service by service, and between them.

mod owed;

use crate::{
    args::{Stores, VerifyArgs},
    cluster::{Cluster, PARTITIONS, Rooms, Settings, folder},
    exit::{Exit, Failure},
    output::{Finding, Printer},
    room::Room,
};
use casebook::verify::{Bounds, Expects, Report, verify, verify_effects};
use casebook::{Casebook, Kinds, StoreError};
use civic::{Clock as _, Micros, SystemClock};
use owed::{OrdersOfReports, ReportsOfOrders};
use queue::EventSource as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How late is too late when nobody says, in microseconds: a million lamps that turn at one midnight, and the events of a large load that
/// are still on their way, are done long before.
const LATE: i64 = 600 * 1_000_000;

/// A cluster over a folder, opened but neither served nor consuming. A folder that has no cluster is refused, not made into one.
pub(super) async fn open(stores: &Stores) -> Result<Cluster, Failure> {
    let opened = async {
        let name = folder::read_cluster(&stores.data_dir)?;
        let mut settings = Settings::local(stores.data_dir.clone(), Rooms::ALL.without(Room::Gateway));
        settings.place = name.split('-').next().unwrap_or_default().parse()?;
        settings.http = None;
        settings.databases = stores.postgres.clone();
        settings.vault = stores.vault.vault_keys.clone();
        settings.suite = stores.vault.suite.into();
        Cluster::open(settings).await
    };
    opened.await.map_err(|error: anyhow::Error| Failure::Configuration(format!("{error:#}")))
}

/// Exit 0 when every invariant holds, 1 when one does not. Parked cases are told, but are no violation.
pub async fn run(args: &VerifyArgs, printer: &Printer) -> Result<Exit, Failure> {
    let cluster = open(&args.stores).await?;
    let reports = inspect(&cluster.books, bounds(args)).await?;
    let violations: Vec<Value> =
        reports.iter().flat_map(|(service, report)| found(service, report, &args.only)).collect();
    let clean = violations.is_empty();
    printer.print(&finding(&reports, violations))?;
    Ok(if clean { Exit::Ok } else { Exit::Error })
}

/// What every service keeps, and what each must have done about the other's events. The heads in `bounds` are filled in here.
pub async fn inspect(books: &[Casebook], mut bounds: Bounds) -> Result<Vec<(String, Report)>, StoreError> {
    for book in books {
        bounds.heads.insert(book.service().to_owned(), book.store().heads().await?);
    }
    let mut reports = Vec::new();
    for book in books {
        let report = verify(book.store(), &kinds_of(book.service()), &bounds).await?;
        reports.push((book.service().to_owned(), report));
    }
    // One process: while one service told something, the other was at work too.
    bounds.until = bounds.until.or(reports.iter().map(|(_, report)| report.newest).max());
    between(books, &bounds, &mut reports).await?;
    Ok(reports)
}

/// By the machine's clock when somebody says how late is too late; else by when the cluster is known to have been at work.
fn bounds(args: &VerifyArgs) -> Bounds {
    const SECOND: i64 = 1_000_000;
    let (since, until, late) = match (args.late, folder::read_run(&args.stores.data_dir)) {
        (Some(seconds), _) => (Micros(i64::MIN), Some(SystemClock.now()), i64::from(seconds) * SECOND),
        (None, Some(run)) => (run.since, run.until, LATE),
        (None, None) => (Micros(i64::MIN), None, LATE),
    };
    Bounds { since, until, late, partitions: PARTITIONS, heads: BTreeMap::new() }
}

async fn between(books: &[Casebook], bounds: &Bounds, reports: &mut [(String, Report)]) -> Result<(), StoreError> {
    let pairs: [(&str, &str, &dyn Expects); 2] =
        [(dispatch::NAME, intake::NAME, &OrdersOfReports), (intake::NAME, dispatch::NAME, &ReportsOfOrders)];
    let book = |name: &str| books.iter().find(|book| book.service() == name);
    for (consumer, producer, expects) in pairs {
        let report = reports.iter_mut().find(|(service, _)| service == consumer).map(|(_, report)| report);
        if let (Some(of), Some(from), Some(report)) = (book(consumer), book(producer), report) {
            verify_effects(of, from, expects, bounds, report).await?;
        }
    }
    Ok(())
}

fn kinds_of(service: &str) -> Kinds {
    Room::of_service(service).and_then(Room::service).map_or_else(Kinds::default, |service| (service.kinds)())
}

fn found(service: &str, report: &Report, only: &[String]) -> Vec<Value> {
    let wanted = |name: &str| only.is_empty() || only.iter().any(|o| o.eq_ignore_ascii_case(name));
    let value = |v: &casebook::Violation| {
        let invariant = format!("{:?}", v.invariant);
        let case = v.case.map(|case| case.to_string());
        wanted(&invariant).then(|| json!({"service": service, "invariant": invariant, "case": case, "found": v.found}))
    };
    let mut values: Vec<Value> = report.violations.iter().filter_map(value).collect();
    if report.more > 0 {
        values.push(
            json!({"service": service, "invariant": "", "case": null, "found": format!("and {} more", report.more)}),
        );
    }
    values
}

fn finding(reports: &[(String, Report)], violations: Vec<Value>) -> Finding {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |v: &Value| ["service", "invariant", "case", "found"].map(|key| text(&v[key])).to_vec();
    let mut rows: Vec<Vec<String>> = violations.iter().map(row).collect();
    let mut services = Vec::new();
    for (service, report) in reports {
        let Report { cases, events, timers, stale, parked, .. } = report;
        let looked = format!(
            "{cases} cases, {events} events, {timers} timers, {stale} of an older schema, {} parked",
            parked.len()
        );
        rows.push(vec![service.clone(), "looked at".to_owned(), String::new(), looked]);
        services.push(json!({
            "service": service, "cases": cases, "events": events, "timers": timers, "stale": stale, "parked": parked.len(),
        }));
    }
    let names = violations.iter().map(|v| text(&v["case"])).filter(|name| !name.is_empty()).collect();
    let value = json!({"clean": violations.is_empty(), "services": services, "violations": violations});
    Finding { head: vec!["SERVICE", "INVARIANT", "CASE", "FOUND"], rows, names, value }
}
