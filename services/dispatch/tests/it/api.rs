//! The life of an order through the rpcs.

use casebook::Consume;
use civic::{Actor, Clock, Micros, Role};
use mesh::Code;
use prost::Message;
use prost_types::Timestamp;
use proto::dispatch::v1 as pb;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{Envelope, PublicEvent, ReportClassified, ReportFiled};
use proto::types::v1::{Lamp, Urgency, WorkOrderState};
use queue::{Apply, Batch, Positions, Slice};
use std::time::Duration;

use crate::city::{City, OTHER_TOWN, SECTION, TOWN, accept, code_and_reason, later, rate, refusal, resolve};

#[tokio::test]
async fn a_report_becomes_an_order_with_a_unit_and_a_running_clock() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let order = city.look(&name).await;
    assert_eq!(order.state(), WorkOrderState::Assigned);
    assert_eq!((order.unit.as_str(), order.unit_name.as_str()), (SECTION, "铜梁区巴川街道平安法治板块"));
    assert_eq!(order.report, name.replace("workOrders", "reports"));
    assert_eq!((order.etag.as_str(), order.round, order.lamp()), ("2", 1, Lamp::Green));
    assert_eq!(order.division_name, "重庆市铜梁区巴川街道");
    assert_eq!(order.category.as_ref().unwrap().display_name, "社会治安隐患");
    // Level three: 24:00 of the seventh day after 2026-11-22.
    let due = order.due_time.unwrap();
    assert_eq!(Micros::from_secs(due.seconds).to_string(), "2026-11-30T00:00:00+08:00");
}

#[tokio::test]
async fn a_satisfied_citizen_closes_the_order_in_one_commit() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let accepted = city.client().accept_work_order(city.by_unit(accept(&name, "a"))).await.unwrap();
    assert!(accepted.metadata().contains_key("jiewang-position"));
    let resolved = city.resolve(&name).await;
    assert_eq!((resolved.state(), resolved.reply_pending), (WorkOrderState::Resolved, false));
    assert_eq!((resolved.result.as_str(), resolved.reply.as_str()), ("已现场处置", "您反映的问题已处理"));
    let closed = city.client().rate_work_order(city.by_hotline(rate(&name, true))).await.unwrap().into_inner();
    assert_eq!(closed.state(), WorkOrderState::Closed);
    assert_eq!(closed.rating.unwrap().comment, "谢谢");
    assert!(closed.due_time.is_none() && closed.close_time.is_some());
    assert_eq!(city.fire_due().await, 0);
    city.clock.advance(later(24 * 400));
    assert_eq!(city.fire_due().await, 0, "no timer outlives the order");
}

#[tokio::test]
async fn an_unsatisfied_citizen_begins_the_next_round() {
    let city = City::open().await;
    let name = city.ordinary().await;
    city.accept(&name, "a").await;
    city.resolve(&name).await;
    city.clock.advance(later(3));
    let order = city.client().rate_work_order(city.by_hotline(rate(&name, false))).await.unwrap().into_inner();
    assert_eq!((order.state(), order.round), (WorkOrderState::InProgress, 2));
    let clock = pb::GetWorkOrderClockRequest { name: name.clone() };
    let clock = city.client().get_work_order_clock(city.by_dispatcher(clock)).await.unwrap().into_inner();
    let (total, unit) = (clock.total.unwrap(), clock.unit.unwrap());
    assert_eq!(total.segments.len(), 1, "the total clock ran on: {:?}", total.segments);
    let kinds: Vec<_> = unit.segments.iter().map(|segment| segment.kind.as_str()).collect();
    assert_eq!(kinds[kinds.len() - 1], "paused", "the unit clock stood until now: {kinds:?}");
}

