//! Specimen from outside: its rules by their table, its rpcs through the real chassis over a casebook in memory, its stored events.
#![allow(clippy::unwrap_used, reason = "tests")]

mod api;
mod city;
mod samples;
mod table;
