//! One request from HTTP to wire bytes, one answer from wire bytes to JSON.
//!
//! The quick way (`wire`) is tried first where a route allows it. Whatever it does not accept is done again the careful way
//! (`json`), which either accepts it after all or words the refusal: so both can only differ if the quick way accepts what the
//! careful way would refuse or reads it differently, and that is what the differential test looks for.
use crate::json::{self, ReadAs};
use crate::problem::{FieldFault, Problem};
use crate::query;
use crate::reason::Reason;
use crate::routes::{BodyRule, Capture, Route};
use crate::wire::{self, Plans};
use bytes::{Bytes, BytesMut};
use percent_encoding::percent_decode_str;
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};

/// What of an HTTP request fills the message.
pub(crate) struct Given<'a> {
    pub(crate) segments: &'a [&'a str],
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) last_event_id: Option<&'a str>,
}

/// Wire bytes of the request.
pub(crate) fn request(plans: &Plans, route: &Route, given: &Given<'_>) -> Result<Bytes, Problem> {
    match quick_request(plans, route, given) {
        Some(wire) => Ok(wire),
        None => careful_request(route, given).map(|message| message.encode_to_vec().into()),
    }
}

/// JSON of an answer; `None` when the service sent something that is not its message.
pub(crate) fn answer(plans: &Plans, route: &Route, bytes: &[u8]) -> Option<Vec<u8>> {
    let quick = route.output_plan.and_then(|plan| plans.to_json(plan, bytes));
    quick.or_else(|| json::write(&route.output, bytes))
}

pub(crate) fn quick_request(plans: &Plans, route: &Route, given: &Given<'_>) -> Option<Bytes> {
    let plan = route.input_plan?;
    if !given.query.is_empty() || given.last_event_id.is_some() {
        return None;
    }
    let mut out = BytesMut::with_capacity(given.body.len() + 64);
    match &route.body {
        BodyRule::None => {}
        BodyRule::Whole => {
            let text = std::str::from_utf8(given.body).ok()?;
            plans.to_wire(plan, text, route.bound(), &mut out)?;
        }
        BodyRule::Field(_) => return None,
    }
    for capture in &route.captures {
        let [field] = capture.fields.as_slice() else {
            return None;
        };
        if field.kind() != Kind::String {
            return None;
        }
        let text = captured(capture, given.segments)?;
        wire::put_string(&mut out, field.number(), &text);
    }
    Some(out.freeze())
}

pub(crate) fn careful_request(route: &Route, given: &Given<'_>) -> Result<DynamicMessage, Problem> {
    let mut message = match &route.body {
        BodyRule::None => DynamicMessage::new(route.input.clone()),
        BodyRule::Whole => {
            let bound: Vec<FieldDescriptor> = route.bound().cloned().collect();
            let tree = tree(given.body)?;
            json::read(&route.input, tree, &ReadAs::Request { bound: &bound }).map_err(Problem::of_fields)?
        }
        BodyRule::Field(field) => field_message(route, field, given.body)?,
    };
    if !given.query.is_empty() {
        query::fill(&mut message, route, given.query)?;
    }
    for capture in &route.captures {
        let name = capture.fields.iter().map(FieldDescriptor::json_name).collect::<Vec<_>>().join(".");
        let utf8 = || Problem::of_fields(vec![FieldFault::new(name.clone(), Reason::Utf8Invalid, "")]);
        let text = captured(capture, given.segments).ok_or_else(utf8)?;
        query::set(&mut message, &capture.fields, &text, &name).map_err(|fault| Problem::of_fields(vec![fault]))?;
    }
    // A browser reconnects to the same address with this header: it is newer than what the query says.
    if let (Some(field), Some(id)) = (&route.resume, given.last_event_id) {
        message.set_field(field, Value::String(id.to_owned()));
    }
    Ok(message)
}

fn tree(body: &[u8]) -> Result<json::Node, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Problem::new(Reason::Utf8Invalid, format!("byte {}", error.valid_up_to())))?;
    json::parse(text).map_err(|words| Problem::new(Reason::JsonMalformed, words))
}

fn field_message(route: &Route, field: &FieldDescriptor, body: &[u8]) -> Result<DynamicMessage, Problem> {
    let mut message = DynamicMessage::new(route.input.clone());
    if let Kind::Message(inner) = field.kind() {
        let read = json::read(&inner, tree(body)?, &ReadAs::Field(field)).map_err(Problem::of_fields)?;
        message.set_field(field, Value::Message(read));
    }
    Ok(message)
}

/// The captured segments, decoded one by one so that an escaped slash stays inside its segment.
fn captured(capture: &Capture, segments: &[&str]) -> Option<String> {
    let mut text = String::new();
    for segment in segments.get(capture.segments.clone())? {
        if !text.is_empty() {
            text.push('/');
        }
        text.push_str(&percent_decode_str(segment).decode_utf8().ok()?);
    }
    Some(text)
}
