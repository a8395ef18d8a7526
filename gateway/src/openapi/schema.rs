//! Schemas of messages and enums as proto JSON shows them.
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

/// Schemas met so far, by component name.
pub(super) struct Schemas<'a> {
    comments: &'a HashMap<String, String>,
    found: BTreeMap<String, Value>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(comments: &'a HashMap<String, String>) -> Self {
        Self { comments, found: BTreeMap::new() }
    }

    pub(super) fn finish(mut self, problem: Value) -> BTreeMap<String, Value> {
        self.found.insert("Problem".to_owned(), problem);
        self.found
    }

    fn comment(&self, name: &str) -> Option<Value> {
        self.comments.get(name).map(|text| text.clone().into())
    }

    /// A reference to a message's schema, which is made when first met.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Value {
        let name = component(message.full_name());
        if !self.found.contains_key(&name) {
            // Stands in while the fields are walked, so that a message may contain itself.
            self.found.insert(name.clone(), Value::Null);
            let schema = self.object(message, &[]);
            self.found.insert(name.clone(), schema);
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// A request body: without the fields that the path gives, and closed, since unknown fields are refused.
    pub(super) fn body(&mut self, message: &MessageDescriptor, bound: &[&FieldDescriptor]) -> Value {
        let name = component(message.full_name());
        let mut schema = self.object(message, bound);
        schema["additionalProperties"] = false.into();
        self.found.insert(name.clone(), schema);
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn object(&mut self, message: &MessageDescriptor, bound: &[&FieldDescriptor]) -> Value {
        let mut properties = Map::new();
        for field in message.fields().filter(|field| !bound.contains(&field)) {
            properties.insert(field.json_name().to_owned(), self.field(&field));
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if let Some(comment) = self.comment(message.full_name()) {
            schema["description"] = comment;
        }
        schema
    }

    /// A field with its comment. `Output only` in the comment is the proto's word for what a client cannot set.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = self.shape(field);
        if let Some(comment) = self.comment(field.full_name()) {
            if comment.as_str().is_some_and(|text| text.starts_with("Output only")) {
                schema["readOnly"] = true.into();
            }
            schema["description"] = comment;
        }
        schema
    }

    fn shape(&mut self, field: &FieldDescriptor) -> Value {
        if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
            return json!({"type": "object", "additionalProperties": self.kind(&entry.map_entry_value_field().kind())});
        }
        let one = self.kind(&field.kind());
        if field.is_list() { json!({"type": "array", "items": one}) } else { one }
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Double => json!({"type": "number", "format": "double"}),
            Kind::Float => json!({"type": "number", "format": "float"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "format": "uint32", "minimum": 0}),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"})
            }
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "format": "uint64", "pattern": "^[0-9]+$"}),
            Kind::Enum(kind) => self.names(kind),
            Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
                json!({"type": "string", "format": "date-time"})
            }
            Kind::Message(message) => self.message(message),
        }
    }

    fn names(&mut self, kind: &EnumDescriptor) -> Value {
        let name = component(kind.full_name());
        if !self.found.contains_key(&name) {
            let values: Vec<String> = kind.values().map(|value| value.name().to_owned()).collect();
            let mut lines: Vec<String> = self.comments.get(kind.full_name()).cloned().into_iter().collect();
            for value in &values {
                if let Some(comment) = self.comments.get(&format!("{}.{value}", kind.full_name())) {
                    lines.push(format!("{value}: {comment}"));
                }
            }
            self.found.insert(name.clone(), json!({"type": "string", "enum": values, "description": lines.join("\n")}));
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }
}

/// `jiewang.intake.v1.Report` is `intake.v1.Report`: unique, and short enough to read.
pub(super) fn component(full_name: &str) -> String {
    full_name.strip_prefix("jiewang.").unwrap_or(full_name).to_owned()
}
