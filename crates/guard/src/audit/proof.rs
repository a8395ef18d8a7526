//! That one record was under a signature, shown without the database: to a court, an auditor, another cluster.

use super::check::taken;
use super::{AuditError, Chain, Digest, Folder, Signed, VerifyingKey, Whose, journal_record, record};
use casebook::{Casebook, EventRow, JournalEntry, digest};
use civic::{CaseId, Micros};
use queue::{Partition, Position};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What it takes: the record itself, the digests from it to the head that was signed, and the heads of all other partitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Proof {
    pub partition: Partition,
    pub position: Position,
    pub record: Shown,
    /// Head of the partition before the record.
    before: Digest,
    /// Digests of the records behind it, up to the head that was signed.
    after: Vec<Digest>,
    /// Of all partitions and the journal.
    heads: Vec<(Position, Digest)>,
    pub signed: Signed,
}

/// A record as it lies. Texts of people are sealed in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum Shown {
    #[serde(rename_all = "camelCase")]
    Event {
        case: CaseId,
        version: i64,
        kind: String,
        event_type: String,
        time: Micros,
        actor: String,
        place: String,
        traceparent: String,
        payload: Vec<u8>,
    },
    Journal {
        time: Micros,
        actor: String,
        action: String,
        subject: String,
        reason: String,
    },
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the checkpoint is not signed with this key")]
    Signature,
    #[error("the record and the digests behind it do not lead to the head that is named")]
    Chain,
    #[error("the heads are not those that were signed")]
    Root,
}

impl Shown {
    fn digest(&self, position: Position) -> Digest {
        match self.clone() {
            Self::Event { case, version, kind, event_type, time, actor, place, traceparent, payload } => record(
                position,
                &EventRow { case, kind, version, event_type, time, actor, place, traceparent, payload },
            ),
            Self::Journal { time: at, actor, action, subject, reason } => {
                journal_record(position, &JournalEntry { at, actor, action, subject, reason })
            }
        }
    }
}

impl From<EventRow> for Shown {
    fn from(event: EventRow) -> Self {
        let EventRow { case, kind, version, event_type, time, actor, place, traceparent, payload } = event;
        Self::Event { case, version, kind, event_type, time, actor, place, traceparent, payload }
    }
}

impl From<JournalEntry> for Shown {
    fn from(entry: JournalEntry) -> Self {
        let JournalEntry { at: time, actor, action, subject, reason } = entry;
        Self::Journal { time, actor, action, subject, reason }
    }
}

impl Proof {
    /// Whether whoever has this key has signed that the record stood there.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&self, key: &VerifyingKey) -> Result<(), ProofError> {
        if !key.has_signed(&self.signed) {
            return Err(ProofError::Signature);
        }
        let digests = std::iter::once(self.record.digest(self.position)).chain(self.after.iter().copied());
        let head = digests.fold(self.before, |head, next| Digest(digest(&[&head.0, &next.0])));
        let last = Position::try_from(self.after.len()).ok().and_then(|behind| self.position.checked_add(behind));
        if last.is_none_or(|last| self.heads.get(usize::from(self.partition)) != Some(&(last, head))) {
            return Err(ProofError::Chain);
        }
        if Chain::of(self.heads.clone()).root() == self.signed.checkpoint.root { Ok(()) } else { Err(ProofError::Root) }
    }
}

/// Of a record that was witnessed in a folder, under the first checkpoint that has it. `None`: it is under none yet, or there is none.
/// Offline, like [`super::check`]; what is made is worth what [`Proof::check`] says of it.
///
/// # Errors
/// Files or store that cannot be read.
pub async fn prove(
    book: &Casebook,
    path: &Path,
    partition: Partition,
    position: Position,
) -> Result<Option<Proof>, AuditError> {
    let whose = Whose::of(book);
    let Some(record) = shown(book, &whose, partition, position).await? else { return Ok(None) };
    let folder = Folder::of(path, &whose.service);
    let mut records = folder.records()?.into_iter();
    let (mut chain, mut before, mut after) = (Chain::begin(&whose), None, Vec::new());
    for signed in folder.checkpoints()? {
        let heads_before = chain.heads().to_vec();
        let Ok(taken) = taken(&mut chain, &mut records, &signed.checkpoint) else { return Ok(None) };
        let mut head = heads_before.get(usize::from(partition)).map(|(_, head)| *head);
        for (_, at, next) in taken.into_iter().filter(|(of, ..)| *of == partition) {
            if at == position {
                before = head;
            } else if before.is_some() {
                after.push(next);
            }
            head = head.map(|head| Digest(digest(&[&head.0, &next.0])));
        }
        if let Some(before) = before {
            let heads = chain.heads().to_vec();
            return Ok(Some(Proof { partition, position, record, before, after, heads, signed }));
        }
    }
    Ok(None)
}

async fn shown(
    book: &Casebook,
    whose: &Whose,
    partition: Partition,
    position: Position,
) -> Result<Option<Shown>, AuditError> {
    let (store, before) = (book.store(), position - 1);
    if partition == whose.journal() {
        let found = store.journal_after(before, 1).await?.into_iter().next();
        return Ok(found.filter(|(at, _)| *at == position).map(|(_, entry)| entry.into()));
    }
    let found = store.log(partition, before, 1).await?.into_iter().next();
    Ok(found.filter(|(at, _)| *at == position).map(|(_, event)| event.into()))
}
