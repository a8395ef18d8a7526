//! The cluster's key file and what is derived from it: one secret per use, so that no hash can serve another purpose.

use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::{digest, hmac as sha};
use sm3::Sm3;

/// Bytes of the secret in the key file.
pub const KEY_BYTES: usize = 32;

/// Which algorithms a cluster hashes and seals with. Fixed when its data is created: what is hashed must be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suite {
    /// AES-256-GCM and HMAC-SHA-256.
    #[default]
    Aes,
    /// SM4-GCM (GB/T 32907) and HMAC-SM3 (GB/T 32905).
    Sm,
}

/// A keyed hash of the suite, its key held ready.
#[derive(Clone)]
pub enum Hasher {
    Sha(sha::Key),
    Sm(Hmac<Sm3>),
}

impl Hasher {
    #[must_use]
    pub fn new(suite: Suite, secret: &[u8; KEY_BYTES]) -> Self {
        match suite {
            Suite::Aes => Self::Sha(sha::Key::new(sha::HMAC_SHA256, secret)),
            Suite::Sm => Self::Sm(Hmac::new_from_slice(secret).expect("HMAC takes a key of any length")),
        }
    }

    /// HMAC over length-prefixed parts, so that no two lists of parts collide.
    #[must_use]
    pub fn hash(&self, parts: &[&[u8]]) -> [u8; KEY_BYTES] {
        let lengths = parts.iter().map(|part| (part.len() as u64).to_le_bytes());
        match self {
            Self::Sha(key) => {
                let mut context = sha::Context::with_key(key);
                for (length, part) in lengths.zip(parts) {
                    context.update(&length);
                    context.update(part);
                }
                context.sign().as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
            }
            Self::Sm(key) => {
                let mut context = key.clone();
                for (length, part) in lengths.zip(parts) {
                    context.update(&length);
                    context.update(part);
                }
                context.finalize().into_bytes().into()
            }
        }
    }

    /// The first 128 bits.
    fn tag(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut tag = [0; 16];
        tag.copy_from_slice(&self.hash(parts)[..16]);
        tag
    }

    /// A further secret, for one purpose.
    fn derive(&self, suite: Suite, purpose: &str) -> Self {
        Self::new(suite, &self.hash(&[purpose.as_bytes()]))
    }
}

/// The secret of a cluster, held in memory only.
#[derive(Clone)]
pub struct ClusterKey {
    requests: Hasher,
    lookups: Hasher,
    pages: Hasher,
    check: Hasher,
}

impl ClusterKey {
    #[must_use]
    pub fn new(suite: Suite, secret: &[u8; KEY_BYTES]) -> Self {
        let all = Hasher::new(suite, secret);
        Self {
            requests: all.derive(suite, "jiewang requests 1"),
            lookups: all.derive(suite, "jiewang lookups 1"),
            pages: all.derive(suite, "jiewang pages 1"),
            check: all.derive(suite, "jiewang check 1"),
        }
    }

    /// Shown in the database so that a wrong key file is found at open, not at the first look-up that fails.
    pub(crate) fn check_value(&self) -> String {
        shown(&self.check.hash(&[b"check"])[..8])
    }

    pub(crate) fn request_hash(&self, parts: &[&[u8]]) -> [u8; 16] {
        self.requests.tag(parts)
    }

    pub(crate) fn lookup_hash(&self, parts: &[&[u8]]) -> [u8; 16] {
        self.lookups.tag(parts)
    }

    pub(crate) fn page_tag(&self, parts: &[&[u8]]) -> [u8; 16] {
        self.pages.tag(parts)
    }
}

/// Bytes as lower-case hexadecimal digits.
fn shown(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_and_each_suite_hashes_differently_and_parts_cannot_be_moved() {
        let keys = [Suite::Aes, Suite::Sm].map(|suite| ClusterKey::new(suite, &[9; KEY_BYTES]));
        let mut all: Vec<[u8; 16]> = Vec::new();
        for key in &keys {
            let parts: [&[&[u8]]; 3] = [&[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"]];
            for parts in parts {
                all.extend([key.request_hash(parts), key.lookup_hash(parts), key.page_tag(parts)]);
            }
        }
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_ne!(keys[0].check_value(), keys[1].check_value());
    }

    /// GB/T 32905-2016, A.1: the digest of `abc`; HMAC over it is held against an independent computation.
    #[test]
    fn sm3_is_the_standards() {
        use sm3::Digest as _;
        let digest = Sm3::digest(b"abc");
        assert_eq!(shown(&digest), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    }
}
