//! The live stream.

use std::time::Duration;

use mesh::Code;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{StreamEventsRequest, StreamedEvent};

use crate::city::{City, OTHER_TOWN, SECTION, code_and_reason, refusal};

/// Only bounds a failure: events take milliseconds.
const BOUND: Duration = Duration::from_secs(20);

async fn next(stream: &mut tonic::Streaming<StreamedEvent>) -> StreamedEvent {
    tokio::time::timeout(BOUND, stream.message()).await.expect("an event within the bound").unwrap().unwrap()
}

fn step(event: &StreamedEvent) -> (String, String) {
    let Some(Public::WorkOrderChanged(changed)) = event.data.clone().unwrap().event else { panic!("{event:?}") };
    (changed.work_order, changed.step)
}

#[tokio::test]
async fn a_stream_tells_each_step_of_the_callers_orders_and_of_no_other() {
    let city = City::open().await;
    city.ordinary().await;
    let mut stream = city.stream(StreamEventsRequest::default()).await;
    city.open_order(city.report("0101", OTHER_TOWN)).await;
    let name = city.ordinary().await;
    city.accept(&name, "a").await;
    let id = name.strip_prefix("workOrders/").unwrap();
    for expected in ["assigned", "accepted"] {
        let event = next(&mut stream).await;
        assert_eq!(step(&event), (id.to_owned(), expected.to_owned()));
        assert_eq!((event.r#type.as_str(), event.subject.as_str()), ("workOrder.changed.v1", name.as_str()));
        assert_eq!(event.division_code, "500151001");
    }
}

#[tokio::test]
async fn a_stream_resumes_behind_the_event_that_was_seen_last() {
    let city = City::open().await;
    let mut stream = city.stream(StreamEventsRequest::default()).await;
    let name = city.ordinary().await;
    let assigned = next(&mut stream).await;
    drop(stream);
    city.accept(&name, "a").await;
    let resumed = StreamEventsRequest { last_event_id: assigned.id.clone(), ..StreamEventsRequest::default() };
    let mut stream = city.stream(resumed).await;
    let steps = [step(&assigned).1, step(&next(&mut stream).await).1];
    assert_eq!(steps, ["assigned", "accepted"]);
}

#[tokio::test]
async fn what_an_event_tells_others_is_what_the_order_says() {
    let city = City::open().await;
    let mut stream = city.stream(StreamEventsRequest::default()).await;
    let name = city.ordinary().await;
    let assigned = next(&mut stream).await;
    let Some(Public::WorkOrderChanged(changed)) = assigned.data.unwrap().event else { panic!("another event") };
    let order = city.look(&name).await;
    assert_eq!((changed.unit.as_str(), changed.unit_name), (SECTION, order.unit_name));
    assert_eq!((changed.state, changed.round, changed.lamp), (order.state, 1, order.lamp));
    assert_eq!(changed.due_us, order.due_time.unwrap().seconds * 1_000_000);
}

#[tokio::test]
async fn a_resume_token_that_is_none_is_refused() {
    let city = City::open().await;
    for token in ["x", "AQAA", "////"] {
        let request = StreamEventsRequest { last_event_id: token.to_owned(), ..StreamEventsRequest::default() };
        let problem = refusal(city.events_client().stream_events(city.by_dispatcher(request)).await);
        assert_eq!(code_and_reason(&problem), (Code::Invalid, "INVALID_RESUME_TOKEN"), "{token}");
    }
    let request = StreamEventsRequest { division_code: "1".to_owned(), ..StreamEventsRequest::default() };
    let problem = refusal(city.events_client().stream_events(city.by_dispatcher(request)).await);
    assert_eq!(code_and_reason(&problem), (Code::Invalid, "DIVISION_UNKNOWN"));
}
