//! What the gateway uses up for a request, JSON in and gRPC out, beside two programs that stand at others' edges: HAProxy, which hands the same
//! bytes on without reading them, and Envoy, which makes gRPC out of the same JSON by the same annotations.
//!
//! Each is a process of its own before the same upstreams, and is asked in turn by the same generator. Told is the processor time of that
//! process alone, by the requests that were answered well.

mod envoy;
mod haproxy;
mod stub;

use crate::{
    accept::{self, id_of},
    corpus::Corpus,
    echo,
    figures::{Asked, Sheet, median},
    flight::{Flown, fly},
    local::{HttpClient, http, post},
    process::{Jiewang, Process, token},
};
use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use serde_json::Value;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tempfile::TempDir;

const IN_FLIGHT: usize = 64;
const HAPROXY_ASKED: f64 = 3.0;
const ENVOY_ASKED: f64 = 0.35;

/// Rounds of all that are there in turn, each for `within`.
pub async fn run(sheet: &mut Sheet, rounds: usize, within: Duration) -> anyhow::Result<()> {
    let corpus = Corpus::load()?;
    let bodies: Arc<Vec<Bytes>> =
        Arc::new((0..1000).map(|n| corpus.body(n, &id_of(0, n)).to_string().into()).collect());
    let upstream = echo::serve(accept::an_answer(&corpus).await?).await?;
    let folder = tempfile::tempdir()?;
    let mut gateway = gateway(&folder, upstream).await?;
    let generator = Generator { client: http(), token: token(folder.path())?.into(), bodies };
    let answers = generator.answers(gateway.address).await?;
    let first: Value = serde_json::from_slice(&answers[0])?;
    let stub = stub::serve(answers).await?;
    let mut haproxy = haproxy::start(folder.path(), stub).await?;
    let mut envoy = envoy::start(folder.path(), upstream).await?;
    for relay in [&haproxy, &envoy].into_iter().flatten() {
        let answer: Value = serde_json::from_slice(&generator.answer(relay.address, 0).await?)?;
        if answer != first {
            sheet.note(format!("{} answers otherwise than the gateway: {answer}, not {first}", relay.name));
        }
    }
    for round in 0..=rounds {
        // The first is not counted: connections are made, and what is allocated once is.
        let within = if round == 0 { within / 5 } else { within };
        for relay in [Some(&mut gateway), haproxy.as_mut(), envoy.as_mut()].into_iter().flatten() {
            let run = generator.run(relay, within).await?;
            relay.runs.extend((round > 0).then_some(run));
        }
    }
    report(sheet, &gateway, haproxy.as_ref(), envoy.as_ref());
    for mut relay in [Some(gateway), haproxy, envoy].into_iter().flatten() {
        relay.process.end().await?;
    }
    Ok(())
}

fn report(sheet: &mut Sheet, gateway: &Relay, haproxy: Option<&Relay>, envoy: Option<&Relay>) {
    let ours = gateway.micros();
    for relay in [Some(gateway), haproxy, envoy].into_iter().flatten() {
        let rates: Vec<f64> = relay.runs.iter().map(|(flown, _)| flown.rate()).collect();
        sheet.row(format!("{}: processor time a request", relay.name), relay.micros(), "µs", Asked::Nothing);
        sheet.row(format!("{}: answered, {IN_FLIGHT} in flight", relay.name), median(&rates), "/s", Asked::Nothing);
        let failed: usize = relay.runs.iter().map(|(flown, _)| flown.failed).sum();
        sheet.row(format!("{}: not answered well", relay.name), failed as f64, "", Asked::AtMost(0.0));
    }
    for (name, relay, asked) in [("HAProxy", haproxy, HAPROXY_ASKED), ("Envoy", envoy, ENVOY_ASKED)] {
        if relay.is_none() {
            sheet.note(format!("{name} could not be had: what is asked beside it is not met"));
        }
        // What could not be measured is not met.
        let theirs = relay.map_or(f64::NAN, Relay::micros);
        sheet.row(format!("gateway / {name}"), ours / theirs, "", Asked::AtMost(asked));
    }
}

/// One process, and what it has done: with its processor time.
struct Relay {
    name: &'static str,
    process: Process,
    address: SocketAddr,
    runs: Vec<(Flown, f64)>,
}

impl Relay {
    fn new(name: &'static str, process: Process, address: SocketAddr) -> Self {
        Self { name, process, address, runs: Vec::new() }
    }

    fn micros(&self) -> f64 {
        median(&self.runs.iter().map(|(flown, cpu)| cpu * 1e6 / flown.done.max(1) as f64).collect::<Vec<_>>())
    }
}

/// `jiewang serve gateway` before an upstream that answers for every service.
async fn gateway(folder: &TempDir, upstream: SocketAddr) -> anyhow::Result<Relay> {
    let peers = [format!("intake={upstream}"), format!("dispatch={upstream}")];
    let verb = ["serve", "gateway", "--peer", &peers[0], "--peer", &peers[1]];
    let Jiewang { mut process, http, .. } = Jiewang::start(folder.path(), &verb, None)?;
    process.answers(&format!("http://{http}/healthz")).await?;
    Ok(Relay::new("gateway", process, http))
}

/// Posts the reports of the corpus.
struct Generator {
    client: HttpClient,
    token: Arc<str>,
    bodies: Arc<Vec<Bytes>>,
}

impl Generator {
    async fn run(&self, relay: &Relay, within: Duration) -> anyhow::Result<(Flown, f64)> {
        let Self { client, token, bodies } = self;
        let url: Arc<str> = url(relay.address).into();
        let before = relay.process.cpu()?;
        let (client, token, bodies) = (client.clone(), Arc::clone(token), Arc::clone(bodies));
        let flown = fly(IN_FLIGHT, within, usize::MAX, move |n| {
            let (client, url, token) = (client.clone(), Arc::clone(&url), Arc::clone(&token));
            let body = bodies[n % bodies.len()].clone();
            async move { post(&client, &url, &token, body).await }
        })
        .await;
        Ok((flown, relay.process.cpu()? - before))
    }

    /// To every body, one after the other.
    async fn answers(&self, address: SocketAddr) -> anyhow::Result<Vec<Bytes>> {
        let mut answers = Vec::with_capacity(self.bodies.len());
        for n in 0..self.bodies.len() {
            answers.push(self.answer(address, n).await?);
        }
        Ok(answers)
    }

    async fn answer(&self, address: SocketAddr, n: usize) -> anyhow::Result<Bytes> {
        let request = Request::post(url(address))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(self.bodies[n].clone()))?;
        let answer = self.client.request(request).await?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await?.to_bytes();
        status.is_success().then_some(()).with_context(|| format!("{address} answers {status}: {bytes:?}"))?;
        Ok(bytes)
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/v1/reports")
}
