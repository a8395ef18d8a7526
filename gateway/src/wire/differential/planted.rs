//! Bugs put into either way on purpose: the comparison, or the table of what must be refused, finds each of them.
use super::{Quick, Shown, WORLD, Write, any_message, careful, config, goes_out_and_comes_in, is_not_accepted_alone};
use super::{quick, quick_json, spoils};
use proptest::test_runner::{Config as ProptestConfig, TestRunner};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};
use serde_json::{Map, Value};

/// The text with its outermost members changed. Members given twice have become one.
fn changed(message: &MessageDescriptor, text: &str, change: fn(&MessageDescriptor, &mut Map<String, Value>)) -> String {
    match serde_json::from_str(text) {
        Ok(Value::Object(mut members)) => {
            change(message, &mut members);
            Value::Object(members).to_string()
        }
        Ok(_) | Err(_) => text.to_owned(),
    }
}

fn drop_unknown(message: &MessageDescriptor, members: &mut Map<String, Value>) {
    members.retain(|name, _| message.get_field_by_json_name(name).or(message.get_field_by_name(name)).is_some());
}

fn drop_rivals(message: &MessageDescriptor, members: &mut Map<String, Value>) {
    for oneof in message.oneofs() {
        let names = oneof.fields().map(|field| field.json_name().to_owned());
        let there: Vec<String> = names.filter(|name| members.get(name).is_some_and(|value| !value.is_null())).collect();
        there.iter().skip(1).for_each(|name| drop(members.remove(name)));
    }
}

fn any_enum(message: &MessageDescriptor, members: &mut Map<String, Value>) {
    for field in message.fields().filter(|field| !field.is_list()) {
        if let (Kind::Enum(kind), Some(value)) = (field.kind(), members.get_mut(field.json_name()))
            && value.as_str().is_some_and(|name| kind.get_value_by_name(name).is_none())
        {
            *value = kind.default_value().name().into();
        }
    }
}

fn wrap_integers(message: &MessageDescriptor, members: &mut Map<String, Value>) {
    for field in message.fields().filter(|field| field.kind() == Kind::Int32 && !field.is_list()) {
        if let Some(value) = members.get_mut(field.json_name())
            && let Some(number) = value.as_i64()
        {
            *value = (number & 0xffff).into();
        }
    }
}

/// The answer without, or with, what is right.
fn told(message: &MessageDescriptor, wire: &[u8], change: fn(&mut Map<String, Value>)) -> Vec<u8> {
    let text = String::from_utf8(quick_json(message, wire)).unwrap();
    let Ok(Value::Object(mut members)) = serde_json::from_str(&text) else { panic!("an answer is an object") };
    change(&mut members);
    Value::Object(members).to_string().into_bytes()
}

fn field_dropped(members: &mut Map<String, Value>) {
    let last = members.keys().next_back().cloned();
    last.into_iter().for_each(|name| drop(members.remove(&name)));
}

fn strings_as_numbers(members: &mut Map<String, Value>) {
    for value in members.values_mut() {
        if let Some(number) = value.as_str().and_then(|text| text.parse::<i64>().ok()) {
            *value = number.into();
        }
    }
}

/// How small a counterexample can be made is of no interest here.
fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig { max_shrink_iters: 0, ..config() })
}

fn content_with_reading(quick: Quick) -> bool {
    let alone = |(Shown(message), spoil): (Shown, _)| is_not_accepted_alone(&message, &spoil, quick);
    runner().run(&(any_message(2), spoils()), alone).is_ok()
}

fn content_with_writing(write: Write) -> bool {
    runner().run(&any_message(3), |Shown(message)| goes_out_and_comes_in(&message, write, quick)).is_ok()
}

#[test]
fn every_bug_of_the_quick_way_is_found_by_comparing() {
    let reads: [(&str, Quick); 5] = [
        ("unknown fields are accepted", |m, text| quick(m, &changed(m, text, drop_unknown))),
        ("a member given twice is accepted", |m, text| quick(m, &changed(m, text, |_, _| ()))),
        ("of two members of a oneof one is dropped", |m, text| quick(m, &changed(m, text, drop_rivals))),
        ("a wrong enum is taken for the default", |m, text| quick(m, &changed(m, text, any_enum))),
        ("integers wrap", |m, text| quick(m, &changed(m, text, wrap_integers))),
    ];
    let writes: [(&str, Write); 2] = [
        ("a field is left out of the answer", |m, wire| told(m, wire, field_dropped)),
        ("text that looks like a number becomes one", |m, wire| told(m, wire, strings_as_numbers)),
    ];
    let missed = reads.into_iter().filter(|(_, wrong)| content_with_reading(*wrong)).map(|(name, _)| name);
    let missed: Vec<&str> = missed
        .chain(writes.into_iter().filter(|(_, wrong)| content_with_writing(*wrong)).map(|(name, _)| name))
        .collect();
    assert_eq!(missed, Vec::<&str>::new(), "bugs that the comparison does not find");
}

type Careful = fn(&MessageDescriptor, &str) -> Result<DynamicMessage, Vec<(String, String)>>;

/// What the careful way must refuse, since nobody stands behind it.
const REFUSED: &[(&str, &str, &str)] = &[
    (r#"{"plain0":"a","unheardOf":1}"#, "UNKNOWN_FIELD", "unheardOf"),
    (r#"{"plain10":{"unheardOf":1}}"#, "UNKNOWN_FIELD", "plain10.unheardOf"),
    (r#"{"plain0":"a","plain0":"a"}"#, "DUPLICATE_KEY", "plain0"),
    (r#"{"plain0":"a","plain_0":"a"}"#, "DUPLICATE_KEY", "plain0"),
    (r#"{"chosen0":"a","chosen2":true}"#, "ONEOF_CONFLICT", "chosen2"),
    (r#"{"plain8":"PURPLE"}"#, "ENUM_UNKNOWN", "plain8"),
    (r#"{"plain8":77}"#, "ENUM_UNKNOWN", "plain8"),
    (r#"{"plain3":2147483648}"#, "TYPE_MISMATCH", "plain3"),
    (r#"{"plain3":1.5}"#, "TYPE_MISMATCH", "plain3"),
    (r#"{"listed3":[1,"x"]}"#, "TYPE_MISMATCH", "listed3[1]"),
];

fn refuses_all(read: Careful) -> bool {
    REFUSED.iter().all(|(text, reason, path)| {
        let told = (reason.to_string(), path.to_string());
        read(&WORLD.every, text).is_err_and(|faults| faults == [told])
    })
}

#[test]
fn every_bug_of_the_careful_way_is_found_by_the_table() {
    assert!(refuses_all(careful), "the table holds");
    let bugs: [(&str, Careful); 6] = [
        ("unknown fields are accepted", |m, text| careful(m, &changed(m, text, drop_unknown))),
        ("a member given twice is accepted", |m, text| careful(m, &changed(m, text, |_, _| ()))),
        ("of two members of a oneof one is dropped", |m, text| careful(m, &changed(m, text, drop_rivals))),
        ("a wrong enum is taken for the default", |m, text| careful(m, &changed(m, text, any_enum))),
        ("integers wrap", |m, text| careful(m, &changed(m, text, wrap_integers))),
        ("paths are not told", |m, text| {
            careful(m, text).map_err(|faults| faults.into_iter().map(|(reason, _)| (reason, String::new())).collect())
        }),
    ];
    let missed: Vec<&str> = bugs.into_iter().filter(|(_, wrong)| refuses_all(*wrong)).map(|(name, _)| name).collect();
    assert_eq!(missed, Vec::<&str>::new(), "bugs that the table does not find");
}
