//! The seam of personal data: text goes in under its subject's key before a command is made of it, and comes out only for an answer.
//!
//! ```text
//! seal(subject, text)          before the rules decide; touches no disk
//! keep(subject, keys, events)  while a commit is decided: the wrapped keys that its case's row must hold from then on
//! learn(subject, keys)         whenever a row is read; then
//! open(subject, sealed)        what that row's events hold
//! ```
//!
//! A subject's key lies wrapped in the row of its case and nowhere else: not in events, which are for ever. Taken out of the row, it is
//! destroyed, and with it what was sealed under it.

use crate::{error::StoreError, store::Store};
use civic::{CaseId, Private};

/// The wrapped keys of one subject, as they lie with its case. What they look like is the sealer's business.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys(Vec<u8>);

impl Keys {
    /// As they lay in a row: empty for a case of which nothing was sealed yet.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// In place of keys that were destroyed: none will ever lie there again.
    #[must_use]
    pub fn destroyed() -> Self {
        Self(vec![0])
    }

    #[must_use]
    pub fn are_destroyed(&self) -> bool {
        self.0 == [0]
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// A key that wraps subjects' keys, by its number, and what tells it from another of the same number without telling what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappingKey {
    pub number: u32,
    pub check: String,
}

/// Keys of a case wrapped anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrap {
    pub case: CaseId,
    pub from: Keys,
    pub to: Keys,
}

/// Why sealed text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the key of this case was destroyed")]
    Destroyed,
    #[error("the sealed text was changed or belongs to another case")]
    Unreadable,
    /// Not the text's fault: it can be read after its case was read again.
    #[error("the keys of this case are not at hand")]
    NotAtHand,
}

/// See the module.
pub trait Sealer: Send + Sync + 'static {
    fn seal(&self, subject: CaseId, plain: &str) -> Private<String> {
        self.seal_all(subject, &[plain]).pop().expect("one text in, one out")
    }
    /// Several texts of one subject, in their order: one look-up of its key for all of them.
    fn seal_all(&self, subject: CaseId, plain: &[&str]) -> Vec<Private<String>>;
    fn open(&self, subject: CaseId, sealed: &Private<String>) -> Result<String, SealError>;
    /// Remembers the keys of a case that was read or is about to be committed.
    fn learn(&self, subject: CaseId, keys: &Keys);
    /// The keys that must lie with a case when these payloads are committed: those that lie there, and what this process sealed under.
    fn keep(&self, subject: CaseId, keys: &Keys, payloads: &[&[u8]]) -> Keys;
    /// Keys that can be unwrapped with, by number. The last one is wrapped with.
    fn wrapping_keys(&self) -> Vec<WrappingKey>;
}

/// Every key that something may be wrapped under must be among them, and the last one, which is in use, is noted before it is used.
pub(crate) async fn take_wrapping_keys(store: &dyn Store, keys: &[WrappingKey]) -> Result<(), StoreError> {
    for key in store.wrapping_keys().await? {
        if !keys.contains(&key) {
            return Err(StoreError::Mismatch(format!(
                "key {} of the vault (fingerprint {}) is not among those given: put it back from your backup of keys; what was sealed \
                 under it cannot be read without it",
                key.number, key.check
            )));
        }
    }
    match keys.last() {
        Some(in_use) => store.note_wrapping_key(in_use).await,
        None => Ok(()),
    }
}
