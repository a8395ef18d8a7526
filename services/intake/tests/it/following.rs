//! After filing: the reporter's own look-up and word, and what dispatch's events make of the report.

use crate::city::{City, answered, code_and_reason, complaint, refusal};
use casebook::Consume;
use civic::Micros;
use mesh::{Code, Problem};
use prost::Message;
use proto::events::v1::{Envelope, PublicEvent, WorkOrderChanged, public_event};
use proto::intake::v1::{
    CreateReportRequest, GetReportRequest, MergeReportRequest, RateReportRequest, Report, ReportState, Reporter,
    TrackReportRequest, TrackedReport,
};
use proto::types::v1::WorkOrderState;
use queue::{Apply, Batch, Positions, Slice};
use std::time::Duration;
use tonic::{Request, Status};

fn by_phone(report: &Report, last4: &str) -> TrackReportRequest {
    TrackReportRequest {
        tracking_number: report.tracking_number.clone(),
        phone_last4: last4.to_owned(),
        pin: String::new(),
    }
}

async fn track(city: &City, request: TrackReportRequest) -> Result<TrackedReport, Status> {
    Ok(city.client().track_report(request).await?.into_inner())
}

/// Events of dispatch as its log would give them, applied in order, each with the next position of the report's partition.
async fn hear(city: &City, report: &Report, changes: Vec<(i64, WorkOrderChanged)>) {
    hear_as(city, report, "workOrder.changed.v1", changes).await;
}

async fn hear_as(city: &City, report: &Report, kind: &str, changes: Vec<(i64, WorkOrderChanged)>) {
    let id: civic::CaseId = report.name["reports/".len()..].parse().unwrap();
    let partition = id.partition(4);
    let lease = city.cases.acquire("dispatch", "test", &[partition], Duration::from_secs(60)).await.unwrap()[0];
    let event = |(place, (case_version, changed)): (usize, (i64, WorkOrderChanged))| {
        let changed = WorkOrderChanged { work_order: id.to_string(), ..changed };
        let public = PublicEvent { event: Some(public_event::Event::WorkOrderChanged(changed)) };
        Envelope {
            id: format!("{id}-{case_version}"),
            source: "test/dispatch".to_owned(),
            r#type: kind.to_owned(),
            subject: format!("workOrders/{id}"),
            case_version,
            partition: partition.into(),
            position: lease.consumed + i64::try_from(place).unwrap() + 1,
            time_us: city.clock_now().0,
            data: public.encode_to_vec().into(),
            ..Envelope::default()
        }
    };
    let events = changes.into_iter().enumerate().map(event).collect();
    let slice = Slice { partition, epoch: lease.epoch, from: lease.consumed, events };
    let consume = Consume::new(city.cases.clone(), city.service.effects());
    consume.apply(Batch { producer: "dispatch".to_owned(), slices: vec![slice] }).await.unwrap();
}

fn changed(state: WorkOrderState, unit: &str, due: i64, reply_ready: bool) -> WorkOrderChanged {
    WorkOrderChanged {
        state: state.into(),
        unit: unit.to_owned(),
        unit_name: "铜梁区城市管理局".to_owned(),
        due_us: due,
        reply_ready,
        ..WorkOrderChanged::default()
    }
}

