//! `jiewang audit verify` over a log that was witnessed, and over everything that somebody may do to it.

use crate::timers::member;
use civic::{Micros, Role, SystemClock};
use e2e::{
    matters::{Crew, LIGHTS, UNIT},
    process::{Jiewang, Start, verb},
    until,
};
use jiewang::args::Room;
use jiewang::cluster::{Cluster, Rooms, Settings};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder whose cluster has ended, and all of whose logs are witnessed.
async fn worked(folder: &Path, orders: usize) {
    let mut jiewang = Start::new(folder).start().await;
    work(&jiewang, orders).await;
    assert!(jiewang.stop().await.success());
    let cluster = opened(folder).await;
    for book in &cluster.books {
        cluster.audit.witness(book, Arc::new(SystemClock)).unwrap().round().await.unwrap();
    }
}

async fn work(jiewang: &Jiewang, orders: usize) {
    let crew = Crew::of(jiewang);
    for order in 0..orders {
        let filed = crew.file(&format!("audited-{order}"), LIGHTS).await;
        let curious = json!({"requestId": "look", "purpose": "CALL_BACK", "reason": "好奇"});
        let refused = crew.unit.refused(filed["name"].as_str().unwrap(), "unmask", curious).await;
        assert_eq!(refused, (403, "ROLE_DENIED".to_owned()));
    }
}

/// Without serving: what the witness of a running cluster does every half minute is done by the test.
async fn opened(folder: &Path) -> Cluster {
    Cluster::open(Settings::local(folder.to_owned(), Rooms::ALL.without(Room::Gateway))).await.unwrap()
}

fn verified(folder: &Path) -> (Option<i32>, Value) {
    let folder = folder.display().to_string();
    let output = verb(["audit", "verify", "-o", "json", "--data-dir", &folder]);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() { copy(&entry.path(), &to) } else { drop(fs::copy(entry.path(), to)) }
    }
}

async fn run(folder: &Path, sql: String) {
    let file = folder.join("intake.sqlite3");
    let mut database = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let done = sqlx::query(AssertSqlSafe(sql.clone())).execute(&mut database).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
    database.close().await.unwrap();
}

