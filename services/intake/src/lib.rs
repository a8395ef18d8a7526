//! Intake (受理): many doors, one list.
pub mod catalog;
pub mod domain;