async fn get(city: &City, report: &Report) -> Report {
    let request = GetReportRequest { name: report.name.clone() };
    city.client().get_report(city.by_dispatcher(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn the_last_four_digits_of_the_phone_open_a_report() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let tracked = track(&city, by_phone(&report, "1234")).await.unwrap();
    assert_eq!((&tracked.tracking_number, tracked.state()), (&report.tracking_number, ReportState::Filed));
    assert_eq!(tracked.state_text, "已受理，正在确定承办单位");
    assert_eq!(tracked.create_time, report.create_time);
    let spoken = format!("{} {}", &report.tracking_number[..8], &report.tracking_number[8..]);
    let request = TrackReportRequest { tracking_number: spoken, ..by_phone(&report, "1234") };
    assert!(track(&city, request).await.is_ok(), "as people read it");
}

#[tokio::test]
async fn the_pin_opens_an_anonymous_report_and_only_that() {
    let city = City::open().await;
    let anonymous = |request_id: &str| CreateReportRequest {
        reporter: Some(Reporter { anonymous: true, ..Reporter::default() }),
        ..complaint(request_id)
    };
    let (first, second) = (city.file(anonymous("a")).await, city.file(anonymous("b")).await);
    let with = |report: &Report, pin: &str| TrackReportRequest {
        tracking_number: report.tracking_number.clone(),
        pin: pin.to_owned(),
        ..TrackReportRequest::default()
    };
    assert!(track(&city, with(&first, &first.pin)).await.is_ok());
    let problem = refusal(track(&city, with(&second, &first.pin)).await);
    assert_eq!(code_and_reason(&problem), (Code::NotFound, "NOT_FOUND"));
    let as_phone = TrackReportRequest { phone_last4: first.pin.clone(), pin: String::new(), ..with(&first, "") };
    assert!(track(&city, as_phone).await.is_err());
    assert_eq!(get(&city, &first).await.pin, "", "shown once");
}

#[tokio::test]
async fn a_wrong_number_and_a_wrong_secret_cannot_be_told_apart() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let wrong_secret = refusal(track(&city, by_phone(&report, "9999")).await);
    let unknown = civic::TrackingNumber::new(Micros(1_795_000_000_000_000), &civic::SeededRng::new(5));
    let other = Report { tracking_number: unknown.to_string(), ..report };
    assert_eq!(refusal(track(&city, by_phone(&other, "1234")).await), wrong_secret);
    let slip = Report { tracking_number: "12345678901234567".to_owned(), ..other };
    assert_eq!(refusal(track(&city, by_phone(&slip, "1234")).await), wrong_secret);
}

#[tokio::test]
async fn exactly_one_secret_is_needed() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let problem = refusal(track(&city, by_phone(&report, "")).await);
    assert_eq!(code_and_reason(&problem), (Code::Invalid, "SECRET_MISSING"));
    let both = TrackReportRequest { pin: "000000".to_owned(), ..by_phone(&report, "1234") };
    assert_eq!(code_and_reason(&refusal(track(&city, both).await)), (Code::Invalid, "SECRET_AMBIGUOUS"));
}

#[tokio::test]
async fn guesses_at_a_number_are_braked_and_the_brake_lets_go_with_time() {
    let city = City::open().await;
    let (report, other) = (city.file(complaint("a")).await, city.file(complaint("b")).await);
    for _ in 0..50 {
        assert!(track(&city, by_phone(&report, "1234")).await.is_ok(), "the right secret costs nothing");
    }
    for guess in 0..5 {
        let problem = refusal(track(&city, by_phone(&report, &format!("000{guess}"))).await);
        assert_eq!(problem.code, Code::NotFound);
    }
    let problem = refusal(track(&city, by_phone(&report, "1234")).await);
    assert_eq!(code_and_reason(&problem), (Code::Exhausted, "TOO_MANY_GUESSES"));
    assert_eq!(problem.retry_after, Some(Duration::from_secs(180)));
    assert!(track(&city, by_phone(&other, "1234")).await.is_ok(), "another report stays open");
    city.clock.advance(180 * Micros::SECOND);
    assert!(track(&city, by_phone(&report, "1234")).await.is_ok());
}

#[tokio::test]
async fn guesses_from_one_address_are_braked_whatever_they_aim_at() {
    let city = City::open().await;
    let mut reports = Vec::new();
    for n in 0..21 {
        reports.push(city.file(complaint(&n.to_string())).await);
    }
    let from = |address: &str, report: &Report, last4: &str| {
        let mut request = Request::new(by_phone(report, last4));
        request.metadata_mut().insert("jiewang-client-address", address.parse().unwrap());
        request
    };
    for report in &reports[..20] {
        let answer = city.client().track_report(from("10.0.0.1", report, "0000")).await;
        assert_eq!(refusal(answer).code, Code::NotFound);
    }
    let braked = city.client().track_report(from("10.0.0.1", &reports[20], "1234")).await;
    assert_eq!(refusal(braked).reason, "TOO_MANY_GUESSES");
    assert!(city.client().track_report(from("10.0.0.2", &reports[20], "1234")).await.is_ok());
    // Whoever is not the gateway and tells this address does not use up another's guesses, nor gets new ones by telling others.
    assert!(city.direct_client().track_report(from("10.0.0.1", &reports[20], "1234")).await.is_ok());
}

