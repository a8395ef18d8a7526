//! The route table: every rule of every annotated rpc in a tree of path segments, matched by position.
//!
//! A node has literal children and at most one `*` child. Literals win; when a literal branch leads nowhere the `*` branch is
//! tried. At the end of a path stand the custom verb ("" for none) and, under it, the methods.
mod template;

use crate::descriptors::{BuildError, Descriptors, Rule};
use crate::wire::{PlanId, Plans};
use http::Method;
use http::uri::PathAndQuery;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use std::collections::HashMap;
use std::ops::Range;
pub(crate) use template::{Segment, Template};

/// Where the body goes.
#[derive(Clone, Debug)]
pub(crate) enum BodyRule {
    None,
    Whole,
    Field(FieldDescriptor),
}

/// A part of the path that fills a field of the request.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    /// From the request inwards; one element for a top-level field.
    pub(crate) fields: Vec<FieldDescriptor>,
    pub(crate) segments: Range<usize>,
}

/// One rule of one rpc.
pub(crate) struct Route {
    /// Position in the table.
    pub(crate) index: usize,
    pub(crate) method: Method,
    pub(crate) template: Template,
    pub(crate) body: BodyRule,
    pub(crate) captures: Vec<Capture>,
    pub(crate) rpc: MethodDescriptor,
    pub(crate) grpc_path: PathAndQuery,
    pub(crate) input: MessageDescriptor,
    pub(crate) output: MessageDescriptor,
    /// Quick plans, where the message has one.
    pub(crate) input_plan: Option<PlanId>,
    pub(crate) output_plan: Option<PlanId>,
    /// Where `Last-Event-ID` goes, on streams.
    pub(crate) resume: Option<FieldDescriptor>,
}

impl Route {
    pub(crate) fn streams(&self) -> bool {
        self.rpc.is_server_streaming()
    }

    /// Fields that the path gives and the body therefore must not.
    pub(crate) fn bound(&self) -> impl Iterator<Item = &FieldDescriptor> {
        self.captures.iter().filter_map(|capture| match capture.fields.as_slice() {
            [field] => Some(field),
            [] | [_, ..] => None,
        })
    }
}

/// What a method and path lead to.
pub(crate) enum Found<'t, 'p> {
    Route(&'t Route, Vec<&'p str>),
    /// The address exists; these are its methods.
    OtherMethods(Vec<Method>),
    Nothing,
}

#[derive(Default)]
struct Node {
    literals: HashMap<String, Node>,
    any: Option<Box<Node>>,
    /// Custom verb, method, index of the route.
    ends: Vec<(String, Method, usize)>,
}

/// All routes.
pub(crate) struct Table {
    pub(crate) routes: Vec<Route>,
    root: Node,
}

impl Table {
    pub(crate) fn build(descriptors: &Descriptors, plans: &mut Plans) -> Result<Self, BuildError> {
        let mut table = Self { routes: Vec::new(), root: Node::default() };
        for service in descriptors.pool.services() {
            for rpc in service.methods() {
                for rule in descriptors.rules(&rpc)? {
                    table.add(route(&rpc, rule, plans)?)?;
                }
            }
        }
        plans.settle();
        for route in &mut table.routes {
            route.input_plan = plans.get(&route.input);
            route.output_plan = plans.get(&route.output);
        }
        Ok(table)
    }

    fn add(&mut self, route: Route) -> Result<(), BuildError> {
        let mut node = &mut self.root;
        for segment in &route.template.segments {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::Any => node.any.get_or_insert_default(),
            };
        }
        let verb = route.template.verb.clone();
        if node.ends.iter().any(|(v, m, _)| *v == verb && *m == route.method) {
            let what = format!("{} {} is taken by another rpc", route.method, route.template.text);
            return Err(refused(&route.rpc, what));
        }
        let index = self.routes.len();
        node.ends.push((verb, route.method.clone(), index));
        self.routes.push(Route { index, ..route });
        Ok(())
    }

    /// Matches by position. The verb is what follows the last colon of the last segment, before percent-decoding.
    pub(crate) fn find<'p>(&self, method: &Method, path: &'p str) -> Found<'_, 'p> {
        let mut segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let mut verb = "";
        if let Some((head, tail)) = segments.last().and_then(|last| last.rsplit_once(':')) {
            verb = tail;
            if let Some(last) = segments.last_mut() {
                *last = head;
            }
        }
        let mut allowed = Vec::new();
        match self.root.find(&segments, verb, method, &mut allowed) {
            Some(index) => Found::Route(&self.routes[index], segments),
            None if allowed.is_empty() => Found::Nothing,
            None => Found::OtherMethods(allowed),
        }
    }
}

