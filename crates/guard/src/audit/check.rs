//! Whether a log is still what was witnessed. Offline: the database, the witness's folder and the cluster's public key are enough.

use super::folder::Record;
use super::retired::Retired;
use super::{AuditError, Chain, Checkpoint, Digest, Folder, Signed, VerifyingKey, Whose, journal_record, record};
use casebook::{Casebook, Store};
use civic::{CaseId, Micros};
use queue::{Partition, Position};
use std::collections::BTreeMap;
use std::path::Path;

const CHUNK: usize = 1_000;
/// A witness that keeps up signs every 30 seconds while something happens.
const LATE: i64 = 120 * Micros::SECOND;

/// What does not hold, and where first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `None`: the witness's own files.
    pub record: Option<(Partition, Position)>,
    pub case: Option<CaseId>,
    pub found: String,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub records: usize,
    pub checkpoints: usize,
    /// When the last one was signed.
    pub signed: Option<Micros>,
    /// Records behind the last one: they are not under a signature yet.
    pub unsigned: usize,
    /// Of the journal, gone in order.
    pub retired: usize,
    pub findings: Vec<Finding>,
}

/// Digests by partition, the first one at position 1.
type Witnessed = Vec<Vec<Digest>>;

/// Every checkpoint over what was witnessed, and what was witnessed over the log. Of each partition the first record that does not hold is
/// named.
/// A checkpoint that was `kept` elsewhere must be among them: database and files of the witness may have been put back together.
pub async fn check(
    book: &Casebook,
    path: &Path,
    key: &VerifyingKey,
    kept: Option<&Signed>,
) -> Result<Report, AuditError> {
    let (store, whose) = (book.store(), &Whose::of(book));
    let folder = Folder::of(path, &whose.service);
    let checkpoints = folder.checkpoints()?;
    let Some(last) = checkpoints.last() else { return Err(AuditError::Nothing(folder.path().to_owned())) };
    let mut report = Report { signed: Some(last.checkpoint.at), checkpoints: checkpoints.len(), ..Report::default() };
    let witnessed = match rebuilt(&folder, whose, &checkpoints, key)? {
        Ok(witnessed) => witnessed,
        Err(found) => {
            report.findings.push(Finding { record: None, case: None, found });
            return Ok(report);
        }
    };
    if let Some(kept) = kept
        && !checkpoints.contains(kept)
    {
        let number = kept.checkpoint.number;
        let found = format!(
            "checkpoint {number}, which was kept elsewhere, is not among them: were database and witness put back?"
        );
        report.findings.push(Finding { record: None, case: None, found });
    }
    let mut heads = store.heads().await?;
    heads.push(store.journal_head().await?);
    let retired = Retired::read(store, whose.journal(), &checkpoints).await?;
    let log = Log { store, whose };
    for (partition, digests) in (0..).zip(&witnessed) {
        let head = heads.get(usize::from(partition)).copied().unwrap_or_default();
        report.records += digests.len();
        let may_be_gone = if partition == whose.journal() { retired } else { Retired::default() };
        match log.walk(partition, digests, may_be_gone).await? {
            Ok(gone) => report.retired += gone,
            Err(finding) => report.findings.push(finding),
        }
        let beyond = usize::try_from(head).unwrap_or_default().saturating_sub(digests.len());
        report.unsigned += beyond;
        if beyond > 0 {
            report.findings.extend(log.late(partition, digests.len(), last.checkpoint.at).await?);
        }
    }
    Ok(report)
}

/// The digests, if all checkpoints hold over them; else why not.
fn rebuilt(
    folder: &Folder,
    whose: &Whose,
    checkpoints: &[Signed],
    key: &VerifyingKey,
) -> Result<Result<Witnessed, String>, AuditError> {
    let records = folder.records()?;
    let mut records = records.into_iter();
    let (mut chain, mut witnessed) = (Chain::begin(whose), vec![Vec::new(); usize::from(whose.journal()) + 1]);
    let mut previous = Digest([0; 32]);
    for (number, signed) in (1..).zip(checkpoints) {
        let checkpoint = &signed.checkpoint;
        let says = |what: &str| Ok(Err(format!("checkpoint {number} {what}")));
        if !key.has_signed(signed) {
            return says("is not signed with this cluster's key");
        }
        if !checkpoint.is_of(whose) {
            return says(&format!("is of {} in {}", checkpoint.service, checkpoint.cluster));
        }
        if (checkpoint.number, checkpoint.previous) != (number, previous) {
            return says("does not follow the one before it: one was removed or put in between");
        }
        previous = checkpoint.digest();
        let taken = match taken(&mut chain, &mut records, checkpoint) {
            Ok(taken) => taken,
            Err(why) => return says(why),
        };
        for (partition, _, digest) in taken {
            witnessed[usize::from(partition)].push(digest);
        }
        if chain.root() != checkpoint.root {
            return says("does not hold over the digests before it");
        }
    }
    Ok(Ok(witnessed))
}

