//! The careful way between JSON and messages: a tree that keeps duplicate keys, read field by field so that every refusal names
//! its path; answers through prost-reflect. It defines what is right; `wire` only repeats it quicker.
mod read;
mod tree;

use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
pub(crate) use read::{ReadAs, base64, read, scalar};
pub(crate) use tree::{Node, parse};

/// Decodes an answer and writes it as proto JSON: lowerCamelCase, defaults left out, 64-bit integers as strings.
pub(crate) fn write(message: &MessageDescriptor, wire: &[u8]) -> Option<Vec<u8>> {
    let message = DynamicMessage::decode(message.clone(), wire).ok()?;
    let mut out = Vec::with_capacity(wire.len() * 2);
    let options = SerializeOptions::new().skip_default_fields(true).stringify_64_bit_integers(true);
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut out), &options).ok()?;
    Some(out)
}
