//! What it costs to record and send the trace of every report: intake alone, a process of its own, over gRPC, beside another one that
//! records none. Both are asked in turn by the same generator with the same headers but for the flag that says "recorded".

use crate::{
    accept::{IN_FLIGHT, authorized, id_of, warm_at},
    corpus::Corpus,
    figures::{Asked, Sheet, median},
    flight::{Flown, fly},
    local::channels,
    process::{Jiewang, token},
    spans::{Collector, Spans, UNTIL_SENT},
};
use anyhow::Context;
use civic::SystemRng;
use http_body_util::BodyExt as _;
use mesh::{TRACEPARENT, TraceSource};
use proto::intake::v1::reports_client::ReportsClient;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tonic::metadata::MetadataValue;

const ASKED: f64 = 1.05;

/// Rounds of both in turn, each for `within`.
pub async fn run(sheet: &mut Sheet, rounds: usize, within: Duration) -> anyhow::Result<()> {
    let (corpus, collector) = (Arc::new(Corpus::load()?), Collector::start()?);
    let mut without = Intake::start(&corpus, &[], None).await?;
    let mut with = Intake::start(&corpus, &[], Some(&collector.url()?)).await?;
    for round in 0..rounds {
        without.run(&corpus, within, round).await?;
        with.run(&corpus, within, round).await?;
    }
    let spans = with.spans().await?;
    without.serving.process.end().await?;
    with.serving.process.end().await?;
    let taken = collector.end().await?;
    let (cost, recorded) = (without.micros(), with.micros());
    sheet.row("not recorded", median(&rates(&without.runs)), "/s", Asked::Nothing);
    sheet.row("every trace recorded and sent", median(&rates(&with.runs)), "/s", Asked::Nothing);
    sheet.row("not recorded: processor time of intake a report", cost, "µs", Asked::Nothing);
    sheet.row("recorded: processor time of intake a report", recorded, "µs", Asked::Nothing);
    sheet.row("recorded / not recorded", recorded / cost, "", Asked::AtMost(ASKED));
    sheet.row("spans that ended", spans.ended as f64, "", Asked::Nothing);
    sheet.row("spans that the collector has taken", taken as f64, "", Asked::Nothing);
    sheet.row("spans lost", spans.lost() as f64, "", Asked::AtMost(0.0));
    let failed: usize = with.runs.iter().chain(&without.runs).map(|(flown, _)| flown.failed).sum();
    sheet.row("calls failed", failed as f64, "", Asked::AtMost(0.0));
    let each = |runs: &[(Flown, f64)]| {
        let micros: Vec<String> = runs.iter().map(|run| format!("{:.1}", micros(run))).collect();
        micros.join(", ")
    };
    sheet.note(format!("rounds in µs: not recorded {}; recorded {}", each(&without.runs), each(&with.runs)));
    Ok(())
}

pub(crate) fn rates(runs: &[(Flown, f64)]) -> Vec<f64> {
    runs.iter().map(|(flown, _)| flown.rate()).collect()
}

fn micros((flown, cpu): &(Flown, f64)) -> f64 {
    cpu * 1e6 / flown.done.max(1) as f64
}

/// `jiewang serve intake`, and what it has done.
pub(crate) struct Intake {
    pub(crate) serving: Jiewang,
    token: String,
    traces: Arc<TraceSource>,
    /// With its processor time, until the last span is sent.
    pub(crate) runs: Vec<(Flown, f64)>,
    _folder: TempDir,
}

impl Intake {
    /// With a collector it is sent the trace of every report.
    pub(crate) async fn start(corpus: &Corpus, flags: &[&str], otlp: Option<&str>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let verb = [&["serve", "intake"], flags].concat();
        let mut serving = Jiewang::start(folder.path(), &verb, otlp)?;
        serving.process.answers(&format!("http://{}/readyz", serving.admin)).await?;
        let token = token(folder.path())?;
        warm_at(corpus, serving.grpc, &token).await?;
        let traces = Arc::new(TraceSource::new(&SystemRng, if otlp.is_some() { 1.0 } else { 0.0 }));
        Ok(Self { serving, token, traces, runs: Vec::new(), _folder: folder })
    }

    pub(crate) async fn run(&mut self, corpus: &Arc<Corpus>, within: Duration, round: usize) -> anyhow::Result<()> {
        let clients: Arc<Vec<_>> = Arc::new(channels(self.serving.grpc)?.into_iter().map(ReportsClient::new).collect());
        let (corpus, token, traces) = (Arc::clone(corpus), Arc::<str>::from(&*self.token), Arc::clone(&self.traces));
        let before = self.serving.process.cpu()?;
        let flown = fly(IN_FLIGHT, within, usize::MAX, move |n| {
            let mut client = clients[n % clients.len()].clone();
            let mut request = authorized(corpus.request(n, &id_of(round, n)), &token);
            if let Ok(trace) = MetadataValue::try_from(traces.start().to_string()) {
                request.metadata_mut().insert(TRACEPARENT, trace);
            }
            async move { client.create_report(request).await.is_ok() }
        })
        .await;
        tokio::time::sleep(UNTIL_SENT).await;
        self.runs.push((flown, self.serving.process.cpu()? - before));
        Ok(())
    }

    pub(crate) fn micros(&self) -> f64 {
        median(&self.runs.iter().map(micros).collect::<Vec<_>>())
    }

    async fn spans(&self) -> anyhow::Result<Spans> {
        let url = format!("http://{}/metrics", self.serving.admin).parse()?;
        let answer = crate::local::http().get(url).await.context("the metrics of intake")?;
        Ok(Spans::in_metrics(&String::from_utf8_lossy(&answer.into_body().collect().await?.to_bytes())))
    }
}
