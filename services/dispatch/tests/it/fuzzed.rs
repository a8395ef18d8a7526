//! What the fuzzer tries at length, some thousands of times: see e2e/fuzz.

use dispatch::fuzzing;
use testkit::feed;

#[test]
fn words_of_any_shape_are_refused_or_read_back() {
    feed("dispatch_words", 4_000, fuzzing::words);
}

#[test]
fn catalogs_of_any_shape_are_refused_or_taken_whole() {
    feed("dispatch_catalog", 300, fuzzing::catalog);
}

#[test]
fn lives_of_any_shape_end_or_are_stored_as_they_are_read() {
    feed("dispatch_stored", 4_000, fuzzing::stored);
}
