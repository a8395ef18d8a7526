//! kill -9 at random moments under load: what was acknowledged is there once, and nothing else is.

use e2e::{
    audit::{Load, check},
    matters::Crew,
    process::Start,
    rounds,
};
use std::time::Duration;
use testkit::Seed;

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
    let city = jiewang.member("city-dispatcher", "50").after(&crew.citizen);
    check(&seen, &city).await;
    jiewang.kill();
    jiewang.verify();
    // What is checked once more is what lies on the disk.
    jiewang.start_again().await;
    check(&seen, &jiewang.member("city-dispatcher", "50")).await;
}
