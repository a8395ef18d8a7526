//! The quick way between JSON and wire bytes: no message tree, by plans computed from the descriptors at start.
//!
//! It knows the ordinary shapes (strings, bytes, booleans, integers, doubles, enums, nested messages, lists, oneofs, optional
//! fields, Timestamp) in their ordinary spelling. A message with anything else in it has no plan, and a body with an unusual
//! spelling, or wrong in any way, is not accepted: the careful way then decides. So nothing here words an error.
mod from_json;
mod plan;
mod timestamp;
mod to_json;

#[cfg(test)]
mod differential;

pub(crate) use plan::{PlanId, Plans};

use bytes::{BufMut, BytesMut};
use prost::encoding::{encode_varint, encoded_len_varint};

/// Wire types of protobuf that proto3 uses.
const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const DELIMITED: u8 = 2;
const FIXED32: u8 = 5;

fn put_key(out: &mut BytesMut, number: u32, wire_type: u8) {
    encode_varint(u64::from((number << 3) | u32::from(wire_type)), out);
}

fn put_bytes(out: &mut BytesMut, number: u32, bytes: &[u8]) {
    put_key(out, number, DELIMITED);
    encode_varint(bytes.len() as u64, out);
    out.put_slice(bytes);
}

/// A string field with a value.
pub(crate) fn put_string(out: &mut BytesMut, number: u32, text: &str) {
    put_bytes(out, number, text.as_bytes());
}

/// Puts the length before everything written since `start`.
fn close_message(out: &mut BytesMut, start: usize) {
    let length = out.len() - start;
    let prefix = encoded_len_varint(length as u64);
    out.put_bytes(0, prefix);
    out.copy_within(start..start + length, start + prefix);
    let mut head = &mut out[start..start + prefix];
    encode_varint(length as u64, &mut head);
}

/// One field of a message on the wire.
enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Delimited(&'a [u8]),
    Fixed32,
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        // The tenth byte has room for one bit.
        if shift == 63 && *byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The next field's number and content.
fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<(u32, Raw<'a>)> {
    // A key has 32 bits, so a field's number has 29.
    let key = u32::try_from(take_varint(bytes)?).ok()?;
    let number = Some(key >> 3).filter(|number| *number > 0)?;
    let raw = match (key & 7) as u8 {
        VARINT => Raw::Varint(take_varint(bytes)?),
        FIXED64 => {
            let (head, rest) = bytes.split_first_chunk::<8>()?;
            *bytes = rest;
            Raw::Fixed64(u64::from_le_bytes(*head))
        }
        DELIMITED => {
            let length = usize::try_from(take_varint(bytes)?).ok()?;
            let (head, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Raw::Delimited(head)
        }
        FIXED32 => {
            let (_, rest) = bytes.split_first_chunk::<4>()?;
            *bytes = rest;
            Raw::Fixed32
        }
        _ => return None,
    };
    Some((number, raw))
}

/// The last value of a top-level string field: a stream's event id.
pub(crate) fn find_string(mut bytes: &[u8], number: u32) -> Option<&str> {
    let mut found = None;
    while !bytes.is_empty() {
        if let (n, Raw::Delimited(text)) = take_field(&mut bytes)?
            && n == number
        {
            found = std::str::from_utf8(text).ok();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_put_before_what_was_written() {
        for length in [0, 1, 127, 128, 20_000] {
            let mut out = BytesMut::new();
            put_key(&mut out, 1, DELIMITED);
            let start = out.len();
            put_bytes(&mut out, 2, &vec![7; length]);
            close_message(&mut out, start);
            let mut rest = &out[..];
            let Some((1, Raw::Delimited(inner))) = take_field(&mut rest) else { panic!("no message") };
            assert!(rest.is_empty());
            let mut inner = inner;
            let Some((2, Raw::Delimited(bytes))) = take_field(&mut inner) else { panic!("no bytes") };
            assert_eq!((bytes.len(), inner.len()), (length, 0));
        }
    }

    #[test]
    fn truncated_bytes_are_not_read() {
        let mut out = BytesMut::new();
        put_string(&mut out, 3, "结网");
        assert_eq!(find_string(&out, 3), Some("结网"));
        for end in 1..out.len() {
            assert_eq!(find_string(&out[..end], 3), None);
        }
    }
}