#[tokio::test]
async fn the_report_follows_its_order_and_what_cannot_be_told_apart_writes_nothing() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let due = 1_796_000_000_000_000;
    let assigned = changed(WorkOrderState::Assigned, "500151-chengguan", due, false);
    let lamp = WorkOrderChanged { step: "lampTurned".to_owned(), ..assigned.clone() };
    hear(&city, &report, vec![(2, assigned.clone()), (3, lamp)]).await;
    let with_unit = get(&city, &report).await;
    assert_eq!((with_unit.state(), with_unit.unit.as_str()), (ReportState::WithUnit, "500151-chengguan"));
    assert_eq!((with_unit.work_order_state(), with_unit.etag.as_str()), (WorkOrderState::Assigned, "2"));
    assert_eq!(with_unit.due_time.unwrap().seconds, due / Micros::SECOND);
    hear(&city, &report, vec![(4, changed(WorkOrderState::Accepted, "500151-chengguan", due, false)), (2, assigned)])
        .await;
    assert_eq!(get(&city, &report).await.state(), ReportState::BeingHandled, "an older step changes nothing");
    let handler = city.by(civic::Role::DepartmentHandler, "500151-chengguan", GetReportRequest { name: report.name });
    assert!(city.client().get_report(handler).await.is_ok(), "the unit that answers for it sees it now");
}

#[tokio::test]
async fn an_order_that_came_from_no_report_parks_nothing() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let stranger = civic::CaseId::new(city.clock_now(), &civic::SeededRng::new(77));
    let alien = Report { name: format!("reports/{stranger}"), ..report };
    hear(&city, &alien, vec![(1, changed(WorkOrderState::Assigned, "50", 0, false))]).await;
    assert_eq!(city.cases.store().parked().await.unwrap().len(), 0);
    assert_eq!(city.events().await, 1);
}

#[tokio::test]
async fn an_unknown_state_of_a_newer_dispatch_parks_the_case() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let unknown = WorkOrderChanged { state: 99, ..changed(WorkOrderState::Assigned, "50", 0, false) };
    hear(&city, &report, vec![(2, unknown)]).await;
    assert_eq!(city.cases.store().parked().await.unwrap().len(), 1);
    assert_eq!(get(&city, &report).await.state(), ReportState::Filed);
}

#[tokio::test]
async fn a_change_told_by_a_later_release_parks_the_case() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let assigned = changed(WorkOrderState::Assigned, "500151-chengguan", 0, false);
    hear_as(&city, &report, "workOrder.changed.v2", vec![(2, assigned)]).await;
    let parked = city.cases.store().parked().await.unwrap();
    assert_eq!(parked[0].reason, "workOrder.changed.v2 is of a later release: this one knows workOrder.changed.v1");
    assert_eq!(get(&city, &report).await.state(), ReportState::Filed);
}

#[tokio::test]
async fn the_reply_is_told_when_dispatch_has_one_and_left_out_when_dispatch_is_away() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let resolved = changed(WorkOrderState::Resolved, "500151-chengguan", 0, true);
    hear(&city, &report, vec![(5, resolved)]).await;
    let alone = track(&city, by_phone(&report, "1234")).await.unwrap();
    assert_eq!((alone.state(), alone.reply.as_str()), (ReportState::Answered, ""));
    assert_eq!(alone.responsible_unit, "铜梁区城市管理局");
    *city.dispatch.order.lock().unwrap() = Some(answered("路灯已修复"));
    let told = track(&city, by_phone(&report, "1234")).await.unwrap();
    assert_eq!((told.state(), told.reply.as_str()), (ReportState::Answered, "路灯已修复"));
}

fn word(report: &Report, request_id: &str, last4: &str) -> RateReportRequest {
    RateReportRequest {
        request_id: request_id.to_owned(),
        tracking_number: report.tracking_number.clone(),
        phone_last4: last4.to_owned(),
        answered: true,
        solved: true,
        satisfied: true,
        comment: "很好".to_owned(),
        ..RateReportRequest::default()
    }
}

