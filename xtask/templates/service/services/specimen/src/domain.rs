//! The rules: pure and synchronous. They know no clock, draw nothing by chance and do no I/O.

pub mod authority;
pub mod matter;
