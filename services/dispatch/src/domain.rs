//! The rules of dispatch: pure and synchronous. Who may do what, what a work order is, and how it goes on.

pub mod arrangement;
pub mod authority;
pub mod urgency;
pub mod work_order;
