//! One contract over every store, each also through a decorator that fails calls on purpose; then what only one of them can show.

#![allow(clippy::disallowed_methods, reason = "tests spawn the committer themselves; there is no chassis here")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod contract;
mod effects;
// Beside this test, because others run on it, too.
#[path = "../stores/faulty.rs"]
mod faulty;
mod fuzzed;
mod kinds;
mod postgres;
mod remembered;
mod sealing;
mod sqlite;
mod verifying;
mod walking;
mod world;
