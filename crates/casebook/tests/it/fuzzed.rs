//! What the fuzzer tries at length, some thousands of times: see e2e/fuzz.

use casebook::fuzzing;
use testkit::feed;

#[test]
fn page_tokens_of_any_shape_open_no_page_unless_they_were_sealed() {
    feed("casebook_words", 2_000, fuzzing::words);
}
