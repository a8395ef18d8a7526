//! The rules of intake, pure and synchronous: what a report is and may become, where it lies, what it is about, and who may
//! do what. Nothing here reads a clock, a disk or a socket; what the rules look at comes in as a value.

pub mod authority;
pub mod classifier;
pub mod classify;
pub mod concern;
pub mod consultation;
pub mod draft;
pub mod emergency;
pub mod ground;
pub mod kind;
pub mod likeness;
pub mod locate;
pub mod report;
pub mod selection;

pub use draft::Draft;
pub use emergency::Line;
pub use ground::Ground;
pub use kind::{Channel, FoundBy, Kind, OrderState, Urgency};
pub use report::{Command, Facts, Refusal, Report};
