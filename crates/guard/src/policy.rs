//! Who may do what: policies in Cedar, as files that are reviewed like code (docs/adr/0053).
//!
//! `rules` reads and checks a set of policies; `world` makes what Cedar is asked with; [`Guard`] holds the set in force, answers, and
//! remembers its answers.

mod guard;
mod record;
mod rules;
mod world;

pub use guard::Guard;
pub use rules::{PolicyError, Rules};
