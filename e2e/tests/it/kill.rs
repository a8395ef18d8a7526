//! kill -9 at random moments under load: what was acknowledged is there once, and nothing else is.

use e2e::{
    audit::{Load, check, stored},
    matters::{Crew, TOWN},
    process::{Start, verb},
    rounds,
};
use sqlx::{Connection as _, SqliteConnection};
use std::time::Duration;
use testkit::{Seed, history::Violation};

const WRITERS: usize = 6;

#[tokio::test]
async fn what_was_acknowledged_before_kill_9_is_there_exactly_once() {
    let seed = Seed::from_env();
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).start().await;
    let crew = Crew::of(&jiewang);
    let load = Load::start(&crew, WRITERS, &seed);
    for _round in 0..rounds(6, 60) {
        load.more(5 + usize::try_from(seed.below(40)).unwrap()).await;
        // Not only right after an answer.
        tokio::time::sleep(Duration::from_micros(seed.below(30_000))).await;
        jiewang.kill();
        jiewang.verify();
        jiewang.start_again().await;
    }
    load.more(10).await;
    let seen = load.finish().await;
    eprintln!("{} attempts at reports, {} of them in doubt", seen.history.len(), seen.doubtful);
    assert!(seen.doubtful > 0, "nobody was interrupted: the load is too light to say anything");
    let city = jiewang.member("town-dispatcher", TOWN).after(&crew.citizen);
    check(&seen, &city).await;
    jiewang.kill();
    jiewang.verify();
    // What is checked once more is what lies on the disk.
    jiewang.start_again().await;
    check(&seen, &jiewang.member("town-dispatcher", TOWN)).await;
}

/// The net must not have holes: what the tests above would look away from is no proof of anything.
#[tokio::test]
async fn a_report_that_is_lost_all_the_same_is_found_by_audit_and_verify() {
    let seed = Seed::from_env();
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).start().await;
    let load = Load::start(&Crew::of(&jiewang), 2, &seed);
    load.more(5).await;
    let seen = load.finish().await;
    assert!(jiewang.stop().await.success());
    let file = format!("sqlite://{}", folder.path().join("intake.sqlite3").display());
    let mut connection = SqliteConnection::connect(&file).await.unwrap();
    sqlx::query("DELETE FROM cases WHERE id = (SELECT MIN(id) FROM cases)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let verified = verb(["verify".as_ref(), "--data-dir".as_ref(), folder.path().as_os_str()]);
    assert_eq!(verified.status.code(), Some(1), "{}", String::from_utf8_lossy(&verified.stdout));
    jiewang.start_again().await;
    let left = stored(&jiewang.member("town-dispatcher", TOWN)).await;
    let found = seen.history.check(&left);
    assert!(matches!(found[..], [Violation::Lost { .. }]), "{found:?}");
}
