//! Two published stories through the gateway of a whole cluster: a building day that opens five orders, and the pre-paid-card app that was found
//! on a patrol and closed within hours by a task force with an interview.

use crate::running::{MONDAY, Running, assert_clean, until};
use civic::{Micros, Role, SettableClock};
use jiewang::client::Client;
use serde_json::{Value, json};

async fn post(client: &Client, path: &str, body: Value) -> Value {
    client.post(path, body.to_string().into()).await.unwrap_or_else(|error| panic!("{path}: {error:?}"))
}

fn name(of: &Value) -> &str {
    of["name"].as_str().unwrap()
}

#[tokio::test]
async fn a_building_day_opens_five_orders_each_with_its_unit_and_date() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Running::start(folder.path(), &SettableClock::new(MONDAY)).await;
    let leader = cluster.somebody(Role::Commander, "leader", "500151");
    let units = ["500151-zhujian", "500151-shuili", "500151-chengguan", "500151-gongan", "500151001-minsheng"];
    let session = json!({"requestId": "open", "divisionCode": "500151001001", "units": units});
    let session = post(&leader, "/v1/buildingDays", session).await;
    let asked = [
        ("三单元楼顶漏水", "2026-12-31T10:00:00Z"),
        ("水压太低", "2027-01-05T10:00:00Z"),
        ("楼下占道经营", "2026-12-30T10:00:00Z"),
        ("夜间停车堵消防通道", "2026-12-29T10:00:00Z"),
        ("老人没有活动室", "2027-02-28T10:00:00Z"),
    ];
    let mut told = Value::Null;
    for (n, ((text, due), unit)) in asked.iter().zip(units).enumerate() {
        let request = json!({"requestId": format!("r{n}"), "text": text, "unit": unit, "dueTime": due});
        told = post(&leader, &format!("/v1/{}:decide", name(&session)), request).await;
    }
    post(&leader, &format!("/v1/{}:close", name(&session)), json!({"requestId": "close"})).await;
    let town = cluster.member(Role::TownDispatcher);
    let requests = told["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 5, "{told}");
    for (((text, due), unit), request) in asked.iter().zip(units).zip(requests) {
        let order: Value = town.get(&format!("/v1/{}", request["workOrder"].as_str().unwrap())).await.unwrap();
        assert_eq!(
            (&order["state"], &order["unit"], &order["dueTime"]),
            (&json!("ASSIGNED"), &json!(unit), &json!(due))
        );
        assert_eq!(&request["text"], text);
    }
    let listed: Value = town.get("/v1/workOrders?divisionCode=500151001001").await.unwrap();
    assert_eq!(listed["workOrders"].as_array().unwrap().len(), 5, "they are in the ordinary list");
    // From here on an order like any other.
    let (order, unit) = (requests[0]["workOrder"].as_str().unwrap(), units[0]);
    let handler = cluster.somebody(Role::DepartmentHandler, "h", unit);
    post(&handler, &format!("/v1/{order}:accept"), json!({"requestId": "accept"})).await;
    let result = json!({"requestId": "resolve", "result": "已修缮", "reply": "楼顶防水已修好。"});
    post(&handler, &format!("/v1/{order}:resolve"), result).await;
    let heard = json!({"requestId": "verify", "reached": true, "answered": true, "solved": true, "satisfied": true});
    post(&town, &format!("/v1/{order}:verify"), heard).await;
    let closed = post(&town, &format!("/v1/{order}:close"), json!({"requestId": "close"})).await;
    assert_eq!(closed["state"], "CLOSED");
    cluster.stop().await;
    assert_clean(folder.path()).await;
}

/// The grid worker's task of the day that has this rule.
async fn task(me: &Client, rule: &str) -> String {
    until("the list of the day", async || {
        let listed: Value = me.get("/v1/tasks").await.ok()?;
        let task = listed["tasks"].as_array()?.iter().find(|task| task["rule"] == rule)?.clone();
        Some(name(&task).to_owned())
    })
    .await
}

/// The patrol about fraud: what a shopkeeper tells becomes a report, with which the task is ticked off. Its order and its unit.
async fn found_on_patrol(cluster: &Running, town: &Client) -> (String, String) {
    let posts = "post,unit,worker\np1,500151001001-wangge,w1\n";
    let roster = json!({"requestId": "roster", "divisionCode": "500151001", "posts": posts});
    post(town, "/v1/rosters:load", roster).await;
    let me = cluster.somebody(Role::GridWorker, "w1", "500151001001-wangge");
    let talk = task(&me, "anti-fraud").await;
    let report = json!({
        "requestId": "found", "kind": "COMPLAINT", "channel": "GRID_WORKER", "categoryCode": "0215", "urgency": "LEVEL_TWO",
        "text": "商户反映一款预付卡应用充值后无法退款，涉及多人", "location": {"divisionCode": "500151001001"},
        "reporter": {"anonymous": true},
    });
    let report = post(&me, "/v1/reports", report).await;
    post(&me, &format!("/v1/{talk}:tick"), json!({"requestId": "tick", "report": report["name"]})).await;
    let order = report["workOrder"].as_str().unwrap().to_owned();
    let unit = until("the order is assigned", async || {
        let order: Value = town.get(&format!("/v1/{order}")).await.ok()?;
        order["unit"].as_str().filter(|unit| !unit.is_empty()).map(str::to_owned)
    })
    .await;
    (order, unit)
}

