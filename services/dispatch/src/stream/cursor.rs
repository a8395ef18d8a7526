//! A place in the log: the last position read of every partition, and its text.
//!
//! Base64url of a layout byte, the positions as varints, and one byte of checksum. It is no secret and grants nothing: what may be
//! seen is decided anew for every event. Malformed or changed by accident it is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use queue::{Envelope, Partition, Position};

/// Another first byte is another layout.
const LAYOUT: u8 = 1;
/// Nine bytes for each of 65,535 partitions would be absurd: no token of a real log is longer than this.
const LONGEST: usize = 8 * 1024;

/// The last position read, by partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor(Vec<Position>);

impl Cursor {
    pub(super) const fn at(positions: Vec<Position>) -> Self {
        Self(positions)
    }

    /// The partitions whose heads lie ahead, with what was read of them.
    pub(crate) fn unread(&self, heads: &[Position]) -> Vec<(Partition, Position)> {
        (0..)
            .zip(self.0.iter().zip(heads))
            .filter(|(_, (at, head))| at < head)
            .map(|(part, (at, _))| (part, *at))
            .collect()
    }

    pub(super) fn pass(&mut self, event: &Envelope) {
        if let Some(last) = usize::try_from(event.partition).ok().and_then(|partition| self.0.get_mut(partition)) {
            *last = event.position;
        }
    }

    /// Of this log, and not ahead of it: a token from a log that was put back, or of another cluster, would wait for ever.
    pub(super) fn is_behind(&self, heads: &[Position]) -> bool {
        self.0.len() == heads.len() && self.0.iter().zip(heads).all(|(at, head)| at <= head)
    }

    pub(crate) fn encode(&self) -> String {
        let mut bytes = vec![LAYOUT];
        for position in &self.0 {
            prost::encoding::encode_varint(position.unsigned_abs(), &mut bytes);
        }
        bytes.push(checksum(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Any bytes as they would lie in a token.
    pub(crate) fn summed(bytes: &[u8]) -> Vec<u8> {
        let mut bytes = [&[LAYOUT], bytes].concat();
        bytes.push(checksum(&bytes));
        bytes
    }

    pub(crate) fn decode(token: &str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (sum, body) = bytes.split_last()?;
        if *sum != checksum(body) {
            return None;
        }
        let mut rest = body.strip_prefix(&[LAYOUT])?;
        let mut positions = Vec::new();
        while !rest.is_empty() {
            let position = prost::encoding::decode_varint(&mut rest).ok()?;
            positions.push(Position::try_from(position).ok()?);
        }
        Some(Self(positions))
    }
}

/// FNV-1a folded to a byte.
fn checksum(bytes: &[u8]) -> u8 {
    let hash = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    hash.to_le_bytes().into_iter().fold(0, |folded, byte| folded ^ byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_from_its_text() {
        for positions in [vec![], vec![0; 64], vec![1, 127, 128, i64::MAX]] {
            let cursor = Cursor::at(positions);
            assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }
    }

    #[test]
    fn a_text_that_is_no_cursor_is_refused() {
        let good = Cursor::at(vec![5, 6]).encode();
        let mut changed = good.clone().into_bytes();
        changed[2] ^= 1;
        for bad in ["", "!", "AAAA", &good[1..], &String::from_utf8(changed).unwrap(), &"A".repeat(10_000)] {
            assert_eq!(Cursor::decode(bad), None, "{bad:.20}");
        }
    }

    #[test]
    fn a_cursor_ahead_of_the_log_or_of_another_size_is_not_of_this_log() {
        let cursor = Cursor::at(vec![5, 6]);
        assert!(cursor.is_behind(&[5, 7]));
        assert!(!cursor.is_behind(&[5, 5]));
        assert!(!cursor.is_behind(&[5, 6, 0]));
    }
}
