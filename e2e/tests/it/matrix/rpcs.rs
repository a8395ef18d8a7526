//! Every rpc that is served, as the descriptors tell it: its name, its HTTP form, whether it changes anything.

use http::Method;
use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, MethodDescriptor, Value as Field};
use serde_json::{Map, Value};

#[derive(Clone)]
pub(super) struct Rpc {
    /// `jiewang.dispatch.v1.WorkOrders/GetWorkOrder`
    pub(super) name: String,
    /// Method and path template; `None`: not for the edge.
    pub(super) http: Option<(Method, String)>,
    /// It changes nothing.
    pub(super) reads: bool,
    pub(super) streams: bool,
    input: prost_reflect::MessageDescriptor,
}

/// A request ready to be sent.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

impl Rpc {
    /// All of them, in the order of the descriptors.
    pub(super) fn all() -> Vec<Self> {
        let pool = DescriptorPool::decode(proto::DESCRIPTORS).unwrap();
        let http = pool.get_extension_by_name("google.api.http").unwrap();
        let ours = pool.services().filter(|service| service.full_name().starts_with("jiewang."));
        let methods = ours.flat_map(|service| service.methods().collect::<Vec<_>>());
        methods.map(|method| Self::of(&method, &http)).collect()
    }

    fn of(method: &MethodDescriptor, http: &ExtensionDescriptor) -> Self {
        const NO_SIDE_EFFECTS: i32 = 1;
        let options = method.options();
        let level = options.get_field_by_name("idempotency_level").and_then(|field| field.as_enum_number());
        let rule = options.has_extension(http).then(|| options.get_extension(http).into_owned());
        Self {
            name: format!("{}/{}", method.parent_service().full_name(), method.name()),
            http: rule.as_ref().and_then(Field::as_message).map(rule_of),
            reads: level == Some(NO_SIDE_EFFECTS),
            streams: method.is_server_streaming(),
            input: method.input(),
        }
    }

    /// `WorkOrders/GetWorkOrder`: no two packages have a service of one name.
    pub(super) fn short(&self) -> &str {
        self.name.rsplit_once('.').unwrap().1
    }

    pub(super) fn asks_for(&self, field: &str) -> bool {
        self.input.get_field_by_json_name(field).is_some()
    }

    /// Fields go where the rule puts them: into the path, and the rest into body or query.
    pub(super) fn request(&self, mut fields: Map<String, Value>) -> Request {
        let (method, template) = self.http.clone().unwrap();
        let mut path = String::new();
        let mut rest = template.trim_start_matches('/');
        while let Some((before, capture)) = rest.split_once('{') {
            let (capture, after) = capture.split_once('}').unwrap();
            let field = capture.split('=').next().unwrap();
            let value = fields.remove(field).unwrap_or_else(|| panic!("{}: the example has no {field}", self.name));
            path += before;
            path += value.as_str().unwrap();
            rest = after;
        }
        path += rest;
        if method != Method::GET {
            return Request { method, path, body: Value::Object(fields).to_string().into_bytes() };
        }
        for (at, (name, value)) in fields.iter().enumerate() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            path += &format!("{}{name}={value}", if at == 0 { '?' } else { '&' });
        }
        Request { method, path, body: Vec::new() }
    }
}

fn rule_of(rule: &DynamicMessage) -> (Method, String) {
    let has = |name: &str| {
        rule.has_field_by_name(name).then(|| rule.get_field_by_name(name).unwrap().as_str().unwrap().to_owned())
    };
    match has("get") {
        Some(path) => (Method::GET, path),
        None => (Method::POST, has("post").expect("only GET and POST are used")),
    }
}
