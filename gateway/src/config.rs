//! Every limit of the edge as a number; unknown keys are refused.
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits of the gateway. All durations are in milliseconds so that the unit stands in the name.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// Largest JSON body in bytes. Uploads will have their own limit when they come.
    pub body_bytes: usize,
    /// Largest answer of a service in bytes.
    pub answer_bytes: usize,
    /// Request line and headers together, in bytes.
    pub header_bytes: usize,
    /// Number of header lines.
    pub header_lines: usize,
    /// How long a connection may take to send its headers, and how long it may stay idle.
    pub header_ms: u64,
    /// From the last header to the answer; also the deadline that services see.
    pub request_ms: u64,
    /// Open connections; further ones wait in the kernel's backlog.
    pub connections: usize,
    /// Of one address; what comes beyond is closed. Behind a load balancer that speaks HTTP for others this is a limit of all of them.
    pub connections_per_address: usize,
    /// A client that takes nothing of an answer for so long is given up.
    pub unread_ms: u32,
    /// Requests at work at once, streams not counted. Of one service fewer, as many as it has shown to answer in good time.
    pub requests: usize,
    /// Event streams open at once.
    pub streams: usize,
    /// Event streams of one caller (token, or address without one).
    pub streams_per_caller: usize,
    /// Events kept for a slow reader of a stream before it is closed.
    pub stream_buffer: usize,
    /// Silence on a stream after which a comment is sent, so that proxies keep it open.
    pub heartbeat_ms: u64,
    /// How long `/readyz` waits for a service's health.
    pub health_ms: u64,
    /// How long a drain waits for requests at work.
    pub drain_ms: u64,
    /// Part of the traces begun here that is recorded, 0 to 1.
    pub trace_ratio: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            body_bytes: default_body_bytes(),
            answer_bytes: default_answer_bytes(),
            header_bytes: default_header_bytes(),
            header_lines: 64,
            header_ms: 30_000,
            request_ms: default_request_ms(),
            connections: 8_192,
            connections_per_address: 2_048,
            unread_ms: 30_000,
            requests: default_requests(),
            streams: 4_096,
            streams_per_caller: 8,
            stream_buffer: default_stream_buffer(),
            heartbeat_ms: 15_000,
            health_ms: 1_000,
            drain_ms: 10_000,
            trace_ratio: 0.01,
        }
    }
}

/// 1 MiB: a text of 10,000 characters with 20 attachments by reference is far below, a flood is cheap to refuse.
const fn default_body_bytes() -> usize {
    1 << 20
}

/// Half a second of what one core carries: who comes when so many wait is told at once, while there is still time to serve the others.
/// At 2,048 a core that was asked three times what it can do served a tenth of it (`make bench ARGS=overload`).
const fn default_requests() -> usize {
    512
}

/// 8 MiB: 200 reports of a full page at their largest.
const fn default_answer_bytes() -> usize {
    8 << 20
}

/// 16 KiB, as nginx and Node: room for a token and a page token.
const fn default_header_bytes() -> usize {
    16 << 10
}

/// 15 s: longer than the longest deadline inside (10 s), so that the service's own answer wins.
const fn default_request_ms() -> u64 {
    15_000
}

/// 256 events are a few seconds of a busy district; who lags more resumes by `Last-Event-ID`.
const fn default_stream_buffer() -> usize {
    256
}

/// A limit that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("gateway.{key} must be {expected}")]
pub struct ConfigError {
    /// Key of the configuration.
    pub key: &'static str,
    /// What it may be.
    pub expected: &'static str,
}

impl Config {
    /// Refuses limits under which nothing could be served.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let positive = [
            ("answer-bytes", self.answer_bytes),
            ("header-lines", self.header_lines),
            ("connections", self.connections),
            ("connections-per-address", self.connections_per_address),
            ("requests", self.requests),
            ("streams", self.streams),
            ("streams-per-caller", self.streams_per_caller),
            ("stream-buffer", self.stream_buffer),
        ];
        for (key, value) in positive {
            check(key, value as u64, 1, "at least 1")?;
        }
        check("body-bytes", self.body_bytes as u64, 1_024, "at least 1024")?;
        check("header-bytes", self.header_bytes as u64, 1_024, "at least 1024")?;
        check("header-ms", self.header_ms, 100, "at least 100")?;
        check("request-ms", self.request_ms, 10, "at least 10")?;
        check("heartbeat-ms", self.heartbeat_ms, 10, "at least 10")?;
        check("health-ms", self.health_ms, 10, "at least 10")?;
        check("unread-ms", self.unread_ms.into(), 100, "at least 100")?;
        let ratio = (0.0..=1.0).contains(&self.trace_ratio);
        if ratio { Ok(()) } else { Err(ConfigError { key: "trace-ratio", expected: "0 to 1" }) }
    }

    pub(crate) fn request_time(&self) -> Duration {
        Duration::from_millis(self.request_ms)
    }
}

fn check(key: &'static str, value: u64, least: u64, expected: &'static str) -> Result<(), ConfigError> {
    if value < least { Err(ConfigError { key, expected }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused() {
        let error = serde_json::from_str::<Config>(r#"{"body-byte": 5}"#).unwrap_err();
        assert!(error.to_string().contains("body-byte"));
    }

    #[test]
    fn defaults_are_valid_and_a_zero_limit_is_not() {
        Config::default().validate().unwrap();
        let error = Config { requests: 0, ..Config::default() }.validate().unwrap_err();
        assert_eq!(error.key, "requests");
    }
}
