//! Matters of one town, with the people who deal with them.

use crate::{client::Client, door::Door, process::Jiewang};
use http::Method;
use serde_json::{Value, json};

/// 巴川街道 in 铜梁区.
pub const TOWN: &str = "500151001";
/// Street lights: the duty list gives them to [`UNIT`], and the reply needs nobody's approval.
pub const LIGHTS: &str = "0612";
pub const UNIT: &str = "500151001-minsheng";
/// Migrant workers' pay: to [`APPROVING_UNIT`], whose reply a head or dispatcher approves.
pub const PAY: &str = "0212";
pub const APPROVING_UNIT: &str = "500151001-pingan";
/// Of every reporter here.
pub const PHONE: &str = "13800138000";
pub const LAST_FOUR: &str = "8000";

/// What a citizen sends: the key is in the text too, so that it can be found again in what is stored.
#[must_use]
pub fn report(key: &str, category: &str) -> Value {
    json!({
        "requestId": key, "kind": "HELP", "channel": "CITIZEN_WEB", "text": text(key), "categoryCode": category,
        "location": {"divisionCode": TOWN}, "reporter": {"phone": PHONE},
    })
}

/// Words of the report with this key.
#[must_use]
pub fn text(key: &str) -> String {
    format!("巴川街道中兴路有一件事情要办，编号 {key}")
}

/// The key in such words.
#[must_use]
pub fn key_of(text: &str) -> Option<&str> {
    Some(text.split_once("编号 ")?.1)
}

/// The id in a resource name.
///
/// # Panics
/// When it is no resource name.
#[must_use]
pub fn id_of(name: &str) -> &str {
    name.split_once('/').expect("a resource name has a collection").1
}

/// A citizen, a member of the unit and the town's dispatcher, who all read what any of them has written.
#[derive(Clone, Debug)]
pub struct Crew {
    pub citizen: Client,
    pub unit: Client,
    pub town: Client,
}

impl Crew {
    /// Of the unit that handles street lights.
    #[must_use]
    pub fn of(jiewang: &Jiewang) -> Self {
        Self::at(jiewang.door(), UNIT)
    }

    /// Of another unit of the town.
    #[must_use]
    pub fn with_unit(jiewang: &Jiewang, unit: &str) -> Self {
        Self::at(jiewang.door(), unit)
    }

    /// Before a gateway.
    #[must_use]
    pub fn at(door: &Door, unit: &str) -> Self {
        let citizen = door.citizen();
        let unit = door.member("department-handler", unit).after(&citizen);
        let town = door.member("town-dispatcher", TOWN).after(&citizen);
        Self { citizen, unit, town }
    }

    /// Files a report and gives its answer.
    pub async fn file(&self, key: &str, category: &str) -> Value {
        self.citizen.write("v1/reports", &report(key, category)).await
    }

    /// The unit accepts and starts.
    pub async fn begin(&self, order: &str) {
        self.unit.step(order, "accept", json!({})).await;
        self.unit.step(order, "start", json!({})).await;
    }

    /// The unit resolves.
    pub async fn resolve(&self, order: &str) -> Value {
        self.unit.step(order, "resolve", json!({"result": "更换灯泡一只", "reply": "已修好，感谢您的反映。"})).await
    }

    /// The citizen's word.
    pub async fn rate(&self, filed: &Value, satisfied: bool) -> Value {
        let body = json!({
            "requestId": format!("rate-{}-{satisfied}", filed["trackingNumber"]), "trackingNumber": filed["trackingNumber"],
            "phoneLast4": LAST_FOUR, "answered": true, "solved": satisfied, "satisfied": satisfied,
        });
        self.citizen.write("v1/reports:rate", &body).await
    }
}

impl Client {
    /// Takes a step that must succeed. The request id is made of order and verb: a second step of a name needs one of its own.
    pub async fn step(&self, order: &str, verb: &str, more: Value) -> Value {
        self.write(&format!("v1/{order}:{verb}"), &with_request_id(order, verb, more)).await
    }

    /// Takes a step that must be refused; status and reason.
    pub async fn refused(&self, order: &str, verb: &str, more: Value) -> (u16, String) {
        let path = format!("v1/{order}:{verb}");
        let answer = self.insist(Method::POST, &path, &with_request_id(order, &format!("no-{verb}"), more)).await;
        (answer.status, answer.problem(answer.status))
    }
}

fn with_request_id(order: &str, verb: &str, mut more: Value) -> Value {
    if more["requestId"].is_null() {
        more["requestId"] = format!("{}-{verb}", id_of(order)).into();
    }
    more
}

/// Types in a timeline, without the kind of case before them.
#[must_use]
pub fn steps(timeline: &Value) -> Vec<String> {
    let entries = timeline["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    let step = |entry: &Value| entry["type"].as_str().and_then(|kind| Some(kind.split_once('.')?.1.to_owned()));
    entries.iter().filter_map(step).collect()
}
