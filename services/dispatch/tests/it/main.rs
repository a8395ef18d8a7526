//! Dispatch from outside: its rules as a model, its rpcs through the real chassis over a casebook in memory.
#![allow(clippy::unwrap_used, reason = "tests")]

mod api;
mod arranged;
mod beside;
mod cared;
mod city;
mod commanded;
mod cooperation;
mod duties;
mod emergencies;
mod evaluated;
mod excluded;
mod fuzzed;
mod grids;
mod heard;
mod imported;
mod life;
mod matters;
mod merging;
mod model;
mod more_matters;
mod oracle;
mod planted;
mod rated;
mod reform;
mod samples;
mod scoped;
mod standing;
mod streamed;
mod table;
mod tasks;
mod totalled;
mod verified;
mod warnings;
mod world;
