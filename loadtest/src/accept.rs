//! Accepted, durable reports: over gRPC and over HTTP, intake alone, against the bound of storing and calling.

use crate::{
    corpus::{Corpus, random_id},
    echo,
    figures::{bound, median, row},
    flight::{Flown, fly},
    local::{Local, channels, http, post},
    raw::Raw,
};
use jiewang::cluster::{Rooms, folder};
use proto::intake::v1::{CreateReportRequest, Report, reports_client::ReportsClient};
use rand::{SeedableRng as _, rngs::SmallRng};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tonic::{Request, metadata::MetadataValue, transport::Channel};

const IN_FLIGHT: usize = 256;
/// Seed of the clients' request ids, printed with the result.
pub const SEED: u64 = 20_261_122;

/// Rounds of product and limit in turn, each for `within`.
/// Answers with the median rate of storing alone.
pub async fn run(rounds: usize, within: Duration) -> anyhow::Result<f64> {
    let dir = tempfile::tempdir()?;
    let corpus = Arc::new(Corpus::load()?);
    let local = Local::start(dir.path(), Rooms { dispatch: false, ..Rooms::ALL }).await?;
    let answer = warm(&corpus, &local).await?;
    let echo = echo::serve(answer).await?;
    let mut raw = Raw::open(&folder::database(dir.path(), intake::NAME), &dir.path().join("raw.sqlite3")).await?;
    let (mut raws, mut echoes, mut grpcs, mut https) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        raws.push(raw.run(within).await?);
        echoes.push(over_grpc(&corpus, echo, "", within, round).await?);
        grpcs.push(over_grpc(&corpus, local.grpc, &local.token, within, round).await?);
        https.push(over_http(&corpus, &local, within, round).await?);
    }
    local.stop().await?;
    report(&raws, &echoes, &grpcs, &https);
    Ok(median(&raws.iter().map(Flown::rate).collect::<Vec<_>>()))
}

/// Files the corpus once: what the raw side copies, and what the echo answers.
async fn warm(corpus: &Corpus, local: &Local) -> anyhow::Result<Report> {
    let mut client = ReportsClient::new(channels(local.grpc)?.remove(0));
    let mut rng = SmallRng::seed_from_u64(SEED - 1);
    let mut last = Report::default();
    for n in 0..1000 {
        let request = authorized(corpus.request(n, &random_id(&mut rng)), &local.token);
        last = client.create_report(request).await?.into_inner();
    }
    Ok(last)
}

fn authorized(message: CreateReportRequest, token: &str) -> Request<CreateReportRequest> {
    let mut request = Request::new(message);
    if let Ok(bearer) = MetadataValue::try_from(format!("Bearer {token}")) {
        request.metadata_mut().insert("authorization", bearer);
    }
    request
}

fn id_of(round: usize, n: usize) -> String {
    random_id(&mut SmallRng::seed_from_u64(SEED ^ ((round as u64 + 1) << 40) ^ n as u64))
}

async fn over_grpc(
    corpus: &Arc<Corpus>,
    to: SocketAddr,
    token: &str,
    within: Duration,
    round: usize,
) -> anyhow::Result<Flown> {
    let clients: Arc<Vec<ReportsClient<Channel>>> =
        Arc::new(channels(to)?.into_iter().map(ReportsClient::new).collect());
    let (corpus, token): (_, Arc<str>) = (corpus.clone(), token.into());
    Ok(fly(IN_FLIGHT, within, usize::MAX, move |n| {
        let mut client = clients[n % clients.len()].clone();
        let request = authorized(corpus.request(n, &id_of(round, n)), &token);
        async move { client.create_report(request).await.is_ok() }
    })
    .await)
}

pub(crate) async fn over_http(
    corpus: &Arc<Corpus>,
    local: &Local,
    within: Duration,
    round: usize,
) -> anyhow::Result<Flown> {
    let (client, corpus) = (http(), corpus.clone());
    let (url, token): (Arc<str>, Arc<str>) =
        (format!("http://{}/v1/reports", local.http).into(), local.token.as_str().into());
    Ok(fly(IN_FLIGHT, within, usize::MAX, move |n| {
        let body = corpus.body(n, &id_of(round + 1000, n)).to_string().into();
        let (client, url, token) = (client.clone(), url.clone(), token.clone());
        async move { post(&client, &url, &token, body).await }
    })
    .await)
}

fn report(raws: &[Flown], echoes: &[Flown], grpcs: &[Flown], https: &[Flown]) {
    let rate = |runs: &[Flown]| median(&runs.iter().map(Flown::rate).collect::<Vec<_>>());
    let cpu = |runs: &[Flown]| median(&runs.iter().map(Flown::cpu_micros).collect::<Vec<_>>());
    let bytes = |runs: &[Flown]| median(&runs.iter().map(Flown::bytes).collect::<Vec<_>>());
    let failed: usize = grpcs.iter().chain(https).chain(echoes).map(|f| f.failed).sum();
    let wire = bound(rate(raws), rate(echoes));
    row("raw: rows of a report in batches of 1,024", rate(raws), "/s", "SQLite WAL, synchronous=FULL");
    row("echo: bare tonic, 256 in flight", rate(echoes), "/s", "");
    row("bound 1/(1/raw + 1/echo)", wire, "/s", "");
    row("accepted over gRPC, intake alone", rate(grpcs), "/s", "");
    row("accepted over HTTP through the gateway", rate(https), "/s", "");
    row("gRPC / bound", rate(grpcs) / wire, "", "at least 0.50");
    row("HTTP / bound", rate(https) / wire, "", "at least 0.35");
    row("gRPC / raw", rate(grpcs) / rate(raws), "", "");
    row("HTTP / raw", rate(https) / rate(raws), "", "");
    for (name, runs) in [("raw", raws), ("echo", echoes), ("gRPC", grpcs), ("HTTP", https)] {
        row(&format!("{name}: processor time per report"), cpu(runs), "µs", "generator included");
        row(&format!("{name}: written per report"), bytes(runs), "bytes", "");
    }
    row("calls failed", failed as f64, "", "0");
}
