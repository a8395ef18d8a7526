//! A mass incident through the gateway of a whole cluster: a water pipe bursts, dozens call, one order carries it, each caller is told.

use crate::running::{MONDAY, Running, assert_clean, until};
use civic::{Role, SettableClock};
use jiewang::client::Client;
use serde_json::{Value, json};

const CALLERS: usize = 36;

async fn post(client: &Client, path: &str, body: Value) -> Result<Value, jiewang::client::CallError> {
    client.post(path, body.to_string().into()).await
}

/// Somebody calls the hotline about the pipe.
async fn call(nobody: &Client, n: usize) -> Value {
    let report = json!({
        "requestId": format!("c0ffee00-0000-4000-8000-{n:012}"), "kind": "HELP", "text": "中兴路水管爆裂，家里停水", "categoryCode": "0614",
        "location": {"divisionCode": "500151001"}, "reporter": {"name": format!("张{n}"), "phone": phone(n)},
    });
    post(nobody, "/v1/reports", report).await.unwrap()
}

fn phone(n: usize) -> String {
    format!("1380000{:04}", 1_000 + n)
}

fn claim(report: &Value, n: usize) -> Value {
    json!({"trackingNumber": report["trackingNumber"], "phoneLast4": &phone(n)[7..]})
}

async fn tracked(nobody: &Client, report: &Value, n: usize) -> Value {
    post(nobody, "/v1/reports:track", claim(report, n)).await.unwrap()
}

async fn rated(nobody: &Client, report: &Value, n: usize, satisfied: bool) -> Value {
    let mut word = claim(report, n);
    word["requestId"] = format!("badc0de0-0000-4000-8000-{n:012}").into();
    for (name, value) in [("answered", true), ("solved", satisfied), ("satisfied", satisfied)] {
        word[name] = value.into();
    }
    post(nobody, "/v1/reports:rate", word).await.unwrap()
}

async fn all_are(nobody: &Client, reports: &[Value], state: &str) {
    for (n, report) in reports.iter().enumerate() {
        until(state, async || (tracked(nobody, report, n).await["state"] == state).then_some(())).await;
    }
}

#[tokio::test]
async fn dozens_of_callers_about_one_pipe_are_one_order_and_each_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SettableClock::new(MONDAY);
    let cluster = Running::start(folder.path(), &clock).await;
    let nobody = Client::new(&format!("http://{}", cluster.address()), None).unwrap();
    let town = cluster.member(Role::TownDispatcher);
    let mut reports = Vec::new();
    for n in 0..CALLERS {
        reports.push(call(&nobody, n).await);
    }
    let orders: Vec<String> = reports.iter().map(|report| report["workOrder"].as_str().unwrap().to_owned()).collect();
    for order in &orders {
        until("the order is there", async || town.get::<Value>(&format!("/v1/{order}")).await.ok()).await;
    }
    let (parent, members) = orders.split_first().unwrap();
    for member in &members[1..] {
        let merge = json!({"requestId": format!("merge {member}"), "into": parent});
        let merged = post(&town, &format!("/v1/{member}:merge"), merge).await.unwrap();
        assert_eq!((&merged["state"], &merged["parent"]), (&json!("MERGED"), &json!(parent)));
    }
    let joins = json!({"requestId": "joins", "into": reports[0]["name"]});
    post(&town, &format!("/v1/{}:merge", reports[1]["name"].as_str().unwrap()), joins).await.unwrap();
    let circle = json!({"requestId": "circle", "into": members[0]});
    let circle = post(&town, &format!("/v1/{parent}:merge"), circle).await.unwrap_err();
    assert!(format!("{circle:?}").contains("HAS_MEMBERS"), "{circle:?}");
    let mut wanted = members.to_vec();
    wanted.sort();
    assert_eq!(listed(&town, parent).await, wanted, "all of them, page by page");
    let first: Value = town.get(&format!("/v1/{parent}")).await.unwrap();
    assert_eq!(first["members"], json!(CALLERS - 1));

    let unit = cluster.somebody(Role::DepartmentHandler, "test", first["unit"].as_str().unwrap());
    post(&unit, &format!("/v1/{parent}:accept"), json!({"requestId": "accept"})).await.unwrap();
    let answer = json!({"requestId": "resolve", "result": "更换主管一段", "reply": "水管已修好，供水已恢复"});
    post(&unit, &format!("/v1/{parent}:resolve"), answer).await.unwrap();
    // Whoever tells them is killed in the middle of it: the timer stands in the parent's own transaction.
    cluster.stop_hard().await;
    let cluster = Running::start(folder.path(), &clock).await;
    let nobody = Client::new(&format!("http://{}", cluster.address()), None).unwrap();
    let town = cluster.member(Role::TownDispatcher);
    all_are(&nobody, &reports, "ANSWERED").await;
    for (n, report) in reports.iter().enumerate() {
        let told = tracked(&nobody, report, n).await;
        assert_eq!(told["reply"], "水管已修好，供水已恢复", "{n}");
        assert!(told["stateText"].as_str().unwrap().contains("请您评价"), "each is asked: {told}");
        assert!(!told.to_string().contains(parent.as_str()) || n == 0, "whose order it is stays hidden: {told}");
    }

    let last = CALLERS - 1;
    assert_eq!(rated(&nobody, &reports[1], 1, true).await["state"], "ANSWERED", "its parent closes it");
    rated(&nobody, &reports[last], last, false).await;
    let alone: Value = town.get(&format!("/v1/{}", orders[last])).await.unwrap();
    assert_eq!((&alone["state"], &alone["round"]), (&json!("IN_PROGRESS"), &json!(2)));
    rated(&nobody, &reports[0], 0, true).await;
    all_are(&nobody, &reports[..last], "DONE").await;
    assert_eq!(tracked(&nobody, &reports[last], last).await["state"], "BEING_HANDLED");
    cluster.stop().await;
    assert_clean(folder.path()).await;
}

/// Names of the members, over all pages.
async fn listed(town: &Client, parent: &str) -> Vec<String> {
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/workOrders?parent={parent}&pageSize=10&pageToken={token}");
        let page: Value = town.get(&path).await.unwrap();
        names.extend(
            page["workOrders"].as_array().unwrap().iter().map(|order| order["name"].as_str().unwrap().to_owned()),
        );
        match page["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return names,
        }
    }
}
