//! The OpenAPI 3.1 document, from the same route table and descriptors that requests go through, comments included.
mod operation;
mod page;
mod schema;

use crate::descriptors::{Descriptors, comments};
use crate::reason::{Language, Reason};
use crate::routes::{Segment, Table, Template};
use mesh::Code;
pub(crate) use page::page;
use schema::Schemas;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The whole document.
pub(crate) fn document(descriptors: &Descriptors, table: &Table) -> Value {
    let comments = comments(&descriptors.pool);
    let mut schemas = Schemas::new(&comments);
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut tags: BTreeMap<String, Value> = BTreeMap::new();
    for route in &table.routes {
        let service = route.rpc.parent_service();
        let comment = comments.get(service.full_name()).cloned().unwrap_or_default();
        tags.insert(service.name().to_owned(), json!({"name": service.name(), "description": comment}));
        let operation = operation::operation(route, &comments, &mut schemas);
        let method = route.method.as_str().to_ascii_lowercase();
        paths.entry(address(&route.template)).or_default().insert(method, operation);
    }
    for (path, summary) in [("/healthz", "存活 The process is alive"), ("/readyz", "就绪 Every service says it serves")]
    {
        let text = json!({"text/plain": {"schema": {"type": "string"}}});
        let mut answers = Map::from_iter([("200".to_owned(), json!({"description": "yes", "content": text}))]);
        if path == "/readyz" {
            answers.insert(
                "503".to_owned(),
                json!({"description": "one line per service that does not", "content": text}),
            );
        }
        let probe = json!({"operationId": path.trim_start_matches('/'), "summary": summary, "security": [], "responses": answers});
        paths.entry(path.to_owned()).or_default().insert("get".to_owned(), probe);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "结网 Jiewang",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags.into_values().collect::<Vec<_>>(),
        // Which rpcs are open to everybody is the services' decision; without a token they answer 401.
        "security": [{"bearer": []}, {}],
        "paths": paths,
        "components": {
            "schemas": schemas.finish(problem_schema()),
            "parameters": operation::shared_parameters(),
            "headers": {"Jiewang-Position": {
                "description": "Position of this write; echo it on requests to read what you wrote.",
                "schema": {"type": "string"},
            }},
            "responses": {"Problem": {
                "description": "RFC 9457 problem details.",
                "headers": {"Retry-After": {"description": "Seconds, on 429 and 503.", "schema": {"type": "integer"}}},
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    })
}

const INTRODUCTION: &str = "请求与应答均为 protobuf JSON：字段名 lowerCamelCase，取默认值的字段在应答中省略，64 位整数为字符串，未知字段与重复字段一律拒收。\
每个修改操作带 requestId（最多 64 个字符，同一调用者同一操作内唯一），重发不会重复生效。\n\n\
Requests and answers are protobuf JSON: names in lowerCamelCase, fields that hold their default are left out of answers, 64-bit \
integers are strings, unknown and repeated fields are refused. Every mutation takes a requestId (at most 64 characters, unique \
per caller and operation): sending it again does not do it twice.";

/// The address with one named parameter per open segment: `/v1/{name=reports/*}` is `/v1/reports/{report}`.
fn address(template: &Template) -> String {
    let mut path = String::new();
    for (index, segment) in template.segments.iter().enumerate() {
        path.push('/');
        match segment {
            Segment::Literal(text) => path.push_str(text),
            Segment::Any => path.push_str(&format!("{{{}}}", parameter_name(template, index))),
        }
    }
    if !template.verb.is_empty() {
        path.push(':');
        path.push_str(&template.verb);
    }
    path
}

/// An open segment is named after the collection before it, or after the field that it fills alone.
fn parameter_name(template: &Template, index: usize) -> String {
    if let Some((field, _)) = template.captures.iter().find(|(_, range)| *range == (index..index + 1)) {
        return field.clone();
    }
    match index.checked_sub(1).map(|before| &template.segments[before]) {
        Some(Segment::Literal(collection)) => collection.strip_suffix('s').unwrap_or(collection).to_owned(),
        Some(Segment::Any) | None => format!("part{index}"),
    }
}

fn problem_schema() -> Value {
    let reasons: Vec<Value> = Reason::ALL
        .iter()
        .map(|reason| json!({"reason": reason.as_str(), "status": reason.status(), "zh": reason.text(Language::Chinese), "en": reason.text(Language::English)}))
        .collect();
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "description": "Why a request was not done. Clients match on reason.",
        "required": ["type", "title", "status", "detail", "reason", "traceId"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "enum": Code::ALL.map(|code| format!("/docs#{}", code.as_str()))},
            "title": text("The kind of problem, in the language of Accept-Language."),
            "status": {"type": "integer"},
            "detail": text("This occurrence, for people."),
            "reason": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$", "description": "Stable. Those of the services stand with each operation, those of the edge in x-edge-reasons."},
            "law": text("The article that a refusal rests on."),
            "fields": {"type": "array", "items": {
                "type": "object",
                "required": ["path", "reason", "detail"],
                "properties": {"path": text("Such as attachments[2].uri."), "reason": text("UPPER_SNAKE, stable."), "detail": text("For people.")},
            }},
            "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        },
        "x-edge-reasons": reasons,
    })
}
