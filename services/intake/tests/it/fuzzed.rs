//! What the fuzzer tries at length, some thousands of times: see e2e/fuzz.

use intake::fuzzing;
use testkit::feed;

#[test]
fn catalogs_of_any_shape_are_refused_or_answer() {
    feed("intake_catalog", 500, fuzzing::catalog);
}

#[test]
fn models_of_any_shape_are_refused_or_guess() {
    feed("intake_model", 2_000, fuzzing::model);
}

#[test]
fn lives_of_any_shape_end_or_are_stored_as_they_are_read() {
    feed("intake_stored", 4_000, fuzzing::stored);
}
