//! A call between two services, with everything that it carries, beside a bare tonic's: the same message to the same echo, over loopback,
//! from this process to one of its own.
//!
//! "Everything" is: TLS with certificates of both sides, a token that is verified, a deadline, a trace of which every call is recorded and sent to
//! a collector, the metrics of both sides, the limits of the chassis, and the choice of a replica with what happens when it fails. Between it and a bare
//! tonic stand three that tell what of the difference is whose: a bare tonic over the same TLS, ours without TLS and spans, ours without spans.

pub(crate) mod encrypted;
pub(crate) mod server;

use crate::{
    accept,
    corpus::{Corpus, random_id},
    figures::{Asked, Sheet, median},
    flight::{Flown, fly},
    local,
    role::{Player, Role},
    spans::{Collector, Spans},
};
use anyhow::Context;
use civic::{Actor, Clock as _, SystemClock, SystemRng};
use mesh::{
    Call, Caller, Channel, TokenKey, TraceSource, discovery,
    tls::{Authority, ServiceName, Tls},
};
use prost::Message as _;
use proto::intake::v1::{CreateReportRequest, Report, reports_client::ReportsClient};
use rand::{SeedableRng as _, rngs::SmallRng};
use server::ANSWER;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tempfile::TempDir;

/// As many as a [`Channel`] opens to a replica.
const CONNECTIONS: usize = 4;
const CLUSTER: &str = "50-bench";
const SERVICE: &str = "intake";
const CALLER: &str = "dispatch";
/// Of a cluster that lasts as long as the part.
const KEY: [u8; 32] = [7; 32];
const DAY: Duration = Duration::from_secs(24 * 3600);
const IN_FLIGHT: [usize; 2] = [64, 256];
const ASKED: f64 = 0.80;

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Bare,
    BareEncrypted,
    /// Ours, neither encrypted nor recorded.
    Plain,
    /// Ours, encrypted and not recorded.
    Unrecorded,
    Whole,
}

impl Way {
    const ALL: [Self; 5] = [Self::Bare, Self::BareEncrypted, Self::Plain, Self::Unrecorded, Self::Whole];

    const fn words(self) -> &'static str {
        match self {
            Self::Bare => "bare tonic",
            Self::BareEncrypted => "bare tonic with TLS",
            Self::Plain => "ours without TLS and spans",
            Self::Unrecorded => "ours without spans",
            Self::Whole => "ours with everything",
        }
    }
}

/// Longest run of one way before the next one's turn: what else happens on the machine meets all of them.
const TURN: Duration = Duration::from_secs(1);

/// Rounds of all ways in turn, each for `within` altogether.
pub async fn run(sheet: &mut Sheet, rounds: usize, within: Duration) -> anyhow::Result<()> {
    let corpus = Corpus::load()?;
    let bench = Bench::start(&corpus, &accept::an_answer(&corpus).await?)?;
    bench.refuses_a_stranger().await?;
    for in_flight in IN_FLIGHT {
        let mut runs: [Vec<Run>; Way::ALL.len()] = Default::default();
        let turn = within.min(TURN);
        for way in Way::ALL {
            bench.run(way, in_flight, turn).await?;
        }
        for _ in 0..rounds * within.div_duration_f64(turn).ceil() as usize {
            for (way, runs) in Way::ALL.into_iter().zip(&mut runs) {
                runs.push(bench.run(way, in_flight, turn).await?);
            }
        }
        report(sheet, in_flight, &runs);
    }
    bench.end(sheet).await
}

/// One run, and what the process that answered has used up meanwhile.
struct Run {
    flown: Flown,
    served: f64,
}

impl Run {
    fn served_micros(&self) -> f64 {
        self.served * 1e6 / self.flown.done.max(1) as f64
    }
}

fn report(sheet: &mut Sheet, in_flight: usize, runs: &[Vec<Run>; Way::ALL.len()]) {
    let of = |runs: &[Run], figure: fn(&Run) -> f64| median(&runs.iter().map(figure).collect::<Vec<_>>());
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for (way, runs) in Way::ALL.into_iter().zip(runs) {
        let words = way.words();
        let rate = of(runs, |run| run.flown.rate());
        sheet.row(format!("{words}, {in_flight} in flight"), rate, "/s", Asked::Nothing);
        let (calling, serving) = (of(runs, |run| run.flown.cpu_micros()), of(runs, Run::served_micros));
        sheet.row(format!("{words}: processor time of the caller"), calling, "µs", Asked::Nothing);
        sheet.row(format!("{words}: processor time of the service"), serving, "µs", Asked::Nothing);
        rates.push(rate);
        costs.push(calling + serving);
    }
    let [bare, bare_encrypted, plain, unrecorded, whole] = rates[..] else { return };
    sheet.row(format!("everything / bare, {in_flight} in flight"), whole / bare, "", Asked::AtLeast(ASKED));
    for (words, rate) in [("bare with TLS", bare_encrypted), ("ours plain", plain), ("ours without spans", unrecorded)]
    {
        sheet.row(format!("{words} / bare, {in_flight} in flight"), rate / bare, "", Asked::Nothing);
    }
    sheet.row(format!("everything / bare with TLS, {in_flight} in flight"), whole / bare_encrypted, "", Asked::Nothing);
    // What neighbours take from the rates they do not take from these.
    if let [bare, .., whole] = costs[..] {
        let name = format!("bare / everything, processor time of both sides, {in_flight} in flight");
        sheet.row(name, bare / whole, "", Asked::Nothing);
    }
    let failed: usize = runs.iter().flatten().map(|run| run.flown.failed).sum();
    sheet.row(format!("calls failed, {in_flight} in flight"), failed as f64, "", Asked::AtMost(0.0));
}

