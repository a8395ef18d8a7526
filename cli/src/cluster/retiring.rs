//! Records of the journal that were kept long enough are deleted (`--journal-days`).

use super::settings::Settings;
use casebook::Casebook;
use civic::{Clock, Micros};
use mesh::Chassis;
use queue::EventSource as _;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// After one that failed.
const AGAIN: Duration = Duration::from_secs(60);

/// At the start, and then every day.
pub(super) fn begin(chassis: &Chassis, settings: &Settings, books: &[Casebook]) {
    let Some(days) = settings.journal_days else { return };
    for book in books {
        let (book, clock, drain) = (book.clone(), settings.clock.clone(), chassis.drain());
        chassis.tasks().spawn(format!("{}.journal", book.service()), async move {
            loop {
                let pause = if retire(&book, &clock, days).await { DAY } else { AGAIN };
                tokio::select! {
                    () = drain.begun() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
    }
}

async fn retire(book: &Casebook, clock: &Arc<dyn Clock>, days: u32) -> bool {
    let (now, service) = (clock.now(), book.service());
    // A day more, so that what goes was also under a signature for so long: without that the check does not let it go.
    let before = Micros(now.0 - i64::from(days + 1) * Micros::DAY);
    match book.store().retire_journal(before, now).await {
        Ok(0) => true,
        Ok(retired) => {
            tracing::info!(service, retired, "jiewang.journal.retired");
            true
        }
        Err(error) => {
            tracing::warn!(service, %error, "jiewang.journal.not_retired");
            false
        }
    }
}
