//! The hotline: it files reports over the channel that every caller uses, and does not give one up before it is answered.

use super::network::{PORT, SimulatedTime, network};
use super::world::GONE;
use civic::{Actor, Role, SeededRng};
use mesh::{Channel, Speaker, TokenKey, discovery};
use proto::intake::v1::reports_client::ReportsClient;
use proto::intake::v1::{self as intake, CreateReportRequest};
use proto::types::v1::Location;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::Seed;
use tokio::time::{Instant, sleep};

/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(700);
/// The caller at the telephone does not wait longer for one attempt.
const WAIT: Duration = Duration::from_secs(3);

/// What it was told: the name of each report by its key, and how often nobody knew.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) reports: BTreeMap<String, String>,
    pub(super) doubtful: u32,
    pub(super) repeated: u32,
    /// What was wrong with an answer.
    pub(super) faults: Vec<String>,
    /// Every answer with its instant, for whoever compares two runs.
    pub(super) trace: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Hotline {
    channel: Channel,
    speaker: Speaker,
    pub(super) told: Arc<Mutex<Told>>,
    seed: Arc<Seed>,
    began: Instant,
}

impl Hotline {
    pub(super) fn new(key: TokenKey, time: &SimulatedTime, seed: u64, told: Arc<Mutex<Told>>) -> Self {
        let addresses = discovery::fixed(["intake", "intake-2", GONE].map(|host| format!("{host}:{PORT}")).to_vec());
        let channel = Channel::to_replicas_over(network(Arc::new(SeededRng::new(seed))), "intake", addresses);
        Self {
            channel: channel.with_default_deadline(WAIT),
            speaker: Speaker::new(key, Arc::new(time.clone())),
            told,
            seed: Arc::new(Seed::new(seed)),
            began: Instant::now(),
        }
    }

    /// Files so many reports, one after the other.
    pub(super) async fn file_all(&self, count: usize) {
        for number in 0..count {
            let key = format!("call-{number}");
            self.file(&key).await;
            sleep(Duration::from_millis(self.seed.below(900))).await;
        }
    }

    /// Until it is answered. Now and then the same call goes out twice at once, or again after its answer.
    async fn file(&self, key: &str) {
        loop {
            let answered = if self.seed.per_mille(200) {
                let (one, other) = tokio::join!(self.attempt(key), self.attempt(key));
                self.told.lock().unwrap().repeated += 1;
                one || other
            } else {
                self.attempt(key).await
            };
            if answered {
                break;
            }
            sleep(AGAIN).await;
        }
        if self.seed.per_mille(200) {
            self.told.lock().unwrap().repeated += 1;
            self.attempt(key).await;
        }
    }

    async fn attempt(&self, key: &str) -> bool {
        let actor = Actor::alone(Role::Integrator, "hotline");
        let request = self.speaker.speak(&actor, report(key));
        let answer = ReportsClient::new(self.channel.clone()).create_report(request).await;
        let mut told = self.told.lock().unwrap();
        let at = self.began.elapsed().as_millis();
        match answer {
            Ok(answer) => {
                let name = answer.into_inner().name;
                told.trace.push(format!("{at} {key} {name}"));
                let known = told.reports.entry(key.to_owned()).or_insert_with(|| name.clone()).clone();
                if known != name {
                    told.faults.push(format!("{key} was {known} and is {name}"));
                }
                true
            }
            Err(status) => {
                told.trace.push(format!("{at} {key} {:?}", status.code()));
                told.doubtful += 1;
                let passes = matches!(
                    status.code(),
                    tonic::Code::Unavailable
                        | tonic::Code::DeadlineExceeded
                        | tonic::Code::ResourceExhausted
                        | tonic::Code::Cancelled
                );
                if !passes {
                    told.faults.push(format!("{key} is refused: {status:?}"));
                }
                // A refusal would be the same again.
                !passes
            }
        }
    }
}

fn report(key: &str) -> CreateReportRequest {
    CreateReportRequest {
        request_id: key.to_owned(),
        kind: intake::ReportKind::Complaint.into(),
        channel: intake::Channel::Hotline12345.into(),
        text: format!("巴川街道中兴路的路灯不亮，编号 {key}"),
        category_code: "0612".to_owned(),
        location: Some(Location { division_code: "500151001".to_owned(), ..Location::default() }),
        reporter: Some(intake::Reporter { phone: "13800138000".to_owned(), ..intake::Reporter::default() }),
        ..CreateReportRequest::default()
    }
}
