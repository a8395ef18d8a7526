//! The gateway over real sockets before services that answer from a script.
#![allow(clippy::unwrap_used, reason = "tests")]
mod api;
mod bad_input;
mod city;
mod document;
mod edges;
mod events;
mod fuzzed;
mod lifecycle;
mod operators;
