//! Who calls, signed, verified in every service.
//!
//! Two kinds of tokens are verified here: those that the services of a cluster make for their own calls, and development tokens. Both are
//! compact JWS (RFC 7515) under HS256 with the claims of RFC 7519: `iss`, `sub`, `role`, `unit`, `head`, `iat`, `exp`. The verifier knows
//! one algorithm and reads nothing of the payload before the signature holds, so `alg: none`, key confusion and hostile JSON have nowhere
//! to go. Tokens of the city's identity provider are the business of an [`Issuer`], which the guard brings (docs/adr/0051); where there is
//! one, development tokens are refused.

use crate::error::Fault;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic::{Actor, Micros, UnitCode};
use futures_util::future::BoxFuture;
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Issuer of development tokens. Refused where the city's own issuer is known.
pub const ISSUER: &str = "jiewang-dev";

/// Issuer of what services of a cluster say to each other.
const CLUSTER: &str = "jiewang-cluster";

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

/// Whom a token speaks for, and until when: whatever outlasts a single answer ends there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Who.
    pub actor: Actor,
    /// The first instant at which the token holds no more.
    pub until: Micros,
}

/// Verifies tokens of an issuer outside of the cluster.
pub trait Issuer: Send + Sync + 'static {
    /// Whom the token speaks for; UNAUTHENTICATED with TOKEN_INVALID or TOKEN_EXPIRED, or UNAVAILABLE when that cannot be said now.
    fn bearer<'a>(&'a self, token: &'a str, now: Micros) -> BoxFuture<'a, Result<Bearer, Fault>>;
}

/// What a process believes: the cluster's key, and the city's issuer where there is one.
pub(crate) struct Believed {
    pub(crate) key: TokenKey,
    pub(crate) issuer: Option<Arc<dyn Issuer>>,
    pub(crate) development: bool,
}

impl Believed {
    pub(crate) async fn bearer(&self, token: &str, now: Micros) -> Result<Bearer, Fault> {
        match &self.issuer {
            // Its tokens are never HS256: ours are known by their first bytes.
            Some(issuer) if !token.starts_with(HEADER) => issuer.bearer(token, now).await,
            Some(_) if !self.development => read(&self.key, token, now, &[CLUSTER]),
            Some(_) | None => read(&self.key, token, now, &[CLUSTER, ISSUER]),
        }
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

/// Signs a development token for `actor` that holds for `ttl` from `now`.
#[must_use]
pub fn mint(key: &TokenKey, actor: &Actor, now: Micros, ttl: Duration) -> String {
    sign(key, ISSUER, actor, now, ttl)
}

/// The same in the name of the cluster.
pub(crate) fn mint_own(key: &TokenKey, actor: &Actor, now: Micros, ttl: Duration) -> String {
    sign(key, CLUSTER, actor, now, ttl)
}

fn sign(key: &TokenKey, issuer: &str, actor: &Actor, now: Micros, ttl: Duration) -> String {
    let issued = now.0.div_euclid(1_000_000);
    let claims = Claims {
        iss: issuer.to_owned(),
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

/// Issuer of what is no token yet: see [`crate::Glass`].
const ASKED: &str = "jiewang-asked";

/// A ticket in the name of whoever asked.
pub(crate) fn asked(key: &TokenKey, actor: &Actor, now: Micros, ttl: Duration) -> String {
    sign(key, ASKED, actor, now, ttl)
}

/// Who asked, as a ticket says.
pub(crate) fn read_asked(key: &TokenKey, ticket: &str, now: Micros) -> Result<Bearer, Fault> {
    read(key, ticket, now, &[ASKED])
}

/// A token of the cluster for whoever was agreed with.
pub(crate) fn agreed(key: &TokenKey, actor: &Actor, now: Micros, ttl: Duration) -> String {
    mint_own(key, actor, now, ttl)
}

/// Who a token made here speaks for. TOKEN_INVALID whatever is wrong with it, so that a forger learns nothing; TOKEN_EXPIRED
/// once the signature holds, so that an honest client knows to fetch a new one.
pub fn verify(key: &TokenKey, token: &str, now: Micros) -> Result<Actor, Fault> {
    read(key, token, now, &[CLUSTER, ISSUER]).map(|bearer| bearer.actor)
}

fn read(key: &TokenKey, token: &str, now: Micros, issuers: &[&str]) -> Result<Bearer, Fault> {
    let claims = signed_claims(key, token).ok_or_else(Fault::token_invalid)?;
    let seconds = now.0.div_euclid(1_000_000);
    if !issuers.contains(&claims.iss.as_str()) || claims.iat > seconds + SKEW_SECONDS {
        return Err(Fault::token_invalid());
    }
    if claims.exp <= seconds {
        return Err(Fault::token_expired());
    }
    let unit = claims.unit.as_deref().map(str::parse::<UnitCode>).transpose();
    let (Ok(role), Ok(unit)) = (claims.role.parse(), unit) else {
        return Err(Fault::token_invalid());
    };
    let until = Micros(claims.exp.saturating_mul(Micros::SECOND));
    Ok(Bearer { actor: Actor { role, subject: claims.sub, unit, head: claims.head }, until })
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
