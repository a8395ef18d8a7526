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
    /// Where this witness began: what was retired before it has never seen.
    begun: Position,
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
            let told = told.filter_map(|(n, entry)| entry.subject.parse().ok().filter(|last| last < n));
            said = told.fold(said, Position::max);
        }
        let last = checkpoints.last().map_or(Micros(0), |last| last.checkpoint.at);
        let oldest_kept = Micros(last.0.saturating_sub(i64::from(RETAINED_DAYS) * Micros::DAY));
        let mut heads = checkpoints.iter().filter_map(|signed| {
            let head = signed.checkpoint.moved.iter().find(|(partition, ..)| *partition == journal);
            head.map(|(_, position, _)| (signed.checkpoint.at, *position))
        });
        let begun = heads.clone().next().map_or(0, |(_, position)| position);
        let old = heads.by_ref().take_while(|(at, _)| *at <= oldest_kept).last();
        Ok(Self { said, old: old.map_or(0, |(_, position)| position), begun })
    }

    /// A record is missing; `witnessed` is its digest.
    pub(super) fn covers(&self, position: Position, witnessed: Digest) -> bool {
        let never_seen = position <= self.begun && witnessed == retired_record(position);
        position <= self.said && (position <= self.old || never_seen)
    }
}
