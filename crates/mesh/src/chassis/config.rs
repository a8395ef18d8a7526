//! Limits of a process that serves gRPC.

use super::Transport;
use crate::millis;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// No time of the configuration is shorter.
const LEAST_TIME: Duration = Duration::from_millis(10);

/// Numbers of a process. Every limit has its number here.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// Calls in flight; one more is answered OVERLOADED.
    pub max_calls: usize,
    /// Streams open at once.
    pub max_streams: usize,
    /// A call without a deadline of its own, or with a longer one, ends after this.
    #[serde(rename = "longest-call-ms", with = "millis")]
    pub longest_call: Duration,
    /// From the first signal to the end, at most about this.
    #[serde(rename = "drain-ms", with = "millis")]
    pub drain_within: Duration,
    /// Part of the traces begun here that is recorded, when an exporter is set.
    pub trace_ratio: f64,
    /// Limits of connections.
    pub transport: Transport,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_calls: 4096,
            max_streams: 1024,
            longest_call: Duration::from_secs(30),
            drain_within: Duration::from_secs(20),
            trace_ratio: 0.01,
            transport: Transport::default(),
        }
    }
}

/// A limit that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("mesh.{key} must be {expected}")]
pub struct ConfigError {
    /// Key of the configuration.
    pub key: &'static str,
    /// What it may be.
    pub expected: &'static str,
}

impl Config {
    /// Refuses limits under which nothing could be served.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let transport = &self.transport;
        let counts = [
            ("max-calls", self.max_calls),
            ("max-streams", self.max_streams),
            ("transport.max-connections", transport.max_connections),
            ("transport.max-connections-per-address", transport.max_connections_per_address),
            ("transport.max-streams-per-connection", transport.max_streams_per_connection as usize),
        ];
        let times = [
            ("longest-call-ms", self.longest_call),
            ("transport.keep-alive-every-ms", transport.keep_alive_every),
            ("transport.keep-alive-within-ms", transport.keep_alive_within),
            ("transport.read-within-ms", transport.read_within),
        ];
        // What HTTP/2 begins with (RFC 9113, 6.5.2), and what a token and a trace need.
        let bytes = [
            ("transport.stream-window", transport.stream_window, 65_535),
            ("transport.connection-window", transport.connection_window, 65_535),
            ("transport.max-header-bytes", transport.max_header_bytes, 4_096),
        ];
        let none = counts.into_iter().find(|(_, count)| *count == 0).map(|(key, _)| (key, "at least 1"));
        let short = times.into_iter().find(|(_, time)| *time < LEAST_TIME).map(|(key, _)| (key, "at least 10"));
        let small = bytes.into_iter().find(|(_, bytes, least)| bytes < least);
        let small = small.map(|(key, ..)| (key, "at least what HTTP/2 begins with, 65535; of headers 4096"));
        let ratio = (!(0.0..=1.0).contains(&self.trace_ratio)).then_some(("trace-ratio", "0 to 1"));
        match none.or(short).or(small).or(ratio) {
            Some((key, expected)) => Err(ConfigError { key, expected }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_what_serves_nothing_is_not() {
        Config::default().validate().unwrap();
        let refused = |config: Config| config.validate().unwrap_err().to_string();
        assert_eq!(refused(Config { max_calls: 0, ..Config::default() }), "mesh.max-calls must be at least 1");
        assert_eq!(refused(Config { trace_ratio: 1.5, ..Config::default() }), "mesh.trace-ratio must be 0 to 1");
        let transport = Transport { read_within: Duration::ZERO, ..Transport::default() };
        assert!(refused(Config { transport, ..Config::default() }).starts_with("mesh.transport.read-within-ms"));
    }

    #[test]
    fn times_are_milliseconds_and_unknown_keys_are_refused() {
        let config: Config = serde_json::from_str(r#"{"drain-ms": 5, "transport": {"read-within-ms": 7}}"#).unwrap();
        assert_eq!(config.drain_within, Duration::from_millis(5));
        assert_eq!(config.transport.read_within, Duration::from_millis(7));
        let error = serde_json::from_str::<Config>(r#"{"drain-msec": 5}"#).unwrap_err();
        assert!(error.to_string().contains("drain-msec"), "{error}");
    }
}
