//! What the fuzzer tries at length, some thousands of times: see e2e/fuzz.

use civic::fuzzing;
use testkit::feed;

#[test]
fn words_of_any_shape_are_refused_or_read_back() {
    feed("civic_words", 4_000, fuzzing::words);
}

#[test]
fn maps_of_any_shape_are_refused_whole_or_answer() {
    feed("civic_maps", 2_000, fuzzing::maps);
}

#[test]
fn tables_of_any_shape_are_refused_or_hold_together() {
    feed("civic_tables", 2_000, fuzzing::tables);
}

#[test]
fn addresses_of_any_shape_find_the_same_place_every_time() {
    feed("civic_address", 500, fuzzing::address);
}
