//! Time that a caller gives, as gRPC writes it, and what is left of it.
//!
//! A call carries `grpc-timeout`: how long its caller still waits. The chassis turns it into an instant and stops the
//! handler there; a [`crate::Channel`] used inside the handler sends on what is left, so the time shrinks hop by hop.
//! Known inaccuracy: the time on the wire is not subtracted, so an inner hop may outlive the outer one by a round trip.

use crate::call;
use http::HeaderValue;
use std::time::Duration;
use tokio::time::Instant;

/// gRPC's header.
pub const GRPC_TIMEOUT: &str = "grpc-timeout";

/// Digits that the gRPC protocol allows.
const DIGITS: usize = 8;

/// Reads a `grpc-timeout`: at most eight digits and a unit. `None` for anything else: a wrong header gives no time limit
/// of the caller's, the server's own holds.
#[must_use]
pub fn parse(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let unit = text.as_bytes().last()?;
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || digits.len() > DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// Writes a `grpc-timeout` in the finest unit that eight digits hold, so that little is lost on each hop.
#[must_use]
pub fn format(left: Duration) -> HeaderValue {
    const FULL: u128 = 100_000_000;
    let text = if left.as_micros() < FULL {
        format!("{}u", left.as_micros())
    } else if left.as_millis() < FULL {
        format!("{}m", left.as_millis())
    } else {
        format!("{}S", left.as_secs().min(99_999_999))
    };
    HeaderValue::try_from(text).expect("digits and a letter are a header value")
}

/// What is left for the call that the current task works on; `None` outside of one or when it has no limit.
#[must_use]
pub fn remaining() -> Option<Duration> {
    let until = call::current()?.deadline?;
    Some(until.saturating_duration_since(Instant::now()))
}
