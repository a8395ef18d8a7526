//! Transcoding as a client sees it.
use crate::city::{City, json};
use http::{Method, Request};
use proto::types::v1::Urgency;
use serde_json::json as value;

#[tokio::test]
async fn a_report_arrives_field_by_field_and_comes_back_as_it_was_sent() {
    let city = City::start().await;
    let body = value!({
        "requestId": "r1", "kind": "HELP", "channel": "HOTLINE_12345", "text": "路灯不亮 \u{1f4a1}",
        "location": {"latitude": 29.563_009, "longitude": 106.551_556_7, "address": "巴川街道"},
        "reporter": {"name": "张三", "phone": "13800001234", "secret": true},
        "attachments": [{"uri": "a", "sha256": "b"}, {"uri": "c"}],
        "urgency": "LEVEL_TWO", "occurTime": "2026-11-22T08:00:00.5+08:00",
    });
    let reply = city.post("/v1/reports", body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("jiewang-position"), "cG9z");
    let answer = reply.json();
    assert_eq!(answer["name"], "reports/01k9");
    assert_eq!(answer["location"], body["location"]);
    assert_eq!(answer["attachments"], body["attachments"]);
    assert_eq!(answer["urgency"], "LEVEL_TWO");
    assert_eq!(answer["occurTime"], "2026-11-22T00:00:00.500Z");
    assert!(answer.get("needsPerson").is_none(), "defaults are left out");
    let created = city.seen.created.lock().unwrap();
    assert_eq!(created[0].request_id, "r1");
    assert_eq!(created[0].urgency(), Urgency::LevelTwo);
    assert_eq!(created[0].reporter.as_ref().unwrap().phone, "13800001234");
}

#[tokio::test]
async fn path_and_body_fill_one_request() {
    let city = City::start().await;
    let reply = city.post("/v1/workOrders/01k9:returnTo", "{}").await;
    assert_eq!((reply.status, &reply.json()["reason"]), (404, &value!("ROUTE_UNKNOWN")));
    let reply = city.post("/v1/workOrders/01k9:return", r#"{"requestId":"x","reason":"not ours"}"#).await;
    assert_eq!((reply.status, &reply.json()["name"]), (200, &value!("workOrders/01k9")));
    let reply = city.get("/v1/reports/%E5%9F%8E").await;
    assert_eq!(reply.json()["name"], "reports/城");
    let reply = city.post("/v1/reports:track", r#"{"trackingNumber":"123"}"#).await;
    assert_eq!(reply.json()["trackingNumber"], "123");
}

#[tokio::test]
async fn query_parameters_become_fields() {
    let city = City::start().await;
    let reply = city.get("/v1/workOrders?divisionCode=500151&state=IN_PROGRESS&pageSize=10&lamp=&unit=a%20b+c").await;
    assert_eq!((reply.status, reply.text.as_str()), (200, "{}"));
    let listed = city.seen.listed.lock().unwrap();
    assert_eq!((listed[0].division_code.as_str(), listed[0].state, listed[0].page_size), ("500151", 4, 10));
    assert_eq!((listed[0].lamp, listed[0].unit.as_str()), (0, "a b c"));
}

#[tokio::test]
async fn headers_that_services_need_are_handed_on_and_no_others() {
    let city = City::start().await;
    let request = json(Method::POST)
        .header("jiewang-position", "cG9z")
        .header("cookie", "a=b")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let reply = city.send(request, "/v1/reports", r#"{"requestId":"refused"}"#).await;
    assert_eq!(reply.json()["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    let metadata = city.seen.metadata.lock().unwrap();
    assert_eq!(metadata.get("jiewang-position").unwrap(), "cG9z");
    assert_eq!(metadata.get("accept-language").unwrap(), "en");
    assert!(metadata.get("traceparent").is_some() && metadata.get("cookie").is_none());
}

#[tokio::test]
async fn a_services_fault_keeps_its_reason_fields_law_and_waiting_time() {
    let city = City::start().await;
    let reply = city.post("/v1/workOrders/1:accept", r#"{"requestId":"refused"}"#).await;
    let problem = reply.json();
    assert_eq!((reply.status, reply.header("content-type")), (422, "application/problem+json"));
    assert_eq!(problem["reason"], "STATE_REFUSES");
    assert_eq!((&problem["type"], &problem["status"]), (&value!("/docs#refused"), &value!(422)));
    assert_eq!((&problem["detail"], &problem["law"]), (&value!("the order is closed"), &value!("条例第一条")));
    assert_eq!(problem["traceId"].as_str().unwrap().len(), 32);

    let problem = city.post("/v1/reports", r#"{"requestId":"fields"}"#).await.json();
    assert_eq!(problem["status"], 400);
    let field = value!({"path": "reporter.phone", "reason": "PHONE_INVALID", "detail": "not a phone"});
    assert_eq!(problem["fields"], value!([field]));

    let reply = city.post("/v1/reports", r#"{"requestId":"guesses"}"#).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, "62"));
    let reply = city.post("/v1/reports", r#"{"requestId":"later"}"#).await;
    assert_eq!((reply.status, &reply.json()["reason"]), (503, &value!("NOT_YET_VISIBLE")));
    assert_eq!(city.get("/v1/reports/none").await.status, 404);
}

#[tokio::test]
async fn an_internal_fault_tells_the_trace_and_nothing_else() {
    let city = City::start().await;
    let reply = city.post("/v1/reports", r#"{"requestId":"internal"}"#).await;
    let problem = reply.json();
    assert_eq!((reply.status, &problem["reason"]), (500, &value!("INTERNAL")));
    assert!(problem["detail"].as_str().unwrap().contains(problem["traceId"].as_str().unwrap()));
    assert!(!reply.text.contains("secret"));
}

#[tokio::test]
async fn a_bad_token_is_unauthenticated() {
    let city = City::start().await;
    let reply = city.send(Request::builder().header("authorization", "Bearer nonsense"), "/v1/reports/1", "").await;
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(reply.json()["reason"], "TOKEN_INVALID");
}

#[tokio::test]
async fn titles_speak_the_language_that_was_asked_for() {
    let city = City::start().await;
    let chinese = city.send(Request::builder().header("accept-language", "zh-CN,en;q=0.5"), "/v1/nothing", "").await;
    let english = city.send(Request::builder().header("accept-language", "en"), "/v1/nothing", "").await;
    assert_eq!((&chinese.json()["title"], chinese.header("content-language")), (&value!("未找到"), "zh-CN"));
    assert_eq!((&english.json()["title"], english.header("content-language")), (&value!("Not found"), "en"));
}

#[tokio::test]
async fn every_answer_is_guarded_against_browsers_guessing() {
    let city = City::start().await;
    for path in ["/v1/workOrders", "/v1/nothing", "/healthz", "/openapi.json", "/docs"] {
        let reply = city.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
    }
}
