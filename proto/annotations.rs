//! `google.api.http` as descriptors built by hand: the wire contract alone (names, numbers, types), so that no file of
//! googleapis is copied. Source of the numbers: googleapis, google/api/http.proto and annotations.proto.
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, OneofDescriptorProto,
    field_descriptor_proto::{Label, Type},
};
use protox::file::{File, FileResolver};

fn scalar(name: &str, number: i32, kind: Type) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        r#type: Some(kind.into()),
        label: Some(Label::Optional.into()),
        ..Default::default()
    }
}

fn message(name: &str, number: i32, type_name: &str) -> FieldDescriptorProto {
    FieldDescriptorProto { type_name: Some(type_name.into()), ..scalar(name, number, Type::Message) }
}

fn repeated(field: FieldDescriptorProto) -> FieldDescriptorProto {
    FieldDescriptorProto { label: Some(Label::Repeated.into()), ..field }
}

/// A member of HttpRule's `pattern` oneof.
fn pattern(field: FieldDescriptorProto) -> FieldDescriptorProto {
    FieldDescriptorProto { oneof_index: Some(0), ..field }
}

fn http_rule() -> DescriptorProto {
    DescriptorProto {
        name: Some("HttpRule".into()),
        field: vec![
            scalar("selector", 1, Type::String),
            pattern(scalar("get", 2, Type::String)),
            pattern(scalar("put", 3, Type::String)),
            pattern(scalar("post", 4, Type::String)),
            pattern(scalar("delete", 5, Type::String)),
            pattern(scalar("patch", 6, Type::String)),
            // Before `body`, although its number is higher: protobuf for C++ refuses a file whose oneof is interrupted.
            pattern(message("custom", 8, ".google.api.CustomHttpPattern")),
            scalar("body", 7, Type::String),
            repeated(message("additional_bindings", 11, ".google.api.HttpRule")),
            scalar("response_body", 12, Type::String),
        ],
        oneof_decl: vec![OneofDescriptorProto { name: Some("pattern".into()), ..Default::default() }],
        ..Default::default()
    }
}

fn http() -> FileDescriptorProto {
    let custom = DescriptorProto {
        name: Some("CustomHttpPattern".into()),
        field: vec![scalar("kind", 1, Type::String), scalar("path", 2, Type::String)],
        ..Default::default()
    };
    FileDescriptorProto {
        name: Some("google/api/http.proto".into()),
        package: Some("google.api".into()),
        syntax: Some("proto3".into()),
        message_type: vec![http_rule(), custom],
        ..Default::default()
    }
}

fn annotations() -> FileDescriptorProto {
    let extension = FieldDescriptorProto {
        extendee: Some(".google.protobuf.MethodOptions".into()),
        ..message("http", 72_295_728, ".google.api.HttpRule")
    };
    FileDescriptorProto {
        name: Some("google/api/annotations.proto".into()),
        package: Some("google.api".into()),
        syntax: Some("proto3".into()),
        dependency: vec!["google/api/http.proto".into(), "google/protobuf/descriptor.proto".into()],
        extension: vec![extension],
        ..Default::default()
    }
}

/// Answers for the two googleapis files and nothing else.
pub(crate) struct Annotations;

impl FileResolver for Annotations {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match name {
            "google/api/http.proto" => Ok(File::from_file_descriptor_proto(http())),
            "google/api/annotations.proto" => Ok(File::from_file_descriptor_proto(annotations())),
            _ => Err(protox::Error::file_not_found(name)),
        }
    }
}
