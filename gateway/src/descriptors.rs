//! What the proto files say: HTTP rules of every rpc and the comments of every element.
use http::Method;
use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, MethodDescriptor, Value};
use std::collections::HashMap;

/// The descriptor set cannot be turned into routes: a fault of the build, found at start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The bytes are no descriptor set.
    #[error("descriptor set cannot be read")]
    Descriptors(#[from] prost_reflect::DescriptorError),
    /// The set was written without `google.api.http`.
    #[error("descriptor set has no google.api.http annotations")]
    NoAnnotations,
    /// A rule this gateway does not speak.
    #[error("{rpc}: {what}")]
    Rule {
        /// Full name of the rpc.
        rpc: String,
        /// What is wrong with its rule.
        what: String,
    },
    /// No upstream serves a routed service.
    #[error("no upstream for service {0}")]
    NoUpstream(String),
}

/// One `google.api.http` rule (an additional binding is a rule of its own).
pub(crate) struct Rule {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// "", "*" or a field's name.
    pub(crate) body: String,
}

/// The pool with its http extension.
pub(crate) struct Descriptors {
    pub(crate) pool: DescriptorPool,
    http: ExtensionDescriptor,
}

impl Descriptors {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, BuildError> {
        let pool = DescriptorPool::decode(bytes)?;
        let http = pool.get_extension_by_name("google.api.http").ok_or(BuildError::NoAnnotations)?;
        Ok(Self { pool, http })
    }

    /// Rules of an rpc; empty when it is not for the edge.
    pub(crate) fn rules(&self, rpc: &MethodDescriptor) -> Result<Vec<Rule>, BuildError> {
        let options = rpc.options();
        if !options.has_extension(&self.http) {
            return Ok(Vec::new());
        }
        let Value::Message(main) = options.get_extension(&self.http).into_owned() else {
            return Ok(Vec::new());
        };
        let mut rules = vec![rule(rpc, &main)?];
        let more = main.get_field_by_name("additional_bindings");
        for value in more.iter().filter_map(|value| value.as_list()).flatten() {
            if let Some(binding) = value.as_message() {
                rules.push(rule(rpc, binding)?);
            }
        }
        Ok(rules)
    }
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn rule(rpc: &MethodDescriptor, message: &DynamicMessage) -> Result<Rule, BuildError> {
    let methods = [
        ("get", Method::GET),
        ("post", Method::POST),
        ("put", Method::PUT),
        ("patch", Method::PATCH),
        ("delete", Method::DELETE),
    ];
    for (name, method) in methods {
        if message.has_field_by_name(name) {
            return Ok(Rule { method, path: text(message, name), body: text(message, "body") });
        }
    }
    Err(BuildError::Rule {
        rpc: rpc.full_name().to_owned(),
        what: "only get, post, put, patch, delete are served".to_owned(),
    })
}

/// Leading comments by full name, for the reference documents.
pub(crate) fn comments(pool: &DescriptorPool) -> HashMap<String, String> {
    let mut by_path: HashMap<(String, Vec<i32>), String> = HashMap::new();
    for file in pool.files() {
        let info = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
        for location in info.location {
            let text = location.leading_comments.unwrap_or_default();
            let text = text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned();
            if !text.is_empty() {
                by_path.insert((file.name().to_owned(), location.path), text);
            }
        }
    }
    let mut found = HashMap::new();
    let mut note = |name: &str, file: &str, path: &[i32]| {
        if let Some(text) = by_path.get(&(file.to_owned(), path.to_vec())) {
            found.insert(name.to_owned(), text.clone());
        }
    };
    for service in pool.services() {
        let file = service.parent_file();
        note(service.full_name(), file.name(), service.path());
        for rpc in service.methods() {
            note(rpc.full_name(), file.name(), rpc.path());
        }
    }
    for message in pool.all_messages() {
        let file = message.parent_file();
        note(message.full_name(), file.name(), message.path());
        for field in message.fields() {
            note(field.full_name(), file.name(), field.path());
        }
    }
    for kind in pool.all_enums() {
        let file = kind.parent_file();
        note(kind.full_name(), file.name(), kind.path());
        for value in kind.values() {
            // Values live in the scope of the enum's parent; the enum's own name keeps them apart.
            note(&format!("{}.{}", kind.full_name(), value.name()), file.name(), value.path());
        }
    }
    found
}
