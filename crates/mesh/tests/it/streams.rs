//! Streamed answers: counted, cut and ended like any other call.

use crate::probe::{NOW, Served, soon};
use civic::{Actor, Micros, Role};
use mesh::{Code, Config, Problem};
use proto::events::v1::StreamEventsRequest;
use proto::events::v1::events_client::EventsClient;
use std::time::Duration;
use tonic::{Request, Status};

async fn read_to_end(served: &Served, what: &str, timeout: Option<Duration>) -> (usize, Option<Status>) {
    let mut request =
        Request::new(StreamEventsRequest { division_code: what.into(), ..StreamEventsRequest::default() });
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    let mut stream = match soon(EventsClient::new(served.tcp()).stream_events(request)).await {
        Ok(response) => response.into_inner(),
        Err(status) => return (0, Some(status)),
    };
    let mut count = 0;
    loop {
        match soon(stream.message()).await {
            Ok(Some(_)) => count += 1,
            Ok(None) => return (count, None),
            Err(status) => return (count, Some(status)),
        }
    }
}

#[tokio::test]
async fn stream_ends_well() {
    let served = Served::start().await;
    let (count, status) = read_to_end(&served, "", None).await;
    assert_eq!((count, status.is_none()), (1, true));
}

#[tokio::test]
async fn stream_refused_at_the_start_says_why() {
    let served = Served::start().await;
    let (_, status) = read_to_end(&served, "refused", None).await;
    assert_eq!(Problem::from_status(&status.unwrap()).reason, "FIRST_REASON");
}

#[tokio::test]
async fn fault_in_the_middle_keeps_reason_and_fields() {
    let served = Served::start().await;
    let (count, status) = read_to_end(&served, "fault", None).await;
    let problem = Problem::from_status(&status.unwrap());
    assert_eq!((count, problem.code, problem.fields.len()), (1, Code::Unavailable, 2));
}

#[tokio::test]
async fn internal_fault_in_the_middle_shows_the_trace_id_only() {
    let served = Served::start().await;
    let (_, status) = read_to_end(&served, "internal", None).await;
    assert!(status.unwrap().message().starts_with("internal error, trace id"));
}

#[tokio::test]
async fn panic_in_the_middle_ends_the_stream_as_internal_without_its_text() {
    let served = Served::start().await;
    let (count, status) = read_to_end(&served, "panic", None).await;
    let status = status.unwrap();
    assert_eq!((count, status.code()), (1, tonic::Code::Internal));
    assert!(status.message().starts_with("internal error, trace id"), "{status:?}");
    assert!(!format!("{status:?}").contains("secret"));
    assert_eq!(read_to_end(&served, "", None).await.0, 1);
}

#[tokio::test]
async fn deadline_ends_a_stream_that_was_given_one() {
    let served = Served::start().await;
    let (count, status) = read_to_end(&served, "hang", Some(Duration::from_secs(2))).await;
    assert_eq!((count, status.unwrap().code()), (1, tonic::Code::DeadlineExceeded));
}

#[tokio::test]
async fn stream_ends_with_the_token_that_opened_it() {
    let served = Served::start().await;
    let actor = Actor::member(Role::TownDispatcher, "s", "500151001".parse().unwrap());
    let token = mesh::mint(&served.key, &actor, NOW, Duration::from_secs(2));
    // Twenty milliseconds before its end: only so long does the alarm sleep before it looks at the clock, which stands.
    served.clock.set(Micros(NOW.0 + 1_980_000));
    for what in ["hang", "flood"] {
        let request = StreamEventsRequest { division_code: what.into(), ..StreamEventsRequest::default() };
        let mut client = EventsClient::new(served.tcp().speaking_as(&token));
        let mut stream = soon(client.stream_events(request)).await.unwrap().into_inner();
        assert!(soon(stream.message()).await.unwrap().is_some());
        served.clock.set(Micros(NOW.0 + 2_000_000));
        let ended = async {
            loop {
                if let Err(status) = stream.message().await {
                    return Problem::from_status(&status);
                }
            }
        };
        let problem = soon(ended).await;
        assert_eq!((problem.code, problem.reason.as_str()), (Code::Unauthenticated, "TOKEN_EXPIRED"), "{what}");
        served.clock.set(Micros(NOW.0 + 1_980_000));
    }
}

#[tokio::test]
async fn stream_keeps_its_seat_until_it_ends() {
    let served = Served::start_with(Config { max_streams: 1, ..Config::default() }).await;
    let mut client = EventsClient::new(served.tcp());
    let hang = StreamEventsRequest { division_code: "hang".into(), ..StreamEventsRequest::default() };
    let mut open = soon(client.stream_events(hang)).await.unwrap().into_inner();
    assert!(soon(open.message()).await.unwrap().is_some());
    let (_, status) = read_to_end(&served, "", None).await;
    assert_eq!(Problem::from_status(&status.unwrap()).reason, "OVERLOADED");
    drop(open);
    // The server learns of it with the reset; until then the seat is taken.
    soon(async { while read_to_end(&served, "", None).await.1.is_some() {} }).await;
}
