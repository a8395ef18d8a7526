//! Keeps up with a log.

use super::folder::Record;
use super::{AuditError, Chain, Checkpoint, Digest, Folder, Signed, SigningKey, Whose, record};
use casebook::{Casebook, StoreError};
use civic::{Clock, Micros};
use queue::{Partition, Position};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at the log, and so the longest that a record is not under a signature (reliability: 60 s).
const EVERY: Duration = Duration::from_secs(30);
/// Records of a partition read at once, and those of a round, about.
const CHUNK: usize = 1_000;
const MOST: usize = 100_000;

/// Of one service's log.
pub struct Witness {
    whose: Whose,
    book: Casebook,
    clock: Arc<dyn Clock>,
    key: SigningKey,
    folder: Folder,
    chain: Chain,
    last: Option<Signed>,
}

impl Witness {
    /// Goes on in a folder where it has left off.
    pub fn resume(path: &Path, book: Casebook, clock: Arc<dyn Clock>, key: SigningKey) -> Result<Self, AuditError> {
        let whose = Whose::of(&book);
        let folder = Folder::of(path, &whose.service);
        let (chain, last) = folder.resume(&whose)?;
        Ok(Self { whose, book, clock, key, folder, chain, last })
    }

    /// Until `stop` has ended, and then once more. What it cannot keep it says, and tries again.
    pub async fn keep(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        loop {
            self.round_and_tell().await;
            tokio::select! {
                () = &mut stop => return self.round_and_tell().await,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    async fn round_and_tell(&mut self) {
        let Err(error) = self.round().await else { return };
        let service = &self.whose.service;
        metrics::counter!("guard_audit_failed_total", "service" => service.clone()).increment(1);
        if matches!(error, AuditError::Store(StoreError::Unavailable(_))) {
            tracing::warn!(service, %error, "guard.audit.not_kept");
        } else {
            tracing::error!(service, %error, "guard.audit.not_kept");
        }
    }

    /// Takes in what is new, and signs it. Says how many records that were.
    pub async fn round(&mut self) -> Result<usize, AuditError> {
        let heads = self.book.store().heads().await?;
        let known = self.chain.heads().to_vec();
        let moved: Vec<(Partition, Position, Position)> = (0..)
            .zip(heads.into_iter().zip(known))
            .filter(|(_, (head, (known, _)))| head != known)
            .map(|(partition, (head, (known, _)))| (partition, known, head))
            .collect();
        if let Some((partition, witnessed, found)) = moved.iter().find(|(_, known, head)| head < known) {
            return Err(AuditError::Shorter { partition: *partition, witnessed: *witnessed, found: *found });
        }
        let (mut chain, mut records) = (self.chain.clone(), Vec::new());
        for (partition, known, head) in &moved {
            self.take_in(&mut chain, &mut records, (*partition, *known, *head)).await?;
        }
        let taken = records.len();
        if taken > 0 {
            let signed = self.key.sign(self.checkpoint(&chain));
            let (folder, checkpoint) = (self.folder.clone(), signed.clone());
            let kept = tokio::task::spawn_blocking(move || folder.append(&records, &checkpoint));
            kept.await.map_err(|ended| AuditError::Interrupted(ended.to_string()))??;
            (self.chain, self.last) = (chain, Some(signed));
        }
        self.tell();
        Ok(taken)
    }

    async fn take_in(
        &self,
        chain: &mut Chain,
        records: &mut Vec<Record>,
        (partition, mut known, head): (Partition, Position, Position),
    ) -> Result<(), AuditError> {
        // A long log is taken in over several rounds.
        while known < head && records.len() < MOST {
            let events = self.book.store().log(partition, known, CHUNK).await?;
            for (position, event) in &events {
                let digest = record(*position, event);
                if !chain.extend(partition, *position, digest) {
                    return Err(self.hole(partition, known));
                }
                records.push((partition, *position, digest));
                known = *position;
            }
            if events.is_empty() {
                return Err(self.hole(partition, known));
            }
        }
        Ok(())
    }

    fn hole(&self, partition: Partition, known: Position) -> AuditError {
        let problem = format!("partition {partition} of the log has a hole after position {known}");
        AuditError::Broken { path: self.folder.path().to_owned(), problem }
    }

    fn checkpoint(&self, chain: &Chain) -> Checkpoint {
        let (number, previous) = match &self.last {
            Some(last) => (last.checkpoint.number + 1, last.checkpoint.digest()),
            None => (1, Digest([0; 32])),
        };
        let moved = (0..).zip(chain.heads().iter().zip(self.chain.heads())).filter(|(_, (now, before))| now != before);
        Checkpoint {
            cluster: self.whose.cluster.clone(),
            service: self.whose.service.clone(),
            number,
            at: self.clock.now(),
            previous,
            moved: moved.map(|(partition, ((position, head), _))| (partition, *position, *head)).collect(),
            root: chain.root(),
        }
    }

    fn tell(&self) {
        let at = self.last.as_ref().map_or(Micros(0), |last| last.checkpoint.at);
        let service = self.whose.service.clone();
        metrics::gauge!("guard_audit_signed_seconds", "service" => service).set((at.0 / 1_000_000) as f64);
    }
}
