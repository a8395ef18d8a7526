//! Bad input: each a stable reason at the field's path, all of them at once, and nothing stored.

use crate::city::{City, NOW, code_and_reason, complaint};
use civic::Micros;
use mesh::Code;
use proto::intake::v1::{Attachment, CreateReportRequest, OnTheSpot, Reporter};
use proto::types::v1::Location;

type Change = fn(&mut CreateReportRequest);

fn location(change: fn(&mut Location)) -> Location {
    let mut location = Location::default();
    change(&mut location);
    location
}

fn attached(request: &mut CreateReportRequest, uri: &str, sha256: &str) {
    let attachment = Attachment { uri: uri.to_owned(), sha256: sha256.to_owned(), content_type: String::new() };
    request.attachments.push(attachment);
}

fn contact(request: &mut CreateReportRequest) -> &mut Reporter {
    request.reporter.as_mut().unwrap()
}

/// (what is done to a good request, path, reason)
fn wrongs() -> Vec<(Change, &'static str, &'static str)> {
    vec![
        (|r| r.request_id.clear(), "requestId", "REQUEST_ID_MISSING"),
        (|r| r.request_id = "字".repeat(65), "requestId", "REQUEST_ID_TOO_LONG"),
        (|r| r.kind = 0, "kind", "KIND_MISSING"),
        (|r| r.kind = 77, "kind", "KIND_UNKNOWN"),
        (|r| r.channel = 0, "channel", "CHANNEL_MISSING"),
        (|r| r.channel = 77, "channel", "CHANNEL_UNKNOWN"),
        (|r| r.channel_number = "1".repeat(65), "channelNumber", "CHANNEL_NUMBER_TOO_LONG"),
        (|r| r.text.clear(), "text", "TEXT_MISSING"),
        (|r| r.text = " \n\u{3000}".to_owned(), "text", "TEXT_MISSING"),
        (|r| r.text = "字".repeat(10_001), "text", "TEXT_TOO_LONG"),
        (|r| r.text = "字".repeat(1_000_000), "text", "TEXT_TOO_LONG"),
        (|r| r.category_code = "9999".to_owned(), "categoryCode", "CATEGORY_UNKNOWN"),
        (|r| r.urgency = 9, "urgency", "URGENCY_UNKNOWN"),
        (|r| r.location = None, "location", "LOCATION_MISSING"),
        (|r| r.location = Some(Location::default()), "location", "LOCATION_MISSING"),
        (
            |r| r.location = Some(location(|l| l.division_code = "509999".to_owned())),
            "location.divisionCode",
            "DIVISION_UNKNOWN",
        ),
        (
            |r| r.location = Some(location(|l| l.division_code = "铜梁".to_owned())),
            "location.divisionCode",
            "DIVISION_UNKNOWN",
        ),
        (
            |r| r.location = Some(location(|l| (l.latitude, l.longitude) = (Some(39.9), Some(116.4)))),
            "location.latitude",
            "OUTSIDE_TERRITORY",
        ),
        (
            |r| r.location = Some(location(|l| (l.latitude, l.longitude) = (Some(f64::NAN), Some(106.0)))),
            "location.latitude",
            "COORDINATES_INVALID",
        ),
        (|r| r.location = Some(location(|l| l.latitude = Some(29.8))), "location.longitude", "COORDINATES_INCOMPLETE"),
        (|r| r.location = Some(location(|l| l.address = "路".repeat(301))), "location.address", "ADDRESS_TOO_LONG"),
        (|r| contact(r).phone = "12345".to_owned(), "reporter.phone", "PHONE_INVALID"),
        (|r| contact(r).name = "名".repeat(65), "reporter.name", "NAME_TOO_LONG"),
        (|r| contact(r).anonymous = true, "reporter.anonymous", "ANONYMOUS_WITH_CONTACT"),
        (
            |r| r.occur_time = Some(prost_types::Timestamp { seconds: NOW.secs() + 301, nanos: 0 }),
            "occurTime",
            "OCCUR_TIME_IN_FUTURE",
        ),
        (|r| r.occur_time = Some(prost_types::Timestamp { seconds: 0, nanos: -5 }), "occurTime", "OCCUR_TIME_INVALID"),
        (
            |r| r.due_time = Some(prost_types::Timestamp { seconds: NOW.secs() - 1, nanos: 0 }),
            "dueTime",
            "DUE_TIME_PAST",
        ),
        (|r| r.due_time = Some(prost_types::Timestamp { seconds: 0, nanos: -5 }), "dueTime", "DUE_TIME_INVALID"),
        (|r| attached(r, "a", &"AB".repeat(32)), "attachments[0].sha256", "ATTACHMENT_INVALID"),
        (|r| attached(r, "", &"ab".repeat(32)), "attachments[0].uri", "ATTACHMENT_INVALID"),
        (|r| (0..21).for_each(|_| attached(r, "a", &"ab".repeat(32))), "attachments", "TOO_MANY_ATTACHMENTS"),
        (|r| r.on_the_spot = Some(OnTheSpot::default()), "onTheSpot.result", "RESULT_MISSING"),
        (|r| r.on_the_spot = Some(OnTheSpot { result: "果".repeat(4_001) }), "onTheSpot.result", "RESULT_TOO_LONG"),
    ]
}

