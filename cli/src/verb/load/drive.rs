//! The load itself: rows one after the other, at the rate asked for, so many in flight.

use super::post::{Fate, Retry, post};
use super::source::{Row, Rows};
use super::summary::Summary;
use crate::client::Client;
use crate::exit::{Failure, sentence};
use civic::Micros;
use futures_util::{StreamExt, stream};
use std::cell::Cell;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How to load.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Rows a second; 0 is as fast as it goes.
    pub rate: f64,
    pub in_flight: usize,
    pub retry: Retry,
    /// Reports older than this were there before.
    pub started: Micros,
}

/// Who is told while it goes on.
pub trait Watch {
    /// A row that was not filed, and why.
    fn complain(&self, line: &str);
    /// A row is done.
    fn step(&self, summary: &Summary);
}

/// Files all rows, until `stop`; rows in flight are finished. The failure is what halted it before the end.
pub async fn drive(
    rows: Rows,
    client: &Client,
    settings: &Settings,
    stop: &CancellationToken,
    watch: &dyn Watch,
) -> (Summary, Option<Failure>) {
    let begun = Instant::now();
    let mut summary = Summary::new(rows.table());
    let halted = stop.child_token();
    // A stop lets pauses between tries run on; a halt does not.
    let give_up = CancellationToken::new();
    let mut halt = None;
    {
        let pace = Pace::new(settings.rate, begun);
        let paced = stream::iter(rows).then(|row| pace.turn(row)).take_until(halted.cancelled());
        let sent = paced.map(|row| send(row, client, settings, &give_up)).buffer_unordered(settings.in_flight);
        let mut sent = std::pin::pin!(sent);
        while let Some(done) = sent.next().await {
            if let Some(failure) = count(done, &mut summary, watch) {
                halted.cancel();
                give_up.cancel();
                halt.get_or_insert(failure);
            }
            watch.step(&summary);
        }
    }
    summary.interrupted = stop.is_cancelled();
    summary.took = begun.elapsed();
    (summary, halt)
}

/// A row that has met its fate.
enum Done {
    Unreadable { line: u64, why: String },
    Sent { line: u64, request_id: String, fate: Fate, again: u32 },
}

async fn send(row: Row, client: &Client, settings: &Settings, give_up: &CancellationToken) -> Done {
    let line = row.line;
    match row.filing {
        Err(error) => Done::Unreadable { line, why: error.to_string() },
        Ok(filing) => {
            let (fate, again) = post(client, &filing, &settings.retry, settings.started, give_up).await;
            Done::Sent { line, request_id: filing.request_id, fate, again }
        }
    }
}

/// Counts it, complains where there is something to complain of, and hands back what halts the load.
fn count(done: Done, summary: &mut Summary, watch: &dyn Watch) -> Option<Failure> {
    summary.rows += 1;
    let (line, request_id, fate, again) = match done {
        Done::Unreadable { line, why } => {
            summary.unreadable += 1;
            watch.complain(&format!("line {line}: skipped: {why}"));
            return None;
        }
        Done::Sent { line, request_id, fate, again } => (line, request_id, fate, again),
    };
    summary.retries += u64::from(again);
    match fate {
        Fate::Accepted => summary.accepted += 1,
        Fate::Replayed => summary.replayed += 1,
        Fate::Unsent => summary.unsent += 1,
        Fate::Refused(problem) => {
            watch.complain(&format!("line {line} ({request_id}): refused: {problem}"));
            *summary.refused.entry(problem.reason).or_default() += 1;
        }
        Fate::Halted(failure) => {
            summary.unsent += 1;
            watch.complain(&format!("line {line} ({request_id}): not filed: {}", sentence(&failure)));
            return Some(failure);
        }
    }
    None
}

/// Lets rows through at an even rate. Rows that come late do not hurry the next ones: the rate is a bound, not a debt.
struct Pace {
    gap: Option<Duration>,
    next: Cell<Instant>,
}

impl Pace {
    /// Timers have a millisecond's grain, so at high rates rows go in small groups.
    const LENIENCE: Duration = Duration::from_millis(20);

    fn new(rate: f64, now: Instant) -> Self {
        let gap = (rate > 0.0).then(|| Duration::from_secs_f64(1.0 / rate));
        Self { gap, next: Cell::new(now) }
    }

    async fn turn(&self, row: Row) -> Row {
        if let Some(gap) = self.gap {
            tokio::time::sleep_until(self.take(gap, Instant::now())).await;
        }
        row
    }

    /// When the next row may go, asked at `now`.
    fn take(&self, gap: Duration, now: Instant) -> Instant {
        let late = now.checked_sub(Self::LENIENCE).unwrap_or(now);
        let turn = self.next.get().max(late);
        self.next.set(turn + gap);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_at_the_rate_and_a_pause_is_not_made_up_for() {
        let begun = Instant::now();
        let (pace, gap) = (Pace::new(10.0, begun), Duration::from_millis(100));
        let turns: Vec<_> = (0..3).map(|_| pace.take(gap, begun) - begun).collect();
        assert_eq!(turns, [0, 100, 200].map(Duration::from_millis));
        let after = begun + Duration::from_secs(10);
        let first = pace.take(gap, after);
        assert_eq!(after - first, Pace::LENIENCE);
        assert_eq!(pace.take(gap, after) - first, gap);
    }
}
