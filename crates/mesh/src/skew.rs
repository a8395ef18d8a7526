//! Whether this machine's clock may be relied on: beside PostgreSQL it is held against the database's.
//!
//! Due dates, timers and tokens are all compared with the process's clock. One that is off by more than 5 s takes the process
//! out of service until it is right again; work at hand goes on. Where the only clock is ours there is nothing to compare.
//!
//! Known inaccuracy: the question takes a while on the way, so a clock is called ahead only by what the way cannot explain.

use crate::readiness::Check;
use casebook::{Casebook, StoreError};
use metrics::gauge;
use std::time::Duration;
use tokio::time::Instant;

/// Off by more than this, either way, is not ready.
const BOUND: Duration = Duration::from_secs(5);

/// Clocks drift by milliseconds an hour; what is looked for is a step.
const EVERY: Duration = Duration::from_secs(5);

/// A clock to hold ours against.
#[tonic::async_trait]
pub trait Reference: Send + Sync + 'static {
    /// How far ours is ahead of it (behind: negative), in microseconds; `None` where there is no other.
    async fn skew(&self) -> Result<Option<i64>, StoreError>;
}

#[tonic::async_trait]
impl Reference for Casebook {
    async fn skew(&self) -> Result<Option<i64>, StoreError> {
        self.clock_skew().await
    }
}

/// Turns the check until the process ends, or once where there is nothing to compare. While the reference cannot be asked, the
/// last answer stands: that the database is away is another check's matter.
pub async fn watch_clock(check: Check, reference: impl Reference) {
    loop {
        let asked = Instant::now();
        match reference.skew().await {
            Ok(None) => return check.pass(),
            Ok(Some(skew)) => judge(&check, skew, asked.elapsed()),
            Err(error) => tracing::debug!(%error, "the database's clock cannot be asked"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn judge(check: &Check, skew: i64, on_the_way: Duration) {
    let off = Duration::from_micros(skew.unsigned_abs());
    let signed = if skew < 0 { -off.as_secs_f64() } else { off.as_secs_f64() };
    gauge!("jiewang_clock_skew_seconds", "check" => check.name().to_owned()).set(signed);
    let unexplained = if skew > 0 { off.saturating_sub(on_the_way) } else { off };
    if unexplained <= BOUND {
        return check.pass();
    }
    let word = if skew > 0 { "ahead of" } else { "behind" };
    let why = format!("this machine's clock is {:.1} s {word} the database's", off.as_secs_f64());
    tracing::warn!(check = check.name(), "{why}");
    check.fail(why);
}
