//! Accepted, durable reports: over gRPC and over HTTP, intake alone, against the bound of storing and calling.

use crate::{
    corpus::{Corpus, random_id},
    disk, echo,
    figures::{Asked, Sheet, bound, median},
    flight::{Flown, fly},
    local::{Local, channels, http, post},
    raw::{self, Raw},
};
use jiewang::args::Room;
use jiewang::cluster::{Rooms, folder};
use proto::intake::v1::{CreateReportRequest, Report, reports_client::ReportsClient};
use rand::{SeedableRng as _, rngs::SmallRng};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tonic::{Request, metadata::MetadataValue, transport::Channel};

pub(crate) const IN_FLIGHT: usize = 256;
/// Seed of the clients' request ids, printed with the result.
pub const SEED: u64 = 20_261_122;

/// Rounds of product and limit in turn, each for `within`.
pub async fn run(sheet: &mut Sheet, rounds: usize, within: Duration) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let corpus = Arc::new(Corpus::load()?);
    let local = Local::start(dir.path(), Rooms::ALL.without(Room::Dispatch)).await?;
    let answer = warm(&corpus, &local).await?;
    let echo = echo::serve(answer).await?;
    let intake = folder::database(dir.path(), intake::NAME);
    let mut raw = Raw::open(raw::templates(&intake).await?, &dir.path().join("raw.sqlite3")).await?;
    let before = disk::rows(&intake).await?;
    let mut runs = Runs::default();
    for round in 0..rounds {
        runs.raws.push(raw.run(within).await?);
        runs.echoes.push(over_grpc(&corpus, echo, "", within, round).await?);
        runs.grpcs.push(over_grpc(&corpus, local.grpc, &local.token, within, round).await?);
        runs.https.push(over_http(&corpus, &local, within, round).await?);
    }
    let after = disk::rows(&intake).await?;
    local.stop().await?;
    runs.report(sheet, "SQLite");
    let (rows, tables) = disk::gained(&before, &after, runs.filed());
    sheet.row("raw: rows per report", raw::ROWS, "", Asked::Nothing);
    sheet.row("intake: rows per report", rows, "", Asked::Nothing);
    sheet.note(format!("intake: {tables}"));
    Ok(())
}

/// Files the corpus once: what the raw side copies, and what the echo answers.
pub(crate) async fn warm(corpus: &Corpus, local: &Local) -> anyhow::Result<Report> {
    warm_at(corpus, local.grpc, &local.token).await
}

/// The same with an intake anywhere.
pub(crate) async fn warm_at(corpus: &Corpus, intake: SocketAddr, token: &str) -> anyhow::Result<Report> {
    let mut client = ReportsClient::new(channels(intake)?.remove(0));
    let mut rng = SmallRng::seed_from_u64(SEED - 1);
    let mut last = Report::default();
    for n in 0..1000 {
        let request = authorized(corpus.request(n, &random_id(&mut rng)), token);
        last = client.create_report(request).await?.into_inner();
    }
    Ok(last)
}

/// What intake answers a report of the corpus with, for echoes.
pub(crate) async fn an_answer(corpus: &Corpus) -> anyhow::Result<Report> {
    let dir = tempfile::tempdir()?;
    let local = Local::start(dir.path(), Rooms::ALL.without(Room::Dispatch)).await?;
    let answer = warm(corpus, &local).await?;
    local.stop().await?;
    Ok(answer)
}

pub(crate) fn authorized(message: CreateReportRequest, token: &str) -> Request<CreateReportRequest> {
    let mut request = Request::new(message);
    if let Ok(bearer) = MetadataValue::try_from(format!("Bearer {token}")) {
        request.metadata_mut().insert("authorization", bearer);
    }
    request
}

pub(crate) fn id_of(round: usize, n: usize) -> String {
    random_id(&mut SmallRng::seed_from_u64(SEED ^ ((round as u64 + 1) << 40) ^ n as u64))
}

pub(crate) async fn over_grpc(
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
    Ok(post_all(corpus, &local.http.to_string(), &local.token, Stop { within, most: usize::MAX }, round).await)
}

