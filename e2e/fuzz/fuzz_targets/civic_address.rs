//! See `civic::fuzzing::address`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| civic::fuzzing::address(data));
