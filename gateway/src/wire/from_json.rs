//! JSON text straight to wire bytes, field by field in the order of the text.
//!
//! A nested message is written first and its length put before it afterwards. Proto3 parsers take fields in any order, and the
//! careful way refuses what could make an order matter (a field given twice, two members of a oneof), and so does this.
use super::plan::{Field, Holds, Names, Plan, PlanId, Plans};
use super::{DELIMITED, FIXED64, VARINT, close_message, put_bytes, put_key, timestamp};
use crate::json;
use bytes::{BufMut, BytesMut};
use prost::encoding::encode_varint;
use prost_reflect::FieldDescriptor;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

impl Plans {
    /// Appends the wire bytes of a JSON object; `None` leaves the body to the careful way. `bound` fields must not be in it.
    pub(crate) fn to_wire<'f>(
        &self,
        id: PlanId,
        text: &str,
        bound: impl Iterator<Item = &'f FieldDescriptor>,
        out: &mut BytesMut,
    ) -> Option<()> {
        let plan = self.plan(id);
        // What the path gives counts as seen: in the body it would be a second time.
        let index = |field: &FieldDescriptor| plan.by_name.get(field.json_name()).map(|index| plan.fields[*index].bit);
        let seen = bound.filter_map(index).fold(0, |mask, bit| mask | bit);
        let mut parser = serde_json::Deserializer::from_str(text);
        parser.deserialize_map(Object { plans: self, plan, seen, out }).ok()?;
        parser.end().ok()
    }
}

/// Fixed words: they are never shown, the careful way words the refusal.
fn unusual<E: Error>() -> E {
    E::custom("left to the careful way")
}

struct Object<'a> {
    plans: &'a Plans,
    plan: &'a Plan,
    /// Fields met so far.
    seen: u128,
    out: &'a mut BytesMut,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        // Members of oneofs that hold a value: a null member does not count.
        let mut held = 0u128;
        while let Some(field) = entries.next_key_seed(Key(self.plan))? {
            if self.seen & field.bit != 0 || held & field.rivals != 0 {
                return Err(unusual());
            }
            self.seen |= field.bit;
            let value = Value { plans: self.plans, field, item: false, out: self.out };
            if entries.next_value_seed(value)? {
                held |= field.bit;
            }
        }
        Ok(())
    }
}

/// Finds the field of a key.
struct Key<'a>(&'a Plan);

impl<'de, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = &'a Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'a Field, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = &'a Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'a Field, E> {
        self.0.by_name.get(name).map(|index| &self.0.fields[*index]).ok_or_else(unusual)
    }
}

/// One value of a field, or one item of its list. Says whether there was one (null is none).
struct Value<'a> {
    plans: &'a Plans,
    field: &'a Field,
    item: bool,
    out: &'a mut BytesMut,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Value<'_> {
    /// A default is written only where it differs from absence.
    fn matters(&self, is_default: bool) -> bool {
        !is_default || self.field.presence || self.item
    }

    /// A list's field takes items only inside brackets.
    fn expects_list(&self) -> bool {
        self.field.list && !self.item
    }

    fn varint(self, value: u64) -> bool {
        if self.matters(value == 0) {
            put_key(self.out, self.field.number, VARINT);
            encode_varint(value, self.out);
        }
        true
    }

    fn double(self, value: f64) -> bool {
        // Negative zero is not the default.
        if self.matters(value.to_bits() == 0) {
            put_key(self.out, self.field.number, FIXED64);
            self.out.put_f64_le(value);
        }
        true
    }

    fn bytes(self, bytes: &[u8]) -> bool {
        if self.matters(bytes.is_empty()) {
            put_bytes(self.out, self.field.number, bytes);
        }
        true
    }

    fn names(&self) -> Option<&Names> {
        match self.field.holds {
            Holds::Enum(index) => self.plans.enums.get(index),
            Holds::Text
            | Holds::Bytes
            | Holds::Bool
            | Holds::Int32
            | Holds::Int64
            | Holds::Uint32
            | Holds::Uint64
            | Holds::Double
            | Holds::Timestamp
            | Holds::Message(_) => None,
        }
    }

    fn integer(self, value: i128) -> Option<bool> {
        let bits = match self.field.holds {
            // Negative 32-bit integers are ten bytes on the wire: sign-extended to 64.
            Holds::Int32 => i64::from(i32::try_from(value).ok()?) as u64,
            Holds::Int64 => i64::try_from(value).ok()? as u64,
            Holds::Uint32 => u64::from(u32::try_from(value).ok()?),
            Holds::Uint64 => u64::try_from(value).ok()?,
            Holds::Double
            | Holds::Text
            | Holds::Bytes
            | Holds::Bool
            | Holds::Enum(_)
            | Holds::Timestamp
            | Holds::Message(_) => {
                return None;
            }
        };
        Some(self.varint(bits))
    }

    fn text(self, text: &str) -> Option<bool> {
        match self.field.holds {
            Holds::Text => Some(self.bytes(text.as_bytes())),
            Holds::Bytes => {
                let bytes = json::base64(text)?;
                Some(self.bytes(&bytes))
            }
            Holds::Enum(_) => {
                let number = *self.names()?.by_name.get(text)?;
                Some(self.varint(i64::from(number) as u64))
            }
            Holds::Timestamp => {
                put_key(self.out, self.field.number, DELIMITED);
                let start = self.out.len();
                timestamp::parse(text, self.out)?;
                close_message(self.out, start);
                Some(true)
            }
            Holds::Int64 | Holds::Uint64 => self.integer(text.parse().ok()?),
            Holds::Bool | Holds::Int32 | Holds::Uint32 | Holds::Double | Holds::Message(_) => None,
        }
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the field")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        if self.item { Err(unusual()) } else { Ok(false) }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        if self.expects_list() || self.field.holds != Holds::Bool {
            return Err(unusual());
        }
        Ok(self.varint(u64::from(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        match (self.expects_list(), self.field.holds) {
            (true, _) => Err(unusual()),
            (false, Holds::Double) => Ok(self.double(value as f64)),
            (false, _) => self.integer(value.into()).ok_or_else(unusual),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<bool, E> {
        match (self.expects_list(), self.field.holds) {
            (true, _) => Err(unusual()),
            (false, Holds::Double) => Ok(self.double(value as f64)),
            (false, _) => self.integer(value.into()).ok_or_else(unusual),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        if self.expects_list() || self.field.holds != Holds::Double {
            return Err(unusual());
        }
        Ok(self.double(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        if self.expects_list() { None } else { self.text(text) }.ok_or_else(unusual)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        if !self.expects_list() {
            return Err(unusual());
        }
        loop {
            let item = Value { plans: self.plans, field: self.field, item: true, out: &mut *self.out };
            if items.next_element_seed(item)?.is_none() {
                return Ok(true);
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<bool, A::Error> {
        let Holds::Message(id) = self.field.holds else {
            return Err(unusual());
        };
        if self.expects_list() {
            return Err(unusual());
        }
        put_key(self.out, self.field.number, DELIMITED);
        let start = self.out.len();
        let inner = Object { plans: self.plans, plan: self.plans.plan(id), seen: 0, out: &mut *self.out };
        inner.visit_map(entries)?;
        close_message(self.out, start);
        Ok(true)
    }
}
