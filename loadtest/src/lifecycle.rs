//! Whole lives over HTTP: a report is filed, its order (born assigned) accepted and resolved by the unit, the result rated by the
//! citizen; every call echoes the `Jiewang-Position` of the one before. The window ends when every event has been consumed.

use crate::{
    figures::row,
    flight::fly,
    local::{Answer, Local, http, post_json},
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
const CATEGORY: &str = "0612";
const TOWNS: [&str; 8] =
    ["500151001", "500151002", "500151003", "500151004", "500151101", "500151103", "500151104", "500151105"];
const PHONE: &str = "13800138000";

type Latencies = [Histogram<u64>; 4];

struct Lives {
    client: crate::local::HttpClient,
    base: String,
    hotline: String,
    units: Vec<String>,
    run: u64,
    latencies: Mutex<Latencies>,
}

/// Seeds `cases` whole lives, then measures for `within`.
pub async fn run(cases: usize, within: Duration) -> anyhow::Result<f64> {
    let dir = tempfile::tempdir()?;
    let local = Local::start(dir.path(), Rooms::ALL).await?;
    let seeded = measure(&local, 1, Stop::After(cases)).await?;
    row(&format!("seeding {cases} lives"), seeded.0, "/s", "drained");
    let (rate, latencies) = measure(&local, 2, Stop::Within(within)).await?;
    row(&format!("lives a second with {cases} cases, 64 at a time"), rate, "/s", "at least 1,000");
    for (name, histogram) in ["file", "accept", "resolve", "rate"].iter().zip(&latencies) {
        row(&format!("{name}: p95 of the call"), histogram.value_at_quantile(0.95) as f64 / 1000.0, "ms", "under 100");
    }
    local.stop().await?;
    Ok(rate)
}

enum Stop {
    After(usize),
    Within(Duration),
}

async fn measure(local: &Local, run: u64, stop: Stop) -> anyhow::Result<(f64, Latencies)> {
    let lives = Arc::new(Lives::new(local, run)?);
    let (within, most) = match stop {
        Stop::After(cases) => (Duration::from_secs(7200), cases),
        Stop::Within(within) => (within, usize::MAX),
    };
    let began = Instant::now();
    let one = lives.clone();
    let flown = fly(IN_FLIGHT, within, most, move |n| {
        let lives = one.clone();
        async move { lives.live(n).await.inspect_err(|error| eprintln!("life {n}: {error:#}")).is_ok() }
    })
    .await;
    local.drained().await?;
    anyhow::ensure!(flown.failed == 0, "{} lives failed", flown.failed);
    let rate = flown.done as f64 / began.elapsed().as_secs_f64();
    let latencies = lives.latencies.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((rate, latencies))
}

impl Lives {
    fn new(local: &Local, run: u64) -> anyhow::Result<Self> {
        let unit_token = |town: &&str| -> anyhow::Result<String> {
            let unit: UnitCode = format!("{town}-minsheng").parse()?;
            Ok(local.mint(&Actor {
                role: Role::DepartmentHandler,
                subject: "bench".into(),
                unit: Some(unit),
                head: false,
            }))
        };
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3).context("a histogram");
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
