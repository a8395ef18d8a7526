//! The main job over HTTP: from the first word to the rating, and the ways round.

use e2e::matters::{APPROVING_UNIT, Crew, LAST_FOUR, LIGHTS, PAY, TOWN, UNIT, report, steps};
use e2e::process::{Jiewang, Start};
use serde_json::{Value, json};

async fn started() -> (tempfile::TempDir, Jiewang) {
    let folder = tempfile::tempdir().unwrap();
    let jiewang = Start::new(folder.path()).start().await;
    (folder, jiewang)
}

#[tokio::test]
async fn a_report_becomes_a_case_that_the_citizen_closes() {
    let (_folder, mut jiewang) = started().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    // The position of the filing makes this read wait until dispatch has heard of it.
    let read = crew.unit.read(&format!("v1/{order}")).await;
    assert_eq!((read["state"].as_str(), read["unit"].as_str()), (Some("ASSIGNED"), Some(UNIT)));
    assert_eq!(read["lamp"], "GREEN");
    crew.begin(order).await;
    let resolved = crew.resolve(order).await;
    assert_eq!(resolved["state"], "RESOLVED");

    let number = filed["trackingNumber"].clone();
    let look = json!({"trackingNumber": number, "phoneLast4": LAST_FOUR});
    let tracked = crew.citizen.write("v1/reports:track", &look).await;
    assert_eq!(tracked["state"], "ANSWERED");
    assert_eq!(tracked["reply"], "已修好，感谢您的反映。");
    let rated = crew.rate(&filed, true).await;
    assert_eq!(rated["state"], "DONE");

    assert_eq!(crew.town.read(&format!("v1/{order}")).await["state"], "CLOSED");
    let timeline = crew.town.read(&format!("v1/{order}/timeline")).await;
    assert_eq!(steps(&timeline), ["created", "assigned", "accepted", "started", "resolved", "rated"]);
    let clock = crew.town.read(&format!("v1/{order}/clock")).await;
    assert_eq!(clock["total"]["limit"], json!({"amount": "7", "unit": "calendarDay"}));
    assert_eq!(clock["total"]["segments"][0]["kind"], "running");
    for part in ["dueTime", "yellowTime", "stopTime", "calendarVersion"] {
        assert!(clock["total"][part].is_string(), "{part}: {clock}");
    }
    assert!(clock["unit"]["stopTime"].is_string(), "{clock}");
    assert!(jiewang.stop().await.success());
}

#[tokio::test]
async fn a_case_nobody_rates_is_verified_and_closed_by_dispatchers() {
    let (_folder, jiewang) = started().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    crew.begin(order).await;
    crew.resolve(order).await;
    let call_back = json!({"reached": true, "answered": true, "solved": false, "satisfied": false});
    let again = crew.town.step(order, "verify", call_back).await;
    assert_eq!((again["state"].as_str(), again["round"].as_i64()), (Some("IN_PROGRESS"), Some(2)));
    let second = json!({"requestId": "resolve-2", "result": "换了整条线", "reply": "这次好了。"});
    crew.unit.step(order, "resolve", second).await;
    let solved = json!({"requestId": "verify-2", "reached": true, "answered": true, "solved": true, "satisfied": true});
    assert_eq!(crew.town.step(order, "verify", solved).await["state"], "VERIFIED");
    assert_eq!(crew.town.step(order, "close", json!({})).await["state"], "CLOSED");
    // Who is not satisfied afterwards opens the next round, on the same total clock.
    assert_eq!(crew.rate(&filed, false).await["state"], "BEING_HANDLED");
    let third = crew.town.read(&format!("v1/{order}")).await;
    assert_eq!((third["state"].as_str(), third["round"].as_i64()), (Some("IN_PROGRESS"), Some(3)));
}

#[tokio::test]
async fn a_reply_that_needs_approval_waits_for_it() {
    let (_folder, jiewang) = started().await;
    let crew = Crew::with_unit(&jiewang, APPROVING_UNIT);
    let filed = crew.file("pay-1", PAY).await;
    let order = filed["workOrder"].as_str().unwrap();
    crew.begin(order).await;
    assert_eq!(crew.resolve(order).await["replyPending"], true);
    let call_back = json!({"reached": true, "answered": true, "solved": true, "satisfied": true});
    let refused = crew.town.refused(order, "verify", call_back.clone()).await;
    assert_eq!(refused, (422, "REPLY_PENDING".to_owned()));
    let look = json!({"trackingNumber": filed["trackingNumber"], "phoneLast4": LAST_FOUR});
    assert_eq!(crew.citizen.write("v1/reports:track", &look).await["reply"], Value::Null);

    let back = crew.town.step(order, "refuseReply", json!({"reason": "没有回答工资何时补发"})).await;
    assert_eq!(back["state"], "IN_PROGRESS");
    let better = json!({"requestId": "resolve-2", "result": "已约谈", "reply": "下周一前补发。"});
    crew.unit.step(order, "resolve", better).await;
    let head = jiewang.head("department-handler", APPROVING_UNIT).after(&crew.citizen);
    assert_eq!(head.step(order, "approveReply", json!({})).await["replyPending"], Value::Null);
    assert_eq!(crew.citizen.write("v1/reports:track", &look).await["reply"], "下周一前补发。");
    assert_eq!(crew.town.step(order, "verify", call_back).await["state"], "VERIFIED");
}

