//! Time that callers give: shrinking, ending, and read as gRPC writes it.

use crate::probe::{Served, ask, ask_with, to_read};
use http::HeaderValue;
use mesh::{Config, Problem, deadline};
use proptest::prelude::*;
use std::time::Duration;

#[tokio::test]
async fn deadline_shrinks_over_a_hop() {
    let served = Served::start().await;
    let mut request = to_read("hop");
    request.set_timeout(Duration::from_secs(5));
    let events = ask_with(&served.tcp(), request).await.unwrap();
    let (outer, inner) = (events[0].position, events[1].position);
    assert!(outer <= 5_000_000, "{outer}");
    assert!(0 < inner && inner < outer, "{inner} {outer}");
}

#[tokio::test]
async fn call_without_a_deadline_gets_the_default_and_no_more_than_the_servers_longest() {
    let served = Served::start().await;
    let left = ask(&served.tcp(), "left").await.unwrap()[0].position;
    assert!(0 < left && left <= 10_000_000, "{left}");
    let mut request = to_read("left");
    request.set_timeout(Duration::from_secs(3600));
    let left = ask_with(&served.tcp(), request).await.unwrap()[0].position;
    assert!(left <= 30_000_000, "{left}");
}

#[tokio::test]
async fn passed_deadline_comes_back_as_deadline_exceeded_also_over_a_hop() {
    let served = Served::start().await;
    for what in ["hang", "hop hang"] {
        let mut request = to_read(what);
        request.set_timeout(Duration::from_millis(100));
        let status = ask_with(&served.tcp(), request).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded, "{what}: {status:?}");
        assert!(Problem::from_status(&status).is_deadline(), "{what}");
    }
}

#[tokio::test]
async fn server_ends_a_call_by_itself() {
    let longest_call = Duration::from_millis(50);
    let served = Served::start_with(Config { longest_call, ..Config::default() }).await;
    // The client would wait 10 s.
    let status = ask(&served.tcp(), "hang").await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
}

#[tokio::test]
async fn call_with_no_time_left_is_not_sent() {
    let served = Served::start().await;
    let mut request = to_read("gate");
    request.set_timeout(Duration::ZERO);
    assert!(Problem::from_status(&ask_with(&served.tcp(), request).await.unwrap_err()).is_deadline());
    assert_eq!(served.arrived.available_permits(), 0);
}

proptest! {
    #[test]
    fn timeout_written_and_read_loses_less_than_its_unit(micros in 0_u64..u64::MAX / 2_000_000) {
        let given = Duration::from_micros(micros);
        let read = deadline::parse(&deadline::format(given)).unwrap();
        let cap = Duration::from_secs(99_999_999);
        prop_assert!(read <= given);
        prop_assert!(given.min(cap) - read <= Duration::from_secs(1).min(given / 10_000 + Duration::from_micros(1)));
    }

    #[test]
    fn timeout_of_a_stranger_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let _ = deadline::parse(&value);
        }
    }
}

#[test]
fn timeout_follows_the_grpc_grammar() {
    let parse = |text: &'static str| deadline::parse(&HeaderValue::from_static(text));
    assert_eq!(parse("2H"), Some(Duration::from_secs(7200)));
    assert_eq!(parse("15S"), Some(Duration::from_secs(15)));
    assert_eq!(parse("99999999n"), Some(Duration::from_nanos(99_999_999)));
    for wrong in ["", "S", "1", "123456789S", "-1S", "+1S", "1.5S", "1s", " 1S"] {
        assert_eq!(parse(wrong), None, "{wrong:?}");
    }
}
