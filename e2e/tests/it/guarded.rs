//! What is refused stands on record before anybody hears of it, and policies are changed while a cluster runs.

use e2e::client::Client;
use e2e::matters::{Crew, LIGHTS, TOWN};
use e2e::process::Start;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use std::path::Path;

/// Actor, action and subject of what a service's journal holds, the oldest first.
async fn journal(folder: &Path, service: &str) -> Vec<(String, String, String)> {
    let file = folder.join(format!("{service}.sqlite3"));
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}?mode=ro", file.display())).await.unwrap();
    let rows = sqlx::query("SELECT actor, action, subject FROM journal ORDER BY n").fetch_all(&mut connection).await;
    rows.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[tokio::test]
async fn whoever_was_refused_stands_in_the_journal_of_the_service_that_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).start().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let (order, report) = (filed["workOrder"].as_str().unwrap(), filed["name"].as_str().unwrap());
    // A flood of them is a few commits, and each is there.
    let refused = (0..100).map(|n| crew.town.refused(order, "accept", json!({"requestId": format!("no-{n}")})));
    for answer in join_all(refused).await {
        assert_eq!(answer, (403, "ROLE_DENIED".to_owned()));
    }
    let body = json!({"purpose": "CALL_BACK", "reason": "好奇"});
    assert_eq!(crew.unit.refused(report, "unmask", body).await, (403, "ROLE_DENIED".to_owned()));
    let nobody = crew.citizen.refused(order, "accept", json!({})).await;
    assert_eq!(nobody, (401, "TOKEN_MISSING".to_owned()));
    let dispatch = journal(folder.path(), "dispatch").await;
    let accept = "jiewang.dispatch.v1.WorkOrders/AcceptWorkOrder".to_owned();
    let town = format!("town-dispatcher/dev-town-dispatcher-{TOWN}");
    assert_eq!(dispatch.len(), 100);
    assert!(dispatch.iter().all(|entry| *entry == (town.clone(), "policy.refused".to_owned(), accept.clone())));
    let intake = journal(folder.path(), "intake").await;
    assert_eq!(intake.len(), 1);
    assert_eq!(intake[0].2, "jiewang.intake.v1.Reports/UnmaskReporter");
    assert!(jiewang.stop().await.success());
}

