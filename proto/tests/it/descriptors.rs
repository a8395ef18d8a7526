//! The descriptor set as flat lists, and small sets with something planted.

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto, method_options::IdempotencyLevel,
};

/// A message of ours under its full name, without the dot in front.
pub(crate) struct Message<'a> {
    pub(crate) name: String,
    pub(crate) proto: &'a DescriptorProto,
}

pub(crate) fn ours() -> FileDescriptorSet {
    let mut set = FileDescriptorSet::decode(proto::DESCRIPTORS).expect("the build has encoded it");
    set.file.retain(|file| file.package().starts_with("jiewang."));
    assert!(set.file.len() > 20, "{}", set.file.len());
    set
}

pub(crate) fn messages(set: &FileDescriptorSet) -> Vec<Message<'_>> {
    let mut found = Vec::new();
    for file in &set.file {
        file.message_type.iter().for_each(|proto| gather(file.package(), proto, &mut found));
    }
    found
}

fn gather<'a>(outer: &str, proto: &'a DescriptorProto, found: &mut Vec<Message<'a>>) {
    let name = format!("{outer}.{}", proto.name());
    proto.nested_type.iter().for_each(|nested| gather(&name, nested, found));
    found.push(Message { name, proto });
}

/// Whatever has a name: messages, fields, oneofs, enums with their values, services, rpcs.
pub(crate) fn names(set: &FileDescriptorSet) -> Vec<String> {
    let mut found = Vec::new();
    for message in messages(set) {
        let of = |name: &str| format!("{}.{name}", message.name);
        found.extend(message.proto.field.iter().map(|field| of(field.name())));
        // One that begins with a line is made for an optional field.
        let oneofs = message.proto.oneof_decl.iter().filter(|oneof| !oneof.name().starts_with('_'));
        found.extend(oneofs.map(|oneof| of(oneof.name())));
        found.extend(message.proto.enum_type.iter().flat_map(|one| enum_names(&message.name, one)));
        found.push(message.name);
    }
    for file in &set.file {
        found.extend(file.enum_type.iter().flat_map(|one| enum_names(file.package(), one)));
        for service in &file.service {
            let name = format!("{}.{}", file.package(), service.name());
            found.extend(service.method.iter().map(|rpc| format!("{name}.{}", rpc.name())));
            found.push(name);
        }
    }
    found
}

fn enum_names(outer: &str, one: &EnumDescriptorProto) -> Vec<String> {
    let name = format!("{outer}.{}", one.name());
    one.value.iter().map(|value| format!("{name}.{}", value.name())).chain([name.clone()]).collect()
}

/// Each rpc under its full name.
pub(crate) fn rpcs(set: &FileDescriptorSet) -> Vec<(String, &MethodDescriptorProto)> {
    let mut found = Vec::new();
    for file in &set.file {
        for service in &file.service {
            let name = |rpc: &MethodDescriptorProto| format!("{}.{}.{}", file.package(), service.name(), rpc.name());
            found.extend(service.method.iter().map(|rpc| (name(rpc), rpc)));
        }
    }
    found
}

pub(crate) fn only_reads(rpc: &MethodDescriptorProto) -> bool {
    rpc.options.as_ref().is_some_and(|options| options.idempotency_level() == IdempotencyLevel::NoSideEffects)
}

/// One message with these fields, one enum with these values, one rpc that reads with that message.
pub(crate) fn planted(message: &str, fields: &[&str], values: &[&str], rpc: &str) -> FileDescriptorSet {
    let field = |name: &&str| FieldDescriptorProto { name: Some((*name).to_owned()), ..Default::default() };
    let value = |name: &&str| EnumValueDescriptorProto { name: Some((*name).to_owned()), ..Default::default() };
    let options = prost_types::MethodOptions {
        idempotency_level: Some(IdempotencyLevel::NoSideEffects.into()),
        ..Default::default()
    };
    let method = MethodDescriptorProto {
        name: Some(rpc.to_owned()),
        input_type: Some(format!(".jiewang.planted.v1.{message}")),
        output_type: Some(format!(".jiewang.planted.v1.{message}")),
        options: Some(options),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        package: Some("jiewang.planted.v1".to_owned()),
        message_type: vec![DescriptorProto {
            name: Some(message.to_owned()),
            field: fields.iter().map(field).collect(),
            ..Default::default()
        }],
        enum_type: vec![EnumDescriptorProto {
            name: Some("Kind".to_owned()),
            value: values.iter().map(value).collect(),
            ..Default::default()
        }],
        service: vec![ServiceDescriptorProto {
            name: Some("Planted".to_owned()),
            method: vec![method],
            ..Default::default()
        }],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }
}
