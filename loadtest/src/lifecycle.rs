//! Whole lives over HTTP: a report is filed, its order (born assigned) accepted and resolved by the unit, the result rated by the
//! citizen; every call echoes the `Jiewang-Position` of the one before. The window ends when every event has been consumed.

use crate::{
    figures::{Asked, Sheet, median},
    flight::{Flown, Usage, fly},
    local::{Answer, Local, http, post_json},
    seed::Seeded,
};
use anyhow::Context;
use civic::{Actor, Role, UnitCode};
use hdrhistogram::Histogram;
use jiewang::cluster::Rooms;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const IN_FLIGHT: usize = 64;
/// A lamp that is out: its duty list names the town's section for people's livelihood, so the order is born assigned.
pub(crate) const CATEGORY: &str = "0612";
/// Towns of 铜梁 that have such a section.
pub(crate) const TOWNS: [&str; 8] =
    ["500151001", "500151002", "500151003", "500151004", "500151101", "500151103", "500151104", "500151105"];
pub(crate) const PHONE: &str = "13800138000";

type Latencies = [Histogram<u64>; 4];

struct Lives {
    client: crate::local::HttpClient,
    base: String,
    hotline: String,
    units: Vec<String>,
    run: usize,
    latencies: Mutex<Latencies>,
}

/// Lives a second that are asked for at the smaller size, and the share of that at the larger.
const RATE: f64 = 1000.0;
const SHARE: f64 = 0.8;

/// Rounds of all sizes in turn.
pub async fn run(sheet: &mut Sheet, seeded: &[Seeded], rounds: usize, within: Duration) -> anyhow::Result<()> {
    let mut runs: Vec<Vec<(Flown, Latencies)>> = seeded.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (seeded, runs) in seeded.iter().zip(&mut runs) {
            runs.push(one_round(seeded, round, within).await?);
        }
    }
    let mut rates = Vec::new();
    for (seeded, runs) in seeded.iter().zip(&runs) {
        rates.push(report(sheet, seeded.cases, rates.is_empty(), runs)?);
    }
    if let [small, .., large] = rates[..] {
        sheet.row("lives at the larger size / at the smaller", large / small, "", Asked::AtLeast(SHARE));
    }
    Ok(())
}

fn report(sheet: &mut Sheet, cases: usize, smallest: bool, runs: &[(Flown, Latencies)]) -> anyhow::Result<f64> {
    let of = |figure: fn(&Flown) -> f64| median(&runs.iter().map(|(flown, _)| figure(flown)).collect::<Vec<_>>());
    let rate = of(Flown::rate);
    let asked = if smallest { Asked::AtLeast(RATE) } else { Asked::Nothing };
    sheet.row(format!("lives with {cases} cases, 64 at a time, drained"), rate, "/s", asked);
    sheet.row("processor time per life, generator included", of(Flown::cpu_micros), "µs", Asked::Nothing);
    sheet.row("written per life, checkpoints as they fell", of(Flown::bytes), "bytes", Asked::Nothing);
    for (step, name) in ["file", "accept", "resolve", "rate"].iter().enumerate() {
        let mut all = histogram()?;
        for (_, latencies) in runs {
            all.add(&latencies[step]).context("two histograms of one range")?;
        }
        sheet.row(
            format!("{name}: p95 of the call"),
            all.value_at_quantile(0.95) as f64 / 1000.0,
            "ms",
            Asked::Below(100.0),
        );
    }
    Ok(rate)
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, 60_000_000, 3).context("a histogram")
}

/// Begins with the folder as it was seeded, warm from a second that is not counted.
async fn one_round(seeded: &Seeded, round: usize, within: Duration) -> anyhow::Result<(Flown, Latencies)> {
    let (folder, _dir) = seeded.fresh().await?;
    let local = Local::start(&folder, Rooms::ALL).await?;
    local.settled().await?;
    measure(&local, 2 * round, Duration::from_secs(1)).await?;
    let measured = measure(&local, 2 * round + 1, within).await?;
    local.stop().await?;
    Ok(measured)
}

async fn measure(local: &Local, run: usize, within: Duration) -> anyhow::Result<(Flown, Latencies)> {
    let lives = Arc::new(Lives::new(local, run)?);
    let (before, began, one) = (Usage::now(), Instant::now(), lives.clone());
    let flown = fly(IN_FLIGHT, within, usize::MAX, move |n| {
        let lives = one.clone();
        async move { lives.live(n).await.inspect_err(|error| println!("  life {n}: {error:#}")).is_ok() }
    })
    .await;
    local.drained().await?;
    anyhow::ensure!(flown.failed == 0, "{} lives failed", flown.failed);
    let latencies = lives.latencies.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((Flown::since(&before, began, flown.done), latencies))
}

impl Lives {
    fn new(local: &Local, run: usize) -> anyhow::Result<Self> {
        let unit_token = |town: &&str| -> anyhow::Result<String> {
            let unit: UnitCode = format!("{town}-minsheng").parse()?;
            Ok(local.mint(&Actor {
                role: Role::DepartmentHandler,
                subject: "bench".into(),
                unit: Some(unit),
                head: false,
            }))
        };
        Ok(Self {
            client: http(),
            base: format!("http://{}", local.http),
            hotline: local.token.clone(),
            units: TOWNS.iter().map(unit_token).collect::<anyhow::Result<_>>()?,
            run,
            latencies: Mutex::new([histogram()?, histogram()?, histogram()?, histogram()?]),
        })
    }

    async fn call(&self, step: usize, path: &str, token: &str, position: &str, body: &Value) -> anyhow::Result<Answer> {
        let began = Instant::now();
        let answer = post_json(&self.client, &format!("{}{path}", self.base), token, position, body).await?;
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner)[step].saturating_record(micros);
        anyhow::ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.body);
        Ok(answer)
    }

    async fn live(&self, n: usize) -> anyhow::Result<()> {
        let id = |step: &str| format!("{}-{n}-{step}", self.run);
        let (town, unit) = (TOWNS[n % TOWNS.len()], &self.units[n % TOWNS.len()]);
        let report = json!({
            "requestId": id("file"), "kind": "COMPLAINT", "channel": "HOTLINE_12345", "categoryCode": CATEGORY,
            "text": format!("第 {n} 盏路灯不亮，晚上看不清路，请派人修理。"), "location": {"divisionCode": town},
            "reporter": {"phone": PHONE},
        });
        let filed = self.call(0, "/v1/reports", &self.hotline, "", &report).await?;
        let order = filed.body["workOrder"].as_str().context("no work order")?.to_owned();
        let accept = json!({"requestId": id("accept")});
        let accepted = self.call(1, &format!("/v1/{order}:accept"), unit, &filed.position, &accept).await?;
        let resolve = json!({"requestId": id("resolve"), "result": "已更换灯具", "reply": "路灯已修好，感谢反映。"});
        let resolved = self.call(2, &format!("/v1/{order}:resolve"), unit, &accepted.position, &resolve).await?;
        let rate = json!({
            "requestId": id("rate"), "trackingNumber": filed.body["trackingNumber"], "phoneLast4": &PHONE[7..],
            "answered": true, "solved": true, "satisfied": true,
        });
        self.call(3, "/v1/reports:rate", &self.hotline, &resolved.position, &rate).await?;
        Ok(())
    }
}
