//! Query parameters into request fields: dotted names for nested fields, enums by name, repeated keys for lists only.
use crate::json::scalar;
use crate::problem::{FieldFault, Problem};
use crate::reason::Reason;
use crate::routes::{BodyRule, Route, field_path};
use percent_encoding::percent_decode_str;
use prost_reflect::{DynamicMessage, FieldDescriptor, Value};
use std::borrow::Cow;
use std::collections::HashSet;

/// Fills `message` from the query. An empty value means the parameter was left blank, as forms send it.
pub(crate) fn fill(message: &mut DynamicMessage, route: &Route, query: &str) -> Result<(), Problem> {
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decode(key).ok_or(Reason::Utf8Invalid)?;
        let shown: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
        let utf8 = || Problem::of_fields(vec![FieldFault::new(shown.clone(), Reason::Utf8Invalid, "")]);
        let value = decode(value).ok_or_else(utf8)?;
        if let Err(fault) = parameter(message, route, &key, &value, &mut seen) {
            faults.push(FieldFault { path: shown, ..fault });
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::of_fields(faults)) }
}

fn parameter(
    message: &mut DynamicMessage,
    route: &Route,
    key: &str,
    value: &str,
    seen: &mut HashSet<Vec<u32>>,
) -> Result<(), FieldFault> {
    let unknown = || FieldFault::new("", Reason::UnknownField, "");
    let fields = field_path(&route.input, key).ok_or_else(unknown)?;
    let [first, ..] = fields.as_slice() else {
        return Err(unknown());
    };
    // What the body or the path gives is no parameter.
    let in_body = match &route.body {
        BodyRule::None => false,
        BodyRule::Whole => true,
        BodyRule::Field(field) => field == first,
    };
    if in_body || route.captures.iter().any(|capture| capture.fields == fields) {
        return Err(unknown());
    }
    let is_list = fields.last().is_some_and(FieldDescriptor::is_list);
    if !is_list && !seen.insert(fields.iter().map(FieldDescriptor::number).collect()) {
        return Err(FieldFault::new("", Reason::DuplicateKey, ""));
    }
    if value.is_empty() {
        return Ok(());
    }
    set(message, &fields, value, "")
}

/// Sets the field at the end of `fields`, making the messages on the way.
pub(crate) fn set(
    message: &mut DynamicMessage,
    fields: &[FieldDescriptor],
    text: &str,
    path: &str,
) -> Result<(), FieldFault> {
    let unknown = || FieldFault::new(path, Reason::UnknownField, "");
    let (field, rest) = fields.split_first().ok_or_else(unknown)?;
    if !rest.is_empty() {
        let inner = message.get_field_mut(field).as_message_mut().ok_or_else(unknown)?;
        return set(inner, rest, text, path);
    }
    if field.is_map() {
        return Err(unknown());
    }
    let value = scalar(field, text, path)?;
    if field.is_list() {
        let Value::List(list) = message.get_field_mut(field) else {
            return Err(unknown());
        };
        list.push(value);
    } else {
        message.set_field(field, value);
    }
    Ok(())
}

/// Form decoding: `+` is a space, then percent-decoding; `None` when the bytes are not UTF-8.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        let text = text.replace('+', " ");
        return percent_decode_str(&text).decode_utf8().ok().map(|text| Cow::Owned(text.into_owned()));
    }
    percent_decode_str(text).decode_utf8().ok()
}
