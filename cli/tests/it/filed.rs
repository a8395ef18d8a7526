//! `jiewang case` and how the gateway's answers become output and exit codes.

use crate::fake::{Fake, Reply, jiewang, json_of, problem, stderr, stdout};
use serde_json::{Value, json};

const ID: &str = "01k9zzzzzzzzzzzzzzzzzzzzzz";

fn order(n: usize) -> Value {
    json!({"name": format!("workOrders/{n:026}"), "state": "ASSIGNED", "lamp": "GREEN", "unit": "500151001-minsheng",
        "category": {"code": "0612", "displayName": "路灯故障"}, "divisionName": "重庆市铜梁区巴川街道",
        "dueTime": "2026-11-30T16:00:00Z"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_follows_its_pages_up_to_the_limit_and_passes_its_filters() {
    let fake = Fake::start(|asked| {
        let second = asked.path.contains("pageToken=a%2Fb");
        let (from, to, next) = if second { (200, 350, "c") } else { (0, 200, "a/b") };
        Reply::Json(200, json!({"workOrders": (from..to).map(order).collect::<Vec<_>>(), "nextPageToken": next}))
    })
    .await;
    let output = fake
        .run(&["case", "list", "--limit", "350", "--state", "in-progress", "--unit", "500151-x", "-o", "name"])
        .await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 350);
    assert!(stderr(&output).contains("there are more"));
    let paths: Vec<_> = fake.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(
        paths,
        [
            "/v1/workOrders?pageSize=200&state=IN%5FPROGRESS&unit=500151%2Dx",
            "/v1/workOrders?pageSize=150&state=IN%5FPROGRESS&unit=500151%2Dx&pageToken=a%2Fb"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_shows_the_due_time_as_clocks_in_china_do() {
    let fake = Fake::start(|_| Reply::Json(200, json!({"workOrders": [order(1)]}))).await;
    let table = stdout(&fake.run(&["case", "list"]).await);
    assert!(table.starts_with("NAME"), "{table}");
    assert!(table.contains("路灯故障") && table.contains("2026-12-01 00:00:00"), "{table}");
    assert!(!table.contains('\u{1b}'), "no colour without a terminal");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_a_list() {
    let fake = Fake::start(|_| Reply::Json(200, json!({}))).await;
    let output = fake.run(&["case", "list", "--reports", "-o", "json"]).await;
    assert_eq!((output.status.code(), json_of(&output)), (Some(0), json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_with_the_number_of_its_kind_and_one_line() {
    for (status, reason, exit) in [
        (404, "NOT_FOUND", 3),
        (401, "TOKEN_INVALID", 4),
        (403, "ROLE_DENIED", 4),
        (409, "ETAG_STALE", 5),
        (422, "STATE_REFUSES", 1),
        (503, "DRAINING", 1),
    ] {
        let fake = Fake::start(move |_| problem(status, reason)).await;
        let output = fake.run(&["case", "show", ID]).await;
        assert_eq!(output.status.code(), Some(exit), "{reason}");
        let said = stderr(&output);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(reason), "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timeline_and_clock_are_asked_where_they_live() {
    let fake = Fake::start(|asked| {
        Reply::Json(200, if asked.path.ends_with("/clock") {
            json!({"total": {"limit": {"amount": "5", "unit": "workingDay"}, "lamp": "YELLOW", "dueTime": "2026-11-30T16:00:00Z",
                "segments": [{"kind": "running", "from": "2026-11-22T00:00:00Z", "by": "grid-worker 500151001"}],
                "calendarVersion": "v1", "provisional": true}})
        } else {
            json!({"entries": [{"version": "1", "time": "2026-11-22T00:00:00Z", "type": "workOrder.created", "text": "建单"}]})
        })
    })
    .await;
    let clock = stdout(&fake.run(&["case", "clock", &format!("reports/{ID}")]).await);
    for words in ["limit 5 workingDay", "v1", "running", "lamp YELLOW", "beyond the loaded calendar"] {
        assert!(clock.contains(words), "{words} is not in {clock}");
    }
    let timeline = stdout(&fake.run(&["case", "timeline", &format!("reports/{ID}")]).await);
    assert!(timeline.contains("workOrder.created") && timeline.contains("建单"), "{timeline}");
    let paths: Vec<_> = fake.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, [format!("/v1/workOrders/{ID}/clock"), format!("/v1/reports/{ID}/timeline")]);
}

#[test]
fn a_gateway_that_is_not_there_is_said_to_be_so() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gateway = format!("http://{nobody}");
    let output = jiewang(&["case", "list", "--gateway", &gateway, "--token", "T"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("does not answer; is it running?"), "{}", stderr(&output));
}

#[test]
fn an_address_that_is_none_is_a_usage_error() {
    for address in ["https://h", "h:80", "ftp://h", "not a url"] {
        let output = jiewang(&["case", "list", "--gateway", address, "--token", "T"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{address}: {}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_named_by_a_flag_beats_the_token_of_the_environment() {
    let fake = Fake::start(|_| Reply::Json(200, json!({}))).await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("cluster.key"), "07".repeat(32)).unwrap();
    let output = fake.run(&["case", "list", "--cluster", dir.path().to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let key = mesh::TokenKey::from_bytes([7; 32]).derive("jiewang tokens 1");
    let asked = fake.asked();
    let token = asked[0].token.strip_prefix("Bearer ").unwrap();
    let actor = mesh::verify(&key, token, civic::Clock::now(&civic::SystemClock)).unwrap();
    assert_eq!((actor.role, actor.unit.unwrap().as_str()), (civic::Role::CityDispatcher, "50"));
}
