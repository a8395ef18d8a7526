//! The chassis from outside: every test speaks to a served process through the real stack.
#![allow(clippy::unwrap_used, reason = "tests")]

mod admin;
mod attacks;
mod calls;
mod certificates;
mod clocks;
mod consul;
mod deadlines;
mod draining;
mod errors;
mod fake_consul;
mod fuzzed;
mod origins;
mod probe;
mod replicas;
mod shared_positions;
mod streams;
mod supervised;
mod telemetry;
mod tokens;
