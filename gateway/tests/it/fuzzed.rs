//! What the fuzzer tries at length, some thousands of times: see e2e/fuzz.

use gateway::fuzzing;
use testkit::feed;

#[test]
fn requests_of_any_shape_are_read_alike_on_both_ways_or_refused_in_words() {
    feed("gateway_request", 4_000, fuzzing::request);
}

#[test]
fn answers_of_any_shape_are_written_alike_on_both_ways() {
    feed("gateway_answer", 4_000, fuzzing::answer);
}

#[test]
fn headers_of_any_shape_are_passed_over_or_refused_in_words() {
    feed("gateway_headers", 2_000, fuzzing::headers);
}
