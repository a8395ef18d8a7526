//! See `intake::fuzzing::model`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| intake::fuzzing::model(data));