#[tokio::test]
async fn a_report_nobody_is_listed_for_waits_for_a_dispatcher() {
    let city = City::open().await;
    let name = city.open_order(city.report("", TOWN)).await;
    assert_eq!(city.look(&name).await.state(), WorkOrderState::Created);
    let assign = |unit: &str| pb::AssignWorkOrderRequest {
        name: name.clone(),
        request_id: unit.to_owned(),
        unit: unit.to_owned(),
        ..pb::AssignWorkOrderRequest::default()
    };
    let unknown = city.client().assign_work_order(city.by_dispatcher(assign("500151001-none"))).await;
    let problem = refusal(unknown);
    assert_eq!(code_and_reason(&problem), (Code::Invalid, "UNIT_UNKNOWN"));
    assert_eq!(problem.fields[0].path, "unit");
    let order = city.client().assign_work_order(city.by_dispatcher(assign(SECTION))).await.unwrap().into_inner();
    assert_eq!((order.state(), order.unit.as_str()), (WorkOrderState::Assigned, SECTION));
}

#[tokio::test]
async fn the_same_request_has_one_effect_and_one_answer() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let first = city.accept(&name, "a").await;
    let again = city.accept(&name, "a").await;
    assert_eq!(first, again);
    let other = pb::AcceptWorkOrderRequest { note: "!".to_owned(), ..accept(&name, "a") };
    let problem = refusal(city.client().accept_work_order(city.by_unit(other)).await);
    assert_eq!(code_and_reason(&problem), (Code::Conflict, "REQUEST_ID_REUSED"));
    let problem = refusal(city.client().accept_work_order(city.by_unit(accept(&name, "b"))).await);
    assert_eq!(code_and_reason(&problem), (Code::Refused, "STATE_REFUSES"));
}

#[tokio::test]
async fn a_stale_etag_is_a_conflict_and_a_malformed_one_is_invalid() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let with = |etag: &str| pb::AcceptWorkOrderRequest { etag: etag.to_owned(), ..accept(&name, "a") };
    let problem = refusal(city.client().accept_work_order(city.by_unit(with("1"))).await);
    assert_eq!(code_and_reason(&problem), (Code::Conflict, "ETAG_STALE"));
    for etag in ["x", "0", "-1", "02"] {
        let problem = refusal(city.client().accept_work_order(city.by_unit(with(etag))).await);
        assert_eq!(code_and_reason(&problem), (Code::Invalid, "ETAG_INVALID"), "{etag}");
    }
    assert!(city.client().accept_work_order(city.by_unit(with("2"))).await.is_ok());
}

#[tokio::test]
async fn every_fault_of_a_request_is_told_at_once() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let empty = pb::ResolveWorkOrderRequest {
        request_id: "x".repeat(65),
        etag: "?".to_owned(),
        note: "长".repeat(10_001),
        result: String::new(),
        reply: " ".to_owned(),
        ..resolve(&name)
    };
    let problem = refusal(city.client().resolve_work_order(city.by_unit(empty)).await);
    let found: Vec<_> = problem.fields.iter().map(|field| (field.path.as_str(), field.reason.as_str())).collect();
    let expected = [
        ("requestId", "REQUEST_ID_TOO_LONG"),
        ("result", "RESULT_MISSING"),
        ("reply", "REPLY_MISSING"),
        ("etag", "ETAG_INVALID"),
        ("note", "TEXT_TOO_LONG"),
    ];
    assert_eq!(found, expected);
    assert_eq!(city.look(&name).await.etag, "2");
}

