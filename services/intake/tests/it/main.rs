//! Intake from outside: its rules as a model, its rpcs through the real chassis over a casebook in memory.
#![allow(clippy::unwrap_used, reason = "tests")]

mod api;
mod city;
mod dispatch;
mod duplicates;
mod durable;
mod following;
mod hostile;
mod later;
mod model;
mod opening;
mod oracle;
mod planted;
mod refused;
mod samples;
mod scoped;
