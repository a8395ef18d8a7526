//! The cluster's key file and what is derived from it: one secret per use, so that no hash can serve another purpose.

use civic::{CaseId, Private, Rng};
use ring::{aead, digest, hkdf, hmac};
use std::sync::Arc;

/// Bytes of the secret in the key file.
pub const KEY_BYTES: usize = 32;

/// The secret of a cluster, held in memory only.
#[derive(Clone)]
pub struct ClusterKey {
    requests: hmac::Key,
    lookups: hmac::Key,
    pages: hmac::Key,
    check: hmac::Key,
    sealing: hkdf::Prk,
}

impl ClusterKey {
    pub fn new(secret: &[u8; KEY_BYTES]) -> Self {
        let derive = |purpose: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), purpose.as_bytes());
        let key = |purpose: &str| hmac::Key::new(hmac::HMAC_SHA256, derive(purpose).as_ref());
        Self {
            requests: key("jiewang requests 1"),
            lookups: key("jiewang lookups 1"),
            pages: key("jiewang pages 1"),
            check: key("jiewang check 1"),
            sealing: hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, derive("jiewang sealing 1").as_ref()),
        }
    }

    /// Shown in the database so that a wrong key file is found at open, not at the first unreadable name.
    pub(crate) fn check_value(&self) -> String {
        hmac::sign(&self.check, b"check").as_ref()[..8].iter().map(|b| format!("{b:02x}")).collect()
    }

    pub(crate) fn request_hash(&self, parts: &[&[u8]]) -> [u8; 16] {
        tagged(&self.requests, parts)
    }

    pub(crate) fn lookup_hash(&self, parts: &[&[u8]]) -> [u8; 16] {
        tagged(&self.lookups, parts)
    }

    pub(crate) fn page_tag(&self, parts: &[&[u8]]) -> [u8; 16] {
        tagged(&self.pages, parts)
    }

    /// The key of one subject, for AES-256-GCM.
    fn subject(&self, subject: CaseId) -> aead::LessSafeKey {
        let info = [b"subject".as_slice(), subject.as_bytes().as_slice()];
        let okm = self.sealing.expand(&info, &aead::AES_256_GCM).expect("32 bytes are within HKDF's bound");
        aead::LessSafeKey::new(aead::UnboundKey::from(okm))
    }
}

/// HMAC over length-prefixed parts, so that no two lists of parts collide; 128 bits are kept.
fn tagged(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 16] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&context.sign().as_ref()[..16]);
    out
}

/// SHA-256 over length-prefixed parts: the same content anywhere has the same digest, so nothing secret or guessable goes in.
#[must_use]
pub fn digest(parts: &[&[u8]]) -> [u8; digest::SHA256_OUTPUT_LEN] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Why sealed text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the sealed text was changed, belongs to another case, or its key is gone")]
    Unreadable,
}

/// The seam of personal data: text goes in under its subject's key before a command is made of it, and comes out only for an
/// answer. The guard's vault stands behind the same seam.
pub trait Sealer: Send + Sync + 'static {
    fn seal(&self, subject: CaseId, plain: &str) -> Private<String>;
    /// Several texts of one subject, in their order: one look-up of its key for all of them.
    fn seal_all(&self, subject: CaseId, plain: &[&str]) -> Vec<Private<String>> {
        plain.iter().map(|plain| self.seal(subject, plain)).collect()
    }
    fn open(&self, subject: CaseId, sealed: &Private<String>) -> Result<String, SealError>;
}

/// AES-256-GCM under a key per subject that is derived from the cluster's key file. Losing the file loses the text; erasing one
/// person alone needs the vault.
pub struct KeyFileSealer {
    key: ClusterKey,
    rng: Arc<dyn Rng>,
}

impl KeyFileSealer {
    pub fn new(key: ClusterKey, rng: Arc<dyn Rng>) -> Self {
        Self { key, rng }
    }

    /// Nonce, ciphertext, tag, in one allocation.
    fn seal_under(&self, key: &aead::LessSafeKey, plain: &str) -> Private<String> {
        let mut nonce = [0; aead::NONCE_LEN];
        self.rng.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(nonce.len() + plain.len() + key.algorithm().tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain.as_bytes());
        let body = &mut sealed[aead::NONCE_LEN..];
        let tag = key
            .seal_in_place_separate_tag(aead::Nonce::assume_unique_for_key(nonce), aead::Aad::empty(), body)
            .expect("a text of some kilobytes is within AES-GCM's bound");
        sealed.extend_from_slice(tag.as_ref());
        Private::from_sealed(sealed)
    }
}

impl Sealer for KeyFileSealer {
    fn seal(&self, subject: CaseId, plain: &str) -> Private<String> {
        self.seal_under(&self.key.subject(subject), plain)
    }

    fn seal_all(&self, subject: CaseId, plain: &[&str]) -> Vec<Private<String>> {
        let key = self.key.subject(subject);
        plain.iter().map(|plain| self.seal_under(&key, plain)).collect()
    }

    fn open(&self, subject: CaseId, sealed: &Private<String>) -> Result<String, SealError> {
        let (nonce, body) = sealed.sealed().split_first_chunk::<{ aead::NONCE_LEN }>().ok_or(SealError::Unreadable)?;
        let mut body = body.to_vec();
        let plain = self
            .key
            .subject(subject)
            .open_in_place(aead::Nonce::assume_unique_for_key(*nonce), aead::Aad::empty(), &mut body)
            .map_err(|_| SealError::Unreadable)?;
        String::from_utf8(plain.to_vec()).map_err(|_| SealError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use civic::SeededRng;

    fn sealer() -> KeyFileSealer {
        KeyFileSealer::new(ClusterKey::new(&[9; KEY_BYTES]), Arc::new(SeededRng::new(1)))
    }

    #[test]
    fn texts_sealed_together_open_one_by_one_in_their_order() {
        let (sealer, subject) = (sealer(), CaseId::from_bytes([1; 16]));
        let texts = ["", "张三", "张三", "铜梁区巴川街道"];
        let sealed = sealer.seal_all(subject, &texts);
        let opened: Vec<_> = sealed.iter().map(|sealed| sealer.open(subject, sealed).unwrap()).collect();
        assert_eq!(opened, texts);
        assert_ne!(sealed[1].sealed(), sealed[2].sealed(), "each text has a nonce of its own");
        assert_eq!(sealer.seal_all(subject, &[]).len(), 0);
    }

    #[test]
    fn what_was_changed_or_is_anothers_cannot_be_opened() {
        let (sealer, subject) = (sealer(), CaseId::from_bytes([1; 16]));
        let sealed = sealer.seal(subject, "金丝雀");
        assert_eq!(sealer.open(CaseId::from_bytes([2; 16]), &sealed), Err(SealError::Unreadable));
        for at in 0..sealed.sealed().len() {
            let mut changed = sealed.sealed().to_vec();
            changed[at] ^= 1;
            assert_eq!(sealer.open(subject, &Private::from_sealed(changed)), Err(SealError::Unreadable), "byte {at}");
        }
    }
}
