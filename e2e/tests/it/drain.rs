//! The end of a process that is asked to end.

use e2e::{
    audit::{Load, check},
    matters::{Crew, LIGHTS, TOWN, report},
    process::Start,
    until,
};
use testkit::Seed;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

#[tokio::test]
async fn a_process_that_is_asked_to_end_answers_what_it_has_in_hand() {
    let seed = Seed::from_env();
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).start().await;
    let load = Load::start(&Crew::of(&jiewang), 6, &seed);
    load.more(30).await;
    // The log is judged, too: a drain that ran into its bound would have said so.
    assert!(jiewang.stop().await.success());
    jiewang.start_again().await;
    load.more(10).await;
    let seen = load.finish().await;
    check(&seen, &jiewang.member("town-dispatcher", TOWN)).await;
    assert!(jiewang.stop().await.success());
    jiewang.verify();
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_a_slow_client() {
    let folder = tempfile::tempdir().unwrap();
    let bounded = [
        "gateway::server: connections cut at the end of the drain's bound",
        "jiewang::verb::up: jiewang.drain.bounded",
        "mesh::chassis::ending: workers did not end in time",
    ];
    let mut jiewang = Start::new(folder.path()).allowing(&bounded).start().await;
    let body = report("slow", LIGHTS).to_string();
    let mut slow = TcpStream::connect(jiewang.http()).await.unwrap();
    let head = format!(
        "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&body.as_bytes()[..10]).await.unwrap();
    // Behind it in the same kernel queue: once this one is answered, the gateway has the slow one in hand as well.
    jiewang.citizen().write("v1/reports", &report("quick", LIGHTS)).await;
    jiewang.signal("TERM");
    until("the drain begins", || async { jiewang.said().contains("draining").then_some(()) }).await;
    jiewang.signal("TERM");
    jiewang.ended().await;
    drop(slow);
    jiewang.start_again().await;
    assert_eq!(jiewang.member("town-dispatcher", TOWN).list("reports", "").await.len(), 1);
}
