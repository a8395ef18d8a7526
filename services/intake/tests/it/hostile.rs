//! Whatever a request contains, it becomes a draft or a list of violations: no panic, and what is refused names its fields.

use crate::city::City;
use civic::Role;
use intake::app::{Asking, Desk};
use intake::convert::draft;
use intake::error::Error;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proto::intake::v1::{Attachment, CreateReportRequest, OnTheSpot, Reporter};
use proto::types::v1::Location;

/// Mostly right, sometimes anything.
fn text(right: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![6 => Just(right.to_owned()), 1 => Just(String::new()), 1 => any::<String>(), 1 => "[0-9]{1,20}"]
}

fn number() -> impl Strategy<Value = i32> {
    prop_oneof![6 => 1..5, 1 => Just(0), 1 => any::<i32>()]
}

fn degrees(right: f64) -> impl Strategy<Value = Option<f64>> {
    prop_oneof![4 => Just(None), 3 => Just(Some(right)), 1 => any::<f64>().prop_map(Some), 1 => Just(Some(f64::NAN))]
}

fn location() -> impl Strategy<Value = Option<Location>> {
    let parts = (degrees(29.8), degrees(106.0), text("500151001"), text("铜梁区巴川街道"));
    let some = parts.prop_map(|(latitude, longitude, division_code, address)| Location {
        latitude,
        longitude,
        division_code,
        address,
        ..Location::default()
    });
    prop::option::weighted(0.9, some)
}

fn reporter() -> impl Strategy<Value = Option<Reporter>> {
    let parts = (text("张三"), text("13800001234"), any::<bool>(), any::<bool>());
    let some = parts.prop_map(|(name, phone, anonymous, secret)| Reporter {
        name,
        phone,
        anonymous,
        secret,
        no_reply: secret,
    });
    prop::option::of(some)
}

fn request() -> impl Strategy<Value = CreateReportRequest> {
    let attachment = (text("files/1"), text("abababababababababababababababababababababababababababababababab"))
        .prop_map(|(uri, sha256)| Attachment { uri, sha256, content_type: String::new() });
    let words = (text("a"), text("路灯坏了"), text("0612"), text("7"), prop::option::of(text("已处理")));
    let numbers = (number(), number(), number(), prop::option::of((any::<i64>(), any::<i32>())));
    let lists = (location(), reporter(), prop::collection::vec(attachment, 0..23));
    (words, numbers, lists).prop_map(|(words, numbers, (location, reporter, attachments))| {
        let (request_id, text, category_code, channel_number, result) = words;
        let (kind, channel, urgency, time) = numbers;
        CreateReportRequest {
            request_id,
            kind,
            channel,
            channel_number,
            text,
            category_code,
            location,
            reporter,
            occur_time: time.map(|(seconds, nanos)| prost_types::Timestamp { seconds, nanos }),
            urgency,
            attachments,
            on_the_spot: result.map(|result| OnTheSpot { result }),
            theme: String::new(),
            due_time: None,
        }
    })
}

fn held(request: CreateReportRequest, asking: &Asking, desk: &Desk) -> Result<(), TestCaseError> {
    match draft::draft(request, asking, desk) {
        Ok(draft) => prop_assert!(desk.view.contains(&desk.map.root, &draft.located.place.code)),
        Err(Error::Invalid(fields)) => prop_assert!(!fields.is_empty() && fields.iter().all(|f| !f.path.is_empty())),
        Err(Error::ChannelDenied { .. }) => {}
        Err(other) => prop_assert!(false, "{other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn no_request_does_anything_but_become_a_draft_or_its_violations() {
    let city = City::open().await;
    let desk = city.service.app().desk();
    let integrator = civic::Actor::member(Role::Integrator, "i", "50-rexian".parse().unwrap());
    let asking = Asking { caller: mesh::Caller::known(integrator), ..Asking::default() };
    let mut runner = TestRunner::new(Config { cases: 2_000, failure_persistence: None, ..Config::default() });
    runner.run(&request(), |request| held(request, &asking, &desk)).unwrap();
    runner.run(&request(), |request| held(request, &Asking::default(), &desk)).unwrap();
}