#[tokio::test]
async fn changed_policies_are_in_force_within_seconds_and_wrong_ones_are_not() {
    let (folder, policies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/guard/policies");
    for name in ["acts.cedar", "groups.json", "know.cedar"] {
        std::fs::copy(built_in.join(name), policies.path().join(name)).unwrap();
    }
    let told = ["guard::policy::guard: guard.policy.refused"];
    let flags = ["--policies", policies.path().to_str().unwrap()];
    let jiewang = Start::new(folder.path()).with(flags).allowing(&told).start().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let path = format!("v1/{}", filed["workOrder"].as_str().unwrap());
    assert_eq!(crew.town.get(&path).await.unwrap().status, 200);
    let closed = policies.path().join("closed.cedar");
    std::fs::write(&closed, "forbid (principal in Jiewang::Role::\"town-dispatcher\", action, resource);").unwrap();
    e2e::until("the town sees nothing any more", || async {
        let status = crew.town.get(&path).await.unwrap().status;
        (status != 200).then_some(())
    })
    .await;
    assert_eq!(crew.town.get(&path).await.unwrap().problem(403), "ROLE_DENIED");
    std::fs::write(&closed, "permit (principal, action, resource").unwrap();
    e2e::until("the wrong ones are refused", || async {
        let entries = journal(folder.path(), "dispatch").await;
        entries.iter().any(|(_, action, _)| action == "policy.broken").then_some(())
    })
    .await;
    assert_eq!(crew.town.get(&path).await.unwrap().status, 403, "those before stay in force");
    let refused = Start::new(&folder.path().join("other")).with(flags).refused();
    assert_eq!(refused.code, Some(64), "{}", refused.said);
    assert!(refused.said.contains("closed.cedar"), "{}", refused.said);
}

/// 应急查看: an operator sees one case, for hours, when somebody else has agreed; and whoever looks is on record.
#[tokio::test]
async fn an_operator_sees_the_case_that_two_people_opened_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).start().await;
    let crew = Crew::of(&jiewang);
    let (filed, other) = (crew.file("lamp-1", LIGHTS).await, crew.file("lamp-2", LIGHTS).await);
    let (operator, admin) = (jiewang.member("operator", "50"), jiewang.member("security-admin", "50"));
    let report = |filed: &Value| format!("v1/{}", filed["name"].as_str().unwrap());
    assert_eq!(operator.get(&report(&filed)).await.unwrap().problem(404), "NOT_FOUND");

    let ask = json!({"requestId": "ask", "case": filed["name"], "reason": "事件停在这一件上"});
    assert_eq!(admin.post("v1/breakGlass:ask", &ask).await.unwrap().problem(403), "ROLE_DENIED");
    let ticket = operator.write("v1/breakGlass:ask", &ask).await["ticket"].clone();
    let believed = jiewang.citizen().with_token(ticket.as_str().map(str::to_owned));
    assert_eq!(believed.get(&report(&filed)).await.unwrap().problem(401), "TOKEN_INVALID", "a ticket opens nothing");
    let agree =
        |hours: i32, ticket: &Value| json!({"requestId": "agree", "ticket": ticket, "hours": hours, "reason": "同意"});
    let refused =
        async |who: &Client, body: Value, status| who.post("v1/breakGlass:agree", &body).await.unwrap().problem(status);
    assert_eq!(refused(&operator, agree(1, &ticket), 403).await, "ROLE_DENIED");
    assert_eq!(refused(&admin, agree(5, &ticket), 400).await, "HOURS_INVALID");
    assert_eq!(refused(&admin, agree(1, &"x".into()), 400).await, "TICKET_INVALID");
    let opened = admin.write("v1/breakGlass:agree", &agree(4, &ticket)).await;
    assert_eq!(opened["case"], filed["name"]);

    let glass = jiewang.citizen().with_token(opened["token"].as_str().map(str::to_owned)).after(&crew.citizen);
    let seen = glass.read(&report(&filed)).await;
    assert_eq!((&seen["text"], &seen["reporter"]["phone"]), (&filed["text"], &filed["reporter"]["phone"]));
    let order = format!("v1/{}", filed["workOrder"].as_str().unwrap());
    assert_eq!(glass.read(&order).await["report"], filed["name"]);
    assert_eq!(glass.list("reports", "").await.len(), 1, "one case, and no other");
    assert_eq!(glass.get(&report(&other)).await.unwrap().problem(404), "NOT_FOUND");
    let touch = json!({"requestId": "touch", "note": "", "unit": "500151001-minsheng"});
    assert_eq!(glass.post(&format!("{order}:assign"), &touch).await.unwrap().problem(403), "ROLE_DENIED");
    assert!(jiewang.stop().await.success());

    let mut acts = journal(folder.path(), "dispatch").await;
    acts.extend(journal(folder.path(), "intake").await);
    let of = |action: &str| acts.iter().filter(|(_, told, _)| told == action).collect::<Vec<_>>();
    let [(asker, _, asked)] = of("glass.asked")[..] else { panic!("{acts:?}") };
    assert!(asker.starts_with("operator/") && *asked == filed["name"].as_str().unwrap(), "{acts:?}");
    assert_eq!(of("glass.agreed").len(), 1);
    let looks: Vec<_> = of("glass.looked").iter().map(|(_, _, act)| act.as_str()).collect();
    for act in ["jiewang.intake.v1.Reports/GetReport", "jiewang.dispatch.v1.WorkOrders/GetWorkOrder"] {
        assert!(looks.contains(&act), "{act}: {looks:?}");
    }
}
