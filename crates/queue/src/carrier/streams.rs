//! Names of keys, form of entries.
use crate::event::partition_of;
use crate::{Envelope, Partition, Position};
use prost::Message;
use redis::streams::StreamId;

/// The only field of an entry: the encoded envelope.
pub(super) const FIELD: &str = "e";

/// The streams of one producer in one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streams {
    cluster: String,
    service: String,
}

impl Streams {
    /// Those of `service` in `cluster`.
    pub fn new(cluster: &str, service: &str) -> Self {
        Self { cluster: cluster.to_owned(), service: service.to_owned() }
    }

    /// Key of a partition's stream.
    pub fn stream(&self, partition: Partition) -> String {
        format!("jiewang:{{{}/{}/{partition}}}", self.cluster, self.service)
    }

    /// Key of the hash consumer → position consumed. Same slot as the stream.
    pub fn consumed(&self, partition: Partition) -> String {
        format!("{}:consumed", self.stream(partition))
    }
}

/// The entry id of a position.
pub(super) fn entry_id(position: Position) -> String {
    format!("{position}-0")
}

/// The position in an entry id; `None` when no relay of ours made it.
pub(super) fn position_of(id: &str) -> Option<Position> {
    id.strip_suffix("-0")?.parse().ok().filter(|position| *position > 0)
}

/// The envelope of an entry, if it is what its stream and id say it is.
pub(super) fn envelope(partition: Partition, entry: &StreamId) -> Option<Envelope> {
    let redis::Value::BulkString(bytes) = entry.map.get(FIELD)? else {
        return None;
    };
    let event = Envelope::decode(bytes.as_slice()).ok()?;
    let agrees = partition_of(&event) == Some(partition) && position_of(&entry.id) == Some(event.position);
    agrees.then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_partition_share_one_hash_tag() {
        let streams = Streams::new("500151", "intake");
        assert_eq!(streams.stream(7), "jiewang:{500151/intake/7}");
        assert_eq!(streams.consumed(7), "jiewang:{500151/intake/7}:consumed");
    }

    #[test]
    fn only_ids_a_relay_makes_are_positions() {
        assert_eq!(position_of(&entry_id(42)), Some(42));
        for foreign in ["42-1", "0-0", "-3-0", "1790000000000", "", "x-0"] {
            assert_eq!(position_of(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn an_entry_that_contradicts_its_id_or_stream_is_not_an_event() {
        let event = Envelope { partition: 3, position: 5, ..Envelope::default() };
        let entry = |id: &str, bytes: Vec<u8>| StreamId {
            id: id.to_owned(),
            map: [(FIELD.to_owned(), redis::Value::BulkString(bytes))].into(),
            ..StreamId::default()
        };
        assert!(envelope(3, &entry("5-0", event.encode_to_vec())).is_some());
        assert!(envelope(4, &entry("5-0", event.encode_to_vec())).is_none());
        assert!(envelope(3, &entry("6-0", event.encode_to_vec())).is_none());
        assert!(envelope(3, &entry("5-0", vec![0xff; 9])).is_none());
    }
}
