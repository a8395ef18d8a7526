//! `queue parked`: events that could not take effect, by the service that could not take them. Looking needs nothing but the
//! data; replaying and giving up need the data folder to themselves, so a running cluster is stopped first.

use crate::{
    args::{Parked, ParkedArgs, Room},
    cluster::Cluster,
    exit::{Exit, Failure},
    output::{Finding, Printer},
    verb::verify,
};
use casebook::{Casebook, JournalEntry, ParkedEvent};
use civic::{Clock as _, SystemClock};
use prost::Message as _;
use queue::{Envelope, EventSource as _};
use serde_json::{Value, json};

/// A parked event and the service in whose table it lies.
struct Entry {
    service: String,
    event: ParkedEvent,
}

/// Carries the verb out over a cluster that is opened, but not served.
pub async fn run(args: ParkedArgs, printer: &Printer) -> Result<Exit, Failure> {
    let cluster = verify::open(&args.stores).await?;
    let entries = read(&cluster.books).await?;
    match args.verb {
        Parked::List { service, limit } => list(&entries, service, limit, printer),
        Parked::Show { name } => show(&entries, &name, printer),
        Parked::Replay { name, all: _ } => replay(&cluster, &entries, name.as_deref()).await,
        Parked::GiveUp { yes: false, .. } => Err(Failure::Usage(
            "what the event said will be lost to this service: say --yes if that is meant".to_owned(),
        )),
        Parked::GiveUp { name, reason, yes: true } => give_up(&cluster, &entries, &name, &reason).await,
    }
}

async fn read(books: &[Casebook]) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for book in books {
        let service = book.service().to_owned();
        for event in book.store().parked().await.map_err(Failure::Store)? {
            entries.push(Entry { service: service.clone(), event });
        }
    }
    entries.sort_by_key(|e| (e.event.at, e.event.position));
    Ok(entries)
}

/// `<service>/<id>`: which service is stuck on which case.
fn name_of(entry: &Entry) -> String {
    let id = entry.event.subject.rsplit('/').next().unwrap_or_default();
    format!("{}/{id}", entry.service)
}

fn list(entries: &[Entry], service: Option<Room>, limit: usize, printer: &Printer) -> Result<Exit, Failure> {
    let mut names: Vec<String> = Vec::new();
    let mut shown: Vec<&Entry> = Vec::new();
    for entry in entries.iter().filter(|e| service.is_none_or(|s| s.as_str() == e.service)) {
        let name = name_of(entry);
        if !names.contains(&name) && names.len() < limit {
            names.push(name);
            shown.push(entry);
        }
    }
    let waiting = |name: &String| entries.iter().filter(|e| name_of(e) == *name).count();
    let rows = names.iter().zip(&shown).map(|(name, entry)| {
        vec![name.clone(), entry.event.at.to_string(), waiting(name).to_string(), entry.event.reason.clone()]
    });
    let head = vec!["NAME", "SINCE", "EVENTS", "REASON"];
    let value = Value::Array(shown.iter().map(|e| value_of(e)).collect());
    printer.print(&Finding { head, rows: rows.collect(), names, value })?;
    Ok(Exit::Ok)
}

fn value_of(entry: &Entry) -> Value {
    let event = &entry.event;
    let kind = Envelope::decode(event.envelope.as_slice()).map(|e| e.r#type).unwrap_or_default();
    json!({
        "name": name_of(entry),
        "subject": event.subject,
        "producer": event.producer,
        "partition": event.partition,
        "position": event.position,
        "type": kind,
        "reason": event.reason,
        "since": event.at.to_string(),
    })
}

fn of<'e>(entries: &'e [Entry], name: &str) -> Result<Vec<&'e Entry>, Failure> {
    let found: Vec<&Entry> = entries.iter().filter(|e| name_of(e) == name).collect();
    if found.is_empty() { Err(Failure::NotFound(format!("nothing is parked under {name}"))) } else { Ok(found) }
}

fn show(entries: &[Entry], name: &str, printer: &Printer) -> Result<Exit, Failure> {
    let found = of(entries, name)?;
    let values: Vec<Value> = found.iter().map(|e| value_of(e)).collect();
    let cell = |value: &Value, key: &str| value[key].as_str().map_or_else(|| value[key].to_string(), str::to_owned);
    let row = |value: &Value| ["position", "type", "since", "reason"].map(|key| cell(value, key)).to_vec();
    let rows = values.iter().map(row).collect();
    let finding = Finding {
        head: vec!["POSITION", "TYPE", "SINCE", "REASON"],
        rows,
        names: vec![name.to_owned()],
        value: Value::Array(values),
    };
    printer.print(&finding)?;
    Ok(Exit::Ok)
}

async fn replay(cluster: &Cluster, entries: &[Entry], name: Option<&str>) -> Result<Exit, Failure> {
    let chosen = match name {
        Some(name) => of(entries, name)?,
        None => entries.iter().collect(),
    };
    let mut cases: Vec<(&str, &str, &str)> = Vec::new();
    for entry in chosen {
        let case = (entry.service.as_str(), entry.event.producer.as_str(), entry.event.subject.as_str());
        if !cases.contains(&case) {
            cases.push(case);
        }
    }
    let mut stuck = 0;
    for (service, producer, subject) in cases {
        let waiting = entries.iter().filter(|e| e.service == service && e.event.subject == subject).count();
        let settled = cluster.replay_parked(service, producer, subject).await.map_err(Failure::Store)?;
        eprintln!("{service}: {subject}: {settled} of {waiting} events took effect");
        stuck += usize::from(settled < waiting);
    }
    Ok(if stuck == 0 { Exit::Ok } else { Exit::Partly })
}

/// The first event only: what waits behind it may take effect once it is gone.
async fn give_up(cluster: &Cluster, entries: &[Entry], name: &str, reason: &str) -> Result<Exit, Failure> {
    let found = of(entries, name)?;
    let Some(first) = found.iter().min_by_key(|e| e.event.position) else { return Ok(Exit::NotFound) };
    let book = cluster.books.iter().find(|b| b.service() == first.service);
    let book = book.ok_or_else(|| Failure::NotFound(format!("this build has no service {}", first.service)))?;
    let record = JournalEntry {
        at: SystemClock.now(),
        actor: "operator".to_owned(),
        action: "queue.parked.give_up".to_owned(),
        subject: format!("{} position {}", first.event.subject, first.event.position),
        reason: reason.to_owned(),
    };
    // The record first: an event that is gone without one could not be explained.
    book.store().journal(&[record]).await.map_err(Failure::Store)?;
    let event = &first.event;
    book.store().unpark(&event.producer, &event.subject, event.position).await.map_err(Failure::Store)?;
    eprintln!("{name}: the event at position {} is given up", event.position);
    Ok(Exit::Ok)
}
