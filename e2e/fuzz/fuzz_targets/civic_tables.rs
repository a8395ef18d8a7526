//! See `civic::fuzzing::tables`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| civic::fuzzing::tables(data));
