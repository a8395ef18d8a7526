//! What the fuzzer tries at length, some thousands of times: see e2e/fuzz.

use jiewang::fuzzing;
use testkit::feed;

#[test]
fn settings_of_any_shape_are_refused_or_taken() {
    feed("cli_settings", 300, fuzzing::settings);
}

#[test]
fn rows_of_any_shape_are_told_by_their_line_or_taken() {
    feed("cli_rows", 2_000, fuzzing::rows);
}
