//! What the witness signs.

use super::{Digest, Whose};
use casebook::{KEY_BYTES, digest};
use civic::Micros;
use queue::{Partition, Position};
use ring::hmac;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// The heads of a service's log at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Checkpoint {
    pub cluster: String,
    pub service: String,
    /// 1, 2, 3, …
    pub number: u64,
    pub at: Micros,
    /// Of the checkpoint before; of the first one zeroes.
    pub previous: Digest,
    /// Partitions that have moved since then.
    pub moved: Vec<(Partition, Position, Digest)>,
    /// Over the heads of all.
    pub root: Digest,
}

impl Checkpoint {
    /// What is signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let moved: Vec<u8> = self
            .moved
            .iter()
            .flat_map(|(partition, position, head)| {
                [&partition.to_le_bytes()[..], &position.to_le_bytes(), &head.0].concat()
            })
            .collect();
        Digest(digest(&[
            b"jiewang checkpoint 1",
            self.cluster.as_bytes(),
            self.service.as_bytes(),
            &self.number.to_le_bytes(),
            &self.at.0.to_le_bytes(),
            &self.previous.0,
            &moved,
            &self.root.0,
        ]))
    }

    pub(super) fn is_of(&self, whose: &Whose) -> bool {
        (self.cluster.as_str(), self.service.as_str()) == (&whose.cluster, &whose.service)
    }
}

/// As it stands in the file, one in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    pub checkpoint: Checkpoint,
    /// Ed25519 (RFC 8032) over the checkpoint's digest, hexadecimal.
    pub signature: String,
}

/// Signs for a cluster.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// From the cluster's secret, which serves nothing else by this derivation.
    ///
    /// # Panics
    /// Never: a seed has 32 bytes.
    #[must_use]
    pub fn derive(secret: &[u8; KEY_BYTES]) -> Self {
        let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"jiewang audit 1");
        Self(Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).expect("a seed has 32 bytes"))
    }

    #[must_use]
    pub fn sign(&self, checkpoint: Checkpoint) -> Signed {
        let signature = self.0.sign(&checkpoint.digest().0);
        Signed { checkpoint, signature: signature.as_ref().iter().map(|byte| format!("{byte:02x}")).collect() }
    }

    /// All that a verifier needs.
    #[must_use]
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey(self.0.public_key().as_ref().to_vec())
    }
}

/// Tells whether a signature is the cluster's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey(Vec<u8>);

impl VerifyingKey {
    /// From 64 hexadecimal digits; `None` when they are none.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = vec![0; 32];
        read_hex(text, &mut bytes)?;
        Some(Self(bytes))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[must_use]
    pub fn has_signed(&self, signed: &Signed) -> bool {
        let mut signature = [0; 64];
        let read = read_hex(&signed.signature, &mut signature);
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        read.is_some() && key.verify(&signed.checkpoint.digest().0, &signature).is_ok()
    }
}

/// Lower-case hexadecimal digits of exactly so many bytes.
pub(super) fn read_hex(text: &str, into: &mut [u8]) -> Option<()> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = text.as_bytes();
    if bytes.len() != into.len() * 2 {
        return None;
    }
    for (byte, pair) in into.iter_mut().zip(bytes.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(())
}
