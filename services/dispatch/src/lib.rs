//! Dispatch (分拨): the closed loop. A work order is given to a unit, timed, and closed with the citizen's word.

pub mod catalog;
pub mod domain;
