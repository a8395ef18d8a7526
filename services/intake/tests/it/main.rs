//! Intake from outside: its rules as a model, its rpcs through the real chassis over a casebook in memory.
#![allow(clippy::unwrap_used, reason = "tests")]

mod api;
mod city;
mod consultations;
mod crowded;
mod dispatch;
mod duplicates;
mod durable;
mod following;
mod fuzzed;
mod hostile;
mod later;
mod model;
mod opening;
mod oracle;
mod planted;
mod reform;
mod refused;
mod samples;
mod scoped;
mod suggestions;