#[tokio::test]
async fn a_suspension_stops_both_clocks_and_ends_by_its_timer() {
    let city = City::open().await;
    let name = city.ordinary().await;
    city.accept(&name, "a").await;
    let until = city.clock.advance(0) + later(100);
    let request = pb::RequestSuspensionWorkOrderRequest {
        name: name.clone(),
        request_id: "s".to_owned(),
        until: Some(Timestamp { seconds: until.secs(), nanos: 0 }),
        reason: "等待配件".to_owned(),
        ..pb::RequestSuspensionWorkOrderRequest::default()
    };
    let asked = city.client().request_suspension_work_order(city.by_unit(request)).await.unwrap().into_inner();
    assert_eq!(asked.pending.unwrap().reason, "等待配件");
    let approve = pb::ApproveWorkOrderRequest {
        name: name.clone(),
        request_id: "y".to_owned(),
        ..pb::ApproveWorkOrderRequest::default()
    };
    let order = city.client().approve_work_order(city.by_dispatcher(approve)).await.unwrap().into_inner();
    assert_eq!((order.state(), order.due_time), (WorkOrderState::Suspended, None));
    city.clock.advance(later(99));
    assert_eq!(city.fire_due().await, 0, "never early");
    city.clock.advance(later(1));
    assert_eq!(city.fire_due().await, 1);
    let order = city.look(&name).await;
    assert_eq!(order.state(), WorkOrderState::Accepted);
    assert!(order.due_time.is_some());
}

#[tokio::test]
async fn lamps_turn_yellow_and_red_by_their_timers() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let mut lamps = Vec::new();
    for _ in 0..9 {
        city.clock.advance(later(24));
        while city.fire_due().await > 0 {}
        lamps.push(city.look(&name).await.lamp());
    }
    lamps.dedup();
    assert_eq!(lamps, [Lamp::Green, Lamp::Yellow, Lamp::Red]);
    let timeline = pb::GetWorkOrderTimelineRequest { name };
    let timeline = city.client().get_work_order_timeline(city.by_dispatcher(timeline)).await.unwrap().into_inner();
    let turned = timeline.entries.iter().filter(|entry| entry.r#type == "workOrder.lampTurned").count();
    assert_eq!(turned, 4, "two lamps, each yellow and red");
    let overdue = timeline.entries.iter().find(|entry| entry.r#type == "workOrder.acceptOverdue").unwrap();
    assert_eq!((overdue.actor_role.as_str(), overdue.text.as_str()), ("timer", "超时未签收"));
}

#[tokio::test]
async fn a_timeline_speaks_the_language_asked_for_and_keeps_reasons_from_citizens() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let back = pb::ReturnWorkOrderRequest {
        name: name.clone(),
        request_id: "r".to_owned(),
        reason: "不属本单位职责".to_owned(),
        proposed_unit: "500151-gongan".to_owned(),
        ..pb::ReturnWorkOrderRequest::default()
    };
    let order = city.client().return_work_order(city.by_unit(back)).await.unwrap().into_inner();
    assert_eq!((order.state(), order.responsible_unit.as_str(), order.returns), (WorkOrderState::Returned, SECTION, 1));
    let ask = pb::GetWorkOrderTimelineRequest { name: name.clone() };
    let mut english = city.by_dispatcher(ask.clone());
    english.metadata_mut().insert("accept-language", "en".parse().unwrap());
    let entries = city.client().get_work_order_timeline(english).await.unwrap().into_inner().entries;
    let words: Vec<_> = entries.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(words, ["opened", "assigned to 铜梁区巴川街道平安法治板块", "returned"]);
    assert_eq!((entries[2].reason.as_str(), entries[2].actor_unit.as_str()), ("不属本单位职责", SECTION));
    let citizen = Actor::alone(Role::Citizen, name.replace("workOrders", "reports"));
    let entries =
        city.client().get_work_order_timeline(city.as_actor(&citizen, ask)).await.unwrap().into_inner().entries;
    assert!(entries.iter().all(|entry| entry.reason.is_empty()));
}

#[tokio::test]
async fn nothing_that_people_wrote_is_stored_in_the_clear() {
    let city = City::open().await;
    let name = city.ordinary().await;
    city.accept(&name, "a").await;
    city.resolve(&name).await;
    let id = name.strip_prefix("workOrders/").unwrap().parse().unwrap();
    let row = city.cases.store().load(id).await.unwrap().unwrap();
    let events = city.cases.store().events(id, row.version).await.unwrap();
    let stored = events.iter().flat_map(|event| event.payload.clone()).chain(row.state).collect::<Vec<u8>>();
    for canary in ["已现场处置", "您反映的问题已处理", "department-handler-1"] {
        assert!(!stored.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary}");
    }
}

