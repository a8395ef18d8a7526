//! Durable cases and their event log: the only crate that speaks SQL for cases.
//!
//! A service states its rules as a [`Case`]; the casebook takes a command through load → decide → evolve → **one transaction**
//! that appends the events, stores the state with its version, replaces index row and timers and remembers the request: all of
//! it or none. Read [`case`] first, then [`book`] (what services call), then [`batch`] (what a transaction decides), then
//! [`sql`] (how it is written).
//!
//! Guaranteed: an answered command is on disk; a request with the same key has one effect, however often it is sent; a case's
//! versions and a partition's positions are dense; a timer fires once per arming; an event of another service has one effect or
//! its case is parked. Not guaranteed: any order between cases, and an answer within a time.

pub mod batch;
mod blocking;
pub mod book;
pub mod case;
mod committer;
pub mod effects;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod key;
mod kinds;
mod log;
pub mod memory;
mod page;
mod replicas;
mod scope;
mod seal;
mod sight;
pub mod sql;
mod step;
pub mod store;
mod timers;
pub mod verify;
mod walk;

pub use batch::{OnTaken, RequestKey, Unique};
pub use book::{Ask, Casebook, Done, Found, Journal, LogPosition, Opening};
pub use case::{Case, DueTimer, Row, Tag, Timer};
pub use committer::Committer;
pub use effects::{Bundle, Consume, Effects, GiveUp};
pub use error::{Error, StoreError};
pub use key::{ClusterKey, Hasher, KEY_BYTES, Suite, digest};
pub use kinds::{Kinds, Rebuilt};
pub use page::{PageTokens, Tampered};
pub use replicas::follow_replicas;
pub use scope::{Filter, Page, PlaceColumn, Scope, sender_of};
pub use seal::{Keys, Rewrap, SealError, Sealer, WrappingKey};
pub use store::{EventRow, JournalEntry, ParkedEvent, RETIRED, Store};
pub use timers::{Fire, run_timers};
pub use verify::{Bounds, Invariant, Report, Violation, verify};
pub use walk::Walk;