#[tokio::test]
async fn the_reporters_word_goes_to_dispatch_and_stays_in_the_history_once() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let mut closed = answered("路灯已修复");
    closed.state = intake::domain::OrderState::Closed;
    *city.dispatch.order.lock().unwrap() = Some(closed);
    for _ in 0..2 {
        let answer = city.client().rate_report(word(&report, "w", "1234")).await.unwrap();
        assert_eq!(answer.metadata().get("jiewang-position").unwrap(), "dispatch-position");
        assert_eq!(answer.into_inner().state(), ReportState::Done, "fresher than the events heard so far");
    }
    let words = city.dispatch.words.lock().unwrap().clone();
    assert_eq!((words.len(), words[0].1.request_id.as_str(), words[0].1.comment.as_str()), (2, "w", "很好"));
    assert_eq!(format!("reports/{}", words[0].0), report.name);
    assert_eq!(city.events().await, 2);
}

#[tokio::test]
async fn a_word_with_a_wrong_secret_never_reaches_dispatch() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let problem = refusal(city.client().rate_report(word(&report, "w", "0000")).await);
    assert_eq!(code_and_reason(&problem), (Code::NotFound, "NOT_FOUND"));
    let problem = refusal(city.client().rate_report(word(&report, "", "1234")).await);
    assert_eq!(code_and_reason(&problem), (Code::Invalid, "REQUEST_ID_MISSING"));
    assert!(city.dispatch.words.lock().unwrap().is_empty());
}

#[tokio::test]
async fn dispatchs_refusal_of_a_word_is_passed_on_unchanged() {
    let city = City::open().await;
    let report = city.file(complaint("a")).await;
    let said = Problem {
        code: Code::Refused,
        reason: "RATING_WINDOW_OVER".to_owned(),
        detail: "the window is over".to_owned(),
        fields: Vec::new(),
        retry_after: None,
        law: Some("some article".to_owned()),
    };
    *city.dispatch.refusal.lock().unwrap() = Some(said.clone());
    assert_eq!(refusal(city.client().rate_report(word(&report, "w", "1234")).await), said);
    let unknown = Problem { code: Code::NotFound, reason: "NOT_FOUND".to_owned(), ..said };
    *city.dispatch.refusal.lock().unwrap() = Some(unknown);
    let early = refusal(city.client().rate_report(word(&report, "w", "1234")).await);
    assert_eq!(code_and_reason(&early), (Code::Unavailable, "NOT_YET_VISIBLE"));
    assert_eq!(city.events().await, 1, "nothing is kept of a word that was not taken");
}

#[tokio::test]
async fn a_dispatcher_merges_a_report_by_its_name_and_nobody_else_does() {
    let city = City::open().await;
    let (report, known) = (city.file(complaint("a")).await, city.file(complaint("b")).await);
    let merge = |into: &str| MergeReportRequest {
        name: report.name.clone(),
        request_id: "m".to_owned(),
        into: into.to_owned(),
        ..MergeReportRequest::default()
    };
    let town = |request| city.by(civic::Role::TownDispatcher, "500151001", request);
    for wrong in ["", "reports/x", "moons/1"] {
        let problem = refusal(city.client().merge_report(town(merge(wrong))).await);
        assert_eq!((problem.reason.as_str(), problem.fields[0].path.as_str()), ("INTO_INVALID", "into"), "{wrong}");
    }
    let hotline = city.by(civic::Role::Integrator, "50-rexian", merge(&known.name));
    assert_eq!(refusal(city.client().merge_report(hotline).await).reason, "ROLE_DENIED", "a machine does not merge");
    let elsewhere = city.by(civic::Role::TownDispatcher, "500151002", merge(&known.name));
    assert_eq!(refusal(city.client().merge_report(elsewhere).await).code, Code::NotFound);
    assert!(city.dispatch.merged.lock().unwrap().is_empty());
    let answer = city.client().merge_report(town(merge(&known.name))).await.unwrap();
    assert_eq!(answer.metadata().get("jiewang-position").unwrap(), "dispatch-position");
    assert_eq!(answer.into_inner().name, report.name);
    let asked = city.dispatch.merged.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].0, format!("reports/{}", asked[0].2.into)), (civic::Role::TownDispatcher, known.name));
}
