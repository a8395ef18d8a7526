//! An event log that nobody changes unseen.
//!
//! A [`Witness`] beside each service reads its log as it grows and keeps, in a folder of its own, the digest of every record and, signed,
//! checkpoints over the heads of all partitions. What is in the database later must still give those digests ([`check`]): a record that
//! was edited, removed, moved or put back from an old backup is named, and so is a folder that was tampered with itself. Each process
//! witnesses for itself what it sees, so replicas of a service are witnesses of each other.
//!
//! The journal (refused calls, changed policies, what operators did to parked events) is witnessed in the same way, as one more partition.
//!
//! ```text
//! d(n) = SHA-256 of the record at position n       h(0) = SHA-256 of cluster, service, partition
//! h(n) = SHA-256(h(n-1), d(n))                     root = SHA-256 of position and h of every partition
//! ```

mod chain;
mod check;
mod checkpoint;
mod folder;
pub(crate) mod fuzzing;
mod proof;
mod retired;
mod witness;

pub use chain::{Chain, Digest, journal_record, record, retired_record};
pub use check::{Finding, Report, check};
pub use checkpoint::{Checkpoint, Signed, SigningKey, VerifyingKey};
pub use folder::{AuditError, Folder};
pub use proof::{Proof, ProofError, Shown, prove};
pub use retired::RETAINED_DAYS;
pub use witness::Witness;

use casebook::Casebook;
use queue::{EventSource as _, Partition};

/// Whose log it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    pub cluster: String,
    pub service: String,
    pub partitions: u16,
}

impl Whose {
    /// The journal's place among the chains: behind the last partition.
    const fn journal(&self) -> Partition {
        self.partitions
    }

    fn of(book: &Casebook) -> Self {
        Self { cluster: book.cluster().to_owned(), service: book.service().to_owned(), partitions: book.partitions() }
    }
}
