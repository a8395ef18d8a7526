//! ES256 (RFC 7518, 3.4).

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// Lives as long as the process.
pub(super) struct Key {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    x: String,
    y: String,
    /// The thumbprint (RFC 7638).
    name: String,
}

impl Key {
    pub(super) fn fresh() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| anyhow!("the system gives no random numbers"))?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random)
            .map_err(|rejected| anyhow!("a key that was just made is none: {rejected}"))?;
        // 4, then both coordinates.
        let point = pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let name = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        Ok(Self { pair, random, x, y, name })
    }

    /// As it is published (RFC 7517).
    pub(super) fn set(&self) -> Value {
        let Self { x, y, name, .. } = self;
        json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": name, "x": x, "y": y}]})
    }

    /// A JWS of these claims (RFC 7515, 3.1).
    pub(super) fn sign(&self, kind: &str, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "typ": kind, "kid": self.name});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature =
            self.pair.sign(&self.random, signed.as_bytes()).expect("the system has given random numbers before");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
