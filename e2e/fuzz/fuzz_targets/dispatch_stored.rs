//! See `dispatch::fuzzing::stored`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dispatch::fuzzing::stored(data));
