//! `jiewang doctor` on folders and ports that are well and that are not.

use crate::fake::Fake;
use jiewang::verb::doctor::{Check, DoctorArgs, Verdict, examine};
use std::fs::{File, Permissions};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn args(data: &Path) -> DoctorArgs {
    DoctorArgs { data_dir: data.to_path_buf(), http: free(), grpc: free(), admin: free() }
}

async fn verdict(args: &DoctorArgs, name: &str) -> Check {
    let checks = examine(args).await.unwrap();
    checks.into_iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check {name}"))
}

#[tokio::test]
async fn a_machine_without_a_cluster_is_fit_to_get_one() {
    let dir = tempfile::tempdir().unwrap();
    let checks = examine(&args(&dir.path().join("data"))).await.unwrap();
    let warned: Vec<_> = checks.iter().filter(|check| check.verdict != Verdict::Ok).map(|check| check.name).collect();
    let expected = ["data folder", "cluster key", "gateway"];
    // These two depend on the machine and on the day.
    let depends = ["disk space", "working days"];
    assert_eq!(warned.into_iter().filter(|name| !depends.contains(name)).collect::<Vec<_>>(), expected);
    assert!(checks.iter().all(|check| check.name == "disk space" || check.verdict != Verdict::Fail));
}

#[tokio::test]
async fn a_key_that_others_may_open_or_that_is_none_fails() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("cluster.key");
    for (content, mode, expected) in [
        ("ab".repeat(32), 0o600, Verdict::Ok),
        ("ab".repeat(32), 0o640, Verdict::Fail),
        ("ab".repeat(31), 0o600, Verdict::Fail),
    ] {
        std::fs::write(&key, content).unwrap();
        std::fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        assert_eq!(verdict(&args(dir.path()), "cluster key").await.verdict, expected, "{mode:o}");
    }
}

#[tokio::test]
async fn files_from_the_future_tell_of_a_wrong_clock() {
    let dir = tempfile::tempdir().unwrap();
    let file = File::create(dir.path().join("intake.sqlite3")).unwrap();
    assert_eq!(verdict(&args(dir.path()), "clock").await.verdict, Verdict::Ok);
    file.set_modified(UNIX_EPOCH + Duration::from_secs(32_000_000_000)).unwrap();
    assert_eq!(verdict(&args(dir.path()), "clock").await.verdict, Verdict::Fail);
}

#[tokio::test]
async fn a_port_taken_by_a_stranger_fails() {
    let dir = tempfile::tempdir().unwrap();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let args = DoctorArgs { admin: stranger.local_addr().unwrap(), ..args(dir.path()) };
    let check = verdict(&args, "port of metrics").await;
    assert_eq!(check.verdict, Verdict::Fail);
    assert!(check.advice.contains("JIEWANG_ADMIN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_answers_is_ours_when_it_says_so() {
    use crate::fake::Reply;
    let dir = tempfile::tempdir().unwrap();
    for (status, expected) in [(200, Verdict::Ok), (503, Verdict::Fail), (404, Verdict::Fail)] {
        let fake = Fake::start(move |_| Reply::Json(status, serde_json::json!({"failing": ["dispatch"]}))).await;
        let args = DoctorArgs { http: fake.address, ..args(dir.path()) };
        assert_eq!(verdict(&args, "gateway").await.verdict, expected, "{status}");
        assert_eq!(verdict(&args, "port of HTTP").await.verdict, Verdict::Ok, "somebody answers there");
    }
}
