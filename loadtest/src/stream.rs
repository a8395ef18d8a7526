//! From a report sent to its work order's event on an open stream, at half of the rate that was sustained. Open loop: reports are
//! sent when they are due, whatever the answers do, and time is counted from then.

use crate::{
    corpus::{Corpus, random_id},
    figures::{Asked, Sheet},
    local::{Local, http, post_json},
    screen::{Instants, Screen, Told},
};
use hdrhistogram::Histogram;
use jiewang::cluster::Rooms;
use rand::{SeedableRng as _, rngs::SmallRng};
use serde_json::Value;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// An order whose event has not come by then is counted as not seen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// First seconds that are not counted: connections open, pages are read for the first time.
pub(crate) const WARM: Duration = Duration::from_secs(2);

/// `rate`: reports a second.
pub async fn run(sheet: &mut Sheet, rate: f64, within: Duration) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let local = Local::start(dir.path(), Rooms::ALL).await?;
    let screen = Screen::new(&local, order);
    let seen = screen.seen.clone();
    let body = screen.open("").await?;
    let mut reading = tokio::task::JoinSet::new();
    reading.spawn(screen.read(body));
    let sent = Instants::default();
    let filed = file(&format!("http://{}", local.http), &local.token, &sent, rate, WARM + within).await?;
    let until = Instant::now() + PATIENCE;
    while seen.hold().len() < sent.hold().len() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    local.drain();
    let told = reading.join_all().await.into_iter().collect::<anyhow::Result<Vec<Told>>>()?;
    local.stop().await?;
    report(sheet, ("half of the sustained rate", rate), &filed, &sent.hold(), &seen.hold())?;
    for Told { opened, events } in told {
        sheet.note(format!("{events} events read; the stream was opened {opened} times"));
    }
    Ok(())
}

pub(crate) fn report(
    sheet: &mut Sheet,
    (name, rate): (&str, f64),
    filed: &Filed,
    sent: &HashMap<String, Instant>,
    seen: &HashMap<String, Instant>,
) -> anyhow::Result<()> {
    // One microsecond to a minute: a histogram that was not told its range clamps to a few microseconds.
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    for (id, due) in sent.iter().filter(|(_, due)| **due >= filed.began + WARM) {
        if let Some(at) = seen.get(id) {
            histogram.saturating_record(u64::try_from(at.duration_since(*due).as_micros()).unwrap_or(u64::MAX));
        }
    }
    let known = sent.keys().filter(|id| seen.contains_key(*id)).count();
    let millis = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    sheet.row(name, rate, "/s", Asked::Nothing);
    sheet.row("reports accepted, open loop", sent.len() as f64 / filed.seconds, "/s", Asked::Nothing);
    sheet.row("reports refused", (filed.sent - sent.len()) as f64, "", Asked::AtMost(0.0));
    sheet.row(
        "orders seen on the stream / reports accepted",
        known as f64 / sent.len().max(1) as f64,
        "",
        Asked::AtLeast(1.0),
    );
    sheet.row("report sent to event seen, p50", millis(0.5), "ms", Asked::Nothing);
    sheet.row("report sent to event seen, p99", millis(0.99), "ms", Asked::Below(100.0));
    sheet.row("report sent to event seen, the slowest", millis(1.0), "ms", Asked::Nothing);
    Ok(())
}

/// Whichever step comes first: an order that is born assigned need not be told of as created.
pub(crate) fn order(changed: &Value) -> Option<&str> {
    changed["workOrder"].as_str()
}

/// The id of the order that a filed report has.
pub(crate) fn order_of(report: &Value) -> Option<String> {
    report["workOrder"].as_str()?.rsplit('/').next().map(str::to_owned)
}

pub(crate) struct Filed {
    sent: usize,
    began: Instant,
    seconds: f64,
}

/// Reports at their instants, so many a second, to one gateway.
pub(crate) async fn file(
    gateway: &str,
    token: &str,
    sent: &Instants,
    rate: f64,
    within: Duration,
) -> anyhow::Result<Filed> {
    let corpus = Corpus::load()?;
    let mut rng = SmallRng::seed_from_u64(crate::accept::SEED + 2);
    let (client, url) = (http(), format!("{gateway}/v1/reports"));
    let began = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    let mut n = 0;
    while began.elapsed() < within {
        let due = began + Duration::from_secs_f64(n as f64 / rate);
        tokio::time::sleep_until(due.into()).await;
        let body = corpus.body(n, &random_id(&mut rng));
        let (client, url, token, sent) = (client.clone(), url.clone(), token.to_owned(), sent.clone());
        calls.spawn(async move {
            let answer = post_json(&client, &url, &token, "", &body).await;
            if let Some(id) = answer.ok().and_then(|answer| order_of(&answer.body)) {
                sent.note(id, due);
            }
        });
        n += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    calls.join_all().await;
    Ok(Filed { sent: n, began, seconds })
}
