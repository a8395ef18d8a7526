//! A tree into a message, naming every fault by path and reason. All faults of a body are told at once, up to a bound.
use super::Node;
use crate::problem::FieldFault;
use crate::reason::Reason;
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use std::collections::{HashMap, HashSet};

/// A body with a thousand faults is answered with the first few.
const MOST_FAULTS: usize = 20;

/// What the body's object stands for.
pub(crate) enum ReadAs<'a> {
    /// The request; fields given by the path are refused.
    Request { bound: &'a [FieldDescriptor] },
    /// The message of one field; faults are told under its name.
    Field(&'a FieldDescriptor),
}

/// Reads a body's tree as `message`.
pub(crate) fn read(
    message: &MessageDescriptor,
    node: Node,
    role: &ReadAs<'_>,
) -> Result<DynamicMessage, Vec<FieldFault>> {
    let (path, bound) = match role {
        ReadAs::Request { bound } => (String::new(), *bound),
        ReadAs::Field(field) => (field.json_name().to_owned(), &[][..]),
    };
    let mut reader = Reader { path, faults: Vec::new() };
    let read = reader.message(message, node, bound);
    match read {
        Some(message) if reader.faults.is_empty() => Ok(message),
        Some(_) | None => Err(reader.faults),
    }
}

/// One value from text, as query parameters and paths give it.
pub(crate) fn scalar(field: &FieldDescriptor, text: &str, path: &str) -> Result<Value, FieldFault> {
    let node = match (field.kind(), text) {
        (Kind::Bool, "true") => Node::Bool(true),
        (Kind::Bool, "false") => Node::Bool(false),
        _ => Node::Text(text.to_owned()),
    };
    let mut reader = Reader { path: path.to_owned(), faults: Vec::new() };
    let value = reader.value(&field.kind(), node);
    value.ok_or_else(|| reader.faults.pop().unwrap_or_else(|| FieldFault::new(path, Reason::TypeMismatch, "")))
}

struct Reader {
    path: String,
    faults: Vec<FieldFault>,
}

impl Reader {
    /// Records a fault at the present path. Always `None`, so that it can end a reading.
    fn fault<T>(&mut self, reason: Reason, note: &str) -> Option<T> {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(FieldFault::new(self.path.clone(), reason, note));
        }
        None
    }

    fn at<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.path.len();
        if before > 0 && !key.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(key);
        let result = read(self);
        self.path.truncate(before);
        result
    }

    fn message(
        &mut self,
        message: &MessageDescriptor,
        node: Node,
        bound: &[FieldDescriptor],
    ) -> Option<DynamicMessage> {
        if message.full_name().starts_with("google.protobuf.") {
            return self.well_known(message, node);
        }
        let Node::Object(entries) = node else {
            return self.fault(Reason::TypeMismatch, "object expected");
        };
        let mut read = DynamicMessage::new(message.clone());
        let mut seen = HashSet::new();
        for (key, value) in entries {
            let field = message.get_field_by_json_name(&key).or_else(|| message.get_field_by_name(&key));
            let Some(field) = field else {
                self.at(&shown(&key), |reader| reader.fault::<()>(Reason::UnknownField, ""));
                continue;
            };
            self.at(field.json_name(), |reader| {
                if !seen.insert(field.number()) {
                    reader.fault::<()>(Reason::DuplicateKey, "")
                } else if bound.contains(&field) {
                    reader.fault(Reason::FieldInPath, "")
                } else {
                    reader.field(&mut read, &field, value)
                }
            });
        }
        Some(read)
    }

    fn field(&mut self, message: &mut DynamicMessage, field: &FieldDescriptor, node: Node) -> Option<()> {
        // Null means absent in proto JSON, except where null is a value of its own.
        if node == Node::Null && !takes_null(field) {
            return Some(());
        }
        let value = match (field.is_map(), field.is_list(), node) {
            (true, _, node) => Value::Map(self.map(field, node)?),
            (_, true, Node::List(items)) => Value::List(self.list(&field.kind(), items)),
            (_, true, _) => return self.fault(Reason::TypeMismatch, "array expected"),
            (_, _, node) => self.value(&field.kind(), node)?,
        };
        let rival = field.containing_oneof().and_then(|oneof| oneof.fields().find(|other| message.has_field(other)));
        if let Some(rival) = rival {
            return self.fault(Reason::OneofConflict, rival.json_name());
        }
        message.set_field(field, value);
        Some(())
    }

    fn list(&mut self, kind: &Kind, items: Vec<Node>) -> Vec<Value> {
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            list.extend(self.at(&format!("[{index}]"), |reader| reader.value(kind, item)));
        }
        list
    }

    fn map(&mut self, field: &FieldDescriptor, node: Node) -> Option<HashMap<MapKey, Value>> {
        let Node::Object(entries) = node else {
            return self.fault(Reason::TypeMismatch, "object expected");
        };
        let Kind::Message(entry) = field.kind() else {
            return self.fault(Reason::TypeMismatch, "");
        };
        let (key_kind, value_kind) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
        let mut map = HashMap::new();
        for (key, value) in entries {
            self.at(&shown(&key), |reader| {
                let key_node = match (&key_kind, key.as_str()) {
                    (Kind::Bool, "true") => Node::Bool(true),
                    (Kind::Bool, "false") => Node::Bool(false),
                    _ => Node::Text(key),
                };
                let key = reader.value(&key_kind, key_node).and_then(Value::into_map_key)?;
                let value = reader.value(&value_kind, value)?;
                if map.insert(key, value).is_some() { reader.fault(Reason::DuplicateKey, "") } else { Some(()) }
            });
        }
        Some(map)
    }

    fn value(&mut self, kind: &Kind, node: Node) -> Option<Value> {
        let (read, expected) = match (kind, node) {
            (Kind::Message(message), node) => {
                return self.message(message, node, &[]).map(Value::Message);
            }
            (Kind::Enum(kind), Node::Text(name)) => match kind.get_value_by_name(&name) {
                Some(value) => return Some(Value::EnumNumber(value.number())),
                None => return self.fault(Reason::EnumUnknown, &shown(&name)),
            },
            (Kind::Enum(kind), node) => match integer(&node).and_then(|n| i32::try_from(n).ok()) {
                Some(number) if kind.get_value(number).is_some() => {
                    return Some(Value::EnumNumber(number));
                }
                Some(number) => return self.fault(Reason::EnumUnknown, &number.to_string()),
                None => (None, "name of an enum value expected"),
            },
            (Kind::String, Node::Text(text)) => (Some(Value::String(text)), ""),
            (Kind::String, _) => (None, "string expected"),
            (Kind::Bytes, Node::Text(text)) => (base64(&text).map(|b| Value::Bytes(b.into())), "base64 expected"),
            (Kind::Bytes, _) => (None, "base64 expected"),
            (Kind::Bool, Node::Bool(value)) => (Some(Value::Bool(value)), ""),
            (Kind::Bool, _) => (None, "true or false expected"),
            (Kind::Double, node) => (float(&node).map(Value::F64), "number expected"),
            (Kind::Float, node) => (float(&node).and_then(single).map(Value::F32), "number expected"),
            (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, node) => {
                (whole(&node).map(Value::I32), "32-bit integer expected")
            }
            (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, node) => {
                (whole(&node).map(Value::I64), "64-bit integer expected")
            }
            (Kind::Uint32 | Kind::Fixed32, node) => (whole(&node).map(Value::U32), "unsigned 32-bit integer expected"),
            (Kind::Uint64 | Kind::Fixed64, node) => (whole(&node).map(Value::U64), "unsigned 64-bit integer expected"),
        };
        match read {
            Some(value) => Some(value),
            None => self.fault(Reason::TypeMismatch, expected),
        }
    }

    /// Timestamps, durations, wrappers and the like have JSON forms of their own, which prost-reflect knows.
    fn well_known(&mut self, message: &MessageDescriptor, node: Node) -> Option<DynamicMessage> {
        let value = self.plain(node)?;
        match DynamicMessage::deserialize(message.clone(), value) {
            Ok(read) => Some(read),
            Err(_) => self.fault(Reason::TypeMismatch, &format!("{} expected", message.name())),
        }
    }

    /// The tree as serde_json knows it, duplicate keys refused.
    fn plain(&mut self, node: Node) -> Option<serde_json::Value> {
        Some(match node {
            Node::Null => serde_json::Value::Null,
            Node::Bool(value) => value.into(),
            Node::Unsigned(value) => value.into(),
            Node::Signed(value) => value.into(),
            Node::Float(value) => value.into(),
            Node::Text(text) => text.into(),
            Node::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    list.push(self.at(&format!("[{index}]"), |reader| reader.plain(item))?);
                }
                list.into()
            }
            Node::Object(entries) => {
                let mut object = serde_json::Map::new();
                for (key, value) in entries {
                    self.at(&shown(&key), |reader| {
                        let value = reader.plain(value)?;
                        let twice = object.insert(key.clone(), value).is_some();
                        if twice { reader.fault(Reason::DuplicateKey, "") } else { Some(()) }
                    })?;
                }
                object.into()
            }
        })
    }
}

