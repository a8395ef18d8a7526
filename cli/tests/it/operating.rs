//! Operators' verbs against a cluster that runs, and over the data of one that is stopped.

use crate::fake::{json_of, stderr, stdout};
use crate::running::{MONDAY, Running, until, verb, verb_with};
use casebook::store::Span;
use casebook::{Bundle, Casebook, Consume, Effects, GiveUp, JournalEntry};
use civic::{CaseId, Clock, Micros, Role, SettableClock, SystemClock, SystemRng};
use prost::Message as _;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{Envelope, PublicEvent, ReportFiled};
use queue::{Apply as _, Batch, Slice};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn calendar(folder: &Path, version: &str) -> PathBuf {
    let file = folder.join(format!("{version}.csv"));
    std::fs::write(&file, "2027-01-01,holiday,元旦\n2027-01-04,holiday,元旦\n2027-10-01,holiday,国庆节\n").unwrap();
    file
}

async fn timers_of(book: &Casebook, order: &str) -> Vec<Micros> {
    let id: CaseId = order.trim_start_matches("workOrders/").parse().unwrap();
    let timers = book.store().timers_between(Span { after: None, upto: None }).await.unwrap();
    timers.into_iter().filter(|timer| timer.case == id).map(|timer| timer.due).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_loaded_while_the_cluster_runs_and_open_clocks_follow() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(MONDAY));
    let cluster = Running::start(folder.path(), &clock).await;
    let order = cluster.file().await;
    let before = cluster.unit(&order).await;
    assert_eq!(before["provisional"], true, "{before}");
    let file = calendar(folder.path(), "sc-2027");
    let token = cluster.token(Role::Operator);
    let loaded =
        verb_with(folder.path(), &token, &["calendar", "load", file.to_str().unwrap(), "--note", "通知"]).await;
    assert_eq!(loaded.status.code(), Some(0), "{}", stderr(&loaded));
    assert!(stderr(&loaded).contains("in force"), "{}", stderr(&loaded));
    let after = until("the clock follows", async || {
        let unit = cluster.unit(&order).await;
        (unit["calendarVersion"] != before["calendarVersion"]).then_some(unit)
    })
    .await;
    assert!(after["dueTime"].as_str() > before["dueTime"].as_str(), "{before} {after}");
    assert!(after.get("provisional").is_none(), "proto JSON leaves out what is false: {after}");
    let journal = cluster.book("dispatch").store().journalled(10).await.unwrap();
    let [JournalEntry { actor, action, subject, reason, .. }] = journal.as_slice() else { panic!("{journal:?}") };
    assert_eq!((actor.as_str(), action.as_str()), ("operator/test", "calendar.load"));
    assert_eq!((subject.as_str(), reason.as_str()), ("sc-2027", "通知"));
    cluster.stop_hard().await;
}

/// Ended hard right behind the answer: the next process goes on. And what a stopped cluster was given is taken in at its start, once.
#[tokio::test(flavor = "multi_thread")]
async fn clocks_follow_a_calendar_also_after_a_restart_in_the_middle() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(MONDAY));
    let cluster = Running::start(folder.path(), &clock).await;
    let order = cluster.file().await;
    let (before, armed) = (cluster.unit(&order).await, timers_of(cluster.book("dispatch"), &order).await);
    let body = json!({"requestId": "1", "version": "sc-2027", "days": std::fs::read_to_string(calendar(folder.path(), "x")).unwrap()});
    let operator = cluster.member(Role::Operator);
    operator.post::<Value>("/v1/calendars:load", body.to_string().into()).await.unwrap();
    cluster.stop_hard().await;

    let file = calendar(folder.path(), "again");
    let stored = verb(folder.path(), &["calendar", "load", file.to_str().unwrap()]).await;
    assert!(stderr(&stored).contains("next start"), "{}", stderr(&stored));
    let cluster = Running::start(folder.path(), &clock).await;
    until("the clock follows", async || {
        let unit = cluster.unit(&order).await;
        (unit["dueTime"].as_str() > before["dueTime"].as_str()).then_some(())
    })
    .await;
    assert!(!armed.is_empty());
    let listed: Value = cluster.member(Role::Operator).get("/v1/calendars").await.unwrap();
    let names: Vec<_> = listed["calendars"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["calendars/sc-2027", "calendars/again"]);
    cluster.stop().await;
    let cluster = Running::start(folder.path(), &clock).await;
    let again: Value = cluster.member(Role::Operator).get("/v1/calendars").await.unwrap();
    assert_eq!(again["calendars"].as_array().unwrap().len(), 2, "the folder is taken in once");
    cluster.stop_hard().await;
}

/// Understands nothing, as a release does that is older than its neighbour.
struct Puzzled;

impl Effects for Puzzled {
    fn effect(&self, _: &Envelope) -> Result<Option<Bundle>, GiveUp> {
        Err(GiveUp("a word of a later release".to_owned()))
    }
}

