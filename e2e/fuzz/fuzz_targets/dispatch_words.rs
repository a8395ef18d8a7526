//! See `dispatch::fuzzing::words`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dispatch::fuzzing::words(data));
