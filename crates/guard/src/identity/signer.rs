//! What an issuer of development signs with: ES256 (RFC 7518, 3.4), under a key that lives as long as the process.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// Signs tokens. Cities have a provider of their own: this is for development.
pub struct Signer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    x: String,
    y: String,
    /// The thumbprint (RFC 7638).
    name: String,
}

/// The system gives no random numbers, and so no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers to make a key of")]
pub struct NoKey;

impl Signer {
    /// With a new key.
    pub fn fresh() -> Result<Self, NoKey> {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| NoKey)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random);
        let pair = pair.map_err(|_| NoKey)?;
        // 4, then both coordinates.
        let point = pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let name = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        Ok(Self { pair, random, x, y, name })
    }

    /// The key as it is published (RFC 7517).
    #[must_use]
    pub fn keys(&self) -> Value {
        let Self { x, y, name, .. } = self;
        json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": name, "x": x, "y": y}]})
    }

    /// A JWS of these claims (RFC 7515, 3.1); `kind` is its `typ`.
    ///
    /// # Panics
    /// When the system gives no random numbers any more.
    #[must_use]
    pub fn sign(&self, kind: &str, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "typ": kind, "kid": self.name});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature =
            self.pair.sign(&self.random, signed.as_bytes()).expect("the system has given random numbers before");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What a program that knows the verifier has sent before it (RFC 7636, 4.2, S256).
#[must_use]
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}
