//! `jiewang replay`: a history that we wrote, and what the cluster makes of it.

use crate::fake::{jiewang, json_of, stderr};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

const HEADER: &str =
    "city,request_id,created_at,precision,due_at,closed_at,on_time,status,type,detail,queue,district\n";
/// On time, closed at the very instant of the limit, late by a second, overdue, not yet due; without a due time closed and open;
/// closed before it was created; a bare date closed on its day; no city of ours; a number that came before.
const ROWS: &str = "\
boston,1,2019-06-10T08:00:00,s,2019-06-11T08:00:30,2019-06-10T09:00:00,,,Pick up Dead Animal,,,Dorchester
boston,2,2019-06-10T08:00:00,s,2019-06-11T08:00:30,2019-06-11T08:00:30,,,Bed Bugs,,,Roxbury
boston,3,2019-06-10T08:00:01,s,2019-06-11T08:00:30,2019-06-11T08:00:31,,,Bed Bugs,,,Roxbury
boston,4,2019-06-10T08:00:02,s,2019-06-11T08:00:31,,,,Bed Bugs,,,
boston,5,2019-06-20T08:00:00,s,2019-07-20T08:00:00,,,,Bed Bugs,,,Roxbury
boston,6,2019-06-10T08:00:03,s,,2019-06-12T00:00:00,,,Bed Bugs,,,Roxbury
boston,7,2019-06-10T08:00:04,s,,,,,Bed Bugs,,,Roxbury
boston,8,2019-06-10T08:00:05,s,2019-06-12T08:00:00,2019-06-10T08:00:04,,,Bed Bugs,,,Roxbury
chicago,9,2019-06-10,d,,2019-06-10,,,Sanitation Code Violation,Other,,51
gotham,10,2019-06-10T08:00:00,s,,,,,Bed Bugs,,,
boston,1,2019-06-10T08:00:00,s,2019-06-11T08:00:30,,,,Pick up Dead Animal,,,Dorchester
";

fn table(rows: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.csv");
    std::fs::write(&path, format!("{HEADER}{rows}")).unwrap();
    (dir, path)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn replay(path: &Path, more: &[&str]) -> Output {
    let args = ["replay", text(path), "-o", "json"];
    jiewang(&[&args[..], more].concat()).output().unwrap()
}

fn tally(counts: [u64; 10]) -> Value {
    const NAMES: [&str; 10] = [
        "filed",
        "closed",
        "open",
        "withDueTime",
        "closedOnTime",
        "closedLate",
        "openOverdue",
        "openNotOverdue",
        "closedWithoutDueTime",
        "openWithoutDueTime",
    ];
    NAMES.into_iter().zip(counts).map(|(name, count)| (name.to_owned(), json!(count))).collect()
}

#[test]
fn a_history_is_lived_through_and_told_as_it_was_twice_alike() {
    let (dir, path) = table(ROWS);
    let kept = dir.path().join("kept");
    let output = replay(&path, &["--data-dir", text(&kept)]);
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    let summary = json_of(&output);
    assert_eq!(summary["cities"]["boston"], tally([8, 4, 4, 6, 2, 1, 2, 1, 1, 1]), "{summary}");
    assert_eq!(summary["cities"]["chicago"], tally([1, 1, 0, 0, 0, 0, 0, 0, 1, 0]), "{summary}");
    assert_eq!((&summary["rows"], &summary["unreadable"]), (&json!(11), &json!(2)));
    assert_eq!(summary["end"], "2019-06-20T08:00:00+08:00");
    let refused = json!([{"line": 9, "request": "boston/8", "why": "closed before it was created"}]);
    assert_eq!(summary["closingsRefused"], refused);
    let said = stderr(&output);
    assert!(said.contains("line 11: skipped: no mapping for the city \"gotham\""), "{said}");
    assert!(said.contains("line 12: skipped: the request of line 2 again"), "{said}");

    let verified = jiewang(&["verify", "--data-dir", text(&kept), "-o", "json"]).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}{}", json_of(&verified), stderr(&verified));

    assert_eq!(json_of(&replay(&path, &[])), summary, "the same file gives the same summary");
}

#[test]
fn a_folder_that_is_in_use_and_a_table_without_an_end_are_refused() {
    let (dir, path) = table(ROWS);
    let output = replay(&path, &["--data-dir", text(dir.path())]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("is not empty"));
    let bare = dir.path().join("bare.csv");
    std::fs::write(&bare, format!("{HEADER}{ROWS}").replace("closed_at", "closed")).unwrap();
    let output = replay(&bare, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("closed_at"));
}

#[test]
fn rows_are_as_many_as_were_asked_for_and_whole_when_nothing_is_wrong() {
    let (_dir, path) = table(ROWS);
    let output = replay(&path, &["--rows", "3"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(json_of(&output)["total"], tally([3, 3, 0, 3, 2, 1, 0, 0, 0, 0]));
}
