//! The guard from outside.
#![allow(clippy::unwrap_used, reason = "tests")]

mod forged;
mod fuzzed;
mod policies;
mod provider;
mod vault;
