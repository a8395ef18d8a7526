//! One row's way through the gateway: tried again under the same request id until there is an answer or patience ends.

use super::filing::Filing;
use crate::client::{CallError, Client, Problem};
use crate::exit::Failure;
use bytes::Bytes;
use civic::{Micros, Rng, SystemRng};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long and how often a row is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// From the first try to the last.
    pub patience: Duration,
    /// Before the second try; doubled for each further one.
    pub first_wait: Duration,
    pub longest_wait: Duration,
}

impl Retry {
    /// With pauses from 0.1 s to 5 s.
    #[must_use]
    pub const fn for_seconds(seconds: u64) -> Self {
        Self {
            patience: Duration::from_secs(seconds),
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_secs(5),
        }
    }

    /// The pause before try `again` (from 1): what the gateway asked for or the doubled one, whichever is longer, and up to half
    /// of it more, so that the rows that were turned away together do not come back together.
    fn wait(&self, again: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(again - 1)).min(self.longest_wait);
        let wait = asked.map_or(doubled, |asked| asked.max(doubled));
        wait + wait.mul_f64(f64::from(SystemRng.u64() as u8) / 512.0)
    }
}

/// What became of a row.
#[derive(Debug)]
pub enum Fate {
    /// Filed by this load, though perhaps by an earlier try whose answer was lost.
    Accepted,
    /// Filed before this load began.
    Replayed,
    Refused(Problem),
    /// Nothing is known of it, and the rows behind it would fare no better.
    Halted(Failure),
    /// Given up since another row halted the load.
    Unsent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(default)]
    create_time: String,
}

/// Posts a filing; the second number is how often it was tried again. A report that is older than `started` was replayed, by the
/// clocks of this machine and the cluster.
pub(super) async fn post(
    client: &Client,
    filing: &Filing,
    retry: &Retry,
    started: Micros,
    halted: &CancellationToken,
) -> (Fate, u32) {
    let body = Bytes::from(serde_json::to_vec(filing).expect("strings, numbers and truth values are JSON"));
    let first = Instant::now();
    let mut again = 0;
    loop {
        let error = match client.post::<Report>("/v1/reports", body.clone()).await {
            Ok(report) => return (fate(&report, started), again),
            Err(error) => error,
        };
        let asked = match &error {
            CallError::Refused(problem) if problem.may_pass() => problem.retry_after,
            CallError::Unreachable { .. } | CallError::Timeout { .. } | CallError::Body { .. } => None,
            CallError::Refused(_) | CallError::Address { .. } => return (final_refusal(error), again),
        };
        let wait = retry.wait(again + 1, asked);
        if first.elapsed() + wait > retry.patience {
            return (Fate::Halted(error.into()), again);
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => again += 1,
            () = halted.cancelled() => return (Fate::Unsent, again),
        }
    }
}

fn fate(report: &Report, started: Micros) -> Fate {
    let earlier = report.create_time.parse::<Timestamp>().is_ok_and(|created| created.as_microsecond() < started.0);
    if earlier { Fate::Replayed } else { Fate::Accepted }
}

/// A bad token is the same for every row; any other refusal is about this one.
fn final_refusal(error: CallError) -> Fate {
    match error {
        CallError::Refused(problem) if problem.status == StatusCode::UNAUTHORIZED => {
            Fate::Halted(Failure::Refused(problem))
        }
        CallError::Refused(problem) => Fate::Refused(problem),
        error @ (CallError::Address { .. }
        | CallError::Unreachable { .. }
        | CallError::Timeout { .. }
        | CallError::Body { .. }) => Fate::Halted(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_honour_what_was_asked() {
        let retry = Retry::for_seconds(60);
        let within = |wait: Duration, least: u64| {
            let least = Duration::from_millis(least);
            assert!(wait >= least && wait <= least + least / 2, "{wait:?}");
        };
        within(retry.wait(1, None), 100);
        within(retry.wait(3, None), 400);
        within(retry.wait(40, None), 5000);
        within(retry.wait(1, Some(Duration::from_secs(7))), 7000);
        within(retry.wait(5, Some(Duration::from_secs(1))), 1600);
    }
}
