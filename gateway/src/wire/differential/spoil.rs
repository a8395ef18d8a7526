//! Ways to spoil a text so that it is nearly right.
use proptest::prelude::*;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// Ways to spoil a text.
#[derive(Clone, Debug)]
pub(super) enum Spoil {
    /// One character replaced.
    Replace(prop::sample::Index, String),
    /// Cut off.
    Cut(prop::sample::Index),
    /// A member put first: perhaps a second time, of another type, or of a oneof that has one.
    Member(prop::sample::Index, bool, prop::sample::Index),
    /// A piece of the text twice.
    Repeat(prop::sample::Index, prop::sample::Index),
}

/// Pieces of JSON, and of nearly JSON.
const PIECES: &[&str] = &[
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
    "[]",
    "[null]",
    "[[]]",
    "{}",
    "{\"a\":1}",
    "99999999999",
    "\"NaN\"",
    "NaN",
    "\"\\ud800\"",
    "\"\\u0000\"",
    ",",
    ":",
    "\"",
    "{",
    "}",
    "[",
    "]",
];

/// Spellings of a kind's values, right, odd and wrong.
fn spellings(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => &[
            "\"2026-11-22T08:00:00Z\"",
            "\"2026-11-22t08:00:00z\"",
            "\"2026-02-30T00:00:00Z\"",
            "\"2026-11-22T08:00:60Z\"",
            "\"2026-11-22T24:00:00Z\"",
            "\"0000-01-01T00:00:00Z\"",
            "\"0001-01-01T00:00:00+01:00\"",
            "\"9999-12-31T23:59:59-01:00\"",
            "\"2026-11-22T08:00:00+24:00\"",
            "\"2026-11-22T08:00:00-00:61\"",
            "\"2026-11-22T08:00:00.1234567890Z\"",
        ],
        Kind::Message(_) => &["{}", "null", "[]", "{\"plain0\":\"\"}"],
        Kind::Enum(_) => &["\"GREEN\"", "\"green\"", "\"LEVEL_ONE\"", "2", "77", "-1", "1.0", "\"1\"", "\"\""],
        Kind::String => &["\"\"", "\"x\"", "5", "null", "\"\\u00e9\""],
        Kind::Bytes => &["\"QQ\"", "\"QQ==\"", "\"QQ=\"", "\"Q-_=\"", "\"Q+-=\"", "\"Q\"", "\"Q Q=\"", "\"QR==\""],
        Kind::Bool => &["true", "false", "\"true\"", "1", "null"],
        Kind::Double | Kind::Float => {
            &["0", "-0.0", "1e300", "\"1.5\"", "\"NaN\"", "\"Infinity\"", "\"inf\"", "18446744073709551616", "\"\""]
        }
        Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed32
        | Kind::Sfixed64 => &[
            "0",
            "-1",
            "2147483648",
            "-2147483649",
            "4294967296",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "\"9223372036854775808\"",
            "\"18446744073709551615\"",
            "\"+5\"",
            "\" 5\"",
            "\"0x5\"",
            "\"5.0\"",
            "1.0",
            "1e2",
            "1.5",
            "\"\"",
        ],
    }
}

pub(super) fn spoils() -> impl Strategy<Value = Spoil> {
    let piece = proptest::sample::select(PIECES).prop_map(str::to_owned);
    prop_oneof![
        (any::<prop::sample::Index>(), piece.clone()).prop_map(|(at, piece)| Spoil::Replace(at, piece)),
        any::<prop::sample::Index>().prop_map(Spoil::Cut),
        (any::<prop::sample::Index>(), any::<bool>(), any::<prop::sample::Index>())
            .prop_map(|(at, proto, piece)| Spoil::Member(at, proto, piece)),
        (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(from, to)| Spoil::Repeat(from, to)),
    ]
}

impl Spoil {
    pub(super) fn apply(&self, text: &str, message: &MessageDescriptor) -> String {
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
                let (Some(field), Some(rest)) = (fields.get(at.index(fields.len().max(1))), text.strip_prefix('{'))
                else {
                    return text.to_owned();
                };
                let name = if *proto { field.name() } else { field.json_name() };
                let spellings = spellings(&field.kind());
                let at = piece.index(spellings.len() * 2 + PIECES.len());
                let piece = match (spellings.get(at), spellings.get(at.wrapping_sub(spellings.len()))) {
                    (Some(one), _) => (*one).to_owned(),
                    (None, Some(item)) => format!("[{item}]"),
                    (None, None) => PIECES[at - spellings.len() * 2].to_owned(),
                };
                let comma = if rest == "}" { "" } else { "," };
                format!("{{\"{name}\":{piece}{comma}{rest}")
            }
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(chars.len()), to.index(chars.len()));
                let (from, to) = (from.min(to), from.max(to));
                join([&chars[..to], &chars[to..]], &String::from_iter(&chars[from..to]))
            }
        }
    }
}
