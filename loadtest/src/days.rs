//! The lists of a day: every grid worker of the city has one, made by the cluster's own timers at the hour they come due.
//!
//! Rosters of all towns are loaded over HTTP; the clock is then set to the hour of the next day, and the window ends when the last roster
//! says that its lists are made. Nobody ticks anything off, so the second day carries everything over.

use crate::{
    figures::{Asked, Sheet, median},
    flight::Usage,
    local::{Local, get_json, http, post_json},
};
use anyhow::Context;
use civic::{Actor, Clock as _, DivisionCode, Micros, Role, SettableClock, SystemClock, Tier, Tree, UnitCode, View};
use jiewang::cluster::{Rooms, Settings};
use serde_json::json;
use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

/// Grid workers of the city (domain).
const WORKERS: usize = 101_000;
/// Seconds in which the lists of a day must be made.
const WITHIN: f64 = 60.0;
const PATIENCE: Duration = Duration::from_secs(600);

/// `days` days, one after the other.
pub async fn run(sheet: &mut Sheet, days: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    // From the present on: tokens are of it.
    let clock = SettableClock::new(SystemClock.now());
    let mut settings = Settings::local(folder.path().to_owned(), Rooms::ALL);
    settings.clock = Arc::new(clock.clone());
    let local = Local::start_with(settings).await?;
    let rosters = rosters(&Tree::chongqing().today(clock.now()))?;
    load(&local, &rosters).await?;
    let mut measured: Vec<[f64; 3]> = Vec::new();
    for day in 0..=days {
        let (before, began) = (Usage::now(), Instant::now());
        if day > 0 {
            clock.advance(Micros::DAY);
        }
        made(&local, clock.now()).await?;
        let after = Usage::now();
        let workers = WORKERS as f64;
        let written = after.written.saturating_sub(before.written) as f64 / workers;
        // The first one was made while the rosters were loaded.
        if day > 0 {
            measured.push([began.elapsed().as_secs_f64(), written, (after.cpu - before.cpu) * 1e6 / workers]);
        }
    }
    let of = |figure: usize| median(&measured.iter().map(|measured| measured[figure]).collect::<Vec<_>>());
    sheet.row(format!("lists of {WORKERS} workers in {} towns", rosters.len()), of(0), "s", Asked::Below(WITHIN));
    sheet.row("written per list", of(1), "bytes", Asked::Nothing);
    sheet.row("processor time per list", of(2), "µs", Asked::Nothing);
    look(&local, sheet, &rosters, clock.now()).await?;
    local.stop().await
}

/// One day as its worker asks for it.
async fn look(local: &Local, sheet: &mut Sheet, rosters: &[(DivisionCode, String)], now: Micros) -> anyhow::Result<()> {
    let (client, mut took) = (http(), Vec::new());
    for (town, posts) in rosters.iter().take(100) {
        let line = posts.lines().nth(1).context("a roster has a post")?;
        let unit: UnitCode = line.split(',').nth(1).context("a post has a unit")?.parse()?;
        let token = local.mint_at(&Actor::member(Role::GridWorker, format!("w{town}-0"), unit), now);
        let began = Instant::now();
        let answer = get_json(&client, &format!("http://{}/v1/tasks", local.http), &token).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        let tasks = answer.body["tasks"].as_array().map_or(0, Vec::len);
        anyhow::ensure!(tasks == 5, "{town}: {} tasks: {}", tasks, answer.body);
    }
    sheet.row("a worker's day over HTTP, median", median(&took), "ms", Asked::Nothing);
    Ok(())
}

/// The workers spread over all towns, each in a grid of a village of its town.
fn rosters(view: &View) -> anyhow::Result<Vec<(DivisionCode, String)>> {
    let towns: Vec<&DivisionCode> = view
        .divisions()
        .filter(|division| division.tier == Tier::Town && view.children(&division.code).next().is_some())
        .map(|division| &division.code)
        .collect();
    let mut rosters = Vec::with_capacity(towns.len());
    for (n, town) in towns.iter().enumerate() {
        let villages: Vec<_> = view.children(town).map(|village| &village.code).collect();
        let workers = WORKERS / towns.len() + usize::from(n < WORKERS % towns.len());
        let mut posts = "post,unit,worker\n".to_owned();
        for worker in 0..workers {
            let (village, grid) = (villages[worker % villages.len()], worker / villages.len() + 1);
            writeln!(posts, "p{worker},{village}{grid:03},w{town}-{worker}")?;
        }
        rosters.push(((*town).clone(), posts));
    }
    Ok(rosters)
}

async fn load(local: &Local, rosters: &[(DivisionCode, String)]) -> anyhow::Result<()> {
    let client = http();
    for (town, posts) in rosters {
        let token = local.mint(&Actor::member(Role::TownDispatcher, "bench", UnitCode::desk(town)));
        let body = json!({"requestId": format!("roster {town}"), "divisionCode": town.to_string(), "posts": posts});
        let url = format!("http://{}/v1/rosters:load", local.http);
        let answer = post_json(&client, &url, &token, "", &body).await?;
        anyhow::ensure!(answer.status == 200, "{town}: {}", answer.body);
    }
    Ok(())
}

/// Waits until no roster's lists are due.
async fn made(local: &Local, now: Micros) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    let book = local.book("dispatch")?;
    while !book.store().due_timers(now, None, 1).await?.is_empty() {
        anyhow::ensure!(Instant::now() < until, "the lists are not made");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
