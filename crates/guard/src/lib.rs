//! What stands between the city's data and whoever should not see or change it: [`identity`] verifies who calls, [`audit`] shows whether what
//! is on record was changed.

pub mod audit;
pub mod identity;
pub mod policy;
