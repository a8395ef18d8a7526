//! The rules of dispatch: pure and synchronous. Who may do what, what a work order is, and how it goes on.

pub mod arrangement;
pub mod authority;
pub mod building_day;
pub mod care;
pub mod day;
pub mod duty;
pub mod interview;
pub mod refusal;
pub mod roster;
pub mod task_force;
pub mod urgency;
pub mod work_order;
pub mod worklist;
