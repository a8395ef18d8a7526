//! Keeps up with a log.

use super::folder::Record;
use super::{
    AuditError, Chain, Checkpoint, Digest, Folder, Signed, SigningKey, Whose, journal_record, record, retired_record,
};
use casebook::{Casebook, StoreError};
use civic::{Clock, Micros};
use futures_util::future::OptionFuture;
use queue::{EventSource as _, Partition, Position};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// From a commit of this process until it is taken in, out of memory.
const GATHER: Duration = Duration::from_millis(100);
/// Between two looks at the log itself, for what others have committed or was forgotten, and when there was more than one look takes: a
/// little at a time, so that nobody waits behind the witness.
const LOOK: Duration = Duration::from_secs(1);
const BEHIND: Duration = Duration::from_millis(20);
/// Between two signatures, and so the longest that a record is under none (60 s are asked).
const EVERY: Duration = Duration::from_secs(30);
/// Partitions of one look, those that are farthest behind first, and records of each.
const PARTITIONS: usize = 16;
const EACH: usize = 8;
/// So many at once, and there is more.
const WHOLE: usize = PARTITIONS * EACH / 2;
/// Records of the journal that are missing at once: more than anybody is refused in the years before a witness begins.
const RETIRED_AT_MOST: Position = 2_000_000;
/// Records that wait for a signature at most, about.
const MOST: usize = 100_000;

/// Of one service's log.
pub struct Witness {
    whose: Whose,
    book: Casebook,
    clock: Arc<dyn Clock>,
    key: SigningKey,
    folder: Folder,
    /// As far as the log was read.
    chain: Chain,
    /// Read, and not signed yet.
    waiting: Vec<Record>,
    last: Option<Signed>,
    /// Bytes of the checkpoints up to it.
    signed: u64,
}

impl Witness {
    /// Goes on in a folder where it has left off.
    pub fn resume(path: &Path, book: Casebook, clock: Arc<dyn Clock>, key: SigningKey) -> Result<Self, AuditError> {
        let whose = Whose::of(&book);
        let folder = Folder::of(path, &whose.service);
        let (chain, last) = folder.resume(&whose)?;
        let signed = folder.signed()?;
        Ok(Self { whose, book, clock, key, folder, chain, waiting: Vec::new(), last, signed })
    }

    /// Until `stop` has ended, and then once more. What it cannot keep it says, and tries again.
    pub async fn keep(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let (mut signed, mut due, mut commits) = (Instant::now(), Instant::now(), self.book.changed());
        loop {
            let mut taken = Ok(self.take());
            if Instant::now() >= due {
                taken = self.look().await;
                due = Instant::now() + pause(&taken);
            }
            if taken.is_ok() && (signed.elapsed() >= EVERY || self.waiting.len() >= MOST) {
                signed = Instant::now();
                taken = self.sign().await;
            }
            self.tell(taken);
            tokio::select! {
                () = &mut stop => {
                    let last = self.round().await;
                    return self.tell(last);
                }
                () = tokio::time::sleep_until(due) => {}
                () = gathered(commits.as_mut()) => {}
            }
        }
    }

    /// Takes in all that is new, and signs it. Says how many records that were.
    pub async fn round(&mut self) -> Result<usize, AuditError> {
        self.take();
        while self.look().await? > 0 {}
        self.sign().await
    }

    /// Takes in what this process has committed, as far as it follows on. Says how many records that were.
    fn take(&mut self) -> usize {
        let before = self.waiting.len();
        for partition in 0..self.whose.partitions {
            let (known, _) = self.chain.heads()[usize::from(partition)];
            let digests = self.book.newest(partition, known, |position, event| (position, record(position, event)));
            for (position, digest) in digests {
                if self.chain.extend(partition, position, digest) {
                    self.waiting.push((partition, position, digest));
                }
            }
        }
        self.waiting.len() - before
    }

    /// Takes in some of what is new, out of the log. Says how many records that were.
    async fn look(&mut self) -> Result<usize, AuditError> {
        let heads = self.book.store().heads().await?;
        let known = self.chain.heads();
        let moved = (0..).zip(heads.into_iter().zip(known)).filter(|(_, (head, (known, _)))| head != known);
        let mut wanted: Vec<(Position, Partition, Position)> = Vec::new();
        for (partition, (found, (witnessed, _))) in moved {
            if found < *witnessed {
                return Err(AuditError::Shorter { partition, witnessed: *witnessed, found });
            }
            wanted.push((found - *witnessed, partition, *witnessed));
        }
        wanted.sort_unstable_by_key(|(behind, ..)| std::cmp::Reverse(*behind));
        wanted.truncate(PARTITIONS);
        let wanted: Vec<(Partition, Position)> =
            wanted.into_iter().map(|(_, partition, known)| (partition, known)).collect();
        let journalled = self.look_at_journal().await?;
        if wanted.is_empty() {
            return Ok(journalled);
        }
        let events = self.book.store().logs(&wanted, EACH).await?;
        for (partition, position, event) in &events {
            let digest = record(*position, event);
            if !self.chain.extend(*partition, *position, digest) {
                return Err(self.hole(*partition));
            }
            self.waiting.push((*partition, *position, digest));
        }
        // Heads tell of more than can be read.
        let (partition, _) = wanted[0];
        if events.is_empty() { Err(self.hole(partition)) } else { Ok(events.len() + journalled) }
    }

