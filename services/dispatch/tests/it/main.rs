//! Dispatch from outside: its rules as a model, its rpcs through the real chassis over a casebook in memory.
#![allow(clippy::unwrap_used, reason = "tests")]

mod model;
mod oracle;
mod planted;

mod table;
mod world;
