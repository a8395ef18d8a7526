//! An open-loop load on a cluster that runs already: what is due when is laid down before the first request ([`schedule`]), and nothing
//! that the cluster does changes it.
//!
//! ```text
//! week, curve   how many requests a second are due when          (pure, seeded)
//! mix           whose requests they are
//! schedule      every request's instant and kind                 (pure, seeded)
//! drive         sends each at its instant, so many in flight     → one `Record` for each
//! city          what a request of a kind is, and who sends it
//! tally         records counted: outcomes, latencies, seconds
//! told, page    the result as JSON and as one page of HTML
//! ```
//!
//! A closed loop asks the next question when the last is answered: while the cluster stands still it asks nothing, and a second of
//! silence counts as one slow request ("coordinated omission"). Here latency counts from the instant at which a request was due, so
//! those that were due in that second count too.

pub mod city;
pub mod curve;
pub mod drive;
pub mod mix;
pub mod page;
pub mod schedule;
pub mod tally;
pub mod told;
pub mod watch;
pub mod week;
