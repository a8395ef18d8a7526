//! Events as earlier releases stored them, byte for byte. They must be read for ever: never change a sample, add one.

use casebook::Case;
use prost::Message;
use proto::specimen::v1::stored::MatterEvent;
use specimen::domain::matter::Matter;
use std::path::Path;

/// One life with every event in it, one event a line, in hex.
const LIFE: &str = include_str!("../samples/0.1-matter.hex");

fn event(line: &str) -> MatterEvent {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = line.as_bytes().chunks(2).map(byte).collect();
    MatterEvent::decode(bytes.as_slice()).unwrap()
}

#[test]
fn the_matter_of_release_0_1_reads_as_it_was() {
    let events: Vec<_> = LIFE.lines().map(event).collect();
    let kinds: Vec<_> = events.iter().map(Matter::event_type).collect();
    assert_eq!(kinds, ["matter.opened", "matter.closed"], "every kind of event is in the sample");
    let matter = events.iter().fold(None, |state, event| Matter::evolve(state, event)).unwrap();
    assert_eq!((matter.place.code.as_str(), matter.by.as_str()), ("500151001", "town-dispatcher@500151001"));
    assert_eq!((matter.text.sealed(), matter.phase.name()), (&b"text"[..], "closed"));
}

/// Also leaves in `target/tmp` the file that becomes the next sample: when a release is made, copy it to `tests/samples` under its
/// number and add a test that reads it.
#[test]
fn what_this_release_writes_is_read_back_as_it_was_written() {
    let events = crate::table::life();
    let hex = |event: &MatterEvent| event.encode_to_vec().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("next-specimen-matter.hex");
    std::fs::write(&path, events.iter().map(hex).collect::<Vec<_>>().join("\n") + "\n").unwrap();
    let read: Vec<_> = std::fs::read_to_string(&path).unwrap().lines().map(event).collect();
    assert_eq!(read, events);
}
