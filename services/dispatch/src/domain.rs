//! The rules of dispatch: pure and synchronous. Who may do what, what a work order and an emergency are, and how they go on.

pub mod arrangement;
pub mod authority;
pub mod building_day;
pub mod care;
pub mod day;
pub mod duty;
pub mod emergency;
pub mod evaluation;
pub mod exclusion;
pub mod interview;
pub mod month;
pub mod rates;
pub mod refusal;
pub mod roster;
pub mod task_force;
pub mod totals;
pub mod urgency;
pub mod warning;
pub mod work_order;
pub mod worklist;
