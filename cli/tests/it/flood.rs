//! A flood warning down five levels, through the gateway of a whole cluster: the city warns, district, town, villages and households answer;
//! one village is silent until it is called again.

use crate::running::{MONDAY, Running, assert_clean, until};
use civic::{Micros, Role, SettableClock};
use jiewang::client::Client;
use serde_json::{Value, json};

const DISTRICT: &str = "500151";
const TOWN: &str = "500151001";
const SILENT: &str = "500151001002";

async fn post(client: &Client, path: &str, body: Value) -> Value {
    client.post(path, body.to_string().into()).await.unwrap()
}

/// Every place of the list, page by page.
async fn places(client: &Client, path: &str) -> Vec<Value> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page: Value = client.get(&format!("{path}&pageSize=7&pageToken={token}")).await.unwrap();
        found.extend(page["places"].as_array().cloned().unwrap_or_default());
        match page["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() => token = next.to_owned(),
            Some(_) | None => return found,
        }
    }
}

/// Who answers for a place.
fn answering(cluster: &Running, place: &Value) -> Client {
    let unit = place["unit"].as_str().unwrap();
    let role = match place["level"].as_str().unwrap() {
        "district" => Role::DistrictDispatcher,
        "town" => Role::TownDispatcher,
        "village" => Role::VillageDesk,
        "household" => Role::GridWorker,
        other => panic!("no level {other}"),
    };
    cluster.of_unit(role, unit)
}

async fn answer(cluster: &Running, place: &Value) -> Value {
    let (client, name) = (answering(cluster, place), place["name"].as_str().unwrap());
    let id = name.rsplit('/').next().unwrap();
    let acknowledged =
        post(&client, &format!("/v1/{name}:acknowledge"), json!({"requestId": format!("ack {id}")})).await;
    assert_eq!(acknowledged["state"], "ACKNOWLEDGED");
    let body =
        json!({"requestId": format!("answer {id}"), "result": "低洼处人员已转移", "reached": 120, "unreached": 1});
    post(&client, &format!("/v1/{name}:answer"), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_warning_goes_down_five_levels_and_a_silent_village_is_called_again() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(MONDAY));
    let cluster = Running::start(folder.path(), &clock).await;
    let city = cluster.of_unit(Role::CityDispatcher, "50");
    let body = json!({
        "requestId": "flood", "kind": "洪水红色预警", "text": "今晚洪峰过境，低洼处立即转移", "divisionCodes": [TOWN],
        "expireTime": "2026-12-29T10:00:00Z",
    });
    let outside = cluster.of_unit(Role::DistrictDispatcher, "500152");
    let refused = outside.post::<Value>("/v1/warnings", body.to_string().into()).await.unwrap_err().to_string();
    assert!(refused.contains("PLACE_OUT_OF_REACH"), "{refused}");
    let warning = post(&city, "/v1/warnings", body).await;
    let name = warning["name"].as_str().unwrap().to_owned();
    let all = until("everybody is called", async || {
        let warning: Value = city.get(&format!("/v1/{name}")).await.ok()?;
        (warning["called"] == warning["places"]).then_some(warning["places"].as_u64()?)
    })
    .await;
    let owed = places(&city, &format!("/v1/{name}/places?answered=false")).await;
    assert_eq!(u64::try_from(owed.len()).unwrap(), all);
    let count = |level: &str| owed.iter().filter(|place| place["level"] == level).count();
    assert_eq!((count("district"), count("town"), count("village")), (1, 1, count("household")));
    assert_eq!((&owed[0]["divisionCode"], &owed[1]["divisionCode"]), (&json!(DISTRICT), &json!(TOWN)), "from above");
    for place in owed.iter().filter(|place| !(place["divisionCode"] == SILENT && place["level"] == "village")) {
        let answered = answer(&cluster, place).await;
        assert_eq!(answered["state"], "ANSWERED", "{answered}");
    }
    let town = cluster.member(Role::TownDispatcher);
    let left = places(&town, &format!("/v1/{name}/places?answered=false")).await;
    assert_eq!(left.iter().map(|place| &place["divisionCode"]).collect::<Vec<_>>(), [SILENT]);
    assert_eq!(left[0]["calls"], 1);

    clock.advance(10 * Micros::MINUTE);
    let called = until("the silent village is called again", async || {
        let left = places(&town, &format!("/v1/{name}/places?answered=false")).await;
        (left[0]["calls"] == 2).then(|| left[0].clone())
    })
    .await;
    answer(&cluster, &called).await;
    assert!(places(&city, &format!("/v1/{name}/places?answered=false")).await.is_empty(), "nobody is left");
    let answered = places(&city, &format!("/v1/{name}/places?answered=true&level=household")).await;
    assert_eq!(answered.len(), count("household"));
    assert!(answered.iter().all(|place| place["calls"] == 1 && place["reached"] == 120));
    cluster.stop().await;
    assert_clean(folder.path()).await;
}
