//! The run on a terminal while it goes on; nothing where nobody looks.

use super::tally::{Second, Tally};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

const DRAWS_PER_SECOND: u8 = 5;

/// Shows the second that went by last, until it is dropped.
pub async fn watch(tally: Arc<Mutex<Tally>>, seconds: f64) {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
    let bar = ProgressBar::with_draw_target(Some(seconds.ceil() as u64), target);
    let style = ProgressStyle::with_template("{bar:40} {elapsed_precise} of {len} s\n{msg}");
    bar.set_style(style.expect("the template is right"));
    let (began, mut ticks) = (Instant::now(), interval(Duration::from_millis(500)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        bar.set_position(began.elapsed().as_secs());
        let (latest, failed) = {
            let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            (tally.latest(), tally.all.total() - tally.all.ok())
        };
        if let Some(second) = latest {
            bar.set_message(message(&second, failed));
        }
    }
}

fn message(second: &Second, failed: u64) -> String {
    let Second { offered, ok, held, p50, p99, max, .. } = *second;
    let [p50, p99, max] = [p50, p99, max].map(|micros| micros as f64 / 1000.0);
    format!(
        "due {offered}/s  served {ok}/s  held {held}/s  p50 {p50:.1}  p99 {p99:.1}  max {max:.1} ms  not served so far {failed}"
    )
}
