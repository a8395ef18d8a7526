//! What the crate promises, tried from outside.
#![allow(clippy::unwrap_used, reason = "tests")]

mod divisions;
mod stopwatch;
