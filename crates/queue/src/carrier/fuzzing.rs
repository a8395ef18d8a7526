//! See `crate::fuzzing`.

use super::streams::{FIELD, entry_id, envelope, position_of};
use prost::Message as _;
use redis::streams::StreamId;

/// An entry of a stream: partition (two bytes) and id (a line), then what should be an envelope.
pub fn entry(bytes: &[u8]) {
    let Some((partition, rest)) = bytes.split_first_chunk::<2>() else { return };
    let (partition, end) = (u16::from_le_bytes(*partition), rest.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let (id, body) = rest.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let id = String::from_utf8_lossy(id).into_owned();
    let map = [(FIELD.to_owned(), redis::Value::BulkString(body.to_vec()))].into();
    let entry = StreamId { id: id.clone(), map, ..StreamId::default() };
    if let Some(event) = envelope(partition, &entry) {
        assert_eq!((event.partition, Some(event.position)), (i32::from(partition), position_of(&id)));
        let again = redis::Value::BulkString(event.encode_to_vec());
        let entry = StreamId { id: entry_id(event.position), map: [(FIELD.to_owned(), again)].into(), ..entry };
        assert_eq!(envelope(partition, &entry), Some(event));
    }
}
