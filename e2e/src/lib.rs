//! Real processes, faults on purpose, and what clients saw: the harness of the tests in `tests/it`.
//!
//! `process` starts and ends `jiewang up` on free ports of loopback and reads its log; `client` speaks HTTP as a citizen or a
//! member of a unit does, with the retries a careful client makes; `stream` reads server-sent events; `matters` files reports and
//! takes steps; `script` is the same work again; `audit` compares what
//! clients saw with what is stored; `rows` loads a file meanwhile; `proxy` cuts database connections; `cluster` runs a cluster inside the test, for its clock; `standing`
//! has one of separate processes, and `chaos` strikes these.

pub mod audit;
pub mod chaos;
pub mod client;
pub mod cluster;
pub mod collector;
pub mod door;
pub mod matters;
pub mod process;
pub mod proxy;
pub mod rows;
pub mod script;
pub mod standing;
pub mod stream;

use std::{future::Future, time::Duration};
use tokio::time::Instant;

/// Longest wait for anything that must happen. A bound, not a pause: two busy cores are slow, and chaos may take what a request needs
/// several times in a row, each time for up to twenty seconds.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Looks until there is something to see.
///
/// # Panics
/// When there is still nothing after [`PATIENCE`]; `what` is then said.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "after {} s still not: {what}", PATIENCE.as_secs());
        tokio::time::sleep(LOOK).await;
    }
}

/// `few` in every run, `many` when `JIEWANG_E2E_LONG=1`.
#[must_use]
pub fn rounds(few: usize, many: usize) -> usize {
    if std::env::var("JIEWANG_E2E_LONG").as_deref() == Ok("1") { many } else { few }
}

/// Says that a test could not run here. In CI that is a failure.
///
/// # Panics
/// In CI.
pub fn skip(test: &str, why: &str) {
    use std::io::Write as _;
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{test}: {why}, and CI must have it");
    // Straight to the stream: the harness would swallow `eprintln!` of a test that passes.
    drop(writeln!(std::io::stderr(), "SKIPPED: {test}: {why}"));
}
