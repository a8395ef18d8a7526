//! What holds for any bytes from outside. The fuzz targets call it (e2e/fuzz), and seeded tests do.

pub use crate::carrier::fuzzing::entry;
