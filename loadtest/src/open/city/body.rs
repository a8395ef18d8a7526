//! The bodies of requests: written by us, of no person.

use super::known::{Next, Order};
use crate::lifecycle::{CATEGORY as LIGHTS, PHONE, TOWNS};
use serde_json::{Value, json};

/// Somebody falls ill: a device that says so starts a plan (services/dispatch/catalog/plans.csv).
const ILLNESS: &str = "0411";

fn town(n: usize) -> &'static str {
    TOWNS[n % TOWNS.len()]
}

/// The first of the town.
fn village(n: usize) -> String {
    format!("{}001", town(n))
}

fn lamp(n: usize) -> String {
    format!("第 {n} 盏路灯不亮，晚上看不清路，请派人修理。")
}

pub(super) fn citizen(n: usize, id: &str) -> Value {
    json!({
        "requestId": id, "kind": "HELP", "channel": "CITIZEN_WEB", "categoryCode": LIGHTS, "text": lamp(n),
        "location": {"divisionCode": town(n)}, "reporter": {"phone": PHONE},
    })
}

pub(super) fn grid(n: usize, id: &str) -> Value {
    json!({
        "requestId": id, "kind": "HELP", "channel": "GRID_WORKER", "categoryCode": LIGHTS, "text": format!("巡查发现{}", lamp(n)),
        "location": {"divisionCode": village(n)}, "reporter": {"noReply": true},
    })
}

pub(super) fn device(n: usize, id: &str) -> Value {
    json!({
        "requestId": id, "kind": "HELP", "channel": "DEVICE", "categoryCode": LIGHTS, "text": format!("灯杆 {n} 电流为零"),
        "location": {"divisionCode": village(n)}, "reporter": {"noReply": true},
    })
}

pub(super) fn emergency(n: usize, id: &str) -> Value {
    json!({
        "requestId": id, "kind": "HELP", "channel": "DEVICE", "categoryCode": ILLNESS, "urgency": "LEVEL_ONE",
        "text": format!("手环 {n} 心率骤降，呼叫无应答"),
        "location": {"divisionCode": village(n)}, "reporter": {"noReply": true},
    })
}

/// Of another system: it has a number of its own for each row, and one time for all.
pub(super) fn bulk(n: usize, id: &str, run: u64, time: &str) -> Value {
    json!({
        "requestId": id, "kind": "COMPLAINT", "channel": "DEPARTMENT", "channelNumber": format!("{run}-{n}"),
        "categoryCode": LIGHTS, "text": format!("批量移交：{}", lamp(n)), "occurTime": time,
        "location": {"divisionCode": town(n)}, "reporter": {"noReply": true},
    })
}

pub(super) fn track(number: &str) -> Value {
    json!({"trackingNumber": number, "phoneLast4": &PHONE[7..]})
}

/// Path and body of an order's next step.
pub(super) fn step(order: &Order, id: &str) -> (String, Value) {
    match order.next {
        Next::Accept => (format!("/v1/{}:accept", order.name), json!({"requestId": id})),
        Next::Resolve => {
            let body = json!({"requestId": id, "result": "已更换灯具", "reply": "路灯已修好，感谢反映。"});
            (format!("/v1/{}:resolve", order.name), body)
        }
        Next::Rate => {
            let body = json!({
                "requestId": id, "trackingNumber": order.number, "phoneLast4": &PHONE[7..],
                "answered": true, "solved": true, "satisfied": true,
            });
            ("/v1/reports:rate".to_owned(), body)
        }
    }
}
