//! See `civic::fuzzing::words`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| civic::fuzzing::words(data));
