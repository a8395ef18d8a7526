//! See `civic::fuzzing::maps`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| civic::fuzzing::maps(data));