/// The digests that a checkpoint is over and the one before it was not, taken into the chain; else why they are not there.
pub(super) fn taken(
    chain: &mut Chain,
    records: &mut impl Iterator<Item = Record>,
    checkpoint: &Checkpoint,
) -> Result<Vec<Record>, &'static str> {
    let mut wanted: BTreeMap<Partition, Position> =
        checkpoint.moved.iter().map(|(partition, position, _)| (*partition, *position)).collect();
    wanted.retain(|partition, position| head_of(chain, *partition) != Some(*position));
    let mut taken = Vec::new();
    while !wanted.is_empty() {
        let (partition, position, digest) =
            records.next().ok_or("counts on digests that are not there: the file of records was cut")?;
        if !chain.extend(partition, position, digest) {
            return Err("counts on digests that are out of order");
        }
        taken.push((partition, position, digest));
        if wanted.get(&partition) == Some(&position) {
            wanted.remove(&partition);
        }
    }
    Ok(taken)
}

fn head_of(chain: &Chain, partition: Partition) -> Option<Position> {
    chain.heads().get(usize::from(partition)).map(|(position, _)| *position)
}

/// A record as it is in the database.
pub(super) struct Read {
    pub(super) position: Position,
    pub(super) digest: Digest,
    case: Option<CaseId>,
    time: Micros,
}

/// Partitions and the journal alike.
pub(super) struct Log<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) whose: &'a Whose,
}

impl Log<'_> {
    pub(super) async fn read(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Read>, AuditError> {
        if partition == self.whose.journal() {
            let entries = self.store.journal_after(after, limit).await?;
            let read = entries.into_iter().map(|(position, entry)| Read {
                position,
                digest: journal_record(position, &entry),
                case: None,
                time: entry.at,
            });
            return Ok(read.collect());
        }
        let events = self.store.log(partition, after, limit).await?;
        let read = events.into_iter().map(|(position, event)| Read {
            position,
            digest: record(position, &event),
            case: Some(event.case),
            time: event.time,
        });
        Ok(read.collect())
    }

    fn finding(&self, partition: Partition, position: Position, case: Option<CaseId>, found: &str) -> Finding {
        let place = if partition == self.whose.journal() { "journal".to_owned() } else { partition.to_string() };
        Finding { record: Some((partition, position)), case, found: format!("record {place}/{position} {found}") }
    }

    /// How many records are gone in order; or the first record of a partition that is not what was witnessed.
    async fn walk(
        &self,
        partition: Partition,
        digests: &[Digest],
        retired: Retired,
    ) -> Result<Result<usize, Finding>, AuditError> {
        let mut gone = 0;
        let mut left = (1..).zip(digests).peekable();
        while let Some((next, _)) = left.peek().copied() {
            let records = self.read(partition, next - 1, CHUNK).await?;
            let ended = records.is_empty();
            for read in records {
                let missing = std::iter::from_fn(|| left.next_if(|(position, _)| *position < read.position));
                match missed(missing, retired) {
                    Ok(missing) => gone += missing,
                    Err(position) => return Ok(Err(self.finding(partition, position, None, "is gone"))),
                }
                let Some((_, digest)) = left.next() else { break };
                if read.digest != *digest {
                    let found = "is not what was witnessed";
                    return Ok(Err(self.finding(partition, read.position, read.case, found)));
                }
            }
            if ended {
                return Ok(match missed(left.by_ref(), retired) {
                    Ok(missing) => Ok(gone + missing),
                    Err(position) => Err(self.finding(partition, position, None, "is gone")),
                });
            }
        }
        Ok(Ok(gone))
    }

    /// A record that should have been under a signature long before the last one.
    async fn late(
        &self,
        partition: Partition,
        witnessed: usize,
        signed: Micros,
    ) -> Result<Option<Finding>, AuditError> {
        let after = Position::try_from(witnessed).unwrap_or(Position::MAX);
        let first = self.read(partition, after, 1).await?.into_iter().next();
        let found = "was there long before the last checkpoint, which does not have it";
        let missed = first.filter(|read| signed - read.time > LATE);
        Ok(missed.map(|read| self.finding(partition, read.position, read.case, found)))
    }
}

/// How many these are, which are not in the log; or the first that should be.
fn missed<'a>(mut missing: impl Iterator<Item = (Position, &'a Digest)>, retired: Retired) -> Result<usize, Position> {
    missing.try_fold(
        0,
        |gone, (position, digest)| {
            if retired.covers(position, *digest) { Ok(gone + 1) } else { Err(position) }
        },
    )
}
