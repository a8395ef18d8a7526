//! Ten thousand open orders of one place turn red in the same minute, while reports are accepted as fast as they are.
//!
//! Each order has an explicit limit; their ends lie evenly in one minute. From the end of an order's time it is measured until its red lamp
//! is on record, with the command centre that is told, and until a screen of the city shows it. Reports are accepted over HTTP all the
//! while, 256 in flight; how many a second is compared with the same before the first lamp.

use crate::{
    accept::{over_http, warm},
    corpus::Corpus,
    figures::{Asked, Sheet},
    flight::fly,
    local::{Local, http, post_json},
    screen::{Instants, Screen},
};
use anyhow::Context;
use casebook::Scope;
use civic::{Clock as _, Micros, SystemClock};
use dispatch::domain::work_order::WorkOrder;
use hdrhistogram::Histogram;
use jiewang::cluster::Rooms;
use proto::dispatch::v1::stored::work_order_event::Event;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const IN_FLIGHT: usize = 64;
const CATEGORY: &str = "0614";
const TOWN: &str = "500151001";
/// The first order's time ends so long after the filing began.
const LEAD: i64 = 30 * Micros::SECOND;
/// All of them end within this.
const SPREAD: i64 = 60 * Micros::SECOND;
/// Accepting goes on this long after the last end.
const AFTER: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(120);

/// Orders by their ids, with the end of their time.
type Ends = HashMap<String, Micros>;

pub async fn run(sheet: &mut Sheet, orders: usize, within: Duration) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let corpus = Arc::new(Corpus::load()?);
    let local = Local::start(dir.path(), Rooms::ALL).await?;
    warm(&corpus, &local).await?;
    let normal = over_http(&corpus, &local, within, 200).await?;
    local.drained().await?;

    let ends = file(&local, orders).await?;
    local.drained().await?;
    let screen = Screen::new(&local, turned_red);
    let (seen, body) = (screen.seen.clone(), screen.open("").await?);
    let mut reading = tokio::task::JoinSet::new();
    reading.spawn(screen.read(body));
    let (first, last) = (ends.values().min().context("no orders")?, ends.values().max().context("no orders")?);
    let ahead = until(*first);
    anyhow::ensure!(!ahead.is_zero(), "the first lamp turned before all orders were there");
    tokio::time::sleep(ahead).await;
    let meanwhile = over_http(&corpus, &local, until(*last) + AFTER, 201).await?;
    wait(&seen, orders).await;
    local.drained().await?;

    let (turned, untold) = on_record(&local, &ends).await?;
    sheet.row("orders whose time ended in the same minute", orders as f64, "", Asked::Nothing);
    report(sheet, "lamp red and centre told", &turned, orders, Asked::Below(3000.0))?;
    sheet.row("red without a centre that is told", untold as f64, "", Asked::AtMost(0.0));
    // Told only: one screen of the whole city, while reports come as fast as they are taken. `stream` says what it is at half of that.
    report(sheet, "red on the screen", &shown(&ends, &seen), orders, Asked::Nothing)?;
    sheet.row("accepted before, over HTTP", normal.rate(), "/s", Asked::Nothing);
    sheet.row("accepted meanwhile", meanwhile.rate(), "/s", Asked::Nothing);
    sheet.row("meanwhile / before", meanwhile.rate() / normal.rate(), "", Asked::AtLeast(0.7));
    sheet.row("calls failed", (normal.failed + meanwhile.failed) as f64, "", Asked::AtMost(0.0));
    local.drain();
    reading.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    local.stop().await
}

/// The red lamp of the total clock.
fn turned_red(changed: &Value) -> Option<&str> {
    let red = changed["step"] == "lampTurned" && changed["lamp"] == "RED";
    changed["workOrder"].as_str().filter(|_| red)
}

fn until(instant: Micros) -> Duration {
    Duration::from_micros(u64::try_from(instant.0 - SystemClock.now().0).unwrap_or(0))
}

async fn file(local: &Local, orders: usize) -> anyhow::Result<Ends> {
    let first = SystemClock.now().0 + LEAD;
    let ends = Arc::new(Mutex::new(Ends::with_capacity(orders)));
    let (client, url, token) = (http(), format!("http://{}/v1/reports", local.http), local.token.clone());
    let kept = ends.clone();
    let flown = fly(IN_FLIGHT, PATIENCE, orders, move |n| {
        let (client, url, token, kept) = (client.clone(), url.clone(), token.clone(), kept.clone());
        async move {
            let end = Micros(first + SPREAD * n as i64 / orders as i64);
            let report = json!({
                "requestId": format!("lamp-{n}"), "kind": "HELP", "channel": "HOTLINE_12345", "categoryCode": CATEGORY,
                "text": format!("第 {n} 户停水。"), "location": {"divisionCode": TOWN}, "reporter": {"phone": "13800138000"},
                "dueTime": end.to_string(),
            });
            let Ok(answer) = post_json(&client, &url, &token, "", &report).await else { return false };
            let id = answer.body["workOrder"].as_str().and_then(|name| name.rsplit('/').next());
            id.map(|id| kept.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), end)).is_some()
        }
    })
    .await;
    anyhow::ensure!(flown.done == orders, "{} of {orders} were filed", flown.done);
    Ok(std::mem::take(&mut *ends.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Until the screen has shown all of them, or patience is at an end.
async fn wait(seen: &Instants, orders: usize) {
    let began = Instant::now();
    while seen.hold().len() < orders && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Milliseconds from the end of each order's time to its red lamp, and how many were red with nobody to tell.
async fn on_record(local: &Local, ends: &Ends) -> anyhow::Result<(Vec<f64>, usize)> {
    let (book, mut late, mut untold) = (local.book(dispatch::NAME)?, Vec::with_capacity(ends.len()), 0);
    for (id, end) in ends {
        for (_, event) in book.timeline::<WorkOrder>(&Scope::All, id.parse()?).await? {
            let Some(Event::LampTurned(lamp)) = event.event else { continue };
            if lamp.clock == "total" && lamp.lamp == proto::types::v1::Lamp::Red as i32 {
                late.push((event.at_us - end.0) as f64 / 1000.0);
                untold += usize::from(lamp.told.is_empty());
            }
        }
    }
    Ok((late, untold))
}

fn shown(ends: &Ends, seen: &Instants) -> Vec<f64> {
    let (now, wall) = (Instant::now(), SystemClock.now());
    let late = |(id, at): (&String, &Instant)| {
        let shown = wall.0 as f64 - now.duration_since(*at).as_micros() as f64;
        Some((shown - ends.get(id)?.0 as f64) / 1000.0)
    };
    seen.hold().iter().filter_map(late).collect()
}

fn report(sheet: &mut Sheet, what: &str, late: &[f64], orders: usize, asked: Asked) -> anyhow::Result<()> {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 600_000, 3)?;
    for late in late {
        histogram.saturating_record(late.max(0.0) as u64);
    }
    let early = late.iter().filter(|late| **late < 0.0).count();
    sheet.row(format!("{what}: of all"), late.len() as f64 / orders as f64, "", Asked::AtLeast(1.0));
    sheet.row(format!("{what}: before its time"), early as f64, "", Asked::AtMost(0.0));
    sheet.row(format!("{what}: late, p50"), histogram.value_at_quantile(0.5) as f64, "ms", Asked::Nothing);
    sheet.row(format!("{what}: late, p99"), histogram.value_at_quantile(0.99) as f64, "ms", asked);
    Ok(())
}
