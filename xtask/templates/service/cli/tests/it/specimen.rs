//! Specimen through the gateway of a whole cluster, and what `jiewang verify` finds afterwards.

use crate::fake::{json_of, stderr};
use crate::running::{MONDAY, Running, verb};
use civic::{Role, SettableClock};
use jiewang::client::{CallError, Client};
use serde_json::{Value, json};

async fn post(client: &Client, path: &str, body: Value) -> Result<Value, CallError> {
    client.post(path, body.to_string().into()).await
}

#[tokio::test]
async fn a_matter_lives_its_life_through_the_gateway_and_its_data_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Running::start(folder.path(), &SettableClock::new(MONDAY)).await;
    let town = cluster.member(Role::TownDispatcher);
    let body = json!({"requestId": "open", "divisionCode": "500151001", "text": "三单元楼顶漏水"});
    let opened = post(&town, "/v1/specimenMatters", body).await.unwrap();
    assert_eq!(opened["state"], "MATTER_OPEN", "{opened}");
    let path = format!("/v1/{}", opened["name"].as_str().unwrap());
    assert_eq!(town.get::<Value>(&path).await.unwrap(), opened);
    let close = |id: &str| json!({"requestId": id, "result": "已修缮"});
    let closed = post(&town, &format!("{path}:close"), close("close")).await.unwrap();
    assert_eq!((&closed["state"], &closed["result"]), (&json!("MATTER_CLOSED"), &json!("已修缮")));
    let again = post(&town, &format!("{path}:close"), close("again")).await.unwrap_err();
    let CallError::Refused(problem) = again else { panic!("{again:?}") };
    assert_eq!((problem.status.as_u16(), problem.reason.as_str()), (422, "STATE_REFUSES"));
    cluster.stop().await;

    let verified = verb(folder.path(), &["-o", "json", "verify"]).await;
    assert!(verified.status.success(), "{}", stderr(&verified));
    let found = json_of(&verified);
    let services = found["services"].as_array().unwrap();
    let own = services.iter().find(|service| service["service"] == "specimen").unwrap();
    assert_eq!((&own["cases"], &own["events"]), (&json!(1), &json!(2)), "{found}");
}
