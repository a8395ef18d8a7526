//! W3C trace context: read, made, passed on.
//!
//! Every call has a trace id, sampled or not, because an internal error shows it. Ids need to be unlike each other, not
//! secret, so they come from a counter mixed under a seed that is drawn once, not from a system call per request.

use civic::Rng;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Header that carries the context.
pub const TRACEPARENT: &str = "traceparent";

/// `version-traceid-parentid-flags` of <https://www.w3.org/TR/trace-context/>, version 00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    /// The caller, or our own dice, wants this trace recorded.
    pub sampled: bool,
    /// Begun here: the parent id names no span that anyone recorded.
    root: bool,
}

impl TraceContext {
    /// Reads a `traceparent`; `None` when it is none, so that the receiver starts a trace of its own as the standard says.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let dashes = bytes.len() >= 55 && bytes[2] == b'-' && bytes[35] == b'-' && bytes[52] == b'-';
        if !dashes || !text.is_ascii() || &text[..2] == "ff" || (&text[..2] == "00" && bytes.len() != 55) {
            return None;
        }
        let lower_hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !lower_hex(&text[..2]) || !lower_hex(&text[3..35]) || !lower_hex(&text[36..52]) || !lower_hex(&text[53..55])
        {
            return None;
        }
        let trace = u128::from_str_radix(&text[3..35], 16).ok()?;
        let span = u64::from_str_radix(&text[36..52], 16).ok()?;
        let flags = u8::from_str_radix(&text[53..55], 16).ok()?;
        (trace != 0 && span != 0).then_some(Self { trace, span, sampled: flags & 1 == 1, root: false })
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The span that it was handed on by; `None` when it was begun here.
    pub(crate) fn parent(&self) -> Option<u64> {
        (!self.root).then_some(self.span)
    }

    /// Of the trace, and of the span that hands it on.
    pub(crate) const fn ids(&self) -> (u128, u64) {
        (self.trace, self.span)
    }

    /// What a recorded span of ours passes on.
    pub(crate) const fn below(&self, span: u64) -> Self {
        Self { trace: self.trace, span, sampled: true, root: false }
    }
}

/// The header's value.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// Makes contexts for calls that arrive without one.
#[derive(Debug)]
pub struct TraceSource {
    seed: [u64; 2],
    next: AtomicU64,
    /// Out of 2^32.
    sampled: u64,
}

impl TraceSource {
    /// `ratio` of the traces started here are sampled, 0 to 1.
    #[must_use]
    pub fn new(rng: &dyn Rng, ratio: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=2^32")]
        let sampled = (ratio.clamp(0.0, 1.0) * 4_294_967_296.0) as u64;
        Self { seed: [rng.u64(), rng.u64()], next: AtomicU64::new(1), sampled }
    }

    /// A new trace.
    #[must_use]
    pub fn start(&self) -> TraceContext {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let high = mix(self.seed[0] ^ n);
        let low = mix(self.seed[1] ^ high);
        let span = mix(low ^ n) | 1;
        let trace = (u128::from(high) << 64 | u128::from(low)) | 1;
        TraceContext { trace, span, sampled: (high >> 32) < self.sampled, root: true }
    }
}

/// Ids of spans.
#[derive(Debug)]
pub(crate) struct SpanIds {
    seed: u64,
    next: AtomicU64,
}

impl SpanIds {
    pub(crate) fn new(rng: &dyn Rng) -> Self {
        Self { seed: rng.u64(), next: AtomicU64::new(1) }
    }

    /// Never zero, which would be none.
    pub(crate) fn next(&self) -> u64 {
        mix(self.seed ^ self.next.fetch_add(1, Ordering::Relaxed)) | 1
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014): every input bit reaches every output bit.
const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
