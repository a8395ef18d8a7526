//! Bad input: each a problem with a stable reason and the path of the field, and nothing stored.

use bytes::Bytes;
use e2e::{
    client::{Answer, Client},
    matters::{Crew, LIGHTS, TOWN, UNIT, report},
    process::{Jiewang, Start},
};
use http::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

async fn started() -> (tempfile::TempDir, Jiewang) {
    let folder = tempfile::tempdir().unwrap();
    let jiewang = Start::new(folder.path()).start().await;
    (folder, jiewang)
}

/// A report that would be accepted, but for one field: `path` in dots.
fn spoilt(path: &str, value: Value) -> Value {
    let mut body = report("spoilt", LIGHTS);
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = parents.split('.').filter(|part| !part.is_empty()).fold(&mut body, |parent, part| &mut parent[part]);
    parent[last] = value;
    body
}

/// The path a problem names, when it names one only.
fn only_path(answer: &Answer) -> String {
    let paths = answer.paths();
    assert_eq!(paths.len(), 1, "{}", answer.json);
    paths[0].clone()
}

async fn count(jiewang: &Jiewang) -> (usize, usize) {
    let city = jiewang.member("city-dispatcher", "50");
    (city.list("reports", "").await.len(), city.list("workOrders", "").await.len())
}

#[tokio::test]
async fn a_report_with_a_wrong_field_is_refused_by_its_path_and_stores_nothing() {
    let (_folder, jiewang) = started().await;
    let citizen = jiewang.citizen();
    let long = "字".repeat(10_001);
    let table = [
        ("requestId", json!(""), "REQUEST_ID_MISSING", "requestId"),
        ("requestId", json!("x".repeat(65)), "REQUEST_ID_TOO_LONG", "requestId"),
        ("text", json!(""), "TEXT_MISSING", "text"),
        ("text", json!(long), "TEXT_TOO_LONG", "text"),
        ("text", json!(7), "TYPE_MISMATCH", "text"),
        ("txt", json!("路灯"), "UNKNOWN_FIELD", "txt"),
        ("reporter.fone", json!(PHONE_OF_NOBODY), "UNKNOWN_FIELD", "reporter.fone"),
        ("kind", json!("WISH"), "ENUM_UNKNOWN", "kind"),
        ("kind", Value::Null, "KIND_MISSING", "kind"),
        ("urgency", json!("LEVEL_NINE"), "ENUM_UNKNOWN", "urgency"),
        ("reporter.phone", json!("12345"), "PHONE_INVALID", "reporter.phone"),
        ("location.divisionCode", json!("500151999"), "DIVISION_UNKNOWN", "location.divisionCode"),
        ("categoryCode", json!("9999"), "CATEGORY_UNKNOWN", "categoryCode"),
        ("location", json!({}), "LOCATION_MISSING", "location"),
        ("location", json!({"latitude": 29.8}), "COORDINATES_INCOMPLETE", "location.longitude"),
        ("location", json!({"latitude": 291.0, "longitude": 106.0}), "COORDINATES_INVALID", "location.latitude"),
        ("occurTime", json!("2099-01-01T00:00:00Z"), "OCCUR_TIME_IN_FUTURE", "occurTime"),
        ("occurTime", json!("yesterday"), "TYPE_MISMATCH", "occurTime"),
        (
            "attachments",
            json!([{"uri": "s3://a", "sha256": "00", "contentType": "image/png"}]),
            "ATTACHMENT_INVALID",
            "attachments[0].sha256",
        ),
    ];
    for (path, value, reason, at) in table {
        let answer = citizen.post("v1/reports", &spoilt(path, value)).await.unwrap();
        assert_eq!((answer.problem(400).as_str(), only_path(&answer).as_str()), (reason, at), "{path}");
    }
    // Paris is not in Chongqing; which of the two coordinates is named does not matter.
    let paris =
        citizen.post("v1/reports", &spoilt("location", json!({"latitude": 48.86, "longitude": 2.35}))).await.unwrap();
    assert_eq!(paris.problem(400), "OUTSIDE_TERRITORY");
    assert!(paris.paths().iter().all(|path| path.starts_with("location")), "{}", paris.json);
    assert_eq!(count(&jiewang).await, (0, 0));
}

