//! A whole cluster from outside: its main job, what it refuses, and what it survives.
#![allow(clippy::unwrap_used, reason = "tests")]

mod apart;
mod audited;
mod clock;
mod described;
mod disk;
mod drain;
mod guarded;
mod hostile;
mod kill;
mod lifecycle;
mod matrix;
mod postgres;
mod redis;
mod refusals;
mod secret;
mod signed_in;
mod start;
mod stream;
mod timers;
mod vault;
