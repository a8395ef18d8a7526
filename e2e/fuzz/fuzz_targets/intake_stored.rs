//! See `intake::fuzzing::stored`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| intake::fuzzing::stored(data));
