//! From a report sent to its work order's event on an open stream, at half of the rate that was sustained.

use crate::{
    corpus::{Corpus, random_id},
    figures::row,
    local::{HttpClient, Local, http},
};
use bytes::Bytes;
use civic::{Actor, Role};
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Incoming};
use jiewang::cluster::Rooms;
use rand::{SeedableRng as _, rngs::SmallRng};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// When each report was sent, by its id, which its order shares.
type Sent = Arc<Mutex<HashMap<String, Instant>>>;

/// `rate`: reports a second, sent on time whatever the answers do.
pub async fn run(rate: f64, within: Duration) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let local = Local::start(dir.path(), Rooms::ALL).await?;
    let (client, sent) = (http(), Sent::default());
    let stream = open(&client, &local).await?;
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let (seen, until) = (arrivals.clone(), Instant::now() + within + Duration::from_secs(5));
    let reading = tokio::time::timeout_at(until.into(), read(stream, seen));
    let (filed, _) = tokio::join!(file(&client, &local, sent.clone(), rate, within), reading);
    // One microsecond to a minute: a histogram that was not told its range clamps to a few microseconds.
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    let sent = std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner));
    let arrivals = std::mem::take(&mut *arrivals.lock().unwrap_or_else(PoisonError::into_inner));
    for (id, at) in &arrivals {
        if let Some(began) = sent.get(id) {
            histogram.saturating_record(micros(at.duration_since(*began)));
        }
    }
    local.stop().await?;
    row("reports sent, open loop", filed as f64 / within.as_secs_f64(), "/s", "half of the sustained rate");
    row("orders seen on the stream", histogram.len() as f64 / filed.max(1) as f64, "of all", "1");
    row("report sent to event seen, p50", histogram.value_at_quantile(0.5) as f64 / 1000.0, "ms", "");
    row("report sent to event seen, p99", histogram.value_at_quantile(0.99) as f64 / 1000.0, "ms", "under 100");
    Ok(())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

async fn open(client: &HttpClient, local: &Local) -> anyhow::Result<Incoming> {
    let screen = Actor { role: Role::CityDispatcher, subject: "screen".into(), unit: Some("50".parse()?), head: false };
    let request = Request::get(format!("http://{}/v1/events:stream", local.http))
        .header("authorization", format!("Bearer {}", local.mint(&screen)))
        .body(Full::new(Bytes::new()))?;
    let response = client.request(request).await?;
    anyhow::ensure!(response.status().is_success(), "the stream was refused: {}", response.status());
    Ok(response.into_body())
}

/// Notes when the first event of each order arrives.
async fn read(mut stream: Incoming, arrivals: Arc<Mutex<Vec<(String, Instant)>>>) -> anyhow::Result<()> {
    let mut buffer = Vec::new();
    while let Some(frame) = stream.frame().await {
        buffer.extend_from_slice(frame?.data_ref().map_or(&[], |data| data));
        let at = Instant::now();
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            let Some(data) = line.strip_prefix(b"data:") else { continue };
            let event: Value = serde_json::from_slice(data).unwrap_or_default();
            let changed = &event["data"]["workOrderChanged"];
            if changed["step"] == "created" {
                let id = changed["workOrder"].as_str().unwrap_or_default().to_owned();
                arrivals.lock().unwrap_or_else(PoisonError::into_inner).push((id, at));
            }
        }
    }
    Ok(())
}

async fn file(client: &HttpClient, local: &Local, sent: Sent, rate: f64, within: Duration) -> usize {
    let corpus = Corpus::load().expect("the corpus is in the binary");
    let mut rng = SmallRng::seed_from_u64(crate::accept::SEED + 2);
    let url = format!("http://{}/v1/reports", local.http);
    let began = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    let mut n = 0;
    while began.elapsed() < within {
        let due = began + Duration::from_secs_f64(n as f64 / rate);
        tokio::time::sleep_until(due.into()).await;
        let body = corpus.body(n, &random_id(&mut rng));
        let (client, url, token, sent) = (client.clone(), url.clone(), local.token.clone(), sent.clone());
        calls.spawn(async move {
            let answer = crate::local::post_json(&client, &url, &token, "", &body).await.ok()?;
            let id = answer.body["workOrder"].as_str()?.rsplit('/').next()?.to_owned();
            sent.lock().unwrap_or_else(PoisonError::into_inner).insert(id, due);
            Some(())
        });
        n += 1;
    }
    calls.join_all().await.into_iter().flatten().count()
}
