//! See `jiewang::fuzzing::rows`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jiewang::fuzzing::rows(data));
