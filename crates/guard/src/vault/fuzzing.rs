//! See `crate::fuzzing`.

use super::{KeyRing, KeySource, Vault, fresh_line, wrapped};
use casebook::{KEY_BYTES, Keys, Sealer as _, Suite};
use civic::{CaseId, Private, SeededRng};
use std::sync::Arc;

/// A ring of keys and where it comes from; the bytes as wrapped keys in a row, and as a sealed text.
pub fn vault(bytes: &[u8]) {
    rows(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(source) = text.parse::<KeySource>() {
        assert_eq!(source.to_string().parse::<KeySource>().ok(), Some(source));
    }
    if let Ok(ring) = KeyRing::parse(Suite::Aes, text) {
        let Ok(line) = fresh_line(Some(&ring), &SeededRng::new(1)) else { return };
        let longer = KeyRing::parse(Suite::Aes, &format!("{text}\n{line}\n"));
        let count = longer.map(|ring| ring.wrapping_keys().len());
        assert_eq!(count, Ok(ring.wrapping_keys().len() + 1), "a ring with a new key is a ring");
    }
}

/// Nothing is opened with what nobody wrapped, and what cannot be unwrapped stays as it is.
fn rows(bytes: &[u8]) {
    let (subject, rng) = (CaseId::from_bytes([1; 16]), SeededRng::new(1));
    let ring = || KeyRing::derived(Suite::Aes, &[7; KEY_BYTES]);
    let keys = Keys::from_bytes(bytes.to_vec());
    assert!(wrapped::entries(&keys).all(|entry| entry.unwrap_with(&ring(), subject).is_none()));
    if let Some(again) = wrapped::rewrapped(&ring(), &rng, subject, &keys) {
        assert!(bytes.starts_with(again.as_bytes()));
    }
    let vault = Vault::new(Suite::Aes, ring(), Arc::new(rng));
    vault.learn(subject, &keys);
    assert!(vault.open(subject, &Private::from_sealed(bytes.to_vec())).is_err());
}
