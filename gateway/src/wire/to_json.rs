//! Wire bytes straight to JSON text, as proto JSON: defaults left out, 64-bit integers as strings, unknown fields dropped.
//!
//! Relies on what encoders do: a field's occurrences stand together. Where they do not (a singular field twice, a list in two
//! places, two members of a oneof) merging rules would apply, and the answer is left to the careful way.
use super::plan::{Field, Holds, PlanId, Plans};
use super::{Raw, take_field, take_varint, timestamp};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::io::Write;

/// As deep as prost reads.
const MOST_NESTED: u32 = 100;

impl Plans {
    /// JSON of an encoded message; `None` leaves it to the careful way.
    pub(crate) fn to_json(&self, id: PlanId, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(bytes.len() * 2 + 64);
        self.object(id, bytes, MOST_NESTED, &mut out)?;
        Some(out)
    }

    fn object(&self, id: PlanId, mut bytes: &[u8], depth: u32, out: &mut Vec<u8>) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let plan = self.plan(id);
        let start = out.len();
        out.push(b'{');
        let mut seen = 0u128;
        let mut open: Option<u32> = None;
        while !bytes.is_empty() {
            let (number, raw) = take_field(&mut bytes)?;
            let Ok(at) = plan.by_number.binary_search_by_key(&number, |(number, _)| *number) else {
                continue;
            };
            let field = &plan.fields[plan.by_number[at].1];
            if open == Some(number) {
                self.items(field, &raw, depth, out)?;
                continue;
            }
            if open.take().is_some() {
                close_list(out);
            }
            if seen & (field.bit | field.rivals) != 0 {
                return None;
            }
            seen |= field.bit;
            if !field.list && !field.presence && is_default(field.holds, &raw) {
                continue;
            }
            if out.len() > start + 1 {
                out.push(b',');
            }
            out.extend_from_slice(field.key.as_bytes());
            if field.list {
                out.push(b'[');
                open = Some(number);
                self.items(field, &raw, depth, out)?;
            } else {
                self.value(field.holds, &raw, depth, out)?;
            }
        }
        if open.is_some() {
            close_list(out);
        }
        out.push(b'}');
        Some(())
    }

    /// One item of a list, or a packed run of them, each followed by a comma.
    fn items(&self, field: &Field, raw: &Raw<'_>, depth: u32, out: &mut Vec<u8>) -> Option<()> {
        let packed = match (field.holds, raw) {
            (Holds::Text | Holds::Bytes | Holds::Message(_) | Holds::Timestamp, _) => None,
            (_, Raw::Delimited(run)) => Some(*run),
            (_, Raw::Varint(_) | Raw::Fixed64(_) | Raw::Fixed32) => None,
        };
        let Some(mut run) = packed else {
            self.value(field.holds, raw, depth, out)?;
            out.push(b',');
            return Some(());
        };
        // An empty run would leave a list without items, which is left out as a default.
        if run.is_empty() {
            return None;
        }
        while !run.is_empty() {
            let item = if field.holds == Holds::Double {
                let (head, rest) = run.split_first_chunk::<8>()?;
                run = rest;
                Raw::Fixed64(u64::from_le_bytes(*head))
            } else {
                Raw::Varint(take_varint(&mut run)?)
            };
            self.value(field.holds, &item, depth, out)?;
            out.push(b',');
        }
        Some(())
    }

    fn value(&self, holds: Holds, raw: &Raw<'_>, depth: u32, out: &mut Vec<u8>) -> Option<()> {
        match (holds, raw) {
            (Holds::Text, Raw::Delimited(bytes)) => {
                serde_json::to_writer(&mut *out, std::str::from_utf8(bytes).ok()?).ok()?;
            }
            (Holds::Bytes, Raw::Delimited(bytes)) => write!(out, "\"{}\"", BASE64_STANDARD.encode(bytes)).ok()?,
            (Holds::Bool, Raw::Varint(bits)) => out.extend_from_slice(if *bits != 0 { b"true" } else { b"false" }),
            (Holds::Int32, Raw::Varint(bits)) => serde_json::to_writer(&mut *out, &(*bits as i32)).ok()?,
            (Holds::Uint32, Raw::Varint(bits)) => serde_json::to_writer(&mut *out, &(*bits as u32)).ok()?,
            (Holds::Int64, Raw::Varint(bits)) => write!(out, "\"{}\"", *bits as i64).ok()?,
            (Holds::Uint64, Raw::Varint(bits)) => write!(out, "\"{bits}\"").ok()?,
            (Holds::Double, Raw::Fixed64(bits)) => {
                let value = f64::from_bits(*bits);
                value.is_finite().then_some(())?;
                serde_json::to_writer(&mut *out, &value).ok()?;
            }
            (Holds::Enum(index), Raw::Varint(bits)) => {
                let number = *bits as i32;
                match self.enums.get(index)?.by_number.get(&number) {
                    Some(name) => out.extend_from_slice(name.as_bytes()),
                    None => serde_json::to_writer(&mut *out, &number).ok()?,
                }
            }
            (Holds::Timestamp, Raw::Delimited(bytes)) => timestamp::print(bytes, out)?,
            (Holds::Message(id), Raw::Delimited(bytes)) => self.object(id, bytes, depth, out)?,
            (_, Raw::Delimited(_) | Raw::Varint(_) | Raw::Fixed64(_) | Raw::Fixed32) => {
                return None;
            }
        }
        Some(())
    }
}

/// The last item's comma becomes the bracket.
fn close_list(out: &mut [u8]) {
    if let Some(last) = out.last_mut() {
        *last = b']';
    }
}

/// Only where the value is of the field's wire type: another one is for the careful way to refuse.
fn is_default(holds: Holds, raw: &Raw<'_>) -> bool {
    match (holds, raw) {
        // 32-bit fields keep the low half, as every protobuf parser does.
        (Holds::Int32 | Holds::Uint32 | Holds::Enum(_), Raw::Varint(bits)) => *bits as u32 == 0,
        (Holds::Bool | Holds::Int64 | Holds::Uint64, Raw::Varint(bits)) => *bits == 0,
        (Holds::Double, Raw::Fixed64(bits)) => *bits == 0,
        (Holds::Text | Holds::Bytes | Holds::Timestamp | Holds::Message(_), Raw::Delimited(bytes)) => bytes.is_empty(),
        (_, Raw::Varint(_) | Raw::Fixed64(_) | Raw::Fixed32 | Raw::Delimited(_)) => false,
    }
}
