//! See `jiewang::fuzzing::settings`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jiewang::fuzzing::settings(data));
