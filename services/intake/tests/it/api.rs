//! Filing, once and again.

use crate::city::{City, code_and_reason, complaint, refusal, square_map};
use civic::{Role, TrackingNumber};
use mesh::Code;
use proto::intake::v1::{
    Attachment, Channel, CreateReportRequest, GetReportTimelineRequest, OnTheSpot, ReportKind, ReportState, Reporter,
};
use proto::types::v1::{Location, Urgency};
use tonic::Request;

fn anonymous(request_id: &str) -> CreateReportRequest {
    CreateReportRequest {
        channel: 0,
        reporter: Some(Reporter { anonymous: true, ..Reporter::default() }),
        ..complaint(request_id)
    }
}

#[tokio::test]
async fn a_filed_report_has_its_number_its_work_order_and_its_category() {
    let city = City::open().await;
    let answer = city.client().create_report(city.by_hotline(complaint("a"))).await.unwrap();
    assert!(answer.metadata().contains_key("jiewang-position"));
    let report = answer.into_inner();
    let id = report.name.strip_prefix("reports/").unwrap();
    assert_eq!(report.work_order, format!("workOrders/{id}"));
    assert!(TrackingNumber::parse(&report.tracking_number).is_ok());
    assert_eq!((report.pin.as_str(), report.etag.as_str(), report.state()), ("", "1", ReportState::Filed));
    let category = report.category.unwrap();
    assert_eq!(
        (category.code.as_str(), category.display_name.as_str(), category.by.as_str()),
        ("0612", "路灯故障", "keywords")
    );
    let location = report.location.unwrap();
    assert_eq!((location.division_code.as_str(), location.found_by.as_str()), ("500151001", "code"));
    assert_eq!(location.display_name, "重庆市铜梁区巴川街道");
    let reporter = report.reporter.unwrap();
    assert_eq!((reporter.name.as_str(), reporter.phone.as_str()), ("张*", "138****1234"));
    assert!(!report.needs_person);
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_also_its_pin() {
    let city = City::open().await;
    let first = city.client().create_report(anonymous("a")).await.unwrap().into_inner();
    let again = city.client().create_report(anonymous("a")).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert_eq!(first.pin.len(), 6);
    assert!(first.pin.bytes().all(|digit| digit.is_ascii_digit()));
    assert_eq!(city.events().await, 1);
}

#[tokio::test]
async fn the_same_request_id_with_another_body_is_a_conflict() {
    let city = City::open().await;
    city.file(complaint("a")).await;
    let other = CreateReportRequest { text: "噪音扰民".to_owned(), ..complaint("a") };
    let problem = city.refusal(city.by_hotline(other)).await;
    assert_eq!(code_and_reason(&problem), (Code::Conflict, "REQUEST_ID_REUSED"));
    assert_eq!(city.events().await, 1);
}

#[tokio::test]
async fn request_ids_are_each_callers_own() {
    let city = City::open().await;
    let first = city.file(complaint("a")).await;
    let dispatcher = city.client().create_report(city.by_dispatcher(complaint("a"))).await.unwrap().into_inner();
    assert_ne!(first.name, dispatcher.name);
}

/// A filing without a token, from an address as the gateway tells it.
fn from(address: &str, request_id: &str, text: &str) -> Request<CreateReportRequest> {
    let mut request = Request::new(CreateReportRequest { text: text.to_owned(), ..anonymous(request_id) });
    request.metadata_mut().insert(mesh::edge::CLIENT_ADDRESS, address.parse().unwrap());
    request
}

#[tokio::test]
async fn without_a_token_a_drawn_request_id_is_one_persons_wherever_it_comes_from() {
    let city = City::open().await;
    let id = "5f0c9b52-51c0-4a2e-9c9e-0d6b3f1f7a11";
    let first = city.client().create_report(from("192.0.2.7", id, "路灯不亮")).await.unwrap().into_inner();
    // The phone has gone from one network to another in between.
    let again = city.client().create_report(from("198.51.100.9", id, "路灯不亮")).await.unwrap().into_inner();
    assert_eq!(first, again);
    for address in ["192.0.2.7", "198.51.100.9"] {
        let problem = refusal(city.client().create_report(from(address, id, "噪音扰民")).await);
        assert_eq!(code_and_reason(&problem), (Code::Conflict, "REQUEST_ID_REUSED"), "{address}");
    }
    assert_eq!(city.events().await, 1);
}

#[tokio::test]
async fn without_a_token_two_may_count_from_one_and_one_may_not_count_it_twice() {
    let city = City::open().await;
    let first = city.client().create_report(from("192.0.2.7", "1", "路灯不亮")).await.unwrap().into_inner();
    let other = city.client().create_report(from("198.51.100.9", "1", "噪音扰民")).await.unwrap().into_inner();
    assert_ne!(first.name, other.name);
    let problem = refusal(city.client().create_report(from("192.0.2.7", "1", "噪音扰民")).await);
    assert_eq!(code_and_reason(&problem), (Code::Conflict, "REQUEST_ID_REUSED"));
    assert_eq!(city.events().await, 2);
}

#[tokio::test]
async fn a_channels_number_gives_the_first_report_for_ever() {
    let city = City::open().await;
    let numbered =
        |request_id: &str| CreateReportRequest { channel_number: "20261122-7".to_owned(), ..complaint(request_id) };
    let first = city.file(numbered("a")).await;
    city.clock.advance(40 * civic::Micros::DAY);
    assert_eq!(city.file(numbered("b")).await.name, first.name);
    let other = CreateReportRequest { text: "噪音扰民".to_owned(), ..numbered("c") };
    let problem = city.refusal(city.by_hotline(other)).await;
    assert_eq!(code_and_reason(&problem), (Code::Conflict, "CHANNEL_NUMBER_REUSED"));
    let other_door = CreateReportRequest { channel: Channel::Petition.into(), ..numbered("d") };
    assert_ne!(city.file(other_door).await.name, first.name);
    assert_eq!(city.events().await, 2);
}

#[tokio::test]
async fn without_a_token_only_the_citizens_form_is_open() {
    let city = City::open().await;
    let report = city.client().create_report(anonymous("a")).await.unwrap().into_inner();
    assert_eq!(report.channel(), Channel::CitizenWeb);
    let problem = refusal(city.client().create_report(complaint("b")).await);
    assert_eq!(code_and_reason(&problem), (Code::Denied, "CHANNEL_DENIED"));
    let phone = CreateReportRequest { channel: Channel::MiniProgram.into(), ..complaint("c") };
    assert_eq!(code_and_reason(&refusal(city.client().create_report(phone).await)), (Code::Denied, "CHANNEL_DENIED"));
}

#[tokio::test]
async fn a_grid_worker_files_at_their_own_door_only() {
    let city = City::open().await;
    let at = |channel: Channel| CreateReportRequest { channel: channel.into(), ..complaint("a") };
    let by = |request| city.by(Role::GridWorker, "500151001001-wangge", request);
    assert!(city.client().create_report(by(at(Channel::GridWorker))).await.is_ok());
    let problem = city.refusal(by(at(Channel::Police110))).await;
    assert_eq!(code_and_reason(&problem), (Code::Denied, "CHANNEL_DENIED"));
    let problem = city.refusal(by(CreateReportRequest { channel: 0, ..complaint("b") })).await;
    assert_eq!(code_and_reason(&problem), (Code::Invalid, "CHANNEL_MISSING"));
}

#[tokio::test]
async fn coordinates_are_placed_by_the_loaded_polygons_and_the_answer_says_so() {
    let (_folder, config) = square_map();
    let city = City::open_with(&config).await;
    let at =
        |latitude, longitude| Location { latitude: Some(latitude), longitude: Some(longitude), ..Location::default() };
    let inside = city.file(CreateReportRequest { location: Some(at(29.8, 106.05)), ..complaint("a") }).await;
    let location = inside.location.unwrap();
    assert_eq!((location.division_code.as_str(), location.found_by.as_str()), ("500151", "polygon"));
    let unmapped = city.file(CreateReportRequest { location: Some(at(30.8, 108.3)), ..complaint("b") }).await;
    assert!(unmapped.needs_person);
    assert_eq!(unmapped.location.unwrap().division_code, "50");
}

#[tokio::test]
async fn an_address_in_words_is_found_or_left_to_a_person() {
    let city = City::open().await;
    let at = |address: &str| Some(Location { address: address.to_owned(), ..Location::default() });
    let found = city.file(CreateReportRequest { location: at("铜梁区巴川街道中兴路12号"), ..complaint("a") }).await;
    let location = found.location.unwrap();
    assert_eq!((location.division_code.as_str(), location.found_by.as_str()), ("500151001", "address"));
    assert_eq!(location.address, "铜梁区巴川街道中兴路12号");
    let vague = city.file(CreateReportRequest { location: at("我家门口"), ..complaint("b") }).await;
    assert!(vague.needs_person);
}

#[tokio::test]
async fn a_given_category_is_certain_and_an_emergency_is_level_one_whatever_was_said() {
    let city = City::open().await;
    let given = city.file(CreateReportRequest { category_code: "0707".to_owned(), ..complaint("a") }).await;
    let category = given.category.unwrap();
    assert_eq!((category.code.as_str(), category.confidence, category.by.as_str()), ("0707", 100, "channel"));
    let fire = CreateReportRequest {
        text: "三楼着火了，有人被困".to_owned(),
        urgency: Urgency::LevelFour.into(),
        ..complaint("b")
    };
    assert_eq!(city.file(fire.clone()).await.urgency(), Urgency::LevelOne);
    let idea = CreateReportRequest { kind: ReportKind::Suggestion.into(), request_id: "c".to_owned(), ..fire };
    assert_eq!(city.file(idea).await.urgency(), Urgency::LevelFour);
}

#[tokio::test]
async fn what_no_keyword_knows_needs_a_person() {
    let city = City::open().await;
    let report = city.file(CreateReportRequest { text: "你好".to_owned(), ..complaint("a") }).await;
    assert!(report.needs_person);
    assert_eq!(report.urgency(), Urgency::LevelThree);
    assert_eq!(report.category.unwrap().code, "");
}

#[tokio::test]
async fn everything_that_was_told_comes_back() {
    let city = City::open().await;
    let told = CreateReportRequest {
        occur_time: Some(prost_types::Timestamp { seconds: 1_795_000_000, nanos: 500_000_000 }),
        attachments: vec![Attachment {
            uri: "files/1.jpg".to_owned(),
            sha256: "ab".repeat(32),
            content_type: "image/jpeg".to_owned(),
        }],
        on_the_spot: Some(OnTheSpot { result: "已当场更换灯泡".to_owned() }),
        channel_number: "77".to_owned(),
        ..complaint("a")
    };
    let filed = city.file(told.clone()).await;
    assert_eq!((filed.occur_time.as_ref(), &filed.attachments), (told.occur_time.as_ref(), &told.attachments));
    assert_eq!((filed.on_the_spot.clone(), filed.channel_number.as_str()), (told.on_the_spot, "77"));
    let name = proto::intake::v1::GetReportRequest { name: filed.name.clone() };
    let got = city.client().get_report(city.by_dispatcher(name)).await.unwrap().into_inner();
    assert_eq!(got, filed);
}

#[tokio::test]
async fn nothing_private_lies_in_the_store_in_the_clear() {
    let city = City::open().await;
    let canaries = ["张三丰", "13812349876", "金丝雀巷9号", "金丝雀在文中", "金丝雀结果", "02368884321"];
    let request = CreateReportRequest {
        text: canaries[3].to_owned(),
        location: Some(Location { address: canaries[2].to_owned(), ..Location::default() }),
        reporter: Some(Reporter { name: canaries[0].to_owned(), phone: canaries[1].to_owned(), ..Reporter::default() }),
        on_the_spot: Some(OnTheSpot { result: canaries[4].to_owned() }),
        channel_number: canaries[5].to_owned(),
        ..complaint("a")
    };
    let report = city.file(request).await;
    assert_eq!(report.channel_number, canaries[5]);
    assert!(city.cases.find_unique(&format!("channel/HOTLINE_12345/{}", canaries[5])).await.unwrap().is_none());
    let id = report.name["reports/".len()..].parse().unwrap();
    let events = city.cases.store().events(id, 1).await.unwrap();
    let row = city.cases.store().load(id).await.unwrap().unwrap();
    let stored = [events[0].payload.as_slice(), row.state.as_slice(), format!("{:?}", row.row).as_bytes()].concat();
    for canary in canaries {
        assert!(!stored.windows(canary.len()).any(|bytes| bytes == canary.as_bytes()), "{canary}");
    }
}

#[tokio::test]
async fn dispatch_hears_of_every_report_once_and_of_nothing_private() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let mut heard = Vec::new();
    for partition in 0..4 {
        heard.extend(queue::EventSource::read(&city.cases, partition, 0, 100).await.unwrap());
    }
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].r#type.as_str(), heard[0].subject.as_str()), ("report.filed.v1", report.name.as_str()));
    assert_eq!(heard[0].actor, "integrator/50-rexian");
    let public: proto::events::v1::PublicEvent = prost::Message::decode(heard[0].data.clone()).unwrap();
    let Some(proto::events::v1::public_event::Event::ReportFiled(filed)) = public.event else {
        panic!("another event")
    };
    assert_eq!(format!("reports/{}", filed.report), report.name);
    assert_eq!((filed.tracking_number, filed.category_code), (report.tracking_number, "0612".to_owned()));
    assert_eq!((filed.division_code.as_str(), filed.accepted_us), ("500151001", crate::city::NOW.0));
}

#[tokio::test]
async fn the_timeline_speaks_the_callers_language() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let ask = |language: &str| {
        let mut request: Request<_> = city.by_dispatcher(GetReportTimelineRequest { name: report.name.clone() });
        request.metadata_mut().insert("accept-language", language.parse().unwrap());
        request
    };
    let entries = city.client().get_report_timeline(ask("en")).await.unwrap().into_inner().entries;
    assert_eq!((entries[0].r#type.as_str(), entries[0].text.as_str()), ("report.filed", "Report received"));
    assert_eq!((entries[0].actor_role.as_str(), entries[0].actor_unit.as_str()), ("integrator", "50-rexian"));
    let entries = city.client().get_report_timeline(ask("zh-CN")).await.unwrap().into_inner().entries;
    assert_eq!(entries[0].text, "已受理");
}
