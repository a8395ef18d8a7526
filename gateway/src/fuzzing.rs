//! What holds for any bytes from outside, a function for each kind of input. The fuzz targets call them (e2e/fuzz), and seeded tests do.

use crate::descriptors::Descriptors;
use crate::edge::{check_type, says_pressing};
use crate::json::{self, Node};
use crate::problem::Problem;
use crate::reason::Language;
use crate::routes::{Found, Route, Table, Template};
use crate::stream::text_of;
use crate::transcode::{Given, careful_request, quick_request};
use crate::wire::{self, Plans};
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use std::sync::LazyLock;

static TABLE: LazyLock<(Table, Plans)> = LazyLock::new(|| {
    let mut plans = Plans::default();
    let descriptors = Descriptors::decode(proto::DESCRIPTORS).expect("the descriptors of this build");
    let table = Table::build(&descriptors, &mut plans).expect("the descriptors of this build");
    (table, plans)
});

/// A request: method, address and perhaps `Last-Event-ID` on the first line, the body behind it. What the quick way accepts, the careful way
/// reads as the same message.
pub fn request(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, body) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let Ok(line) = std::str::from_utf8(line) else { return };
    let mut words = line.splitn(3, ' ');
    let (Some(method), Some(address), last_event_id) = (words.next(), words.next(), words.next()) else { return };
    let (Ok(method), Ok(address)) = (method.parse::<Method>(), address.parse::<Uri>()) else { return };
    let (table, plans) = &*TABLE;
    let Found::Route(route, segments) = table.find(&method, address.path()) else { return };
    let given = Given { segments: &segments, query: address.query().unwrap_or_default(), body, last_event_id };
    let careful = careful_request(route, &given).map(|message| message.encode_to_vec());
    if let Err(problem) = &careful {
        is_told(problem);
    }
    if let Some(quick) = quick_request(plans, route, &given) {
        // Its fields stand in the order of the body.
        let quick = DynamicMessage::decode(route.input.clone(), quick).expect("what the quick way writes can be read");
        assert_eq!(careful.ok(), Some(quick.encode_to_vec()), "{line}");
    }
}

/// A refusal is a JSON document in both languages.
fn is_told(problem: &Problem) {
    for language in [Language::Chinese, Language::English] {
        let document: Result<serde_json::Value, _> = serde_json::from_slice(&problem.render(language, "0"));
        assert!(document.is_ok_and(|document| document["reason"].is_string()));
    }
}

/// What a service sends: the number of a route (a byte), then the message. Both ways write the same JSON, and as an event of a stream it
/// has no line of its own making. The bytes also as details of an error.
pub fn answer(bytes: &[u8]) {
    let (table, plans) = &*TABLE;
    let Some((index, message)) = bytes.split_first() else { return };
    let route = &table.routes[usize::from(*index) % table.routes.len()];
    let careful = json::write(&route.output, message);
    if let Some(quick) = route.output_plan.and_then(|plan| plans.to_json(plan, message)) {
        assert_eq!(careful.as_deref().map(tree), Some(tree(&quick)), "{}", route.rpc.full_name());
    }
    if let Some(text) = careful.and_then(|json| String::from_utf8(json).ok()) {
        event(route, &text, message);
    }
    is_told(&Problem::of_status(&refused(message)));
}

fn event(route: &Route, json: &str, message: &[u8]) {
    let text = text_of(json, crate::stream::id_field(route).and_then(|number| wire::find_string(message, number)));
    let lines: Vec<&str> = text.split(['\n', '\r']).collect();
    let plain = lines.iter().all(|line| line.is_empty() || line.starts_with("id: ") || line.starts_with("data: "));
    assert!(plain && text.ends_with("\n\n") && lines.len() <= 4, "{text:?}");
}

/// What another process may send.
fn refused(details: &[u8]) -> tonic::Status {
    tonic::Status::with_details(tonic::Code::InvalidArgument, "refused", details.to_vec().into())
}

/// JSON with its keys in one order.
fn tree(bytes: &[u8]) -> Node {
    fn sorted(node: Node) -> Node {
        match node {
            Node::Object(mut entries) => {
                entries.sort_by(|one, other| one.0.cmp(&other.0));
                Node::Object(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect())
            }
            Node::List(items) => Node::List(items.into_iter().map(sorted).collect()),
            Node::Null | Node::Bool(_) | Node::Unsigned(_) | Node::Signed(_) | Node::Float(_) | Node::Text(_) => node,
        }
    }
    let text = std::str::from_utf8(bytes).expect("JSON is UTF-8");
    sorted(json::parse(text).expect("what is written can be read"))
}

/// Headers that the edge reads, each with the bytes as its value; and the bytes as a template of paths.
pub fn headers(bytes: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let _ = Language::of(Some(&value));
        let names = [CONTENT_TYPE, ACCEPT_LANGUAGE, HeaderName::from_static("priority")];
        let headers: HeaderMap = names.into_iter().map(|name| (name, value.clone())).collect();
        let _ = (check_type(&headers).map_err(|problem| is_told(&problem)), says_pressing(&headers));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(template) = Template::parse(text) {
        let within = |(_, range): &(String, std::ops::Range<usize>)| range.end <= template.segments.len();
        assert!(template.captures.iter().all(within));
    }
}