/// Not a number that anybody has.
const PHONE_OF_NOBODY: &str = "13800000000";

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let (_folder, jiewang) = started().await;
    let mut body = spoilt("text", json!(""));
    body["reporter"]["phone"] = "12345".into();
    let answer = jiewang.citizen().post("v1/reports", &body).await.unwrap();
    assert_eq!(answer.problem(400), "TEXT_MISSING");
    assert_eq!(answer.paths(), ["text", "reporter.phone"]);
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused_and_stores_nothing() {
    let (_folder, jiewang) = started().await;
    let citizen = jiewang.citizen();
    let good = report("good", LIGHTS).to_string();
    let not_utf8: Vec<u8> =
        good.replace("编号", "#").into_bytes().into_iter().map(|byte| if byte == b'#' { 0xff } else { byte }).collect();
    let table = [
        ("cut off", good.as_bytes()[..good.len() - 1].to_vec(), "JSON_MALFORMED"),
        ("an array", b"[]".to_vec(), "TYPE_MISMATCH"),
        ("not UTF-8", not_utf8, "UTF8_INVALID"),
        ("a key twice", good.replacen('{', r#"{"kind":"HELP","#, 1).into_bytes(), "DUPLICATE_KEY"),
        ("a million characters", spoilt("text", json!("x".repeat(1_000_000))).to_string().into(), "TEXT_TOO_LONG"),
    ];
    for (name, body, reason) in table {
        let answer = citizen.send(Method::POST, "v1/reports", &[], Bytes::from(body)).await.unwrap();
        assert_eq!(answer.problem(400), reason, "{name}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let formed = citizen.send(Method::POST, "v1/reports", &form, Bytes::from_static(b"text=1")).await.unwrap();
    assert_eq!(formed.problem(415), "CONTENT_TYPE_UNSUPPORTED");
    let wrong_method = citizen.send(Method::DELETE, "v1/reports", &[], Bytes::new()).await.unwrap();
    assert_eq!(wrong_method.problem(405), "METHOD_NOT_ALLOWED");
    assert_eq!(citizen.get("v1/nothing").await.unwrap().problem(404), "ROUTE_UNKNOWN");
    assert_eq!(count(&jiewang).await, (0, 0));
}

#[tokio::test]
async fn a_body_of_a_hundred_megabytes_is_refused_before_it_is_read() {
    const SAID: usize = 100 << 20;
    let (_folder, jiewang) = started().await;
    let mut line = TcpStream::connect(jiewang.http()).await.unwrap();
    let head = format!(
        "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {SAID}\r\n\r\n"
    );
    line.write_all(head.as_bytes()).await.unwrap();
    // The rest may fail: the gateway does not wait for it.
    let mut sent = 0;
    while sent < SAID && line.write_all(&[b' '; 64 * 1024]).await.is_ok() {
        sent += 64 * 1024;
        if line.try_read(&mut []).is_ok() && sent > (8 << 20) {
            break;
        }
    }
    let mut answer = vec![0; 4096];
    let read = line.read(&mut answer).await.unwrap_or(0);
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("BODY_TOO_LARGE"), "{answer}");
    assert_eq!(count(&jiewang).await, (0, 0));
    // It serves on.
    jiewang.citizen().write("v1/reports", &report("good", LIGHTS)).await;
}

#[tokio::test]
async fn a_number_used_again_for_something_else_is_a_conflict_and_changes_nothing() {
    let (_folder, jiewang) = started().await;
    let citizen = jiewang.citizen();
    let first = citizen.write("v1/reports", &report("k", LIGHTS)).await;
    assert_eq!(citizen.write("v1/reports", &report("k", LIGHTS)).await["name"], first["name"]);
    let mut other = report("k", LIGHTS);
    other["text"] = "别的事情".into();
    assert_eq!(citizen.post("v1/reports", &other).await.unwrap().problem(409), "REQUEST_ID_REUSED");
    let drawn = "5f0c9b52-51c0-4a2e-9c9e-0d6b3f1f7a11";
    let second = citizen.write("v1/reports", &report(drawn, LIGHTS)).await;
    assert_ne!(second["name"], first["name"]);
    other["requestId"] = drawn.into();
    assert_eq!(citizen.post("v1/reports", &other).await.unwrap().problem(409), "REQUEST_ID_REUSED");

    let hotline = jiewang.member("integrator", "50");
    let call = |request: &str, text: &str| {
        let mut body = report(request, LIGHTS);
        (body["channel"], body["channelNumber"], body["text"]) =
            ("HOTLINE_12345".into(), "20261122-1".into(), text.into());
        body
    };
    let called = hotline.write("v1/reports", &call("c1", "井盖缺失")).await;
    let again = hotline.post("v1/reports", &call("c1", "别的事情")).await.unwrap();
    assert_eq!(again.problem(409), "REQUEST_ID_REUSED");
    assert_eq!(hotline.write("v1/reports", &call("c2", "井盖缺失")).await["name"], called["name"]);
    let reused = hotline.post("v1/reports", &call("c3", "路面塌陷")).await.unwrap();
    assert_eq!(reused.problem(409), "CHANNEL_NUMBER_REUSED");
    assert_eq!(jiewang.member("city-dispatcher", "50").list("reports", "").await.len(), 3);
}

#[tokio::test]
async fn a_door_that_is_not_the_callers_is_closed() {
    let (_folder, jiewang) = started().await;
    let mut body = report("k", LIGHTS);
    body["channel"] = "HOTLINE_12345".into();
    let nobody = jiewang.citizen().post("v1/reports", &body).await.unwrap();
    assert_eq!(nobody.problem(403), "CHANNEL_DENIED");
    let handler = jiewang.member("department-handler", UNIT).post("v1/reports", &body).await.unwrap();
    assert_eq!(handler.problem(403), "CHANNEL_DENIED");
    let forged = Client::new(jiewang.http(), Some("e30.e30.e30".to_owned()));
    assert_eq!(forged.get("v1/reports").await.unwrap().problem(401), "TOKEN_INVALID");
    assert_eq!(jiewang.citizen().get("v1/workOrders").await.unwrap().problem(401), "TOKEN_MISSING");
    assert_eq!(count(&jiewang).await, (0, 0));
}

#[tokio::test]
async fn a_verb_that_may_not_be_used_changes_nothing() {
    let (_folder, jiewang) = started().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    let before = crew.town.read(&format!("v1/{order}")).await;
    let neighbour = jiewang.member("town-dispatcher", "500151002").after(&crew.citizen);
    let solved = json!({"result": "好", "reply": "好"});
    let refusals = [
        (&crew.unit, "start", json!({}), (422, "STATE_REFUSES")),
        (&crew.unit, "resolve", solved, (422, "STATE_REFUSES")),
        (&crew.unit, "close", json!({}), (403, "ROLE_DENIED")),
        (&crew.town, "accept", json!({}), (403, "ROLE_DENIED")),
        (&crew.town, "assign", json!({"unit": "500151001-nowhere"}), (400, "UNIT_UNKNOWN")),
        (&crew.unit, "return", json!({}), (400, "REASON_MISSING")),
        (&crew.unit, "accept", json!({"etag": "99"}), (409, "ETAG_STALE")),
        (&crew.unit, "accept", json!({"etag": "seven"}), (400, "ETAG_INVALID")),
        (&neighbour, "cancel", json!({"reason": "不归我们"}), (404, "NOT_FOUND")),
    ];
    for (who, verb, body, (status, reason)) in refusals {
        assert_eq!(who.refused(order, verb, body).await, (status, reason.to_owned()), "{verb}");
    }
    for path in [format!("v1/{order}"), format!("v1/{order}/timeline"), format!("v1/{order}/clock")] {
        assert_eq!(neighbour.get(&path).await.unwrap().problem(404), "NOT_FOUND");
    }
    assert_eq!(crew.town.read(&format!("v1/{order}")).await, before);
}

#[tokio::test]
async fn a_page_token_is_good_for_its_own_list_only() {
    let (_folder, jiewang) = started().await;
    let crew = Crew::of(&jiewang);
    for key in ["a", "b", "c"] {
        crew.file(key, LIGHTS).await;
    }
    let first = crew.town.read("v1/workOrders?pageSize=2").await;
    let token = first["nextPageToken"].as_str().unwrap().to_owned();
    assert_eq!(
        crew.town.read(&format!("v1/workOrders?pageSize=2&pageToken={token}")).await["workOrders"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let mut tampered = token.clone().into_bytes();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    let city = jiewang.member("city-dispatcher", "50");
    let wrong = [
        (&crew.town, format!("v1/workOrders?pageToken={tampered}")),
        (&crew.town, "v1/workOrders?pageToken=x".to_owned()),
        (&crew.town, format!("v1/workOrders?divisionCode={TOWN}&pageToken={token}")),
        (&crew.town, format!("v1/reports?pageToken={token}")),
        (&city, format!("v1/workOrders?pageToken={token}")),
    ];
    for (who, path) in wrong {
        let answer = who.get(&path).await.unwrap();
        assert_eq!(
            (answer.problem(400).as_str(), only_path(&answer).as_str()),
            ("PAGE_TOKEN_INVALID", "pageToken"),
            "{path}"
        );
    }
    for size in ["-1", "201"] {
        let answer = crew.town.get(&format!("v1/workOrders?pageSize={size}")).await.unwrap();
        assert_eq!(answer.problem(400), "PAGE_SIZE_INVALID");
    }
    let unknown = crew.town.get("v1/workOrders?colour=red").await.unwrap();
    assert_eq!((unknown.problem(400).as_str(), only_path(&unknown).as_str()), ("UNKNOWN_FIELD", "colour"));
}