#[tokio::test]
async fn after_two_returns_only_a_ruling_leads_on() {
    let (_folder, jiewang) = started().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    crew.unit.step(order, "return", json!({"reason": "不是本单位的事"})).await;
    crew.town.step(order, "assign", json!({"unit": APPROVING_UNIT})).await;
    let other = jiewang.member("department-handler", APPROVING_UNIT).after(&crew.citizen);
    let returned = other.step(order, "return", json!({"requestId": "return-2", "reason": "也不是我们的"})).await;
    assert_eq!((returned["state"].as_str(), returned["returns"].as_i64()), (Some("RETURNED"), Some(2)));
    // Whoever was first stays responsible until another accepts.
    assert_eq!(returned["responsibleUnit"], UNIT);
    let assign = crew.town.refused(order, "assign", json!({"unit": UNIT})).await;
    assert_eq!(assign, (422, "RULING_REQUIRED".to_owned()));
    let ruled = crew.town.step(order, "rule", json!({"unit": UNIT})).await;
    assert_eq!((ruled["state"].as_str(), ruled["returnable"].as_bool()), (Some("ASSIGNED"), None));
    let third = crew.unit.refused(order, "return", json!({"reason": "还是不是"})).await;
    assert_eq!(third, (422, "NOT_RETURNABLE".to_owned()));
    assert_eq!(crew.unit.step(order, "accept", json!({})).await["state"], "ACCEPTED");
}

#[tokio::test]
async fn a_report_that_nobody_could_place_is_ruled_on_and_its_order_gets_a_unit() {
    let (_folder, jiewang) = started().await;
    let crew = Crew::of(&jiewang);
    let city = jiewang.member("city-dispatcher", "50").after(&crew.citizen);
    let mut unclear = report("unclear-1", LIGHTS);
    unclear["text"] = "你好，有件事想说".into();
    unclear["location"] = json!({"address": "我家楼下"});
    unclear.as_object_mut().unwrap().remove("categoryCode");
    let filed = crew.citizen.write("v1/reports", &unclear).await;
    assert_eq!(filed["needsPerson"], true, "{filed}");
    let (name, order) = (filed["name"].as_str().unwrap(), filed["workOrder"].as_str().unwrap());
    let waiting = city.read(&format!("v1/{order}")).await;
    assert_eq!((waiting["state"].as_str(), &waiting["unit"]), (Some("CREATED"), &Value::Null), "{waiting}");
    let outside = crew.town.get(&format!("v1/{order}")).await.unwrap();
    assert_eq!(outside.problem(404), "NOT_FOUND", "it is nobody's yet");

    let ruling = json!({
        "requestId": "classify-1", "categoryCode": LIGHTS, "divisionCode": TOWN, "note": "已电话核实：中兴路路灯不亮",
    });
    let ruled = city.write(&format!("v1/{name}:classify"), &ruling).await;
    assert_eq!((ruled["needsPerson"].as_bool(), ruled["category"]["code"].as_str()), (None, Some(LIGHTS)), "{ruled}");
    let assigned = city.read(&format!("v1/{order}")).await;
    assert_eq!((assigned["state"].as_str(), assigned["unit"].as_str()), (Some("ASSIGNED"), Some(UNIT)), "{assigned}");
    assert!(assigned["dueTime"].is_string(), "{assigned}");
    // From here on it is an order like any other.
    crew.begin(order).await;
    crew.resolve(order).await;
    assert_eq!(crew.rate(&filed, true).await["state"], "DONE");
    let timeline = steps(&crew.town.read(&format!("v1/{order}/timeline")).await);
    assert_eq!(timeline, ["created", "reclassified", "assigned", "accepted", "started", "resolved", "rated"]);
}

#[tokio::test]
async fn a_granted_suspension_stops_the_clock_until_it_is_resumed() {
    let (_folder, jiewang) = started().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    crew.begin(order).await;
    let until = json!({"until": "2099-01-04T00:00:00Z", "reason": "等待配件到货"});
    assert_eq!(crew.unit.step(order, "requestSuspension", until).await["pending"]["kind"], "SUSPENSION");
    let granted = crew.town.step(order, "approve", json!({})).await;
    assert_eq!((granted["state"].as_str(), &granted["dueTime"]), (Some("SUSPENDED"), &Value::Null));
    assert_eq!(crew.town.step(order, "resume", json!({})).await["state"], "IN_PROGRESS");
    let clock = crew.town.read(&format!("v1/{order}/clock")).await;
    let kinds = clock["total"]["segments"].as_array().unwrap().iter().map(|s| s["kind"].as_str().unwrap());
    assert_eq!(kinds.collect::<Vec<_>>(), ["running", "paused", "running"]);
    assert!(clock["total"]["dueTime"].is_string(), "{clock}");
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart_and_a_retry_finds_it() {
    let (_folder, mut jiewang) = started().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap().to_owned();
    let accepted = crew.unit.step(&order, "accept", json!({})).await;
    jiewang.kill();
    jiewang.start_again().await;
    assert_eq!(crew.citizen.write("v1/reports", &report("lamp-1", LIGHTS)).await["name"], filed["name"]);
    assert_eq!(crew.unit.step(&order, "accept", json!({})).await["etag"], accepted["etag"]);
    let timeline = crew.town.read(&format!("v1/{order}/timeline")).await;
    assert_eq!(steps(&timeline), ["created", "assigned", "accepted"]);
    let reports = jiewang.member("town-dispatcher", TOWN).list("reports", "").await;
    assert_eq!(reports.len(), 1);
    jiewang.kill();
    jiewang.verify();
}
