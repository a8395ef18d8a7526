//! See `queue::fuzzing::entry`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| queue::fuzzing::entry(data));