fn filed(report: ReportFiled, position: i64) -> Envelope {
    let subject = format!("reports/{}", report.report);
    let data = PublicEvent { event: Some(Public::ReportFiled(report)) }.encode_to_vec().into();
    Envelope { r#type: "report.filed.v1".to_owned(), subject, position, data, ..Envelope::default() }
}

#[tokio::test]
async fn the_event_of_a_report_opens_one_order_however_often_it_comes() {
    let city = City::open().await;
    let report = city.report("0101", TOWN);
    let name = format!("workOrders/{}", report.report);
    hear(&city, vec![filed(report.clone(), 1), filed(report, 2)]).await;
    assert_eq!(city.look(&name).await.etag, "2");
    assert!(city.cases.store().parked().await.unwrap().is_empty());
}

fn classified(ruling: ReportClassified, position: i64) -> Envelope {
    let subject = format!("reports/{}", ruling.report);
    let data = PublicEvent { event: Some(Public::ReportClassified(ruling)) }.encode_to_vec().into();
    Envelope { r#type: "report.classified.v1".to_owned(), subject, position, data, ..Envelope::default() }
}

/// A ruling on a report, by the clock of the city.
fn ruling(city: &City, report: &ReportFiled, category: &str, division: &str) -> ReportClassified {
    ReportClassified {
        report: report.report.clone(),
        category_code: category.to_owned(),
        division_code: division.to_owned(),
        at_us: city.clock.now().0,
        by: "city-dispatcher@50".to_owned(),
        ..ReportClassified::default()
    }
}

/// Events of intake's partition 0, applied in order.
async fn hear(city: &City, events: Vec<Envelope>) {
    let lease = city.cases.acquire("intake", "test", &[0], Duration::from_secs(60)).await.unwrap()[0];
    let consume = Consume::new(city.cases.clone(), city.service.effects());
    let slice = Slice { partition: 0, epoch: lease.epoch, from: lease.consumed, events };
    consume.apply(Batch { producer: "intake".to_owned(), slices: vec![slice] }).await.unwrap();
}

#[tokio::test]
async fn a_ruling_gives_a_waiting_order_its_place_its_category_and_its_unit() {
    let city = City::open().await;
    let report = city.report("", "50");
    let name = format!("workOrders/{}", report.report);
    let ruled = ReportClassified { urgency: 2, ..ruling(&city, &report, "0101", TOWN) };
    hear(&city, vec![filed(report, 1), classified(ruled.clone(), 2), classified(ruled, 3)]).await;
    let order = city.look(&name).await;
    assert_eq!((order.state(), order.unit.as_str()), (WorkOrderState::Assigned, SECTION));
    assert_eq!((order.division_code.as_str(), order.urgency()), (TOWN, Urgency::LevelTwo));
    assert_eq!(order.category.unwrap().display_name, "社会治安隐患");
    assert_eq!(order.etag, "3", "created, reclassified, assigned; the second ruling says nothing new");
    let ask = pb::GetWorkOrderTimelineRequest { name };
    let entries = city.client().get_work_order_timeline(city.by_dispatcher(ask)).await.unwrap().into_inner().entries;
    let kinds: Vec<_> = entries.iter().map(|entry| entry.r#type.as_str()).collect();
    assert_eq!(kinds, ["workOrder.created", "workOrder.reclassified", "workOrder.assigned"]);
    assert_eq!((entries[1].actor_role.as_str(), entries[1].actor_unit.as_str()), ("city-dispatcher", "50"));
    assert!(city.cases.store().parked().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_ruling_leaves_an_order_with_its_unit_and_moves_it_to_the_dispatchers_of_the_place() {
    let city = City::open().await;
    let report = city.report("0101", TOWN);
    let name = format!("workOrders/{}", report.report);
    let moved = ruling(&city, &report, "0612", OTHER_TOWN);
    hear(&city, vec![filed(report, 1), classified(moved, 2)]).await;
    let ask = || pb::GetWorkOrderRequest { name: name.clone() };
    let here = refusal(city.client().get_work_order(city.by_dispatcher(ask())).await);
    assert_eq!(code_and_reason(&here), (Code::NotFound, "NOT_FOUND"));
    let there = city.by(Role::TownDispatcher, OTHER_TOWN, ask());
    let order = city.client().get_work_order(there).await.unwrap().into_inner();
    assert_eq!((order.state(), order.unit.as_str()), (WorkOrderState::Assigned, SECTION));
    assert_eq!((order.division_code.as_str(), order.category.unwrap().code.as_str()), (OTHER_TOWN, "0612"));
    assert!(city.client().accept_work_order(city.by_unit(accept(&name, "a"))).await.is_ok(), "the unit works on");
}

#[tokio::test]
async fn a_ruling_at_a_place_nobody_knows_keeps_the_orders_place_and_one_without_an_order_parks() {
    let city = City::open().await;
    let report = city.report("", TOWN);
    let name = format!("workOrders/{}", report.report);
    let nowhere = ruling(&city, &report, "0101", "999999");
    hear(&city, vec![filed(report, 1), classified(nowhere, 2)]).await;
    let order = city.look(&name).await;
    assert_eq!((order.state(), order.division_code.as_str()), (WorkOrderState::Created, TOWN));
    assert_eq!(order.category.unwrap().code, "0101");
    let unheard = city.report("", TOWN);
    hear(&city, vec![classified(ruling(&city, &unheard, "0101", TOWN), 3)]).await;
    assert_eq!(city.cases.store().parked().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_of_a_later_release_parks_its_case_and_the_next_report_is_opened() {
    let city = City::open().await;
    let (later, next) = (city.report("", TOWN), city.report("", TOWN));
    let name = format!("workOrders/{}", next.report);
    let second = Envelope { r#type: "report.filed.v2".to_owned(), ..filed(later, 1) };
    // Of a name that nobody here waits for, with a field (999, of no bytes) that has no name here.
    let data = vec![0xba, 0x3e, 0].into();
    let praised = Envelope { r#type: "report.praised.v9".to_owned(), data, ..filed(city.report("", TOWN), 2) };
    hear(&city, vec![second, praised, filed(next, 3)]).await;
    assert_eq!(city.look(&name).await.state(), WorkOrderState::Created);
    let parked = city.cases.store().parked().await.unwrap();
    let reasons: Vec<&str> = parked.iter().map(|event| &*event.reason).collect();
    assert_eq!(reasons, ["report.filed.v2 is of a later release: this one knows report.filed.v1"]);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_given_up_and_an_internal_one_passed_over() {
    let city = City::open().await;
    let effects = city.service.effects();
    let broken = Envelope { data: vec![0xff].into(), ..Envelope::default() };
    assert!(effects.effect(&broken).is_err());
    let nameless = filed(ReportFiled { report: "x".to_owned(), ..city.report("0101", TOWN) }, 1);
    assert!(effects.effect(&nameless).is_err());
    assert!(effects.effect(&Envelope::default()).unwrap().is_none());
}

#[tokio::test]
async fn a_place_nobody_knows_goes_to_the_whole_territory() {
    let city = City::open().await;
    let name = city.open_order(city.report("0101", "999999")).await;
    let ask = pb::GetWorkOrderRequest { name };
    let order = city.client().get_work_order(city.by(Role::CityDispatcher, "50", ask)).await.unwrap().into_inner();
    assert_eq!((order.state(), order.division_code.as_str()), (WorkOrderState::Created, "50"));
}
