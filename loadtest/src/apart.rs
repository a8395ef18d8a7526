//! From a report sent to its order's event on an open stream, through separate processes.

use crate::{
    corpus::{Corpus, random_id},
    figures::{Asked, Sheet},
    fleet::Fleet,
    flight::fly,
    local::{http, post_json},
    screen::{Instants, Screen},
    stream::{self, PATIENCE, WARM, order},
};
use civic::Role;
use rand::{SeedableRng as _, rngs::SmallRng};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const IN_FLIGHT: usize = 256;

/// First as fast as it goes, which tells the highest rate; then at half of it.
pub async fn run(sheet: &mut Sheet, within: Duration) -> anyhow::Result<()> {
    let fleet = Fleet::start()?;
    let screen = Screen::at(&fleet.gateways[1], fleet.mint(Role::CityDispatcher)?, order);
    let seen = screen.seen.clone();
    let body = screen.open("").await?;
    let mut reading = JoinSet::new();
    reading.spawn(screen.read(body));
    let token = fleet.mint(Role::Integrator)?;
    let highest = highest(&fleet, &token, &seen, within).await?;
    sheet.row("accepted over both gateways and seen, 256 in flight", highest, "/s", Asked::Nothing);
    seen.hold().clear();
    let sent = Instants::default();
    let filed = stream::file(&fleet.gateways[0], &token, &sent, highest / 2.0, WARM + within).await?;
    all_seen(&sent, &seen).await;
    stream::report(sheet, ("half of the highest rate", highest / 2.0), &filed, &sent.hold(), &seen.hold())
}

/// Reports accepted a second; the window ends when the screen has shown the last of them.
async fn highest(fleet: &Fleet, token: &str, seen: &Instants, within: Duration) -> anyhow::Result<f64> {
    let (corpus, client, sent) = (Arc::new(Corpus::load()?), http(), Instants::default());
    let (gateways, token): (Arc<[String]>, Arc<str>) = (fleet.gateways.clone().into(), token.into());
    let began = Instant::now();
    let noted = sent.clone();
    let flown = fly(IN_FLIGHT, within, usize::MAX, move |n| {
        let id = random_id(&mut SmallRng::seed_from_u64(crate::accept::SEED ^ (1 << 50) ^ n as u64));
        let (body, url) = (corpus.body(n, &id), format!("{}/v1/reports", gateways[n % gateways.len()]));
        let (client, token, sent) = (client.clone(), token.clone(), noted.clone());
        async move {
            let answer = post_json(&client, &url, &token, "", &body).await;
            let accepted = answer.ok().and_then(|answer| stream::order_of(&answer.body));
            accepted.inspect(|id| sent.note(id.clone(), Instant::now())).is_some()
        }
    })
    .await;
    anyhow::ensure!(flown.failed == 0, "{} reports were refused", flown.failed);
    all_seen(&sent, seen).await;
    Ok(flown.done as f64 / began.elapsed().as_secs_f64())
}

async fn all_seen(sent: &Instants, seen: &Instants) {
    let until = Instant::now() + PATIENCE;
    while seen.hold().len() < sent.hold().len() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
