//! The wrapped keys of a subject as they lie in the row of its case, one behind the other.
//!
//! ```text
//! number of the wrapping key (4, little-endian) | label (8) | nonce (12) | the subject's key, sealed (32 + 16)
//! ```

use super::{
    cipher::{NONCE, Nonce, TAG},
    keyring::KeyRing,
};
use casebook::{KEY_BYTES, Keys};
use civic::{CaseId, Rng};

pub(super) const LABEL: usize = 8;
const NUMBER: usize = 4;
const HEAD: usize = NUMBER + LABEL;
const ENTRY: usize = HEAD + NONCE + KEY_BYTES + TAG;

/// Tells the keys of a subject apart. Stands before each text that was sealed.
pub(super) type Label = [u8; LABEL];
pub(super) type Secret = [u8; KEY_BYTES];

/// One of them.
pub(super) struct Entry<'a> {
    pub(super) number: u32,
    pub(super) label: Label,
    nonce: Nonce,
    sealed: &'a [u8],
}

/// Those that lie there; none when they were destroyed.
pub(super) fn entries(keys: &Keys) -> impl DoubleEndedIterator<Item = Entry<'_>> {
    keys.as_bytes().chunks_exact(ENTRY).filter_map(|bytes| {
        let (number, rest) = bytes.split_first_chunk::<NUMBER>()?;
        let (label, rest) = rest.split_first_chunk::<LABEL>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        Some(Entry { number: u32::from_le_bytes(*number), label: *label, nonce: *nonce, sealed })
    })
}

impl Entry<'_> {
    /// `None`: the ring does not have its key, or it was changed or is another subject's.
    pub(super) fn unwrap_with(&self, ring: &KeyRing, subject: CaseId) -> Option<Secret> {
        let bound = bound(self.number, &self.label, subject);
        ring.get(self.number)?.cipher.open(self.nonce, &bound, self.sealed)?.try_into().ok()
    }
}

/// Appends a key, wrapped under the one of the ring that is in use.
pub(super) fn wrap(ring: &KeyRing, rng: &dyn Rng, subject: CaseId, label: &Label, secret: &Secret, to: &mut Vec<u8>) {
    let (number, held) = ring.in_use();
    let bound = bound(number, label, subject);
    let mut nonce = [0; NONCE];
    rng.fill(&mut nonce);
    to.extend_from_slice(&bound[..HEAD]);
    to.extend_from_slice(&nonce);
    held.cipher.seal(nonce, &bound, secret, to);
}

fn bound(number: u32, label: &Label, subject: CaseId) -> Vec<u8> {
    [&number.to_le_bytes()[..], label, subject.as_bytes()].concat()
}

/// All of them under the key in use; `None` when they are. Those that cannot be unwrapped stay as they are.
pub(super) fn rewrapped(ring: &KeyRing, rng: &dyn Rng, subject: CaseId, keys: &Keys) -> Option<Keys> {
    let in_use = ring.in_use().0;
    if entries(keys).all(|entry| entry.number == in_use) {
        return None;
    }
    let mut bytes = Vec::with_capacity(keys.as_bytes().len());
    for (entry, raw) in entries(keys).zip(keys.as_bytes().chunks_exact(ENTRY)) {
        match entry.unwrap_with(ring, subject).filter(|_| entry.number != in_use) {
            Some(secret) => wrap(ring, rng, subject, &entry.label, &secret, &mut bytes),
            None => bytes.extend_from_slice(raw),
        }
    }
    Some(Keys::from_bytes(bytes))
}