/// The same until so many have been sent.
pub(crate) async fn over_http_at_most(
    corpus: &Arc<Corpus>,
    local: &Local,
    most: usize,
    round: usize,
) -> anyhow::Result<Flown> {
    Ok(post_all(corpus, &local.http.to_string(), &local.token, Stop { within: LONG, most }, round).await)
}

/// The same to a process of its own.
pub(crate) async fn file_at(corpus: &Arc<Corpus>, address: &str, token: &str, most: usize) -> Flown {
    post_all(corpus, address, token, Stop { within: LONG, most }, 0).await
}

/// As good as for ever.
const LONG: Duration = Duration::from_secs(24 * 3600);

struct Stop {
    within: Duration,
    most: usize,
}

async fn post_all(corpus: &Arc<Corpus>, address: &str, token: &str, stop: Stop, round: usize) -> Flown {
    let (client, corpus) = (http(), corpus.clone());
    let (url, token): (Arc<str>, Arc<str>) = (format!("http://{address}/v1/reports").into(), token.into());
    fly(IN_FLIGHT, stop.within, stop.most, move |n| {
        let body = corpus.body(n, &id_of(round + 1000, n)).to_string().into();
        let (client, url, token) = (client.clone(), url.clone(), token.clone());
        async move { post(&client, &url, &token, body).await }
    })
    .await
}

/// The runs of one store, product and limits in turn.
#[derive(Default)]
pub(crate) struct Runs {
    pub(crate) raws: Vec<Flown>,
    pub(crate) echoes: Vec<Flown>,
    pub(crate) grpcs: Vec<Flown>,
    pub(crate) https: Vec<Flown>,
}

impl Runs {
    pub(crate) fn filed(&self) -> usize {
        self.grpcs.iter().chain(&self.https).map(|f| f.done).sum()
    }

    /// The bounds are asked of SQLite; of PostgreSQL the same pair is told.
    pub(crate) fn report(&self, sheet: &mut Sheet, store: &str) {
        let Self { raws, echoes, grpcs, https } = self;
        let of = |runs: &[Flown], figure: fn(&Flown) -> f64| median(&runs.iter().map(figure).collect::<Vec<_>>());
        let [raw, echo, grpc, http] = [raws, echoes, grpcs, https].map(|runs| of(runs, Flown::rate));
        let wire = bound(raw, echo);
        let asked = |bound| if store == "SQLite" { Asked::AtLeast(bound) } else { Asked::Nothing };
        sheet.row(format!("raw on {store}: rows of a report, batches of 1,024"), raw, "/s", Asked::Nothing);
        sheet.row("echo: bare tonic, 256 in flight", echo, "/s", Asked::Nothing);
        sheet.row("bound 1/(1/raw + 1/echo)", wire, "/s", Asked::Nothing);
        sheet.row("accepted over gRPC, intake alone", grpc, "/s", Asked::Nothing);
        sheet.row("accepted over HTTP through the gateway", http, "/s", Asked::Nothing);
        sheet.row("gRPC / bound", grpc / wire, "", asked(0.50));
        sheet.row("HTTP / bound", http / wire, "", asked(0.35));
        sheet.row("gRPC / raw", grpc / raw, "", Asked::Nothing);
        sheet.row("HTTP / raw", http / raw, "", Asked::Nothing);
        for (name, runs) in [("raw", raws), ("echo", echoes), ("gRPC", grpcs), ("HTTP", https)] {
            let (cpu, bytes) = (of(runs, Flown::cpu_micros), of(runs, Flown::bytes));
            sheet.row(format!("{name}: processor time per report"), cpu, "µs", Asked::Nothing);
            sheet.row(format!("{name}: written per report"), bytes, "bytes", Asked::Nothing);
        }
        let failed: usize = grpcs.iter().chain(https).chain(echoes).map(|f| f.failed).sum();
        sheet.row("calls failed", failed as f64, "", Asked::AtMost(0.0));
    }
}
