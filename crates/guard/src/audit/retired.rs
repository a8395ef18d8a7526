//! Records of the journal that were kept long enough and are gone in order.

use super::{AuditError, Digest, Signed, retired_record};
use casebook::{RETIRED, Store};
use civic::Micros;
use queue::{Partition, Position};

/// Six months at least (网络安全法 21.3, GB/T 22239-2019).
pub const RETAINED_DAYS: u32 = 184;

const CHUNK: usize = 1_000;

/// What may be missing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retired {
    /// The journal says itself that what is missing up to here was retired.
    said: Position,
    /// Signed so long before the last signature that it may be.
    old: Position,
}

impl Retired {
    /// Whoever may write the database may also write that something was retired, but not change when it was signed: only what is old enough
    /// may be gone.
    pub(super) async fn read(
        store: &dyn Store,
        journal: Partition,
        checkpoints: &[Signed],
    ) -> Result<Self, AuditError> {
        let (mut said, mut after) = (0, 0);
        loop {
            let entries = store.journal_after(after, CHUNK).await?;
            let Some((last, _)) = entries.last() else { break };
            after = *last;
            let told = entries.iter().filter(|(_, entry)| entry.action == RETIRED);
            said = told.filter_map(|(_, entry)| entry.subject.parse().ok()).fold(said, Position::max);
        }
        let last = checkpoints.last().map_or(Micros(0), |last| last.checkpoint.at);
        let oldest_kept = Micros(last.0.saturating_sub(i64::from(RETAINED_DAYS) * Micros::DAY));
        let old = checkpoints.iter().take_while(|signed| signed.checkpoint.at <= oldest_kept);
        let of_journal =
            old.flat_map(|signed| &signed.checkpoint.moved).filter(|(partition, ..)| *partition == journal);
        Ok(Self { said, old: of_journal.map(|(_, position, _)| *position).fold(0, Position::max) })
    }

    /// A record is missing; `witnessed` is its digest.
    pub(super) fn covers(&self, position: Position, witnessed: Digest) -> bool {
        position <= self.said && (position <= self.old || witnessed == retired_record(position))
    }
}
