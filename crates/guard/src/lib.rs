//! What stands between the city's data and whoever should not see or change it. So far the [`audit`]: tokens are the mesh's, sealing is the
//! casebook's own.

pub mod audit;
