//! One contract for every carrier, and what only Redis can suffer.
#![allow(clippy::unwrap_used, reason = "tests")]

mod carriers;
mod desk;
mod embedded;
mod fuzzed;
mod log;
mod planted;
mod redis_faults;
mod redis_suite;
mod suite;
mod unreliable;
mod world;
