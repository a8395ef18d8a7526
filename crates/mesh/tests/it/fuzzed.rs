//! What the fuzzer tries at length, some thousands of times: see e2e/fuzz.

use mesh::fuzzing;
use testkit::feed;

#[test]
fn headers_of_any_shape_are_passed_over_or_read_back() {
    feed("mesh_headers", 2_000, fuzzing::headers);
}

#[test]
fn tokens_of_any_shape_are_nobodys_unless_they_were_signed() {
    feed("mesh_token", 2_000, fuzzing::token);
}

#[test]
fn answers_of_consul_of_any_shape_are_errors_or_addresses() {
    feed("mesh_consul", 2_000, fuzzing::consul);
}