fn edit(folder: &Path, name: &str, change: impl Fn(&mut Vec<u8>)) {
    let file = folder.join("audit/intake").join(name);
    let mut bytes = fs::read(&file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

fn swap(one: PathBuf, other: PathBuf) {
    let aside = one.with_extension("aside");
    fs::rename(&one, &aside).unwrap();
    fs::rename(&other, &one).unwrap();
    fs::rename(aside, other).unwrap();
}

/// What somebody does behind the cluster's back.
enum Tamper {
    Sql(&'static str),
    Files(fn(&Path)),
}

/// And what is found of it. `ONE` is the record in the middle of the log.
const TAMPERED: [(&str, Tamper, &str); 15] = [
    (
        "who was refused is edited",
        Tamper::Sql("UPDATE journal SET actor = 'nobody' WHERE n = 2"),
        "record journal/2 is not",
    ),
    ("a refusal is deleted", Tamper::Sql("DELETE FROM journal WHERE n = 3"), "record journal/3 is gone"),
    ("the last refusal is deleted", Tamper::Sql("DELETE FROM journal WHERE n = 6"), "record journal/6 is gone"),
    ("an actor is edited", Tamper::Sql("UPDATE events SET actor = 'nobody' WHERE ONE"), "is not what was witnessed"),
    ("an instant is edited", Tamper::Sql("UPDATE events SET at = at - 1 WHERE ONE"), "is not what was witnessed"),
    (
        "what was said is edited",
        Tamper::Sql("UPDATE events SET payload = x'00' WHERE ONE"),
        "is not what was witnessed",
    ),
    ("an event is deleted", Tamper::Sql("DELETE FROM events WHERE ONE"), "is gone"),
    ("a record is deleted", Tamper::Sql("DELETE FROM event_log WHERE ONE"), "is gone"),
    (
        "the end is cut off",
        Tamper::Sql("DELETE FROM event_log WHERE n > (SELECT MAX(n) - 2 FROM event_log)"),
        "is gone",
    ),
    (
        "two records change their places",
        Tamper::Sql(
            "UPDATE event_log SET version = 3 - version WHERE version < 3 AND case_id =
               (SELECT case_id FROM event_log WHERE version = 2 LIMIT 1)",
        ),
        "is not what was witnessed",
    ),
    (
        "a digest is edited",
        Tamper::Files(|folder| edit(folder, "records", |bytes| bytes[100] ^= 1)),
        "does not hold over the digests before it",
    ),
    (
        "digests are cut off",
        Tamper::Files(|folder| edit(folder, "records", |bytes| bytes.truncate(42))),
        "counts on digests that are not there",
    ),
    (
        "a checkpoint is edited",
        Tamper::Files(|folder| {
            edit(folder, "checkpoints", |bytes| {
                let text = String::from_utf8_lossy(bytes).replacen("\"number\":1", "\"number\":2", 1);
                *bytes = text.into_bytes();
            });
        }),
        "is not signed with this cluster's key",
    ),
    (
        "the files of two witnesses are swapped",
        Tamper::Files(|folder| swap(folder.join("audit/intake"), folder.join("audit/dispatch"))),
        "is of dispatch",
    ),
    (
        "the witness's files are removed",
        Tamper::Files(|folder| fs::remove_dir_all(folder.join("audit")).unwrap()),
        "nothing was witnessed",
    ),
];

#[tokio::test]
async fn a_log_verifies_and_every_tampering_is_found() {
    const ONE: &str = "(case_id, version) = (SELECT case_id, version FROM event_log ORDER BY n LIMIT 1 OFFSET 3)";
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    worked(folder.path(), 6).await;
    let (code, told) = verified(folder.path());
    assert_eq!((code, &told["holds"]), (Some(0), &true.into()), "{told}");
    assert!(told["services"][0]["records"].as_i64().unwrap() > 6 && told["services"][0]["unsigned"] == 0, "{told}");
    for (name, tamper, expected) in TAMPERED {
        let copied = elsewhere.path().join(name);
        copy(folder.path(), &copied);
        match tamper {
            Tamper::Sql(sql) => run(&copied, sql.replace("ONE", ONE)).await,
            Tamper::Files(tamper) => tamper(&copied),
        }
        let (code, told) = verified(&copied);
        assert_eq!(code, Some(1), "{name}: {told}");
        let found = told["findings"].as_array().unwrap().iter().filter_map(|one| one["found"].as_str());
        assert!(found.clone().any(|found| found.contains(expected)), "{name}: {:?}", found.collect::<Vec<_>>());
    }
}

/// Out of memory while it commits, and out of the log when it had no witness: the digests are the same.
#[tokio::test]
async fn what_was_committed_without_a_witness_is_witnessed_out_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    worked(folder.path(), 1).await;
    let nowhere = Start::new(folder.path()).with(["--audit-dir", "/proc/none"]);
    let mut unseen = nowhere.allowing(&["jiewang::cluster::audited: jiewang.audit.not_begun"]).start().await;
    work(&unseen, 2).await;
    unseen.kill();
    let (code, told) = verified(folder.path());
    let counted = |told: &Value, of: &str| told["services"][0][of].as_i64().unwrap();
    assert!(code == Some(0) && counted(&told, "unsigned") > 2, "{told}");
    let (signed, unsigned) = (counted(&told, "records"), counted(&told, "unsigned"));
    let mut jiewang = Start::new(folder.path()).start().await;
    work(&jiewang, 4).await;
    assert!(jiewang.stop().await.success());
    let (code, told) = verified(folder.path());
    assert!(code == Some(0) && counted(&told, "unsigned") == 0, "{told}");
    assert!(counted(&told, "records") > signed + unsigned + 2, "{told}");
}

#[tokio::test]
async fn an_old_backup_and_a_removed_checkpoint_are_found_and_a_witness_goes_on_after_a_crash() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    worked(folder.path(), 2).await;
    let backup = elsewhere.path().join("backup");
    copy(folder.path(), &backup);
    // A crash between the records and the signature over them.
    edit(folder.path(), "records", |bytes| bytes.extend([7; 60]));
    edit(folder.path(), "checkpoints", |bytes| bytes.extend(b"{\"checkpoint\":"));
    worked(folder.path(), 3).await;
    let (code, told) = verified(folder.path());
    assert_eq!((code, &told["holds"]), (Some(0), &true.into()), "{told}");
    assert!(told["services"][0]["checkpoints"].as_i64().unwrap() >= 2, "{told}");

    let removed = elsewhere.path().join("removed");
    copy(folder.path(), &removed);
    edit(&removed, "checkpoints", |bytes| {
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        bytes.drain(..=first);
    });
    let (code, told) = verified(&removed);
    assert!(code == Some(1) && told["findings"][0]["found"].as_str().unwrap().contains("does not follow"), "{told}");

    for database in ["intake.sqlite3", "dispatch.sqlite3"] {
        fs::copy(backup.join(database), folder.path().join(database)).unwrap();
    }
    let (code, told) = verified(folder.path());
    assert!(code == Some(1) && told["findings"][0]["found"].as_str().unwrap().contains("is gone"), "{told}");
    // Database and witness put back together hold by themselves: what was copied elsewhere tells.
    let kept = elsewhere.path().join("kept");
    fs::copy(folder.path().join("audit/intake/checkpoints"), &kept).unwrap();
    let of = |folder: &Path| {
        let folder = folder.to_str().unwrap().to_owned();
        audit(&["verify", "--data-dir", &folder, "--kept", kept.to_str().unwrap()])
    };
    assert_eq!(verified(&backup).0, Some(0));
    let (code, told) = of(&backup);
    assert!(code == Some(1) && told["findings"][0]["found"].as_str().unwrap().contains("kept elsewhere"), "{told}");

    let cluster = opened(folder.path()).await;
    let mut witness = cluster.audit.witness(&cluster.books[0], Arc::new(SystemClock)).unwrap();
    let refused = witness.round().await.unwrap_err().to_string();
    assert!(refused.contains("was an old backup put back?"), "{refused}");
}

/// A verb of `jiewang audit`; its code, and what it said as JSON.
fn audit(args: &[&str]) -> (Option<i32>, Value) {
    let output = verb([&["audit", "-o", "json"], args].concat());
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_record_is_proved_without_the_database_and_a_changed_proof_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    worked(folder.path(), 3).await;
    worked(folder.path(), 2).await;
    let data = folder.path().to_str().unwrap();
    let (_, told) = audit(&["public-key", "--data-dir", data]);
    let key = told["publicKey"].as_str().unwrap();
    let file = folder.path().join("proof.json");
    let path = file.to_str().unwrap();
    let prove = |record: &str| {
        audit(&["prove", "--data-dir", data, "--service", "intake", "--record", record, "--into", path]).0
    };
    let check = |key: &str| audit(&["check-proof", path, "--public-key", key]);
    let filed: (i64, i64) = {
        let url = format!("sqlite://{}", folder.path().join("intake.sqlite3").display());
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        sqlx::query_as("SELECT part, position FROM event_log ORDER BY n LIMIT 1")
            .fetch_one(&mut database)
            .await
            .unwrap()
    };
    for record in [format!("{}/{}", filed.0, filed.1), "journal/2".to_owned()] {
        assert_eq!(prove(&record), Some(0), "{record}");
        let (code, told) = check(key);
        assert_eq!((code, &told["holds"]), (Some(0), &true.into()), "{told}");
        let text = fs::read_to_string(&file).unwrap();
        let other = "0".repeat(64);
        assert!(check(&other).1["found"].as_str().unwrap().contains("not signed"));
        let actor = if record == "journal/2" { "\"policy.refused\"" } else { "\"citizen/\"" };
        assert!(text.contains(actor), "{text}");
        fs::write(&file, text.replacen(actor, "\"nobody\"", 1)).unwrap();
        let (code, told) = check(key);
        assert!(code == Some(1) && told["found"].as_str().unwrap().contains("do not lead to the head"), "{told}");
    }
    assert_eq!(prove("0/1000000"), Some(1), "there is no such record");
    assert_ne!(prove("middle"), Some(0));
}

const HALF_A_YEAR: i64 = 186 * Micros::DAY;

/// The journal's records by number.
async fn numbers(folder: &Path) -> Vec<i64> {
    let url = format!("sqlite://{}", folder.join("intake.sqlite3").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query_scalar("SELECT n FROM journal ORDER BY n").fetch_all(&mut database).await.unwrap()
}

#[tokio::test]
async fn records_that_were_kept_for_half_a_year_are_gone_in_order_and_younger_ones_are_not() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let clocked = Start::new(folder.path()).by_its_own_clock(env!("CARGO_BIN_EXE_jiewang-ahead"));
    let mut jiewang = clocked.with(["--journal-days", "184"]).start().await;
    work(&jiewang, 3).await;
    assert!(jiewang.stop().await.success());
    assert_eq!(numbers(folder.path()).await, [1, 2, 3], "each was refused a look");
    let young = elsewhere.path().join("young");
    copy(folder.path(), &young);
    jiewang.start_again_at(jiewang.now() + HALF_A_YEAR).await;
    until("they are retired", || async { (numbers(folder.path()).await == [4]).then_some(()) }).await;
    let curious = member(&jiewang, Role::DepartmentHandler, UNIT).post("v1/reports/0:erase", &json!({})).await.unwrap();
    assert_eq!(curious.problem(403), "ROLE_DENIED");
    assert!(jiewang.stop().await.success());
    let (code, told) = verified(folder.path());
    assert_eq!((code, &told["services"][0]["retired"]), (Some(0), &3.into()), "{told}");
    // A witness that begins now has not seen them.
    let late = elsewhere.path().join("late");
    copy(folder.path(), &late);
    fs::remove_dir_all(late.join("audit")).unwrap();
    let cluster = opened(&late).await;
    for book in &cluster.books {
        cluster.audit.witness(book, Arc::new(SystemClock)).unwrap().round().await.unwrap();
    }
    drop(cluster);
    let (code, told) = verified(&late);
    assert_eq!((code, &told["services"][0]["retired"]), (Some(0), &3.into()), "{told}");
    // Somebody who deletes what is older than the law asks for has a word for it; who deletes more has not, whatever the journal says.
    run(folder.path(), "DELETE FROM journal WHERE n = 5".to_owned()).await;
    let (code, told) = verified(folder.path());
    assert!(code == Some(1) && told["findings"][0]["found"].as_str().unwrap().contains("journal/5 is gone"), "{told}");
    // Neither has who is quicker than the witness: the fourth is gone before it is seen.
    let quick = elsewhere.path().join("quick");
    copy(&young, &quick);
    run(&quick, "INSERT INTO journal VALUES (5, 0, 'jiewang', 'journal.retired', '4', 'x')".to_owned()).await;
    let cluster = opened(&quick).await;
    cluster.audit.witness(&cluster.books[0], Arc::new(SystemClock)).unwrap().round().await.unwrap();
    drop(cluster);
    let (code, told) = verified(&quick);
    assert!(code == Some(1) && told["findings"][0]["found"].as_str().unwrap().contains("journal/4 is gone"), "{told}");
    run(&young, "DELETE FROM journal WHERE n = 2".to_owned()).await;
    run(&young, "INSERT INTO journal VALUES (4, 0, 'jiewang', 'journal.retired', '3', 'x')".to_owned()).await;
    let cluster = opened(&young).await;
    cluster.audit.witness(&cluster.books[0], Arc::new(SystemClock)).unwrap().round().await.unwrap();
    drop(cluster);
    let (code, told) = verified(&young);
    assert!(code == Some(1) && told["findings"][0]["found"].as_str().unwrap().contains("journal/2 is gone"), "{told}");
    let refused = Start::new(&young).with(["--journal-days", "30"]).refused();
    assert!(refused.said.contains("184"), "{}", refused.said);
}