impl Node {
    fn find(&self, rest: &[&str], verb: &str, method: &Method, allowed: &mut Vec<Method>) -> Option<usize> {
        let Some((first, rest)) = rest.split_first() else {
            for (_, m, index) in self.ends.iter().filter(|(v, _, _)| v == verb) {
                if m == method {
                    return Some(*index);
                }
                allowed.push(m.clone());
            }
            return None;
        };
        if first.is_empty() {
            return None;
        }
        let literal = self.literals.get(*first).and_then(|node| node.find(rest, verb, method, allowed));
        literal.or_else(|| self.any.as_ref().and_then(|node| node.find(rest, verb, method, allowed)))
    }
}

fn refused(rpc: &MethodDescriptor, what: String) -> BuildError {
    BuildError::Rule { rpc: rpc.full_name().to_owned(), what }
}

/// Fields along a dotted path of proto or JSON names; only the last may be a list.
pub(crate) fn field_path(message: &MessageDescriptor, path: &str) -> Option<Vec<FieldDescriptor>> {
    let mut inside = Some(message.clone());
    let mut found = Vec::new();
    for name in path.split('.') {
        let message = inside.take()?;
        let field = message.get_field_by_json_name(name).or_else(|| message.get_field_by_name(name))?;
        if let (Kind::Message(next), false) = (field.kind(), field.is_list()) {
            inside = Some(next);
        }
        found.push(field);
    }
    Some(found)
}

fn route(rpc: &MethodDescriptor, rule: Rule, plans: &mut Plans) -> Result<Route, BuildError> {
    if rpc.is_client_streaming() {
        return Err(refused(rpc, "a client stream has no HTTP form".to_owned()));
    }
    let (input, output) = (rpc.input(), rpc.output());
    let template = Template::parse(&rule.path).map_err(|what| refused(rpc, format!("{}: {what}", rule.path)))?;
    let mut captures = Vec::new();
    for (path, segments) in &template.captures {
        let fields = field_path(&input, path).ok_or_else(|| refused(rpc, format!("no field {path} in the request")))?;
        captures.push(Capture { fields, segments: segments.clone() });
    }
    let body = match rule.body.as_str() {
        "" => BodyRule::None,
        "*" => BodyRule::Whole,
        name => {
            let field = input.get_field_by_name(name).filter(|f| matches!(f.kind(), Kind::Message(_)) && !f.is_list());
            BodyRule::Field(field.ok_or_else(|| refused(rpc, format!("body {name} is no message field")))?)
        }
    };
    plans.add(&input);
    plans.add(&output);
    let grpc_path = format!("/{}/{}", rpc.parent_service().full_name(), rpc.name());
    let text = |field: FieldDescriptor| Some(field).filter(|f| f.kind() == Kind::String && !f.is_list());
    Ok(Route {
        index: 0,
        method: rule.method,
        template,
        body,
        captures,
        grpc_path: grpc_path.parse().map_err(|_| refused(rpc, "its name is no path".to_owned()))?,
        input_plan: None,
        output_plan: None,
        resume: rpc.is_server_streaming().then(|| input.get_field_by_name("last_event_id").and_then(text)).flatten(),
        rpc: rpc.clone(),
        input,
        output,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::build(&Descriptors::decode(proto::DESCRIPTORS).unwrap(), &mut Plans::default()).unwrap()
    }

    fn rpc(table: &Table, method: &Method, path: &str) -> String {
        match table.find(method, path) {
            Found::Route(route, _) => route.rpc.name().to_owned(),
            Found::OtherMethods(methods) => format!("{methods:?}"),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn literals_captures_and_verbs_are_told_apart() {
        let table = table();
        for (method, path, expected) in [
            (Method::POST, "/v1/reports", "CreateReport"),
            (Method::GET, "/v1/reports", "ListReports"),
            (Method::POST, "/v1/reports:track", "TrackReport"),
            (Method::GET, "/v1/reports/01k9", "GetReport"),
            (Method::POST, "/v1/reports/01k9:classify", "ClassifyReport"),
            (Method::GET, "/v1/workOrders/x/clock", "GetWorkOrderClock"),
            (Method::GET, "/v1/events:stream", "StreamEvents"),
            (Method::PUT, "/v1/reports", "[POST, GET]"),
            (Method::GET, "/v1/reports:track", "[POST]"),
            (Method::GET, "/v1/reports/01k9:unheard", "nothing"),
            (Method::GET, "/v1/reports/", "nothing"),
            (Method::GET, "/v1//reports", "nothing"),
            (Method::GET, "/", "nothing"),
        ] {
            assert_eq!(rpc(&table, &method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn colon_escaped_in_the_path_is_not_a_verb() {
        assert_eq!(rpc(&table(), &Method::GET, "/v1/reports/a%3Ab"), "GetReport");
    }
}
