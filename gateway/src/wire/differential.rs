//! The quick way against the careful way: what one accepts the other reads the same.
mod planted;
mod spoil;
mod world;

use super::Plans;
use crate::descriptors::Descriptors;
use crate::json::{self, Node, ReadAs};
use bytes::BytesMut;
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use spoil::{Spoil, spoils};
use world::{Shown, WORLD, filled, message};

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

type Quick = fn(&MessageDescriptor, &str) -> Option<DynamicMessage>;
type Write = fn(&MessageDescriptor, &[u8]) -> Vec<u8>;

fn quick_json(message: &MessageDescriptor, wire: &[u8]) -> Vec<u8> {
    let plan = WORLD.plans.get(message).expect("every message of ours is ordinary");
    WORLD.plans.to_json(plan, wire).expect("ordinary bytes")
}

/// A message comes out the same on both ways, and back in the same, and the quick way does not give it away.
fn goes_out_and_comes_in(message: &DynamicMessage, write: Write, quick: Quick) -> Result<(), TestCaseError> {
    let descriptor = message.descriptor();
    let wire = message.encode_to_vec();
    let careful_json = json::write(&descriptor, &wire).unwrap();
    let quick_json = write(&descriptor, &wire);
    prop_assert_eq!(tree(&quick_json), tree(&careful_json));
    let text = String::from_utf8(quick_json).unwrap();
    let read = careful(&descriptor, &text).map_err(|faults| TestCaseError::fail(format!("{faults:?}")))?;
    prop_assert!(same(&read, message), "{}", text);
    let read = quick(&descriptor, &text).ok_or_else(|| TestCaseError::fail("ordinary spelling"))?;
    prop_assert!(same(&read, message), "{}", text);
    Ok(())
}

/// Of a spoilt text the quick way accepts only what the careful way accepts, and reads it the same.
fn is_not_accepted_alone(message: &DynamicMessage, spoil: &Spoil, quick: Quick) -> Result<(), TestCaseError> {
    let descriptor = message.descriptor();
    let text = String::from_utf8(json::write(&descriptor, &message.encode_to_vec()).unwrap()).unwrap();
    let text = spoil.apply(&text, &descriptor);
    if let Some(read) = quick(&descriptor, &text) {
        let expected = careful(&descriptor, &text).map_err(|f| TestCaseError::fail(format!("{f:?}: {text}")))?;
        prop_assert!(same(&read, &expected), "{}", text);
    }
    Ok(())
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 2_000, max_shrink_time: 10_000, failure_persistence: None, ..ProptestConfig::default() }
}

/// Any message there is.
fn any_message(depth: u32) -> impl Strategy<Value = Shown> {
    message().prop_flat_map(move |m| filled(&m, depth)).prop_map(Shown)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn messages_go_out_and_come_in_the_same_on_both_ways(Shown(message) in any_message(3)) {
        goes_out_and_comes_in(&message, quick_json, quick)?;
    }

    #[test]
    fn spoilt_texts_are_never_accepted_by_the_quick_way_alone(Shown(message) in any_message(2), spoil in spoils()) {
        is_not_accepted_alone(&message, &spoil, quick)?;
    }

    /// Bytes that no encoder of ours writes are read by both ways alike, or left to the careful way.
    #[test]
    fn spoilt_bytes_are_read_alike((Shown(first), Shown(second)) in pair(), spoil in byte_spoils()) {
        let descriptor = first.descriptor();
        let mut wire = first.encode_to_vec();
        match spoil {
            // Two encodings in a row are their merger.
            ByteSpoil::Merge => wire.extend(second.encode_to_vec()),
            ByteSpoil::Replace(at, byte) if !wire.is_empty() => {
                let at = at.index(wire.len());
                wire[at] = byte;
            }
            ByteSpoil::Cut(at) if !wire.is_empty() => wire.truncate(at.index(wire.len())),
            ByteSpoil::Replace(..) | ByteSpoil::Cut(_) => {}
        }
        let plan = WORLD.plans.get(&descriptor).unwrap();
        if let Some(quick) = WORLD.plans.to_json(plan, &wire) {
            let careful = json::write(&descriptor, &wire);
            prop_assert!(careful.is_some(), "{:?}", wire);
            prop_assert_eq!(tree(&quick), tree(&careful.unwrap_or_default()), "{:?}", wire);
        }
    }
}

/// Two messages of one kind.
fn pair() -> impl Strategy<Value = (Shown, Shown)> {
    message().prop_flat_map(|m| (filled(&m, 2).prop_map(Shown), filled(&m, 2).prop_map(Shown)))
}

#[derive(Clone, Debug)]
enum ByteSpoil {
    Merge,
    Replace(prop::sample::Index, u8),
    Cut(prop::sample::Index),
}

fn byte_spoils() -> impl Strategy<Value = ByteSpoil> {
    prop_oneof![
        Just(ByteSpoil::Merge),
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| ByteSpoil::Replace(at, byte)),
        any::<prop::sample::Index>().prop_map(ByteSpoil::Cut),
    ]
}

/// JSON as it stands in the text, duplicates kept, keys in one order.
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
    sorted(json::parse(std::str::from_utf8(bytes).unwrap()).unwrap())
}

#[test]
fn a_key_of_more_than_32_bits_is_no_field_of_either_way() {
    let descriptors = Descriptors::decode(proto::DESCRIPTORS).unwrap();
    let message = descriptors.pool.get_message_by_name("jiewang.types.v1.Location").unwrap();
    let plan = WORLD.plans.get(&message).unwrap();
    // Varint fields that nobody knows, then their value: the largest number there is, and one bit more.
    for (key, known) in [(u64::from(!7_u32), true), (1 << 32 | 8, false)] {
        let mut wire = BytesMut::new();
        prost::encoding::encode_varint(key, &mut wire);
        wire.extend_from_slice(&[5]);
        assert_eq!(WORLD.plans.to_json(plan, &wire).is_some(), known, "{key:x}");
        assert_eq!(json::write(&message, &wire).is_some(), known, "{key:x}");
    }
}

#[test]
fn a_default_of_another_wire_type_is_left_to_the_careful_way() {
    let descriptors = Descriptors::decode(proto::DESCRIPTORS).unwrap();
    let message = descriptors.pool.get_message_by_name("jiewang.types.v1.Location").unwrap();
    let plan = WORLD.plans.get(&message).unwrap();
    for field in message.fields() {
        // A varint of nothing, eight bytes of nothing, a text of nothing.
        for (kind, value) in [(0_u32, &[0][..]), (1, &[0; 8]), (2, &[0])] {
            let mut wire = BytesMut::new();
            prost::encoding::encode_varint(u64::from(field.number() << 3 | kind), &mut wire);
            wire.extend_from_slice(value);
            if WORLD.plans.to_json(plan, &wire).is_some() {
                assert!(json::write(&message, &wire).is_some(), "{wire:?} for {}", field.full_name());
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
}

/// Every parser takes less, but the specification says ten bytes.
#[test]
fn negative_32_bit_integers_are_sign_extended() {
    let descriptors = Descriptors::decode(proto::DESCRIPTORS).unwrap();
    let message = descriptors.pool.get_message_by_name("jiewang.types.v1.Location").unwrap();
    let mut wire = BytesMut::new();
    let plan = WORLD.plans.get(&message).unwrap();
    WORLD.plans.to_wire(plan, r#"{"confidence":-1}"#, std::iter::empty(), &mut wire).unwrap();
    assert_eq!(wire.len(), 11);
}
