//! What the crate promises, tried from outside.
#![allow(clippy::unwrap_used, reason = "tests")]

mod atlas;
mod divisions;
mod fuzzed;
mod gazetteer;
mod reforms;
mod stopwatch;
