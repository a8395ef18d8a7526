//! What the fuzzer tries at length, some thousands of times: see e2e/fuzz.

use guard::fuzzing;
use testkit::feed;

#[test]
fn tokens_and_keys_of_any_shape_are_refused_or_name_somebody() {
    feed("guard_token", 2_000, fuzzing::token);
}

#[test]
fn records_and_proofs_of_any_shape_are_refused_or_checked() {
    feed("guard_audit", 2_000, fuzzing::audit);
}

#[test]
fn rings_of_any_shape_are_refused_or_take_one_more_key() {
    feed("guard_vault", 2_000, fuzzing::vault);
}

#[test]
fn policies_of_any_shape_are_refused_or_say_how_far_each_sees() {
    feed("guard_policies", 50, fuzzing::policies);
}