/// Marked supervision of the order, and a task force that holds it.
async fn held_by_a_task_force(supervisor: &Client, commander: &Client, order: &str) -> Value {
    let milestones = json!([{"title": "应用下架", "dueTime": "2026-12-28T06:00:00Z"}, {"title": "退款", "dueTime": "2026-12-28T10:00:00Z"}]);
    let notice = json!({
        "requestId": "notice", "text": "挂牌督办", "marked": true, "limit": {"amount": 8, "unit": "hour"}, "milestones": milestones,
    });
    post(supervisor, &format!("/v1/{order}:supervise"), notice).await;
    let force = json!({
        "requestId": "form", "title": "预付卡应用整治专班", "purpose": "当日查清并退款", "divisionCode": "500151",
        "lead": "500151-shichang", "units": ["500151-gongan", "500151-wangxin"], "endDate": "2027-01-10", "milestones": milestones,
    });
    let force = post(commander, "/v1/taskForces", force).await;
    let hold = json!({"requestId": "hold", "workOrder": order});
    let held = post(commander, &format!("/v1/{}:hold", name(&force)), hold).await;
    assert_eq!(held["workOrders"], json!([order]));
    held
}

#[tokio::test]
async fn a_prepaid_card_app_found_on_a_patrol_is_closed_within_hours_by_a_task_force_with_an_interview() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SettableClock::new(MONDAY);
    let cluster = Running::start(folder.path(), &clock).await;
    let (town, commander) = (cluster.member(Role::TownDispatcher), cluster.somebody(Role::Commander, "c", "500151"));
    // 10:00.
    let (order, unit) = found_on_patrol(&cluster, &town).await;
    // 11:00.
    clock.advance(Micros::HOUR);
    let supervisor = cluster.somebody(Role::Supervisor, "s", "500151");
    let force = held_by_a_task_force(&supervisor, &commander, &order).await;
    let handler = cluster.somebody(Role::DepartmentHandler, "h", &unit);
    post(&handler, &format!("/v1/{order}:accept"), json!({"requestId": "accept"})).await;
    // 12:00: the operator is interviewed; the refund is to follow by the evening.
    clock.advance(Micros::HOUR);
    let interview = json!({
        "requestId": "interview", "kind": "INTERVIEW", "party": "某某信息技术有限公司", "divisionCode": "500151001", "workOrder": order,
        "text": "要求立即下架并原路退款", "followUp": "退款完成", "dueTime": "2026-12-28T09:00:00Z",
    });
    let interview = post(&supervisor, "/v1/interviews", interview).await;
    let lead = cluster.somebody(Role::DepartmentHandler, "l", "500151-shichang");
    post(&lead, &format!("/v1/{}:reach", name(&force)), json!({"requestId": "m1", "milestone": 1})).await;
    // 15:00: the refund is done before its date.
    clock.advance(3 * Micros::HOUR);
    let done = json!({"requestId": "done", "text": "已退款", "done": true});
    let followed = post(&supervisor, &format!("/v1/{}:followUp", name(&interview)), done).await;
    assert_eq!((&followed["done"], followed.get("overdue")), (&json!(true), None));
    post(&lead, &format!("/v1/{}:reach", name(&force)), json!({"requestId": "m2", "milestone": 2})).await;
    let word = json!({"requestId": "word", "text": "已下架并退款", "reached": [1, 2]});
    post(&handler, &format!("/v1/{order}:replySupervision"), word).await;
    let review = json!({"requestId": "review", "satisfied": true, "text": "同意销号"});
    post(&supervisor, &format!("/v1/{order}:reviewSupervision"), review).await;
    let result = json!({"requestId": "resolve", "result": "应用已下架，款项已退", "reply": "款项已原路退回。"});
    post(&handler, &format!("/v1/{order}:resolve"), result).await;
    let heard = json!({"requestId": "verify", "reached": true, "answered": true, "solved": true, "satisfied": true});
    post(&town, &format!("/v1/{order}:verify"), heard).await;
    let closed = post(&town, &format!("/v1/{order}:close"), json!({"requestId": "close"})).await;
    assert_eq!((&closed["state"], &closed["closeTime"]), (&json!("CLOSED"), &json!("2026-12-28T07:00:00Z")));
    let end = json!({"requestId": "end", "result": "当日办结"});
    let ended = post(&commander, &format!("/v1/{}:dissolve", name(&force)), end).await;
    assert_eq!((ended.get("active"), ended.get("behind")), (None, None), "{ended}");
    cluster.stop().await;
    assert_clean(folder.path()).await;
}
