//! Eggs for pensioners' data, stopped with the police: reported by a grid worker, whistled by the town, answered by two departments, and
//! counted as the citizens' side said. Through the gateway of a whole cluster.

use crate::running::{MONDAY, Running, until};
use civic::{Role, SettableClock};
use jiewang::client::Client;
use serde_json::{Value, json};

const POLICE: &str = "500151-gongan";
const MARKET: &str = "500151-shichang";
/// Answers for leaked personal data in the town.
const STATION: &str = "500151001-paichusuo";

async fn post(client: &Client, path: &str, body: Value) -> Value {
    client.post(path, body.to_string().into()).await.unwrap_or_else(|error| panic!("{path}: {error:?}"))
}

#[tokio::test]
async fn eggs_for_pensioners_data_are_stopped_by_police_and_market_regulation_together() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Running::start(folder.path(), &SettableClock::new(MONDAY)).await;
    let worker = cluster.somebody(Role::GridWorker, "w1", "500151001001-wangge");
    let (town, station) =
        (cluster.member(Role::TownDispatcher), cluster.somebody(Role::DepartmentHandler, "station", STATION));
    let report = json!({
        "requestId": "eggs", "kind": "ACCUSATION", "channel": "GRID_WORKER", "categoryCode": "0511",
        "text": "广场有人摆摊，登记老人身份证号和手机号就送鸡蛋", "location": {"divisionCode": "500151001"},
        "reporter": {"name": "网格员", "phone": "13900004321"},
    });
    let filed = post(&worker, "/v1/reports", report).await;
    let order = filed["workOrder"].as_str().unwrap().to_owned();
    let path = |verb: &str| format!("/v1/{order}:{verb}");
    let opened =
        until("the order is with the police station", async || town.get::<Value>(&format!("/v1/{order}")).await.ok())
            .await;
    assert_eq!(opened["unit"], STATION);
    post(&station, &path("accept"), json!({"requestId": "accept"})).await;
    let called = json!({"requestId": "whistle", "units": [POLICE, MARKET]});
    let whistled = post(&town, &path("whistle"), called).await;
    assert_eq!((&whistled["whistled"], whistled["parts"].as_array().unwrap().len()), (&json!(true), 2));
    let resolve = json!({"requestId": "early", "result": "r", "reply": "r"}).to_string();
    let early = station.post::<Value>(&path("resolve"), resolve.into()).await;
    assert!(early.is_err(), "two parts are open");

    for (part, unit, answer) in [(1, POLICE, "现场控制两人，扣押登记表"), (2, MARKET, "取缔摊点，立案调查")]
    {
        let department = cluster.somebody(Role::DepartmentHandler, unit, unit);
        let at = |verb: &str| format!("/v1/{order}/parts/{part}:{verb}");
        post(&department, &at("reportIn"), json!({"requestId": "in"})).await;
        let answered = post(&department, &at("answerPart"), json!({"requestId": "answer", "answer": answer})).await;
        let own = &answered["parts"][0];
        assert_eq!((&own["unit"], &own["state"]), (&json!(unit), &json!("ANSWERED")), "it is shown its own part");
    }
    let answer = json!({"requestId": "resolve", "result": "已查处", "reply": "摊点已取缔，老人信息已收回"});
    post(&station, &path("resolve"), answer).await;
    let before: Value = town.get(&format!("/v1/{order}/facts")).await.unwrap();
    assert_eq!(before["rates"][0]["ground"], "NOT_OVER");
    let said = json!({"requestId": "verify", "reached": true, "answered": true, "solved": true, "satisfied": true});
    post(&town, &path("verify"), said).await;
    post(&town, &path("close"), json!({"requestId": "close"})).await;

    let facts: Value = town.get(&format!("/v1/{order}/facts")).await.unwrap();
    let rates = facts["rates"].as_array().unwrap();
    assert!(rates.len() == 3 && rates.iter().all(|rate| rate["counts"] == true && rate["met"] == true), "{facts}");
    let exported: Value = town.get("/v1/facts?divisionCode=500151001&from=2026-12-28&to=2026-12-28").await.unwrap();
    assert_eq!(exported["facts"], json!([facts]));
    assert!(!exported.to_string().contains("13900004321"));
    let summary = town.get::<Value>("/v1/evaluations:summary?unit=500151001-paichusuo&month=2026-11").await.unwrap();
    assert_eq!(summary["withheld"], true);
    cluster.stop().await;
}
