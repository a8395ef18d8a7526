//! 吹哨, as it is told: a fire lane is blocked by parked cars. The town's section whistles, three departments come, each within its own time to
//! report in, each answers for its part; then the lead resolves. All of it through the gateway.

use crate::running::{MONDAY, Running, assert_clean, until};
use civic::{Micros, Role, SettableClock};
use jiewang::client::{CallError, Client};
use serde_json::{Value, json};

const POLICE: &str = "500151-gongan";
const ENFORCEMENT: &str = "500151001-zhifa";
const LIVELIHOOD: &str = "500151001-minsheng";

async fn post(client: &Client, path: &str, body: Value) -> Result<Value, CallError> {
    client.post(path, body.to_string().into()).await
}

#[track_caller]
fn refused(answer: Result<Value, CallError>, reason: &str) {
    let Err(CallError::Refused(problem)) = answer else { panic!("not refused: {answer:?}") };
    assert!(format!("{problem:?}").contains(reason), "{problem:?}");
}

async fn lane(nobody: &Client, town: &Client) -> (Value, String) {
    let report = json!({
        "requestId": "0badcafe-0000-4000-8000-000000000001", "kind": "COMPLAINT", "text": "小区消防通道被车辆堵塞", "categoryCode": "0101",
        "location": {"divisionCode": "500151001"}, "reporter": {"phone": "13800001234"},
    });
    let filed = post(nobody, "/v1/reports", report).await.unwrap();
    let order = filed["workOrder"].as_str().unwrap().to_owned();
    until("the order is there", async || town.get::<Value>(&format!("/v1/{order}")).await.ok()).await;
    (filed, order)
}

/// Orders in the unit's own list.
async fn list(unit: &Client) -> Vec<Value> {
    let page: Value = unit.get("/v1/workOrders").await.unwrap();
    page["workOrders"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_blocked_lane_is_whistled_for_and_solved_by_three_departments() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Running::start(folder.path(), &SettableClock::new(MONDAY)).await;
    let nobody = Client::new(&format!("http://{}", cluster.address()), None).unwrap();
    let town = cluster.member(Role::TownDispatcher);
    let (filed, order) = lane(&nobody, &town).await;
    let lead_unit = town.get::<Value>(&format!("/v1/{order}")).await.unwrap()["unit"].as_str().unwrap().to_owned();
    let of = |unit: &str| cluster.somebody(Role::DepartmentHandler, "test", unit);
    let (lead, police, enforcement, livelihood) = (of(&lead_unit), of(POLICE), of(ENFORCEMENT), of(LIVELIHOOD));
    let step = async |who: &Client, at: &str, more: Value| {
        let mut body = json!({"requestId": format!("{at} {more}").chars().take(60).collect::<String>()});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(who, &format!("/v1/{order}{at}"), body).await
    };
    step(&lead, ":accept", json!({})).await.unwrap();
    assert!(list(&police).await.is_empty(), "not called yet");
    let called = step(&lead, ":whistle", json!({"units": [POLICE, ENFORCEMENT, LIVELIHOOD]})).await.unwrap();
    assert_eq!((called["parts"].as_array().unwrap().len(), &called["whistled"]), (3, &json!(true)));
    for (unit, at) in [(&police, "1"), (&enforcement, "2"), (&livelihood, "3")] {
        let seen = list(unit).await;
        assert_eq!((seen.len(), &seen[0]["name"]), (1, &json!(order)), "each finds it in its list");
        assert_eq!(seen[0]["parts"][0]["part"], at, "and its own part in it");
    }

    // Two come in time; the third is late, which the history says, and is released.
    step(&police, "/parts/1:reportIn", json!({})).await.unwrap();
    step(&enforcement, "/parts/2:reportIn", json!({})).await.unwrap();
    refused(step(&police, "/parts/1:reportIn", json!({"note": "again"})).await, "REPORTED_IN_ALREADY");
    refused(step(&enforcement, "/parts/1:answerPart", json!({"answer": "不是我"})).await, "PART_OF_ANOTHER_UNIT");
    refused(step(&police, "/parts/9:answerPart", json!({"answer": "没有"})).await, "PART_UNKNOWN");
    cluster.clock.set(Micros(MONDAY.0 + 5 * Micros::HOUR));
    let kinds = async || {
        let timeline: Value = town.get(&format!("/v1/{order}/timeline")).await.ok()?;
        let entries = timeline["entries"].as_array()?.clone();
        entries.iter().any(|entry| entry["type"] == "workOrder.partsLate").then_some(())
    };
    until("the third is late", kinds).await;
    let answer = |text: &str| json!({"answer": text});
    step(&police, "/parts/1:answerPart", answer("拖离违停车辆两台")).await.unwrap();
    let result = json!({"result": "通道已恢复，划线标示", "reply": "消防通道已恢复畅通"});
    refused(step(&lead, ":resolve", result.clone()).await, "PARTS_OPEN");
    let open: Value = town.get(&format!("/v1/{order}")).await.unwrap();
    assert_eq!(
        (&open["state"], &open["unit"]),
        (&json!("ACCEPTED"), &json!(lead_unit)),
        "nothing changed, the owner neither"
    );
    step(&enforcement, "/parts/2:answerPart", answer("现场劝导并告知")).await.unwrap();
    step(&lead, "/parts/3:releasePart", json!({"reason": "无需到场"})).await.unwrap();
    assert!(list(&livelihood).await.is_empty(), "who was released has no part in it");
    let mut again = result;
    again["note"] = "各方已答复".into();
    assert_eq!(step(&lead, ":resolve", again).await.unwrap()["state"], "RESOLVED");
    let claim = json!({"trackingNumber": filed["trackingNumber"], "phoneLast4": "1234"});
    let told = until("the citizen reads the answer", async || {
        let told = post(&nobody, "/v1/reports:track", claim.clone()).await.ok()?;
        (told["state"] == "ANSWERED").then_some(told)
    });
    assert_eq!(told.await["reply"], "消防通道已恢复畅通");
    cluster.stop().await;
    assert_clean(folder.path()).await;
}
