//! A JSON value as YAML 1.2 in block style. Strings stand bare only when no YAML reader could take them for anything else;
//! otherwise they are written as JSON strings, which YAML reads as they are.

use serde_json::{Map, Value};

/// The document, with a line end behind it.
pub(super) fn render(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.trim_start_matches(['\n', ' ']).to_owned()
}

/// What stands behind a key or a dash: a scalar on the same line, anything else on the lines below.
fn block(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            object(map, indent, false, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            array(items, indent, out);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            out.push(' ');
            out.push_str(&scalar(value));
            out.push('\n');
        }
    }
}

/// `inline`: the first key stands behind the dash of a list.
fn object(map: &Map<String, Value>, indent: usize, inline: bool, out: &mut String) {
    for (index, (key, value)) in map.iter().enumerate() {
        if !inline || index > 0 {
            pad(indent, out);
        }
        out.push_str(&string(key));
        out.push(':');
        block(value, indent + 2, out);
    }
}

fn array(items: &[Value], indent: usize, out: &mut String) {
    for item in items {
        pad(indent, out);
        out.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                out.push(' ');
                object(map, indent + 2, true, out);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                block(item, indent + 2, out);
            }
        }
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => string(text),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
    }
}

fn string(text: &str) -> String {
    if is_bare(text) { text.to_owned() } else { Value::String(text.to_owned()).to_string() }
}

/// A letter first, then letters, digits and marks that mean nothing inside a word; and not one of the words YAML 1.1 or 1.2
/// reads as a truth value or as nothing.
fn is_bare(text: &str) -> bool {
    const TAKEN: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];
    let letter = text.chars().next().is_some_and(char::is_alphabetic);
    let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.'));
    letter && plain && !TAKEN.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_values_keep_their_shape() {
        let value = json!({"a": {"b": [1, {"c": "d", "e": []}, [true]]}});
        assert_eq!(render(&value), "a:\n  b:\n    - 1\n    - c: d\n      e: []\n    -\n      - true\n");
        assert_eq!(render(&json!([{"f": null}, {}])), "- f: null\n- {}\n");
        assert_eq!(render(&json!("word")), "word\n");
    }

    #[test]
    fn a_string_that_reads_as_something_else_is_quoted() {
        for text in
            ["true", "No", "12", "0x1f", "", " a", "a: b", "# a", "- a", "2026-11-22", "a\nb", "~", "*a", "null"]
        {
            assert_eq!(string(text), Value::String(text.to_owned()).to_string());
        }
        for text in ["workOrders/01k9", "巴川街道", "IN_PROGRESS"] {
            assert_eq!(string(text), text);
        }
    }
}
