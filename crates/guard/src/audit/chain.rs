//! Digests of records, and what ties each to all before it.

use super::Whose;
use casebook::{EventRow, JournalEntry, digest};
use queue::{Partition, Position};
use serde::{Deserialize, Serialize};
use std::fmt;

/// SHA-256; in JSON 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest has 64 hexadecimal digits")]
pub struct NoDigest;

impl TryFrom<String> for Digest {
    type Error = NoDigest;

    fn try_from(text: String) -> Result<Self, NoDigest> {
        let mut bytes = [0; 32];
        super::checkpoint::read_hex(&text, &mut bytes).ok_or(NoDigest)?;
        Ok(Self(bytes))
    }
}

/// Of everything that a record says, its place in the log with it.
#[must_use]
pub fn record(position: Position, event: &EventRow) -> Digest {
    Digest(digest(&[
        &position.to_le_bytes(),
        event.case.as_bytes(),
        &event.version.to_le_bytes(),
        event.kind.as_bytes(),
        event.event_type.as_bytes(),
        &event.time.0.to_le_bytes(),
        event.actor.as_bytes(),
        event.place.as_bytes(),
        event.traceparent.as_bytes(),
        &event.payload,
    ]))
}

/// The same of a record of the journal.
#[must_use]
pub fn journal_record(number: Position, entry: &JournalEntry) -> Digest {
    Digest(digest(&[
        b"journal",
        &number.to_le_bytes(),
        &entry.at.0.to_le_bytes(),
        entry.actor.as_bytes(),
        entry.action.as_bytes(),
        entry.subject.as_bytes(),
        entry.reason.as_bytes(),
    ]))
}

/// In the place of a record of the journal that was retired before it was witnessed: a witness that begins late has not seen it.
#[must_use]
pub fn retired_record(number: Position) -> Digest {
    Digest(digest(&[b"journal retired", &number.to_le_bytes()]))
}

/// Where each partition's chain stands, and behind the last partition the journal's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain(Vec<(Position, Digest)>);

impl Chain {
    /// Before the first record.
    #[must_use]
    pub fn begin(whose: &Whose) -> Self {
        let of = |partition: Partition| {
            let parts = [whose.cluster.as_bytes(), whose.service.as_bytes(), &partition.to_le_bytes()];
            (0, Digest(digest(&parts)))
        };
        Self((0..=whose.journal()).map(of).collect())
    }

    /// With these heads.
    pub(super) const fn of(heads: Vec<(Position, Digest)>) -> Self {
        Self(heads)
    }

    /// Position and digest of each partition, the index being the partition, and of the journal.
    #[must_use]
    pub fn heads(&self) -> &[(Position, Digest)] {
        &self.0
    }

    /// One more record of a partition; `false` when there is no such partition, or it is not the next.
    #[must_use]
    pub fn extend(&mut self, partition: Partition, position: Position, record: Digest) -> bool {
        let Some((last, head)) = self.0.get_mut(usize::from(partition)) else { return false };
        if position != *last + 1 {
            return false;
        }
        (*last, *head) = (position, Digest(digest(&[&head.0, &record.0])));
        true
    }

    /// Over all heads.
    #[must_use]
    pub fn root(&self) -> Digest {
        let parts: Vec<Vec<u8>> =
            self.0.iter().map(|(position, head)| [&position.to_le_bytes()[..], &head.0].concat()).collect();
        Digest(digest(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    }
}
