//! Trace context of a request: taken from `traceparent` when it is well formed, begun here otherwise.
use http::{HeaderMap, HeaderValue};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// W3C trace context: 32 and 16 hex digits.
pub(crate) struct Trace {
    header: String,
}

/// Gives ids to traces that begin here. They need to be distinct, not secret and not reproducible: a keyed hash over a counter.
pub(crate) struct TraceIds {
    keys: RandomState,
    next: AtomicU64,
}

impl TraceIds {
    pub(crate) fn new() -> Self {
        Self {
            keys: RandomState::new(),
            next: AtomicU64::new(0),
        }
    }

    /// The caller's context, or a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Trace {
        let given = headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok());
        if let Some(header) = given.filter(|text| is_traceparent(text)) {
            return Trace {
                header: header.to_owned(),
            };
        }
        let n = self.next.fetch_add(3, Ordering::Relaxed);
        let [a, b, c] = [n, n + 1, n + 2].map(|k| self.keys.hash_one(k));
        // `| 1`: all zeros is not a valid id.
        Trace {
            header: format!("00-{a:016x}{b:016x}-{:016x}-01", c | 1),
        }
    }
}

impl Trace {
    pub(crate) fn id(&self) -> &str {
        self.header.get(3..35).unwrap_or_default()
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.header).ok()
    }
}

fn is_traceparent(text: &str) -> bool {
    let bytes = text.as_bytes();
    let hex = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b))
    };
    let zero = |range: std::ops::Range<usize>| bytes[range].iter().all(|b| *b == b'0');
    bytes.len() == 55
        && bytes[2] == b'-'
        && bytes[35] == b'-'
        && bytes[52] == b'-'
        && hex(0..2)
        && text.starts_with("00")
        && hex(3..35)
        && hex(36..52)
        && hex(53..55)
        && !zero(3..35)
        && !zero(36..52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_context_is_kept_and_anything_else_replaced() {
        let ids = TraceIds::new();
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static(given));
        assert_eq!(ids.of(&headers).id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        for bad in [
            "",
            "00-0-0-0",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            headers.insert("traceparent", HeaderValue::from_static(bad));
            let (one, two) = (ids.of(&headers), ids.of(&headers));
            assert!(is_traceparent(&one.header), "{}", one.header);
            assert_ne!(one.id(), two.id());
        }
    }
}