#[tokio::test]
async fn every_wrong_field_is_named_and_nothing_is_stored() {
    let city = City::open().await;
    for (change, path, reason) in wrongs() {
        let mut request = complaint("a");
        change(&mut request);
        let problem = city.refusal(city.by_hotline(request)).await;
        assert_eq!(code_and_reason(&problem), (Code::Invalid, reason), "{path}");
        let fields: Vec<(&str, &str)> =
            problem.fields.iter().map(|field| (field.path.as_str(), field.reason.as_str())).collect();
        assert_eq!(fields, [(path, reason)]);
    }
    assert_eq!(city.events().await, 0);
    assert_eq!(city.open_reports().await, []);
}

#[tokio::test]
async fn a_request_that_is_wrong_in_five_places_hears_of_all_five() {
    let city = City::open().await;
    let request = CreateReportRequest {
        kind: 0,
        text: String::new(),
        location: None,
        reporter: Some(Reporter { phone: "12345".to_owned(), ..Reporter::default() }),
        category_code: "9999".to_owned(),
        ..complaint("a")
    };
    let problem = city.refusal(city.by_hotline(request)).await;
    let paths: Vec<&str> = problem.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["kind", "text", "categoryCode", "location", "reporter.phone"]);
}

#[tokio::test]
async fn a_limit_is_brought_along_by_machines_only() {
    let city = City::open().await;
    let due = prost_types::Timestamp { seconds: NOW.secs(), nanos: 0 };
    let request = CreateReportRequest { due_time: Some(due), ..complaint("a") };
    let problem = city.refusal(city.by_dispatcher(request.clone())).await;
    assert_eq!(code_and_reason(&problem), (Code::Invalid, "DUE_TIME_DENIED"));
    city.file(request).await;
}

#[tokio::test]
async fn the_limits_themselves_are_allowed() {
    let city = City::open().await;
    let request = CreateReportRequest {
        request_id: "字".repeat(64),
        text: "字".repeat(10_000),
        occur_time: Some(prost_types::Timestamp { seconds: NOW.secs() + 300, nanos: 0 }),
        ..complaint("a")
    };
    assert_eq!(city.file(request).await.text.chars().count(), 10_000);
}

#[tokio::test]
async fn a_division_of_another_district_is_outside_a_districts_territory() {
    let config = intake::config::Config { place: "500151".to_owned(), ..Default::default() };
    let city = City::open_with(&config).await;
    let elsewhere = Location { division_code: "500103".to_owned(), ..Location::default() };
    let request = CreateReportRequest { location: Some(elsewhere), ..complaint("a") };
    let problem = city.refusal(city.by_hotline(request)).await;
    assert_eq!(code_and_reason(&problem), (Code::Invalid, "OUTSIDE_TERRITORY"));
    assert_eq!(problem.fields[0].path, "location.divisionCode");
}

#[tokio::test]
async fn a_refused_request_id_may_be_used_again() {
    let city = City::open().await;
    let wrong = CreateReportRequest { text: String::new(), ..complaint("a") };
    city.refusal(city.by_hotline(wrong)).await;
    city.clock.advance(Micros::SECOND);
    assert_eq!(city.file(complaint("a")).await.etag, "1");
}
