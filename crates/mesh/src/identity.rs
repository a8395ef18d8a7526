//! Development tokens: who calls, signed, verified in every service.
//!
//! This is the seam that the guard's real issuer replaces. A token is a compact JWS (RFC 7515) under HS256 with the claims
//! of RFC 7519: `iss`, `sub`, `role`, `unit`, `head`, `iat`, `exp`. The verifier knows one algorithm and reads nothing of
//! the payload before the signature holds, so `alg: none`, key confusion and hostile JSON have nowhere to go.

use crate::error::{Code, Fault};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic::{Actor, Micros, UnitCode};
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Issuer of tokens made here. Production refuses it once the guard is there.
pub const ISSUER: &str = "jiewang-dev";

/// Longer than any honest token (about 300 bytes) and short enough to be hashed without thinking.
const LONGEST: usize = 2048;

/// How far the issuer's clock may be ahead: a server is out of service from 5 s on (`skew`), the issuer may be as much off the other way.
const SKEW_SECONDS: i64 = 10;

/// `{"alg":"HS256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// The cluster's symmetric key for tokens; further keys are derived from it, never the same key for two purposes.
#[derive(Clone)]
pub struct TokenKey {
    bytes: [u8; 32],
    mac: hmac::Key,
}

impl TokenKey {
    /// From 32 bytes that nobody else knows.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { mac: hmac::Key::new(hmac::HMAC_SHA256, &bytes), bytes }
    }

    /// A key for another purpose, from which this one cannot be found.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.bytes), purpose.as_bytes());
        let bytes = tag.as_ref().try_into().expect("SHA-256 gives 32 bytes");
        Self::from_bytes(bytes)
    }

    pub(crate) fn mac(&self) -> &hmac::Key {
        &self.mac
    }
}

/// Never shows the key.
impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    head: bool,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// Signs a token for `actor` that holds for `ttl` from `now`.
#[must_use]
pub fn mint(key: &TokenKey, actor: &Actor, now: Micros, ttl: Duration) -> String {
    let issued = now.0.div_euclid(1_000_000);
    let claims = Claims {
        iss: ISSUER.to_owned(),
        sub: actor.subject.clone(),
        role: actor.role.to_string(),
        unit: actor.unit.as_ref().map(|unit| unit.as_str().to_owned()),
        head: actor.head,
        iat: issued,
        exp: issued.saturating_add_unsigned(ttl.as_secs()),
    };
    let payload = serde_json::to_vec(&claims).expect("strings and numbers are JSON");
    let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(payload));
    let tag = hmac::sign(key.mac(), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Who the token speaks for. TOKEN_INVALID whatever is wrong with it, so that a forger learns nothing; TOKEN_EXPIRED
/// once the signature holds, so that an honest client knows to fetch a new one.
pub fn verify(key: &TokenKey, token: &str, now: Micros) -> Result<Actor, Fault> {
    read(key, token, now).map(|(actor, _)| actor)
}

/// The same, with the instant from which the token holds no more: whatever outlasts a single answer ends there.
pub(crate) fn read(key: &TokenKey, token: &str, now: Micros) -> Result<(Actor, Micros), Fault> {
    let claims = signed_claims(key, token).ok_or_else(invalid)?;
    let seconds = now.0.div_euclid(1_000_000);
    if claims.iss != ISSUER || claims.iat > seconds + SKEW_SECONDS {
        return Err(invalid());
    }
    if claims.exp <= seconds {
        return Err(expired());
    }
    let unit = claims.unit.as_deref().map(str::parse::<UnitCode>).transpose();
    let (Ok(role), Ok(unit)) = (claims.role.parse(), unit) else {
        return Err(invalid());
    };
    let until = Micros(claims.exp.saturating_mul(Micros::SECOND));
    Ok((Actor { role, subject: claims.sub, unit, head: claims.head }, until))
}

fn signed_claims(key: &TokenKey, token: &str) -> Option<Claims> {
    if token.len() > LONGEST {
        return None;
    }
    let (signed, tag) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    if header != HEADER {
        // Another order of members is legal; another algorithm is not.
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        (header.alg == "HS256").then_some(())?;
    }
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    // Constant time in ring.
    hmac::verify(key.mac(), signed.as_bytes(), &tag).ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

pub(crate) fn expired() -> Fault {
    Fault::new(Code::Unauthenticated, "TOKEN_EXPIRED", "the token has expired")
}

fn invalid() -> Fault {
    Fault::new(Code::Unauthenticated, "TOKEN_INVALID", "the token is not valid")
}
