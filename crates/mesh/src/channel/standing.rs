//! Leaving out a replica that fails, and taking it again.
//!
//! Five failures in a row, with nothing well done between them, put a replica out. From then on no call is risked on it: it is asked
//! for its health, after a pause that doubles while it does not answer well, and taken again when it says that it serves. What counts
//! as a failure decides the caller's side ([`is_to_blame`]): an answer that refuses a request speaks well of who gave it.

use super::Channel;
use super::members::{Draws, Member, Members};
use crate::error::{Code, Problem};
use crate::tasks;
use metrics::{counter, gauge};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// One failure may be the request's bad luck; a replica that is gone fails as many within milliseconds.
const FAILURES: u32 = 5;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long the answer about its health may take: who needs longer is not taken.
const HEALTHY_WITHIN: Duration = Duration::from_secs(1);

/// What callers know of a replica's health.
#[derive(Default)]
pub(super) struct Standing {
    in_a_row: AtomicU32,
    out: AtomicBool,
}

impl Standing {
    pub(super) fn is_out(&self) -> bool {
        self.out.load(Ordering::Relaxed)
    }

    /// Read before it is written: of replicas that do well the cache line stays shared.
    pub(super) fn praise(&self) {
        if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
    }

    /// Says whether this failure puts it out: to one caller only.
    pub(super) fn blame(&self) -> bool {
        let failures = self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        failures >= FAILURES && !self.out.swap(true, Ordering::Relaxed)
    }

    fn readmit(&self) {
        self.in_a_row.store(0, Ordering::Relaxed);
        self.out.store(false, Ordering::Relaxed);
    }
}

/// Whether an answer speaks against the replica that gave it. Load is answered by sending less there, not by sending all of it to the
/// others; a deadline may be the request's own; a service behind it that is away is no fault of its.
pub(super) fn is_to_blame(status: &tonic::Status) -> bool {
    let problem = Problem::from_status(status);
    let is_other = matches!(problem.reason.as_str(), "OVERLOADED" | "UPSTREAM_UNREACHABLE") || problem.is_deadline();
    problem.code == Code::Unavailable && !is_other
}

/// Asks the replica for its health until it serves, or has left.
pub(super) fn watch(member: &Arc<Member>, draws: &Arc<Draws>, service: &str) {
    let (authority, service) = (member.authority.to_string(), service.to_owned());
    tracing::warn!(service, replica = authority, "a replica is left out: it fails");
    counter!("jiewang_channel_ejections_total", "service" => service.clone()).increment(1);
    let (member, draws) = (Arc::downgrade(member), Arc::clone(draws));
    tasks::drive(async move {
        let out = Out::begin(service);
        let serves = wait_until_it_serves(&member, &draws).await;
        tracing::info!(service = out.0, replica = authority, serves, "a replica is no longer left out");
    });
}

/// One more replica is left out, until this is dropped.
struct Out(String);

impl Out {
    fn begin(service: String) -> Self {
        gauge!("jiewang_channel_replicas_out", "service" => service.clone()).increment(1);
        Self(service)
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        gauge!("jiewang_channel_replicas_out", "service" => self.0.clone()).decrement(1);
    }
}

/// `false`: it is not among the replicas any more.
async fn wait_until_it_serves(member: &Weak<Member>, draws: &Draws) -> bool {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(jittered(pause, draws.next())).await;
        let Some(member) = member.upgrade() else { return false };
        if serves(&member).await {
            member.standing.readmit();
            return true;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Between three and five quarters of it, so that callers do not all knock at once.
fn jittered(pause: Duration, drawn: u64) -> Duration {
    let drawn = u32::try_from(drawn % 512).unwrap_or_default();
    pause * (768 + drawn) / 1024
}

async fn serves(member: &Arc<Member>) -> bool {
    let name = member.authority.to_string();
    let channel = Channel::over(Members::one(Arc::clone(member)), name).with_default_deadline(HEALTHY_WITHIN);
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
}
