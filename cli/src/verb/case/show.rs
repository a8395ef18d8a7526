//! `jiewang case show` and `timeline`.

use super::CaseName;
use crate::client::Client;
use crate::exit::Failure;
use crate::output::Finding;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::Value;

pub(super) async fn case(name: &CaseName, client: &Client) -> Result<Finding, Failure> {
    let case: Value = client.get(&format!("/v1/{name}")).await?;
    let mut rows = Vec::new();
    flatten("", &case, &mut rows);
    Ok(Finding { value: case, head: Vec::new(), rows, names: vec![name.to_string()] })
}

pub(super) async fn timeline(name: &CaseName, client: &Client) -> Result<Finding, Failure> {
    let timeline: Value = client.get(&format!("/v1/{name}/timeline")).await?;
    let row = |entry: &Value| {
        let by = [field(entry, "actorRole"), field(entry, "actorUnit")];
        let by = by.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let words = [field(entry, "text"), field(entry, "reason")].into_iter().find(|part| !part.is_empty());
        vec![field(entry, "version"), local(&field(entry, "time")), field(entry, "type"), by, words.unwrap_or_default()]
    };
    let rows = timeline["entries"].as_array().into_iter().flatten().map(row).collect();
    let head = vec!["VERSION", "TIME", "WHAT", "BY", "WORDS"];
    Ok(Finding { value: timeline, head, rows, names: vec![name.to_string()] })
}

/// `location.divisionCode  500151001`, one field a row; the document's own order.
fn flatten(path: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                flatten(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value, rows);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{index}]"), item, rows);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => rows.push(vec![path.to_owned(), value.to_string()]),
        Value::String(text) if path.ends_with("Time") => rows.push(vec![path.to_owned(), local(text)]),
        Value::String(text) => rows.push(vec![path.to_owned(), text.clone()]),
    }
}

/// A field as text; empty where there is none. Proto JSON writes 64-bit numbers as strings and leaves defaults out.
pub(super) fn field(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}

/// A time as clocks in China show it; as it came when it is none.
pub(super) fn local(time: &str) -> String {
    let Ok(time) = time.parse::<Timestamp>() else {
        return time.to_owned();
    };
    time.to_zoned(TimeZone::fixed(Offset::constant(8))).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_shown_as_clocks_in_china_show_them() {
        assert_eq!(local("2026-11-22T16:30:00.123456Z"), "2026-11-23 00:30:00");
        assert_eq!(local("soon"), "soon");
    }

    #[test]
    fn every_field_has_its_path() {
        let mut rows = Vec::new();
        flatten("", &json!({"a": {"dueTime": "2026-11-22T00:00:00Z"}, "b": [{"c": 1}]}), &mut rows);
        assert_eq!(rows, [["a.dueTime", "2026-11-22 08:00:00"], ["b[0].c", "1"]]);
    }
}
