//! See `mesh::fuzzing::consul`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mesh::fuzzing::consul(data));
