//! See `intake::fuzzing::catalog`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| intake::fuzzing::catalog(data));
