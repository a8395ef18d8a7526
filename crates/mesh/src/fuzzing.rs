//! What holds for any bytes from outside, a function for each kind of input. The fuzz targets call them (e2e/fuzz), and seeded tests do.

pub use crate::discovery::consul::fuzzing::consul;

use crate::edge::{CLIENT_ADDRESS, Voucher};
use crate::identity::{ISSUER, TokenKey, mint, verify};
use crate::{Position, PositionKey, TraceContext, deadline, tls::ServiceName};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic::{Micros, SettableClock};
use http::{HeaderMap, HeaderValue};
use ring::hmac;
use std::sync::Arc;
use std::time::Duration;

const NOW: Micros = Micros(1_795_320_000_000_000);

/// `{"alg":"HS256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

fn key() -> TokenKey {
    TokenKey::from_bytes([7; 32])
}

/// Headers that every call may carry: trace, time left, position, the client's address; and names in certificates.
pub fn headers(bytes: &[u8]) {
    position_body(bytes);
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        timeout(&value);
        address(value);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(trace) = TraceContext::parse(text) {
        assert_eq!(TraceContext::parse(&trace.to_string()), Some(trace));
        assert!(text.contains(&trace.trace_id()));
    }
    if let Ok(name) = text.parse::<ServiceName>() {
        assert_eq!(name.to_string(), text);
    }
    assert!(Position::decode(text, &PositionKey::new(&key())).is_err(), "nobody has signed it");
}

fn timeout(value: &HeaderValue) {
    if let Some(left) = deadline::parse(value) {
        let told = deadline::parse(&deadline::format(left)).unwrap_or_default();
        assert!(told <= left && left - told < Duration::from_secs(1) || told.as_secs() == 99_999_999, "{left:?}");
    }
}

/// An address that nobody signed is not believed; one that the edge signs is.
fn address(value: HeaderValue) {
    let voucher = Voucher::new(&key(), Arc::new(SettableClock::new(NOW)));
    let mut headers = HeaderMap::from_iter([(CLIENT_ADDRESS.parse().expect("a header's name"), value)]);
    assert_eq!(voucher.address(&headers), None);
    let told = headers[CLIENT_ADDRESS].to_str().ok().and_then(|text| text.parse().ok());
    voucher.sign(&mut headers);
    if told.is_some() {
        assert_eq!(voucher.address(&headers), told);
    }
}

/// The bytes as what a position says, signed: what is read is what would be written.
fn position_body(bytes: &[u8]) {
    let (signs, positions) = (key().derive("jiewang position 1"), PositionKey::new(&key()));
    let tag = hmac::sign(signs.mac(), bytes);
    let token = URL_SAFE_NO_PAD.encode([bytes, &tag.as_ref()[..8]].concat());
    if let Ok(position) = Position::decode(&token, &positions) {
        assert_eq!(position.encode(&positions), token);
    }
}

/// Tokens of the cluster, HS256: the text as it stands, and the bytes as claims that were signed.
pub fn token(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(verify(&key(), text, NOW).is_err(), "nobody has signed it");
    }
    let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(bytes));
    let tag = hmac::sign(key().mac(), signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag));
    if let Ok(actor) = verify(&key(), &token, NOW) {
        let again = mint(&key(), &actor, NOW, Duration::from_secs(60));
        // A subject may make the token longer than any is read.
        assert!(again.len() > 2048 || verify(&key(), &again, NOW).ok().as_ref() == Some(&actor), "{ISSUER}: {again}");
    }
}