/// The process that answers, the collector of its spans, and what calls are made with.
struct Bench {
    collector: Collector,
    player: Player,
    requests: Arc<Vec<CreateReportRequest>>,
    tls: Tls,
    token: String,
    /// Certificates; until the end.
    folders: TempDir,
}

impl Bench {
    fn start(corpus: &Corpus, answer: &Report) -> anyhow::Result<Self> {
        let folders = tempfile::tempdir()?;
        let now = SystemClock.now();
        let authority = Authority::open(&folders.path().join("authority"), now)?;
        for service in [SERVICE, CALLER] {
            let issued = authority.issue(&ServiceName::new(CLUSTER, service)?, now, DAY)?;
            issued.write(&folders.path().join(service))?;
        }
        let (serving, calling) = (folders.path().join(SERVICE), folders.path().join(CALLER));
        std::fs::write(serving.join(ANSWER), answer.encode_to_vec())?;
        // The files do not change meanwhile: nobody has to read them again.
        let (tls, _follow) = Tls::open(&calling, Arc::new(SystemClock))?;
        let collector = Collector::start()?;
        let folder = serving.to_str().context("a folder's name")?;
        let player = Player::start(Role::Calls, &[folder, &collector.url()?])?;
        let mut rng = SmallRng::seed_from_u64(accept::SEED);
        let requests = (0..1000).map(|n| corpus.request(n, &random_id(&mut rng))).collect();
        Ok(Self { collector, player, requests: Arc::new(requests), tls, token: token(KEY), folders })
    }

    /// A token of another key is refused: what is measured is verified.
    async fn refuses_a_stranger(&self) -> anyhow::Result<()> {
        for encrypted in [false, true] {
            let mut client = ReportsClient::new(self.channel(encrypted)?.speaking_as(&token([8; 32])));
            let answered = client.create_report(self.requests[0].clone()).await;
            let reason = answered.err().map(|status| mesh::Problem::from_status(&status).reason);
            anyhow::ensure!(reason.as_deref() == Some("TOKEN_INVALID"), "a stranger was answered: {reason:?}");
        }
        Ok(())
    }

    async fn run(&self, way: Way, in_flight: usize, within: Duration) -> anyhow::Result<Run> {
        let before = self.player.process.cpu()?;
        let flown = match way {
            Way::Bare => fly_bare(local::channels(self.address("bare")?)?, &self.requests, in_flight, within).await,
            Way::BareEncrypted => {
                let folder = self.folders.path().join(CALLER);
                let channels = encrypted::channels(self.address("bareEncrypted")?, &folder)?;
                fly_bare(channels, &self.requests, in_flight, within).await
            }
            Way::Plain => self.fly_ours(false, 0.0, in_flight, within).await?,
            Way::Unrecorded => self.fly_ours(true, 0.0, in_flight, within).await?,
            Way::Whole => self.fly_ours(true, 1.0, in_flight, within).await?,
        };
        Ok(Run { flown, served: self.player.process.cpu()? - before })
    }

    /// Each call as the rpc of a service makes it that works for another call: that one's trace goes along. The span of the call at this side is
    /// not made: this process has no exporter.
    async fn fly_ours(
        &self,
        encrypted: bool,
        recorded: f64,
        in_flight: usize,
        within: Duration,
    ) -> anyhow::Result<Flown> {
        let client = ReportsClient::new(self.channel(encrypted)?.speaking_as(&self.token));
        let (requests, traces) = (Arc::clone(&self.requests), Arc::new(TraceSource::new(&SystemRng, recorded)));
        Ok(fly(in_flight, within, usize::MAX, move |n| {
            let (mut client, request) = (client.clone(), requests[n % requests.len()].clone());
            let working_for = Arc::new(Call::inside(Caller::anonymous(), traces.start()));
            async move { mesh::within(working_for, client.create_report(request)).await.is_ok() }
        })
        .await)
    }

    fn channel(&self, encrypted: bool) -> anyhow::Result<Channel> {
        let address = self.address(if encrypted { "whole" } else { "plain" })?;
        let tls = encrypted.then(|| self.tls.clone());
        Ok(Channel::to_replicas(SERVICE, discovery::fixed(vec![address.to_string()]), tls))
    }

    fn address(&self, what: &str) -> anyhow::Result<SocketAddr> {
        self.player.address(what)
    }

    async fn end(self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let counted = self.player.dismiss(Role::Calls).await?;
        let count = |what: &str| counted[what].as_u64().unwrap_or_default();
        let spans = Spans { ended: count("ended"), sent: count("sent"), refused: count("refused") };
        let taken = self.collector.end().await?;
        sheet.row("spans of the service", spans.ended as f64, "", Asked::Nothing);
        sheet.row("spans that the collector has taken", taken as f64, "", Asked::Nothing);
        sheet.row("spans lost", spans.lost() as f64, "", Asked::AtMost(0.0));
        Ok(())
    }
}

fn token(key: [u8; 32]) -> String {
    let actor = Actor::alone(civic::Role::Integrator, format!("{}{CALLER}", mesh::SERVICE_SUBJECT));
    mesh::mint(&TokenKey::from_bytes(key), &actor, SystemClock.now(), DAY)
}

async fn fly_bare(
    channels: Vec<tonic::transport::Channel>,
    requests: &Arc<Vec<CreateReportRequest>>,
    in_flight: usize,
    within: Duration,
) -> Flown {
    let clients: Arc<Vec<_>> = Arc::new(channels.into_iter().map(ReportsClient::new).collect());
    let requests = Arc::clone(requests);
    fly(in_flight, within, usize::MAX, move |n| {
        let (mut client, request) = (clients[n % clients.len()].clone(), requests[n % requests.len()].clone());
        async move { client.create_report(request).await.is_ok() }
    })
    .await
}
