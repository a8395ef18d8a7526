//! What stands between the city's data and whoever should not see or change it: [`identity`] verifies who calls, [`audit`] shows whether what
//! is on record was changed, [`policy`] says who may do what, and [`vault`] seals what is personal.

pub mod audit;
#[doc(hidden)]
pub mod fuzzing;
pub mod identity;
pub mod policy;
pub mod vault;