/// Parks events of reports nobody knows at dispatch, two for each; answers with their names.
async fn park(book: &Casebook, now: Micros, cases: usize) -> Vec<String> {
    const PRODUCER: &str = "elsewhere";
    let lease = book.store().acquire(PRODUCER, "test", &[0], Duration::from_secs(3600)).await.unwrap().remove(0);
    let (mut events, mut names) = (Vec::new(), Vec::new());
    for _ in 0..cases {
        let id = CaseId::new(now, &SystemRng).to_string();
        for version in 1..=2 {
            let filed = ReportFiled {
                report: id.clone(),
                tracking_number: "12345678901234567".to_owned(),
                category_code: "0612".to_owned(),
                division_code: "500151001".to_owned(),
                kind: 3,
                accepted_us: now.0,
                ..ReportFiled::default()
            };
            let data = PublicEvent { event: Some(Public::ReportFiled(filed)) }.encode_to_vec().into();
            let position = lease.consumed + 1 + i64::try_from(events.len()).unwrap();
            let (subject, r#type) = (format!("reports/{id}"), "report.filed.v1".to_owned());
            events.push(Envelope { subject, r#type, case_version: version, position, data, ..Envelope::default() });
        }
        names.push(format!("dispatch/{id}"));
    }
    let slice = Slice { partition: 0, epoch: lease.epoch, from: lease.consumed, events };
    let consume = Consume::new(book.clone(), Arc::new(Puzzled));
    consume.apply(Batch { producer: PRODUCER.to_owned(), slices: vec![slice] }).await.unwrap();
    names
}

async fn names(folder: &Path) -> Vec<String> {
    let listed = verb(folder, &["queue", "parked", "list", "-o", "name"]).await;
    assert_eq!(listed.status.code(), Some(0), "{}", stderr(&listed));
    let mut names: Vec<String> = stdout(&listed).lines().map(str::to_owned).collect();
    names.sort();
    names
}

async fn entries(book: &Casebook) -> Vec<(String, String, String)> {
    let journal = book.store().journalled(100).await.unwrap();
    let mut told: Vec<_> = journal.into_iter().map(|e| (e.actor, e.action, e.reason)).collect();
    told.sort();
    told
}

/// The same verbs over a cluster that runs and over one that is stopped, with the same end.
#[tokio::test(flavor = "multi_thread")]
async fn parked_cases_are_looked_at_replayed_and_given_up_running_or_stopped() {
    for running in [true, false] {
        let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(SystemClock.now()));
        let mut cluster = Some(Running::start(folder.path(), &clock).await);
        let book = cluster.as_ref().unwrap().book("dispatch").clone();
        let mut parked = park(&book, clock.now(), 3).await;
        parked.sort();
        if !running {
            drop(book);
            cluster.take().unwrap().stop().await;
        }
        let verb = async |args: &[&str]| verb(folder.path(), &[&["queue", "parked"], args].concat()).await;
        assert_eq!(names(folder.path()).await, parked, "running: {running}");
        let shown = json_of(&verb(&["show", &parked[0], "-o", "json"]).await);
        assert_eq!((&shown["producer"], &shown["reason"]), (&"elsewhere".into(), &"a word of a later release".into()));
        assert_eq!(shown["events"].as_array().unwrap().len(), 2);
        assert!(!shown.to_string().contains("12345678901234567"), "nothing of what the events say: {shown}");
        assert_eq!(verb(&["show", "dispatch/01k9zzzzzzzzzzzzzzzzzzzzzz"]).await.status.code(), Some(3));

        let unsure = verb(&["give-up", &parked[0], "--reason", "r"]).await;
        assert_eq!(unsure.status.code(), Some(2), "{}", stderr(&unsure));
        let given = verb(&["give-up", &parked[0], "--reason", "it can never be", "--yes"]).await;
        assert_eq!(given.status.code(), Some(0), "{}", stderr(&given));
        assert_eq!(names(folder.path()).await.len(), 3, "one event is left behind it");
        let replayed = verb(&["replay", &parked[1], "--note", "upgraded"]).await;
        assert_eq!(replayed.status.code(), Some(0), "{}", stderr(&replayed));
        assert_eq!(names(folder.path()).await.len(), 2);
        assert_eq!(verb(&["replay", "--all"]).await.status.code(), Some(0));
        assert!(names(folder.path()).await.is_empty());

        let cluster = match cluster {
            Some(cluster) => cluster,
            None => Running::start(folder.path(), &clock).await,
        };
        let town = cluster.member(Role::TownDispatcher);
        for name in &parked {
            let order = format!("/v1/workOrders/{}", name.trim_start_matches("dispatch/"));
            assert_eq!(town.get::<Value>(&order).await.unwrap()["state"], "ASSIGNED");
        }
        let actor = if running { "operator/jiewang-cli" } else { "operator/data folder" };
        let entry = |action: &str, reason: &str| (actor.to_owned(), action.to_owned(), reason.to_owned());
        let mut expected = [
            entry("queue.giveUp", "it can never be"),
            entry("queue.replay", "upgraded"),
            entry("queue.replay", ""),
            entry("queue.replay", ""),
        ];
        expected.sort();
        assert_eq!(entries(cluster.book("dispatch")).await, expected);
        cluster.stop_hard().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_cases_are_for_operators_and_a_refusal_is_journalled() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(SystemClock.now()));
    let cluster = Running::start(folder.path(), &clock).await;
    let name = park(cluster.book("dispatch"), clock.now(), 1).await.remove(0);
    let town = cluster.member(Role::TownDispatcher);
    let path = format!("/v1/parkedCases/{name}");
    let refused = town.get::<Value>(&path).await.unwrap_err().to_string();
    assert!(refused.contains("ROLE_DENIED"), "{refused}");
    let body = json!({"requestId": "1", "position": "1", "reason": "r"}).to_string();
    let refused = town.post::<Value>(&format!("{path}:giveUp"), body.clone().into()).await.unwrap_err().to_string();
    assert!(refused.contains("ROLE_DENIED"), "{refused}");
    let operator = cluster.member(Role::Operator);
    let reasonless = json!({"requestId": "1", "position": "1"}).to_string();
    let refused = operator.post::<Value>(&format!("{path}:giveUp"), reasonless.into()).await.unwrap_err().to_string();
    assert!(refused.contains("REASON_MISSING"), "{refused}");
    let left: Value = operator.post(&format!("{path}:giveUp"), body.clone().into()).await.unwrap();
    assert_eq!(left["events"].as_array().unwrap().len(), 1);
    let again = operator.post::<Value>(&format!("{path}:giveUp"), body.into()).await.unwrap_err().to_string();
    assert!(again.contains("NOT_FOUND"), "the position says which one was meant: {again}");
    let entry = |actor: &str, action: &str, reason: &str| (actor.to_owned(), action.to_owned(), reason.to_owned());
    let expected = [
        entry("operator/test", "queue.giveUp", "r"),
        entry("town-dispatcher/test", "queue.giveUp.refused", "not an operator"),
        entry("town-dispatcher/test", "queue.show.refused", "not an operator"),
    ];
    assert_eq!(entries(cluster.book("dispatch")).await, expected);
    cluster.stop_hard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duty_list_is_loaded_while_the_cluster_runs() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(SystemClock.now()));
    let cluster = Running::start(folder.path(), &clock).await;
    let catalog = tempfile::tempdir().unwrap();
    let (from, to) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/dispatch/catalog"), catalog.path().join("dispatch"));
    std::fs::create_dir(&to).unwrap();
    let duties = std::fs::read_to_string(from.join("duties.csv")).unwrap();
    std::fs::write(to.join("duties.csv"), duties.replacen("0612,town,town/minsheng", "0612,town,town/jingji", 1))
        .unwrap();
    std::fs::write(to.join("VERSION"), "2027-a\n").unwrap();
    let loaded = verb(folder.path(), &["catalog", "load", catalog.path().to_str().unwrap()]).await;
    assert_eq!(loaded.status.code(), Some(0), "{}", stderr(&loaded));
    let order = cluster.file().await;
    let order: Value = cluster.member(Role::TownDispatcher).get(&format!("/v1/{order}")).await.unwrap();
    assert_eq!(order["unit"], "500151001-jingji");
    cluster.stop().await;
    let cluster = Running::start(folder.path(), &clock).await;
    let listed: Value = cluster.member(Role::Operator).get("/v1/dutyLists").await.unwrap();
    assert_eq!(listed["inForce"], "2027-a");
    cluster.stop_hard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_of_the_run_the_databases_and_what_waits_for_a_person() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(SystemClock.now()));
    let cluster = Running::start(folder.path(), &clock).await;
    park(cluster.book("dispatch"), clock.now(), 2).await;
    let address = cluster.address();
    let args = ["doctor", "-o", "json", "--http", address.as_str(), "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let told = json_of(&verb(folder.path(), &args).await);
    let check = |name: &str| told.as_array().unwrap().iter().find(|c| c["check"] == name).unwrap().clone();
    assert_eq!((&check("parked cases")["found"], &check("parked cases")["verdict"]), (&"2".into(), &"warn".into()));
    assert_eq!(check("last run")["verdict"], "ok");
    let found = check("databases")["found"].as_str().unwrap().to_owned();
    assert!(found.contains("dispatch") && found.contains("intake"), "{found}");
    cluster.stop_hard().await;
    let told = json_of(&verb(folder.path(), &args).await);
    let last = told.as_array().unwrap().iter().find(|c| c["check"] == "last run").unwrap();
    assert!(["ok", "warn"].contains(&last["verdict"].as_str().unwrap()), "{last}");
}
