//! See `casebook::fuzzing::words`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| casebook::fuzzing::words(data));
