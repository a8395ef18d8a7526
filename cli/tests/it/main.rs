//! The verbs from outside: the binary itself, against a gateway that answers as each test tells it to.

#![allow(clippy::unwrap_used, reason = "tests")]

mod amended;
mod binary;
mod certified;
mod commanded;
mod daily;
mod doctor;
mod eggs;
mod fake;
mod filed;
mod flood;
mod fuzzed;
mod loading;
mod merged;
mod operating;
mod parsing;
mod real_rows;
mod replayed;
mod running;
mod verified;
mod whistled;
mod wired;
mod wristband;
// new-service: through the gateway
