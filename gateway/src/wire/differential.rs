//! The quick way against the careful way: what one accepts the other reads the same.
use super::Plans;
use crate::descriptors::Descriptors;
use crate::json::{self, ReadAs};
use crate::routes::Table;
use bytes::BytesMut;
use proptest::prelude::*;
use prost::Message;
use prost_reflect::prost_types::Timestamp;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};
use std::sync::LazyLock;

struct World {
    plans: Plans,
    /// Every message of the proto files, stored events and all: more shapes than requests alone.
    messages: Vec<MessageDescriptor>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let descriptors = Descriptors::decode(proto::DESCRIPTORS).unwrap();
    let mut plans = Plans::default();
    let messages: Vec<MessageDescriptor> = descriptors
        .pool
        .all_messages()
        .filter(|message| message.full_name().starts_with("jiewang.") && !message.is_map_entry())
        .collect();
    for message in &messages {
        plans.add(message);
    }
    Table::build(&descriptors, &mut plans).unwrap();
    World { plans, messages }
});

fn message() -> impl Strategy<Value = MessageDescriptor> {
    (0..WORLD.messages.len()).prop_map(|index| WORLD.messages[index].clone())
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

/// A message with some of its fields set.
fn filled(message: &MessageDescriptor, depth: u32) -> BoxedStrategy<DynamicMessage> {
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
            proptest::option::weighted(0.4, one).boxed()
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

fn quick(message: &MessageDescriptor, text: &str) -> Option<DynamicMessage> {
    let mut wire = BytesMut::new();
    WORLD.plans.to_wire(WORLD.plans.get(message)?, text, std::iter::empty(), &mut wire)?;
    Some(DynamicMessage::decode(message.clone(), wire.freeze()).expect("what the quick way writes can be read"))
}

/// The message, or the reasons and paths of the refusal.
fn careful(message: &MessageDescriptor, text: &str) -> Result<DynamicMessage, Vec<(String, String)>> {
    let tree = json::parse(text).map_err(|_| vec![("JSON_MALFORMED".to_owned(), String::new())])?;
    json::read(message, tree, &ReadAs::Request { bound: &[] })
        .map_err(|faults| faults.into_iter().map(|fault| (fault.reason.into_owned(), fault.path)).collect())
}

/// Equal also where a float is not a number.
fn same(one: &DynamicMessage, other: &DynamicMessage) -> bool {
    one.encode_to_vec() == other.encode_to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every message comes out the same on both ways, and back in the same, and the quick way gives none of them away.
    #[test]
    fn messages_go_out_and_come_in_the_same_on_both_ways(message in message().prop_flat_map(|m| filled(&m, 4))) {
        let descriptor = message.descriptor();
        let wire = message.encode_to_vec();
        let careful_json = json::write(&descriptor, &wire).unwrap();
        let plan = WORLD.plans.get(&descriptor).expect("every message of ours is ordinary");
        let quick_json = WORLD.plans.to_json(plan, &wire).expect("ordinary bytes");
        let of = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        prop_assert_eq!(of(&quick_json), of(&careful_json));
        let text = String::from_utf8(quick_json).unwrap();
        let read = careful(&descriptor, &text).map_err(|faults| TestCaseError::fail(format!("{faults:?}")))?;
        prop_assert!(same(&read, &message), "{}", text);
        let read = quick(&descriptor, &text).expect("ordinary spelling");
        prop_assert!(same(&read, &message), "{}", text);
    }

    /// Whatever is done to a text, the quick way accepts only what the careful way accepts, and reads it the same.
    #[test]
    fn spoilt_texts_are_never_accepted_by_the_quick_way_alone(
        message in message().prop_flat_map(|m| filled(&m, 3)),
        spoil in spoils(),
    ) {
        let descriptor = message.descriptor();
        let text = String::from_utf8(json::write(&descriptor, &message.encode_to_vec()).unwrap()).unwrap();
        let text = spoil.apply(&text, &descriptor);
        if let Some(read) = quick(&descriptor, &text) {
            let expected = careful(&descriptor, &text).map_err(|faults| TestCaseError::fail(format!("{faults:?}: {text}")))?;
            prop_assert!(same(&read, &expected), "{}", text);
        }
    }

    /// Bytes that are no message of ours are read by both ways alike, or left to the careful way.
    #[test]
    fn spoilt_bytes_are_read_alike(message in message().prop_flat_map(|m| filled(&m, 3)), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let descriptor = message.descriptor();
        let mut wire = message.encode_to_vec();
        if !wire.is_empty() {
            let at = at.index(wire.len());
            if cut { wire.truncate(at) } else { wire[at] = byte }
        }
        let plan = WORLD.plans.get(&descriptor).unwrap();
        if let (Some(quick), Some(careful)) = (WORLD.plans.to_json(plan, &wire), json::write(&descriptor, &wire)) {
            let of = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
            prop_assert_eq!(of(&quick), of(&careful), "{:?}", wire);
        }
    }
}

/// Ways to spoil a text.
#[derive(Clone, Debug)]
enum Spoil {
    /// One character replaced.
    Replace(prop::sample::Index, String),
    /// Cut off.
    Cut(prop::sample::Index),
    /// A member put first: perhaps a second time, of another type, or of a oneof that has one.
    Member(prop::sample::Index, bool, String),
    /// A piece of the text twice.
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn spoils() -> impl Strategy<Value = Spoil> {
    let piece = proptest::sample::select(vec![
        "null",
        "true",
        "0",
        "-1",
        "1.0",
        "1e2",
        "1.5",
        "\"\"",
        "\"x\"",
        "\"5\"",
        "\"+5\"",
        "\" 5\"",
        "[]",
        "[null]",
        "[[]]",
        "{}",
        "{\"a\":1}",
        "99999999999",
        "18446744073709551616",
        "-9223372036854775809",
        "\"LEVEL_ONE\"",
        "2",
        "77",
        "\"NaN\"",
        "NaN",
        "\"2026-11-22T08:00:00Z\"",
        "\"2026-11-22t08:00:00z\"",
        "\"2026-02-30T00:00:00Z\"",
        "\"2026-11-22T08:00:60Z\"",
        "\"0000-01-01T00:00:00Z\"",
        "\"2026-11-22T08:00:00+24:00\"",
        "\"2026-11-22T08:00:00.1234567890Z\"",
        "\"QQ\"",
        "\"QQ==\"",
        "\"Q-_=\"",
        "\"Q\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        ",",
        ":",
        "\"",
        "{",
        "}",
        "[",
        "]",
    ])
    .prop_map(str::to_owned);
    prop_oneof![
        (any::<prop::sample::Index>(), piece.clone()).prop_map(|(at, piece)| Spoil::Replace(at, piece)),
        any::<prop::sample::Index>().prop_map(Spoil::Cut),
        (any::<prop::sample::Index>(), any::<bool>(), piece)
            .prop_map(|(at, proto, piece)| Spoil::Member(at, proto, piece)),
        (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(from, to)| Spoil::Repeat(from, to)),
    ]
}

impl Spoil {
    fn apply(&self, text: &str, message: &MessageDescriptor) -> String {
        let chars: Vec<char> = text.chars().collect();
        let join = |parts: [&[char]; 2], middle: &str| {
            format!("{}{middle}{}", String::from_iter(parts[0]), String::from_iter(parts[1]))
        };
        match self {
            Self::Replace(at, piece) => {
                let at = at.index(chars.len());
                join([&chars[..at], &chars[at + 1..]], piece)
            }
            Self::Cut(at) => String::from_iter(&chars[..at.index(chars.len())]),
            Self::Member(at, proto, piece) => {
                let fields: Vec<FieldDescriptor> = message.fields().collect();
                let Some(field) = fields.get(at.index(fields.len().max(1))) else { return text.to_owned() };
                let name = if *proto { field.name() } else { field.json_name() };
                let comma = if text == "{}" { "" } else { "," };
                format!("{{\"{name}\":{piece}{comma}{}", &text[1..])
            }
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(chars.len()), to.index(chars.len()));
                let (from, to) = (from.min(to), from.max(to));
                join([&chars[..to], &chars[to..]], &String::from_iter(&chars[from..to]))
            }
        }
    }
}

#[test]
fn one_spelling_in_many_is_left_to_the_careful_way_and_still_accepted() {
    let descriptors = Descriptors::decode(proto::DESCRIPTORS).unwrap();
    let message = descriptors.pool.get_message_by_name("jiewang.types.v1.Location").unwrap();
    for (text, quickly) in [
        (r#"{"confidence":5}"#, true),
        (r#"{"confidence":"5"}"#, false),
        (r#"{"confidence":5e0}"#, false),
        (r#"{"latitude":"1.5"}"#, false),
        (r#"{"latitude":null,"foundBy":null}"#, true),
        (r#"{"division_code":"50"}"#, true),
    ] {
        assert_eq!(quick(&message, text).is_some(), quickly, "{text}");
        assert!(careful(&message, text).is_ok(), "{text}");
    }
}

#[test]
fn maps_and_other_well_known_types_are_left_to_the_careful_way() {
    let descriptors = Descriptors::decode(proto::DESCRIPTORS).unwrap();
    let mut plans = Plans::default();
    for name in ["google.protobuf.FileDescriptorProto", "google.api.HttpRule"] {
        let message = descriptors.pool.get_message_by_name(name).unwrap();
        plans.add(&message);
        plans.settle();
        assert_eq!(plans.get(&message).is_some(), name == "google.api.HttpRule", "{name}");
    }
    // A map's entry is read by its key's kind.
    assert_eq!(Value::I32(5).into_map_key(), Some(MapKey::I32(5)));
}
