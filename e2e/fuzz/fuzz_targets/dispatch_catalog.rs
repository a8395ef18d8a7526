//! See `dispatch::fuzzing::catalog`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dispatch::fuzzing::catalog(data));
