//! Whether a log is still what was witnessed. Offline: the database, the witness's folder and the cluster's public key are enough.

use super::{AuditError, Chain, Digest, Folder, Signed, VerifyingKey, Whose, record};
use casebook::{Casebook, EventRow, Store};
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
    pub findings: Vec<Finding>,
}

/// Digests by partition, the first one at position 1.
type Witnessed = Vec<Vec<Digest>>;

/// Every checkpoint over what was witnessed, and what was witnessed over the log. Of each partition the first record that does not hold is
/// named.
pub async fn check(book: &Casebook, path: &Path, key: &VerifyingKey) -> Result<Report, AuditError> {
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
    let heads = store.heads().await?;
    for (partition, digests) in (0..).zip(&witnessed) {
        let head = heads.get(usize::from(partition)).copied().unwrap_or_default();
        report.records += digests.len();
        report.findings.extend(walk(store, partition, digests).await?);
        let beyond = usize::try_from(head).unwrap_or_default().saturating_sub(digests.len());
        report.unsigned += beyond;
        if beyond > 0 {
            report.findings.extend(late(store, partition, digests.len(), last.checkpoint.at).await?);
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
    let (mut chain, mut witnessed) = (Chain::begin(whose), vec![Vec::new(); usize::from(whose.partitions)]);
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
        let mut wanted: BTreeMap<Partition, Position> =
            checkpoint.moved.iter().map(|(partition, position, _)| (*partition, *position)).collect();
        wanted.retain(|partition, position| head_of(&chain, *partition) != Some(*position));
        while !wanted.is_empty() {
            let Some((partition, position, digest)) = records.next() else {
                return says("counts on digests that are not there: the file of records was cut");
            };
            if !chain.extend(partition, position, digest) {
                return says("counts on digests that are out of order");
            }
            witnessed[usize::from(partition)].push(digest);
            if wanted.get(&partition) == Some(&position) {
                wanted.remove(&partition);
            }
        }
        if chain.root() != checkpoint.root {
            return says("does not hold over the digests before it");
        }
    }
    Ok(Ok(witnessed))
}

fn head_of(chain: &Chain, partition: Partition) -> Option<Position> {
    chain.heads().get(usize::from(partition)).map(|(position, _)| *position)
}

/// The first record of a partition that is not what was witnessed.
async fn walk(store: &dyn Store, partition: Partition, digests: &[Digest]) -> Result<Option<Finding>, AuditError> {
    let mut known: Position = 0;
    let mut left = digests.iter();
    while left.len() > 0 {
        let events = store.log(partition, known, CHUNK.min(left.len())).await?;
        if events.is_empty() {
            return Ok(Some(finding(partition, known + 1, None, "is gone")));
        }
        for ((position, event), digest) in events.iter().zip(left.by_ref()) {
            known += 1;
            if *position != known {
                return Ok(Some(finding(partition, known, None, "is gone")));
            }
            if record(*position, event) != *digest {
                return Ok(Some(finding(partition, known, Some(event.case), "is not what was witnessed")));
            }
        }
    }
    Ok(None)
}

/// A record that should have been under a signature long before the last one.
async fn late(
    store: &dyn Store,
    partition: Partition,
    witnessed: usize,
    signed: Micros,
) -> Result<Option<Finding>, AuditError> {
    let after = Position::try_from(witnessed).unwrap_or(Position::MAX);
    let first = store.log(partition, after, 1).await?.into_iter().next();
    let missed = |(_, event): &(Position, EventRow)| signed - event.time > LATE;
    let found = "was there long before the last checkpoint, which does not have it";
    Ok(first.filter(missed).map(|(position, event)| finding(partition, position, Some(event.case), found)))
}

fn finding(partition: Partition, position: Position, case: Option<CaseId>, found: &str) -> Finding {
    Finding { record: Some((partition, position)), case, found: format!("record {partition}/{position} {found}") }
}
