//! What travels to the store: submissions of works of steps. The deciding itself is pure and shared by all stores; a store only
//! loads what a batch names, lets [`Workspace`] decide, and writes what came out.
//!
//! A *step* is one command on one case. A *work* is one or several steps that commit together or not at all. A *submission* is
//! what one caller hands over: works whose outcomes are independent, and leases that all of them need.

mod work;
mod workspace;

pub use work::{Change, LeaseClaim, OnTaken, Outcome, RequestKey, Step, StepVerdict, Submission, Unique, Work};
pub use workspace::{
    Armed, CaseWrite, LeaseKey, ParkedKey, Rebuilding, RequestRow, TimerKey, UniqueRow, Workspace, Writes,
};
