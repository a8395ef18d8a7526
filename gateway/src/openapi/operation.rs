//! One route as an operation: parameters, body, answers.
use super::parameter_name;
use super::schema::Schemas;
use crate::routes::{BodyRule, Route, Segment};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Nested messages are offered as dotted parameters this deep.
const MOST_NESTED: usize = 3;

/// Headers that every operation takes.
pub(super) fn shared_parameters() -> Value {
    let header = |name: &str, description: &str| json!({"name": name, "in": "header", "description": description, "schema": {"type": "string"}});
    json!({
        "Position": header("Jiewang-Position", "From an earlier answer: the request waits until that write can be seen, else 503 NOT_YET_VISIBLE."),
        "Language": header("Accept-Language", "zh-CN (default) or en, for titles and details."),
        "LastEventId": header("Last-Event-ID", "Id of the last event received: the stream goes on after it."),
    })
}

pub(super) fn operation(route: &Route, comments: &HashMap<String, String>, schemas: &mut Schemas<'_>) -> Value {
    let comment = comments.get(route.rpc.full_name()).cloned().unwrap_or_default();
    let service = route.rpc.parent_service();
    let mut operation = Map::new();
    operation.insert("operationId".to_owned(), format!("{}_{}", service.name(), route.rpc.name()).into());
    operation.insert("tags".to_owned(), json!([service.name()]));
    operation.insert("summary".to_owned(), summary(&comment).into());
    operation.insert("description".to_owned(), comment.into());
    operation.insert("parameters".to_owned(), parameters(route, schemas).into());
    if let Some(body) = body(route, schemas) {
        operation.insert("requestBody".to_owned(), body);
    }
    operation.insert("responses".to_owned(), responses(route, schemas));
    operation.into()
}

/// Up to the first full stop, or the first line.
fn summary(comment: &str) -> &str {
    let line = comment.lines().next().unwrap_or_default();
    line.split_once(". ").map_or(line.trim_end_matches('.'), |(first, _)| first)
}

fn parameters(route: &Route, schemas: &mut Schemas<'_>) -> Vec<Value> {
    let mut parameters = Vec::new();
    for (index, segment) in route.template.segments.iter().enumerate() {
        if *segment == Segment::Any {
            let name = parameter_name(&route.template, index);
            parameters.push(
                json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}),
            );
        }
    }
    let in_body = match &route.body {
        BodyRule::None => None,
        BodyRule::Field(field) => Some(field.number()),
        BodyRule::Whole => return with_headers(route, parameters),
    };
    let captured: Vec<u32> = route.bound().map(FieldDescriptor::number).collect();
    let free = |field: &FieldDescriptor| Some(field.number()) != in_body && !captured.contains(&field.number());
    query(&route.input, "", &free, schemas, &mut parameters);
    with_headers(route, parameters)
}

fn with_headers(route: &Route, mut parameters: Vec<Value>) -> Vec<Value> {
    let mut names = vec!["Position", "Language"];
    if route.resume.is_some() {
        names.push("LastEventId");
    }
    parameters.extend(names.iter().map(|name| json!({"$ref": format!("#/components/parameters/{name}")})));
    parameters
}

fn query(
    message: &MessageDescriptor,
    prefix: &str,
    free: &dyn Fn(&FieldDescriptor) -> bool,
    schemas: &mut Schemas<'_>,
    parameters: &mut Vec<Value>,
) {
    for field in message.fields().filter(|field| !field.is_map() && free(field)) {
        let name = format!("{prefix}{}", field.json_name());
        if let Kind::Message(inner) = field.kind()
            && inner.full_name() != "google.protobuf.Timestamp"
        {
            if !field.is_list() && prefix.matches('.').count() + 1 < MOST_NESTED {
                query(&inner, &format!("{name}."), &|_| true, schemas, parameters);
            }
            continue;
        }
        let mut schema = schemas.field(&field);
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter = json!({"name": name, "in": "query", "schema": schema});
        if let Some(description) = description {
            parameter["description"] = description;
        }
        parameters.push(parameter);
    }
}

fn body(route: &Route, schemas: &mut Schemas<'_>) -> Option<Value> {
    let schema = match &route.body {
        BodyRule::None => return None,
        BodyRule::Whole => schemas.body(&route.input, &route.bound().collect::<Vec<_>>()),
        BodyRule::Field(field) => schemas.field(field),
    };
    Some(json!({"required": true, "content": {"application/json": {"schema": schema}}}))
}

fn responses(route: &Route, schemas: &mut Schemas<'_>) -> Value {
    let schema = schemas.message(&route.output);
    let answer = if route.streams() {
        json!({
            "description": "Server-sent events: each data line is one message, its id in the id line; an error is an event named error with a Problem.",
            "content": {"text/event-stream": {"schema": {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}}},
        })
    } else {
        json!({
            "description": "Done.",
            "headers": {"Jiewang-Position": {"$ref": "#/components/headers/Jiewang-Position"}},
            "content": {"application/json": {"schema": schema}},
        })
    };
    json!({"200": answer, "default": {"$ref": "#/components/responses/Problem"}})
}