    /// The same of the journal.
    async fn look_at_journal(&mut self) -> Result<usize, AuditError> {
        let journal = self.whose.journal();
        let (witnessed, _) = self.chain.heads()[usize::from(journal)];
        let found = self.book.store().journal_head().await?;
        if found < witnessed {
            return Err(AuditError::Shorter { partition: journal, witnessed, found });
        }
        if found == witnessed {
            return Ok(0);
        }
        let entries = self.book.store().journal_after(witnessed, PARTITIONS * EACH).await?;
        for (number, entry) in &entries {
            // What is missing before it was retired, or taken away: the check tells which.
            let (known, _) = self.chain.heads()[usize::from(journal)];
            if number - known > RETIRED_AT_MOST {
                return Err(self.hole(journal));
            }
            let missing = (known + 1..*number).map(|number| (number, retired_record(number)));
            for (number, digest) in missing.chain([(*number, journal_record(*number, entry))]) {
                if !self.chain.extend(journal, number, digest) {
                    return Err(self.hole(journal));
                }
                self.waiting.push((journal, number, digest));
            }
        }
        if entries.is_empty() { Err(self.hole(journal)) } else { Ok(entries.len()) }
    }

    async fn sign(&mut self) -> Result<usize, AuditError> {
        if self.waiting.is_empty() {
            return Ok(0);
        }
        let signed = self.key.sign(self.checkpoint());
        let (folder, checkpoint, records) = (self.folder.clone(), signed.clone(), self.waiting.clone());
        let before = (self.read() - records.len(), self.signed);
        let kept = tokio::task::spawn_blocking(move || {
            // Whatever an attempt that failed has left.
            folder.cut_back(before.0, before.1)?;
            folder.append(&records, &checkpoint)?;
            folder.signed()
        });
        let kept = kept.await;
        self.signed = kept.map_err(|ended| AuditError::Interrupted(ended.to_string()))??;
        self.last = Some(signed);
        Ok(std::mem::take(&mut self.waiting).len())
    }

    /// Records of all partitions.
    fn read(&self) -> usize {
        self.chain.heads().iter().filter_map(|(position, _)| usize::try_from(*position).ok()).sum()
    }

    fn hole(&self, partition: Partition) -> AuditError {
        let known = self.chain.heads().get(usize::from(partition)).map_or(0, |(position, _)| *position);
        let problem = format!("partition {partition} of the log has a hole after position {known}");
        AuditError::Broken { path: self.folder.path().to_owned(), problem }
    }

    /// Over what was read.
    fn checkpoint(&self) -> Checkpoint {
        let (number, previous) = match &self.last {
            Some(last) => (last.checkpoint.number + 1, last.checkpoint.digest()),
            None => (1, Digest([0; 32])),
        };
        let moved: BTreeSet<Partition> = self.waiting.iter().map(|(partition, ..)| *partition).collect();
        let of = |partition: Partition| {
            let (position, head) = self.chain.heads()[usize::from(partition)];
            (partition, position, head)
        };
        Checkpoint {
            cluster: self.whose.cluster.clone(),
            service: self.whose.service.clone(),
            number,
            at: self.clock.now(),
            previous,
            moved: moved.into_iter().map(of).collect(),
            root: self.chain.root(),
        }
    }

    fn tell(&self, kept: Result<usize, AuditError>) {
        let service = || self.whose.service.clone();
        let at = self.last.as_ref().map_or(Micros(0), |last| last.checkpoint.at);
        metrics::gauge!("guard_audit_signed_seconds", "service" => service()).set((at.0 / 1_000_000) as f64);
        let Err(error) = kept else { return };
        metrics::counter!("guard_audit_failed_total", "service" => service()).increment(1);
        if matches!(error, AuditError::Store(StoreError::Unavailable(_))) {
            tracing::warn!(service = self.whose.service, %error, "guard.audit.not_kept");
        } else {
            tracing::error!(service = self.whose.service, %error, "guard.audit.not_kept");
        }
    }
}

const fn pause(looked: &Result<usize, AuditError>) -> Duration {
    match looked {
        Ok(WHOLE..) => BEHIND,
        Ok(_) => LOOK,
        Err(_) => EVERY,
    }
}

/// Some time after this process has committed more.
async fn gathered(commits: Option<&mut watch::Receiver<u64>>) {
    let Some(Ok(())) = OptionFuture::from(commits.map(watch::Receiver::changed)).await else {
        return std::future::pending().await;
    };
    tokio::time::sleep(GATHER).await;
}
