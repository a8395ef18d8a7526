//! The keys of a provider at one time, each for one algorithm.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use std::collections::BTreeMap;

/// More than any provider has at once.
const MOST: usize = 64;

/// By their names.
#[derive(Default)]
pub(super) struct Keys {
    known: BTreeMap<String, Key>,
}

/// A key and what it signs with. A token says its algorithm, too, but is not asked.
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

impl Keys {
    /// Those of the set that sign. Keys for other uses, of kinds that we do not verify, or without a name are left out; a shared
    /// secret has no place among public keys.
    pub(super) fn of(set: &JwkSet) -> Self {
        let known = set.keys.iter().take(MOST).filter_map(|jwk| {
            let name = jwk.common.key_id.clone()?;
            let signs = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
            let algorithm = algorithm(jwk).filter(|_| signs)?;
            Some((name, Key { algorithm, key: DecodingKey::from_jwk(jwk).ok()? }))
        });
        Self { known: known.collect() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Key> {
        self.known.get(name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Every key of the other is here: what was verified with it is as good as before.
    pub(super) fn holds_all_of(&self, other: &Self) -> bool {
        let same = |(name, old): (&String, &Key)| self.get(name).is_some_and(|new| is_same(new, old));
        other.known.iter().all(same)
    }
}

fn is_same(one: &Key, other: &Key) -> bool {
    use jsonwebtoken::DecodingKeyKind::{RsaModulusExponent, SecretOrDer};
    let material = match (one.key.kind(), other.key.kind()) {
        (SecretOrDer(one), SecretOrDer(other)) => one == other,
        (RsaModulusExponent { n, e }, RsaModulusExponent { n: m, e: f }) => (n, e) == (m, f),
        _ => false,
    };
    material && one.algorithm == other.algorithm
}

/// What the key says it is for; without a word the usual one of its kind (RFC 7518, RFC 8037).
#[expect(clippy::wildcard_enum_match_arm, reason = "what is not named here is not verified, whatever the library adds")]
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let said = match jwk.common.key_algorithm {
        None => None,
        Some(KeyAlgorithm::RS256) => Some(Algorithm::RS256),
        Some(KeyAlgorithm::RS384) => Some(Algorithm::RS384),
        Some(KeyAlgorithm::RS512) => Some(Algorithm::RS512),
        Some(KeyAlgorithm::PS256) => Some(Algorithm::PS256),
        Some(KeyAlgorithm::PS384) => Some(Algorithm::PS384),
        Some(KeyAlgorithm::PS512) => Some(Algorithm::PS512),
        Some(KeyAlgorithm::ES256) => Some(Algorithm::ES256),
        Some(KeyAlgorithm::ES384) => Some(Algorithm::ES384),
        Some(KeyAlgorithm::EdDSA) => Some(Algorithm::EdDSA),
        Some(_) => return None,
    };
    let usual = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => Algorithm::ES256,
            EllipticCurve::P384 => Algorithm::ES384,
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return None,
    };
    match said {
        Some(said) if said.family() == usual.family() => Some(said),
        Some(_) => None,
        None => Some(usual),
    }
}
