//! What the fuzzer tries at length, some thousands of times: see e2e/fuzz.

use queue::fuzzing;
use testkit::feed;

#[test]
fn entries_of_any_shape_are_no_events_or_what_their_stream_says() {
    feed("queue_entry", 4_000, fuzzing::entry);
}
