//! The same matters, dealt with in the same way, whatever carries the events: what remains must be the same.

use crate::{
    client::Client,
    matters::{Crew, LIGHTS, key_of},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Every seventh of them ends the same way.
pub const WAYS: usize = 7;

/// Files one matter and takes it as far as its number says.
pub async fn deal_with(crew: &Crew, number: usize) {
    let filed = crew.file(&format!("matter-{number}"), LIGHTS).await;
    let order = filed["workOrder"].as_str().expect("an accepted report names its order");
    let reason = json!({"reason": "与前一件相同"});
    match number % WAYS {
        0 => {}
        1 => drop(crew.unit.step(order, "accept", json!({})).await),
        2 => drop(crew.unit.step(order, "return", reason).await),
        3 => drop(crew.town.step(order, "cancel", reason).await),
        way => {
            crew.begin(order).await;
            crew.resolve(order).await;
            if way > 4 {
                crew.rate(&filed, way == 5).await;
            }
        }
    }
}

/// All reports and orders as `reader` sees them, by the key in the report's text, without what differs from run to run.
///
/// # Panics
/// When a report has no key in its text.
pub async fn end_state(reader: &Client) -> BTreeMap<String, (Value, Value)> {
    let mut orders = BTreeMap::new();
    for report in reader.all_reports().await {
        let name = report["workOrder"].as_str().expect("a report names its order");
        let order = reader.read(&format!("v1/{name}")).await;
        let key = key_of(report["text"].as_str().unwrap_or_default()).expect("a key in the text").to_owned();
        assert!(orders.insert(key, (comparable(report), comparable(order))).is_none(), "one report for each key");
    }
    orders
}

/// Ids, numbers drawn by chance, times, and what counts commits.
fn comparable(mut resource: Value) -> Value {
    if let Some(fields) = resource.as_object_mut() {
        fields.retain(|name, _| !name.ends_with("Time"));
        for name in ["name", "etag", "workOrder", "report", "trackingNumber", "owner"] {
            fields.remove(name);
        }
    }
    resource
}
