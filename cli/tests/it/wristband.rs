//! The published story of the wristband, through the gateway of a whole cluster: a heart rate collapses, four parties are called at the same
//! instant, one of them does not answer, and the next in its chain is called, also when the process dies in between.

use crate::running::{MONDAY, Running, assert_clean, until};
use civic::{Micros, Role, SettableClock};
use jiewang::client::Client;
use serde_json::{Value, json};
use std::path::Path;

const VILLAGE: &str = "500151001001";
const GRID: &str = "500151001001-wangge";
const DOCTOR: &str = "500151001-weisheng";
const HEALTH: &str = "500151-weijian";
const AMBULANCE: &str = "500151-jijiu";
const TRAFFIC: &str = "500151-jiaojing";
/// Who wears it: nowhere but in the sealed report.
const WEARER: &str = "欧阳春晓";
const PHONE: &str = "13912345678";

async fn post(client: &Client, path: &str, body: Value) -> Value {
    client.post(path, body.to_string().into()).await.unwrap()
}

async fn alarm(cluster: &Running, channel_number: &str) -> Value {
    let body = json!({
        "requestId": format!("wristband-alarm-{channel_number}"), "kind": "HELP", "channel": "DEVICE", "channelNumber": channel_number,
        "text": format!("{WEARER}的手环心率骤降至三十"), "categoryCode": "0411", "location": {"divisionCode": VILLAGE},
        "reporter": {"name": WEARER, "phone": PHONE},
    });
    post(&cluster.of_unit(Role::Integrator, "50-shebei"), "/v1/reports", body).await
}

/// The emergency of the place, once it is there.
async fn running(town: &Client) -> Value {
    until("the emergency has begun", async || {
        let listed: Value = town.get("/v1/emergencies?divisionCode=500151001").await.ok()?;
        listed["emergencies"].as_array()?.first().cloned()
    })
    .await
}

fn action<'a>(emergency: &'a Value, name: &str) -> &'a Value {
    emergency["actions"].as_array().unwrap().iter().find(|action| action["action"] == name).unwrap()
}

/// Units of an action's chain that were called, in their order.
fn called(action: &Value) -> Vec<&str> {
    let chain = action["chain"].as_array().unwrap();
    chain.iter().filter(|party| party.get("callTime").is_some()).map(|party| party["unit"].as_str().unwrap()).collect()
}

fn said(n: u8) -> Value {
    json!({"requestId": format!("said-{n}")})
}

/// Three of the four acknowledge; whoever was not called to the doctor's action cannot.
async fn three_take_it_on(cluster: &Running, name: &str) {
    let verb_of = |action: &str, verb: &str| format!("/v1/{name}/actions/{action}:{verb}");
    let three = [
        (Role::GridWorker, GRID, "grid"),
        (Role::DepartmentHandler, AMBULANCE, "ambulance"),
        (Role::DepartmentHandler, TRAFFIC, "traffic"),
    ];
    for (n, (role, unit, called)) in (10..).zip(three) {
        let taken = post(&cluster.of_unit(role, unit), &verb_of(called, "acknowledge"), said(n)).await;
        assert_eq!(action(&taken, called)["unit"], unit);
    }
    let stranger = cluster.of_unit(Role::DepartmentHandler, "500151-minzheng");
    let refused = stranger.post::<Value>(&verb_of("doctor", "acknowledge"), said(2).to_string().into()).await;
    assert!(refused.unwrap_err().to_string().contains("NOT_FOUND"), "who was not called does not know of it");
    let other = cluster.of_unit(Role::DepartmentHandler, TRAFFIC);
    let refused = other.post::<Value>(&verb_of("doctor", "acknowledge"), said(2).to_string().into()).await;
    assert!(refused.unwrap_err().to_string().contains("NOT_CALLED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wristband_calls_four_parties_at_once_and_the_silent_one_is_replaced_by_the_next() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(MONDAY));
    let cluster = Running::start(folder.path(), &clock).await;
    let filed = alarm(&cluster, "SB-0001").await;
    let town = cluster.member(Role::TownDispatcher);
    let emergency = running(&town).await;
    let name = emergency["name"].as_str().unwrap().to_owned();
    assert_eq!((&emergency["workOrder"], &emergency["alarm"]), (&filed["workOrder"], &json!(true)), "{emergency}");
    assert_eq!(emergency["planVersion"], "plans-2026-11");
    let first = |action_name: &str| called(action(&emergency, action_name)).join(" ");
    assert_eq!(["grid", "doctor", "ambulance", "traffic"].map(first), [GRID, DOCTOR, AMBULANCE, TRAFFIC]);
    assert_eq!(action(&emergency, "family")["state"], "WAITING", "it waits for the grid worker");
    // The device says it again: the same report, the same emergency.
    assert_eq!(alarm(&cluster, "SB-0001").await["name"], filed["name"]);
    let verb_of = |action: &str, verb: &str| format!("/v1/{name}/actions/{action}:{verb}");
    three_take_it_on(&cluster, &name).await;

    // The process dies between the alarm and the fallback, and comes back when the doctor's two minutes are over.
    cluster.stop_hard().await;
    clock.advance(2 * Micros::MINUTE);
    let cluster = Running::start(folder.path(), &clock).await;
    let town = cluster.member(Role::TownDispatcher);
    let emergency = until("the next in the chain is called", async || {
        let emergency: Value = town.get(&format!("/v1/{name}")).await.ok()?;
        (called(action(&emergency, "doctor")).len() == 2).then_some(emergency)
    })
    .await;
    assert_eq!(called(action(&emergency, "doctor")), [DOCTOR, HEALTH]);
    for taken in ["grid", "ambulance", "traffic"] {
        assert_eq!(called(action(&emergency, taken)).len(), 1, "{taken} was taken on in time");
    }
    let health = cluster.of_unit(Role::DepartmentHandler, HEALTH);
    post(&health, &verb_of("doctor", "acknowledge"), said(3)).await;
    let grid = cluster.of_unit(Role::GridWorker, GRID);
    let mut done = said(4);
    done["result"] = json!("到场时已昏迷，已开始心肺复苏");
    let emergency = post(&grid, &verb_of("grid", "done"), done).await;
    assert_eq!(called(action(&emergency, "family")), [VILLAGE], "now the family is told");
    let mut end = said(5);
    end["result"] = json!("九分钟送达医院");
    let ended = post(&town, &format!("/v1/{name}:end"), end).await;
    assert_eq!((&ended["state"], &ended["result"]), (&json!("ENDED"), &json!("九分钟送达医院")));
    let timeline: Value = town.get(&format!("/v1/{name}/timeline")).await.unwrap();
    let types: Vec<&str> =
        timeline["entries"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    let wanted = ["opened", "acknowledged", "acknowledged", "acknowledged", "late", "acknowledged", "done", "ended"];
    assert_eq!(types, wanted.map(|kind| format!("emergency.{kind}")), "the fallback fired once");
    for text in [emergency.to_string(), timeline.to_string(), ended.to_string()] {
        assert!(!text.contains(WEARER) && !text.contains(PHONE), "{text}");
    }
    cluster.stop().await;
    assert_clean(folder.path()).await;
    nothing_in_the_clear(folder.path());
}

/// In none of dispatch's files, of which there is one at least.
fn nothing_in_the_clear(folder: &Path) {
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("dispatch") && path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            read += usize::from(!bytes.is_empty());
            for canary in [WEARER, PHONE, "九分钟送达医院"] {
                let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
                assert!(!found, "{canary} stands in the clear in {}", path.display());
            }
        }
    }
    assert!(read > 0, "no file of dispatch in {}", folder.display());
}
