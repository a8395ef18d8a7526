//! What comes to a report after filing, through the gateway of a whole cluster: its order hears of it, and the folder verifies.

use crate::running::{MONDAY, Running, assert_clean, until};
use civic::{Role, SettableClock};
use jiewang::client::Client;
use serde_json::{Value, json};

const DRAWN: &str = "a1b2c3d4-e5f6-4711-8899";

async fn post(client: &Client, path: &str, body: Value) -> Value {
    client.post(path, body.to_string().into()).await.unwrap()
}

/// A citizen without a token reports a street light.
async fn filed(nobody: &Client, n: u8) -> Value {
    let report = json!({
        "requestId": format!("{DRAWN}-{n}"), "kind": "COMPLAINT", "text": "中兴路的路灯不亮", "categoryCode": "0612",
        "location": {"divisionCode": "500151001"}, "reporter": {"name": "张三", "phone": "13800001234"},
    });
    post(nobody, "/v1/reports", report).await
}

/// Types and reasons of an order's history.
async fn history(town: &Client, order: &str) -> Option<Vec<(String, String)>> {
    let timeline: Value = town.get(&format!("/v1/{order}/timeline")).await.ok()?;
    let entry = |entry: &Value| {
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        (text("type"), text("reason"))
    };
    Some(timeline["entries"].as_array()?.iter().map(entry).collect())
}

#[tokio::test]
async fn what_a_citizen_adds_reaches_the_order_and_a_withdrawal_cancels_it() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Running::start(folder.path(), &SettableClock::new(MONDAY)).await;
    let nobody = Client::new(&format!("http://{}", cluster.address()), None).unwrap();
    let town = cluster.member(Role::TownDispatcher);
    let report = filed(&nobody, 1).await;
    let (name, order) = (report["name"].as_str().unwrap(), report["workOrder"].as_str().unwrap());
    let act = |n: u8| json!({"requestId": format!("{DRAWN}-act-{n}"), "phoneLast4": "1234"});
    let mut addition = act(2);
    addition["text"] = "隔壁也不亮".into();
    post(&nobody, &format!("/v1/{name}:supplement"), addition).await;
    let urged = post(&nobody, &format!("/v1/{name}:urge"), act(3)).await;
    assert_eq!((urged["urges"]["total"].clone(), urged.get("text").cloned()), (json!(1), None), "{urged}");
    let withdrawn = post(&nobody, &format!("/v1/{name}:withdraw"), act(4)).await;
    assert_eq!((&withdrawn["state"], &withdrawn["ending"]["cause"]), (&json!("ENDED"), &json!("WITHDRAWN")));
    let heard = until("the order is cancelled", async || {
        let history = history(&town, order).await?;
        history.iter().any(|(kind, _)| kind == "workOrder.cancelled").then_some(history)
    })
    .await;
    let heard: Vec<(&str, &str)> = heard.iter().map(|(kind, why)| (kind.as_str(), why.as_str())).collect();
    let later = &heard[heard.len() - 3..];
    let wanted =
        [("workOrder.reportSupplemented", ""), ("workOrder.reportUrged", ""), ("workOrder.cancelled", "诉求人撤回")];
    assert_eq!(later, wanted);

    let other = filed(&nobody, 5).await;
    let (name, order) = (other["name"].as_str().unwrap(), other["workOrder"].as_str().unwrap());
    let ground = json!({"requestId": "refuse", "ground": "COURT_OR_ARBITRATION"});
    post(&town, &format!("/v1/{name}:refuse"), ground).await;
    until("the order of the refused report is cancelled", async || {
        let order: Value = town.get(&format!("/v1/{order}")).await.ok()?;
        (order["state"] == "CANCELLED").then_some(())
    })
    .await;
    let claim = json!({"trackingNumber": other["trackingNumber"], "phoneLast4": "1234"});
    let tracked = post(&nobody, "/v1/reports:track", claim).await;
    assert!(tracked["ending"]["law"].as_str().unwrap().contains("第三十一条"), "{tracked}");
    cluster.stop().await;
    assert_clean(folder.path()).await;
}
