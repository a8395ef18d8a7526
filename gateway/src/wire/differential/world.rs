//! Messages to compare with: all of ours, and one of every shape that the quick way knows, twice as often as any other.
use crate::descriptors::Descriptors;
use crate::wire::Plans;
use proptest::prelude::*;
use prost::Message;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, OneofDescriptorProto, Timestamp,
};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};
use std::sync::LazyLock;

pub(super) struct World {
    pub(super) plans: Plans,
    ours: Vec<MessageDescriptor>,
    pub(super) every: MessageDescriptor,
}

pub(super) static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut pool = Descriptors::decode(proto::DESCRIPTORS).unwrap().pool;
    pool.add_file_descriptor_proto(every_shape()).unwrap();
    let every = pool.get_message_by_name("jiewang.test.Every").unwrap();
    let mut plans = Plans::default();
    // Stored events and all: more shapes than requests alone.
    let ours: Vec<MessageDescriptor> = pool
        .all_messages()
        .filter(|message| message.full_name().starts_with("jiewang.") && !message.is_map_entry())
        .collect();
    for message in &ours {
        plans.add(message);
    }
    plans.settle();
    World { plans, ours, every }
});

/// `Every`: each kind alone, as `optional`, in a list and in a oneof; it may contain itself.
fn every_shape() -> FileDescriptorProto {
    let kinds = [
        (Type::String, ""),
        (Type::Bytes, ""),
        (Type::Bool, ""),
        (Type::Int32, ""),
        (Type::Int64, ""),
        (Type::Uint32, ""),
        (Type::Uint64, ""),
        (Type::Double, ""),
        (Type::Enum, ".jiewang.types.v1.Lamp"),
        (Type::Message, ".google.protobuf.Timestamp"),
        (Type::Message, ".jiewang.test.Every"),
    ];
    let mut every = DescriptorProto { name: Some("Every".into()), ..Default::default() };
    every.oneof_decl.push(OneofDescriptorProto { name: Some("one".into()), ..Default::default() });
    for (index, (kind, type_name)) in (0_i32..).zip(kinds) {
        let field = |form: &str, number: i32| FieldDescriptorProto {
            name: Some(format!("{form}_{index}")),
            number: Some(number + index),
            label: Some(Label::Optional.into()),
            r#type: Some(kind.into()),
            type_name: Some(type_name).filter(|name| !name.is_empty()).map(Into::into),
            ..Default::default()
        };
        every.field.push(field("plain", 1));
        every.field.push(FieldDescriptorProto { label: Some(Label::Repeated.into()), ..field("listed", 101) });
        every.field.push(FieldDescriptorProto { oneof_index: Some(0), ..field("chosen", 201) });
        let own = i32::try_from(every.oneof_decl.len()).unwrap();
        every.oneof_decl.push(OneofDescriptorProto { name: Some(format!("_maybe_{index}")), ..Default::default() });
        every.field.push(FieldDescriptorProto {
            oneof_index: Some(own),
            proto3_optional: Some(true),
            ..field("maybe", 301)
        });
    }
    FileDescriptorProto {
        name: Some("every.proto".into()),
        package: Some("jiewang.test".into()),
        syntax: Some("proto3".into()),
        dependency: vec!["google/protobuf/timestamp.proto".into(), "jiewang/types/v1/types.proto".into()],
        message_type: vec![every],
        ..Default::default()
    }
}

pub(super) fn message() -> impl Strategy<Value = MessageDescriptor> {
    prop_oneof![(0..WORLD.ours.len()).prop_map(|index| WORLD.ours[index].clone()), Just(WORLD.every.clone()),]
}

/// A value of a field, with the values that tend to be special among them.
fn value(kind: &Kind, depth: u32) -> BoxedStrategy<Value> {
    let text = prop_oneof![
        Just(String::new()),
        "[a-z]{1,8}",
        "\\PC{0,6}",
        Just("\"\\\u{8}\n\u{7f}\u{2028}城\u{1f4a1}".to_owned())
    ];
    match kind {
        Kind::String => text.prop_map(Value::String).boxed(),
        Kind::Bytes => proptest::collection::vec(any::<u8>(), 0..6).prop_map(|b| Value::Bytes(b.into())).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            prop_oneof![Just(0), Just(i32::MIN), Just(i32::MAX), any::<i32>()].prop_map(Value::I32).boxed()
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            prop_oneof![Just(0), Just(i64::MIN), Just(i64::MAX), any::<i64>()].prop_map(Value::I64).boxed()
        }
        Kind::Uint32 | Kind::Fixed32 => prop_oneof![Just(0), any::<u32>()].prop_map(Value::U32).boxed(),
        Kind::Uint64 | Kind::Fixed64 => prop_oneof![Just(0), any::<u64>()].prop_map(Value::U64).boxed(),
        Kind::Double => prop_oneof![Just(0.0), Just(-0.0), Just(1e300), Just(106.551_556_7), any::<f64>()]
            .prop_map(Value::F64)
            .boxed(),
        Kind::Float => any::<f32>().prop_map(Value::F32).boxed(),
        Kind::Enum(kind) => {
            let numbers: Vec<i32> = kind.values().map(|value| value.number()).collect();
            proptest::sample::select(numbers).prop_map(Value::EnumNumber).boxed()
        }
        Kind::Message(inner) if inner.full_name() == "google.protobuf.Timestamp" => {
            let (inner, range) = (inner.clone(), -62_135_596_800..=253_402_300_799_i64);
            let instant = (range, prop_oneof![Just(0), Just(500_000_000), 0..1_000_000_000_i32]);
            instant
                .prop_map(move |(seconds, nanos)| {
                    let mut message = DynamicMessage::new(inner.clone());
                    message.transcode_from(&Timestamp { seconds, nanos }).unwrap();
                    Value::Message(message)
                })
                .boxed()
        }
        Kind::Message(inner) => filled(inner, depth.saturating_sub(1)).prop_map(Value::Message).boxed(),
    }
}

/// A message that prints as JSON. The derived form prints the whole descriptor, without end for a type that contains itself,
/// so that a failure would never be told.
#[derive(Clone)]
pub(super) struct Shown(pub(super) DynamicMessage);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let descriptor = self.0.descriptor();
        let json = crate::json::write(&descriptor, &self.0.encode_to_vec()).unwrap_or_default();
        write!(f, "{} {}", descriptor.full_name(), String::from_utf8_lossy(&json))
    }
}

/// A message with some of its fields set.
pub(super) fn filled(message: &MessageDescriptor, depth: u32) -> BoxedStrategy<DynamicMessage> {
    let empty = DynamicMessage::new(message.clone());
    if depth == 0 {
        return Just(empty).boxed();
    }
    let fields: Vec<FieldDescriptor> = message.fields().filter(|field| !field.is_map()).collect();
    let values: Vec<BoxedStrategy<Option<Value>>> = fields
        .iter()
        .map(|field| {
            let one = value(&field.kind(), depth);
            let one =
                if field.is_list() { proptest::collection::vec(one, 0..4).prop_map(Value::List).boxed() } else { one };
            proptest::option::weighted(0.3, one).boxed()
        })
        .collect();
    values
        .prop_map(move |values| {
            let mut message = empty.clone();
            for (field, value) in fields.iter().zip(values) {
                if let Some(value) = value {
                    message.set_field(field, value);
                }
            }
            message
        })
        .boxed()
}