/// A stranger's key or value as it may stand in an answer: short, on one line.
fn shown(text: &str) -> String {
    text.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn takes_null(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(message) => message.full_name() == "google.protobuf.Value" && !field.is_list(),
        Kind::Enum(kind) => kind.full_name() == "google.protobuf.NullValue",
        Kind::Double
        | Kind::Float
        | Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed32
        | Kind::Sfixed64
        | Kind::Bool
        | Kind::String
        | Kind::Bytes => false,
    }
}

/// Integers come as numbers, as decimal strings, or as floats without a fraction (`1e3`), as proto JSON allows.
fn integer(node: &Node) -> Option<i128> {
    match node {
        Node::Unsigned(value) => Some((*value).into()),
        Node::Signed(value) => Some((*value).into()),
        // Beyond 2^53 a float no longer says which integer was meant.
        Node::Float(value) if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 => Some(*value as i128),
        Node::Text(text) => text.parse().ok(),
        Node::Float(_) | Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_) => None,
    }
}

fn whole<T: TryFrom<i128>>(node: &Node) -> Option<T> {
    integer(node).and_then(|value| T::try_from(value).ok())
}

fn float(node: &Node) -> Option<f64> {
    match node {
        Node::Unsigned(value) => Some(*value as f64),
        Node::Signed(value) => Some(*value as f64),
        Node::Float(value) => Some(*value),
        Node::Text(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok().filter(|value: &f64| value.is_finite()),
        },
        Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_) => None,
    }
}

fn single(value: f64) -> Option<f32> {
    let narrow = value as f32;
    (narrow.is_finite() || !value.is_finite()).then_some(narrow)
}

/// Standard or URL-safe alphabet, with or without padding, as proto JSON allows.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
    let engine = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    engine.decode(text).ok()
}
