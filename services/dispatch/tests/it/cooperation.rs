//! Several units at one order, those who watch over it, and the tiers, through the rpcs.

use civic::{Actor, Role};
use mesh::Code;
use proto::dispatch::v1 as pb;
use proto::events::v1::StreamEventsRequest;
use proto::events::v1::public_event::Event as Public;
use proto::types::v1::WorkOrderState;

use crate::city::{City, OTHER_TOWN, SECTION, TOWN, accept, code_and_reason, later, refusal, resolve};

const POLICE: &str = "500151-gongan";
const ENFORCEMENT: &str = "500151001-zhifa";
const DISTRICT: &str = "500151";

fn whistle(name: &str, units: &[&str]) -> pb::WhistleRequest {
    let units = units.iter().map(|unit| (*unit).to_owned()).collect();
    pb::WhistleRequest { name: name.to_owned(), request_id: "w".to_owned(), units, ..pb::WhistleRequest::default() }
}

fn report_in(name: &str, part: &str) -> pb::ReportInPartRequest {
    pb::ReportInPartRequest {
        name: name.to_owned(),
        request_id: format!("r{part}"),
        part: part.to_owned(),
        ..pb::ReportInPartRequest::default()
    }
}

fn answer(name: &str, part: &str) -> pb::AnswerPartRequest {
    pb::AnswerPartRequest {
        name: name.to_owned(),
        request_id: format!("a{part}"),
        part: part.to_owned(),
        answer: "违停车辆已拖离".to_owned(),
        ..pb::AnswerPartRequest::default()
    }
}

fn release(name: &str, part: &str) -> pb::ReleasePartRequest {
    pb::ReleasePartRequest {
        name: name.to_owned(),
        request_id: format!("l{part}"),
        part: part.to_owned(),
        reason: "无需到场".to_owned(),
        ..pb::ReleasePartRequest::default()
    }
}

fn get(name: &str) -> pb::GetWorkOrderRequest {
    pb::GetWorkOrderRequest { name: name.to_owned() }
}

async fn whistled(city: &City) -> String {
    let name = city.ordinary().await;
    city.accept(&name, "a").await;
    let request = city.by_unit(whistle(&name, &[POLICE, ENFORCEMENT]));
    let order = city.cooperation().whistle(request).await.unwrap().into_inner();
    assert_eq!((order.unit.as_str(), order.parts.len(), order.whistled, order.co_handled), (SECTION, 2, true, false));
    name
}

async fn types(city: &City, name: &str) -> Vec<(String, String)> {
    let request = city.by_dispatcher(pb::GetWorkOrderTimelineRequest { name: name.to_owned() });
    let entries = city.client().get_work_order_timeline(request).await.unwrap().into_inner().entries;
    entries.into_iter().map(|entry| (entry.r#type, entry.text)).collect()
}

#[tokio::test]
async fn a_blocked_lane_is_whistled_for_and_solved_when_each_part_is_answered_or_released() {
    let city = City::open().await;
    let name = whistled(&city).await;
    let police = |message| city.by(Role::DepartmentHandler, POLICE, message);
    let mine = city.client().get_work_order(city.by(Role::DepartmentHandler, POLICE, get(&name))).await;
    let mine = mine.unwrap().into_inner();
    assert_eq!(mine.parts.iter().map(|part| part.unit.as_str()).collect::<Vec<_>>(), [POLICE], "only its own part");
    let there = city.cooperation().report_in_part(police(report_in(&name, "1"))).await.unwrap().into_inner();
    assert_eq!(there.parts[0].state(), pb::PartState::ReportedIn);
    let open = refusal(city.client().resolve_work_order(city.by_unit(resolve(&name))).await);
    assert_eq!(code_and_reason(&open), (Code::Refused, "PARTS_OPEN"));
    let order = city.cooperation().answer_part(city.by(Role::DepartmentHandler, POLICE, answer(&name, "1"))).await;
    assert_eq!(order.unwrap().into_inner().parts[0].answer, "违停车辆已拖离");
    city.cooperation().release_part(city.by_unit(release(&name, "2"))).await.unwrap();
    let solved = city.resolve(&name).await;
    assert_eq!((solved.state(), solved.unit.as_str()), (WorkOrderState::Resolved, SECTION));
    let said = types(&city, &name).await;
    assert!(said.iter().any(|(_, text)| text == "吹哨：铜梁区公安局、铜梁区巴川街道综合行政执法大队"), "{said:?}");
}

#[tokio::test]
async fn a_part_is_its_unit_s_and_nobody_else_s() {
    let city = City::open().await;
    let name = whistled(&city).await;
    let wrong = city.by(Role::DepartmentHandler, ENFORCEMENT, answer(&name, "1"));
    let wrong = refusal(city.cooperation().answer_part(wrong).await);
    assert_eq!(code_and_reason(&wrong), (Code::Denied, "PART_OF_ANOTHER_UNIT"));
    let unknown = refusal(
        city.cooperation().report_in_part(city.by(Role::DepartmentHandler, POLICE, report_in(&name, "7"))).await,
    );
    assert_eq!(code_and_reason(&unknown), (Code::NotFound, "PART_UNKNOWN"));
    let stranger = city.by(Role::DepartmentHandler, "500151-zhengfa", report_in(&name, "1"));
    let stranger = refusal(city.cooperation().report_in_part(stranger).await);
    assert_eq!(stranger.code, Code::NotFound, "who was not called does not know of it");
    city.cooperation().release_part(city.by_dispatcher(release(&name, "2"))).await.unwrap();
    let released = city.client().get_work_order(city.by(Role::DepartmentHandler, ENFORCEMENT, get(&name))).await;
    assert_eq!(refusal(released).code, Code::NotFound, "nor does who was released");
    assert_eq!(city.look(&name).await.parts[0].state(), pb::PartState::Called, "nothing was changed");
}

async fn listed(city: &City, unit: &str) -> Vec<String> {
    let request = city.by(Role::DepartmentHandler, unit, pb::ListWorkOrdersRequest::default());
    let orders = city.client().list_work_orders(request).await.unwrap().into_inner().work_orders;
    assert!(orders.iter().flat_map(|order| &order.parts).all(|part| part.unit == unit), "its own part only");
    orders.into_iter().map(|order| order.name).collect()
}

#[tokio::test]
async fn a_called_unit_finds_the_order_in_its_list_and_on_its_stream_until_it_is_released() {
    let city = City::open().await;
    let name = whistled(&city).await;
    let other = city.ordinary().await;
    assert_eq!(listed(&city, POLICE).await, [name.as_str()], "and none that it has no part in: {other}");
    assert_eq!(listed(&city, ENFORCEMENT).await, [name.as_str()]);
    let stream = city.by(Role::DepartmentHandler, POLICE, StreamEventsRequest::default());
    let mut stream = city.events_client().stream_events(stream).await.unwrap().into_inner();
    city.client().start_work_order(city.by_unit(start(&name))).await.unwrap();
    let event = tokio::time::timeout(std::time::Duration::from_secs(20), stream.message()).await.unwrap().unwrap();
    let Some(Public::WorkOrderChanged(changed)) = event.unwrap().data.unwrap().event else { panic!("another event") };
    assert_eq!((changed.step.as_str(), changed.called_units.as_slice()), ("started", [POLICE.to_owned()].as_slice()));
    city.cooperation().release_part(city.by_dispatcher(release(&name, "1"))).await.unwrap();
    assert!(listed(&city, POLICE).await.is_empty(), "who was released has no part in it");
    assert_eq!(listed(&city, ENFORCEMENT).await, [name]);
}

fn start(name: &str) -> pb::StartWorkOrderRequest {
    pb::StartWorkOrderRequest {
        name: name.to_owned(),
        request_id: "s".to_owned(),
        ..pb::StartWorkOrderRequest::default()
    }
}

#[tokio::test]
async fn a_neighbour_is_not_called_and_nobody_twice() {
    let city = City::open().await;
    let name = whistled(&city).await;
    let again = |id: &str, units: &[&str]| pb::WhistleRequest { request_id: id.to_owned(), ..whistle(&name, units) };
    let cases = [
        (again("1", &["500151002-pingan"]), Code::Denied, "UNIT_OUT_OF_REACH"),
        (again("2", &[POLICE]), Code::Refused, "UNIT_CALLED_ALREADY"),
        (again("3", &[SECTION]), Code::Refused, "UNIT_CALLED_ALREADY"),
        (again("4", &[]), Code::Invalid, "UNITS_INVALID"),
        (again("5", &["500151001-moon"]), Code::Invalid, "UNIT_UNKNOWN"),
    ];
    for (request, code, reason) in cases {
        let problem = refusal(city.cooperation().whistle(city.by_unit(request)).await);
        assert_eq!(code_and_reason(&problem), (code, reason));
    }
    let above = pb::CoHandleRequest {
        name: name.clone(),
        request_id: "6".to_owned(),
        units: vec!["500151-zhengfa".to_owned()],
        ..pb::CoHandleRequest::default()
    };
    let problem = refusal(city.cooperation().co_handle(city.by_dispatcher(above)).await);
    assert_eq!(code_and_reason(&problem), (Code::Denied, "UNIT_OUT_OF_REACH"), "a unit above is whistled for");
}

#[tokio::test]
async fn a_part_has_a_clock_and_who_does_not_report_in_is_told() {
    let city = City::open().await;
    let name = whistled(&city).await;
    let request = city.by_dispatcher(pb::GetWorkOrderClockRequest { name: name.clone() });
    let clock = city.client().get_work_order_clock(request).await.unwrap().into_inner();
    assert_eq!(clock.parts.len(), 2);
    let part = &clock.parts[0];
    assert_eq!((part.unit.as_str(), part.clock.as_ref().unwrap().limit.as_ref().unwrap().amount), (POLICE, 4));
    let in_four_hours = crate::world::NOW.0 / 1_000_000 + 4 * 3_600;
    assert_eq!(part.report_in_due_time.unwrap().seconds, in_four_hours);
    city.clock.advance(later(4));
    while city.fire_due().await > 0 {}
    let late = types(&city, &name).await.into_iter().filter(|(kind, _)| kind == "workOrder.partsLate").count();
    assert_eq!(late, 1, "both units in one line");
}

#[tokio::test]
async fn a_red_lamp_is_told_to_the_next_tier_s_command_centre() {
    let city = City::open().await;
    let name = city.ordinary().await;
    city.clock.advance(later(24 * 9));
    while city.fire_due().await > 0 {}
    let said = types(&city, &name).await;
    assert!(said.iter().any(|(_, text)| text == "总时限亮红灯，已告知上一级指挥中心"), "{said:?}");
}

#[tokio::test]
async fn whoever_steps_aside_has_nothing_more_to_do_with_the_order() {
    let city = City::open().await;
    let name = city.ordinary().await;
    city.accept(&name, "a").await;
    let aside = pb::StepAsideWorkOrderRequest {
        name: name.clone(),
        request_id: "s".to_owned(),
        reason: "当事人为近亲属".to_owned(),
        ..pb::StepAsideWorkOrderRequest::default()
    };
    let order = city.cooperation().step_aside_work_order(city.by_unit(aside)).await.unwrap().into_inner();
    assert_eq!((order.state(), order.unit.as_str()), (WorkOrderState::Assigned, SECTION));
    let same = refusal(city.client().accept_work_order(city.by_unit(accept(&name, "b"))).await);
    assert_eq!(code_and_reason(&same), (Code::Denied, "STEPPED_ASIDE"));
    let colleague = Actor::member(Role::DepartmentHandler, "colleague", SECTION.parse().unwrap());
    let taken = city.client().accept_work_order(city.as_actor(&colleague, accept(&name, "c"))).await.unwrap();
    assert_eq!(taken.into_inner().state(), WorkOrderState::Accepted);
}

fn supervise(name: &str) -> pb::SuperviseWorkOrderRequest {
    let milestone = |title: &str, seconds| pb::SupervisionMilestone {
        title: title.to_owned(),
        due_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        ..pb::SupervisionMilestone::default()
    };
    let noon = crate::world::NOW.0 / 1_000_000;
    pb::SuperviseWorkOrderRequest {
        name: name.to_owned(),
        request_id: "n".to_owned(),
        text: "重大隐患，请限期整改".to_owned(),
        limit: Some(pb::Limit { amount: 24, unit: "hour".to_owned() }),
        marked: true,
        task_force: ENFORCEMENT.to_owned(),
        milestones: vec![milestone("封闭现场", noon + 3_600), milestone("整改完成", noon + 200 * 3_600)],
        ..pb::SuperviseWorkOrderRequest::default()
    }
}

#[tokio::test]
async fn a_marked_supervision_is_noticed_replied_to_and_reviewed() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let supervisor = |message| city.by(Role::Supervisor, DISTRICT, message);
    let noticed = city.cooperation().supervise_work_order(supervisor(supervise(&name))).await.unwrap().into_inner();
    let record = noticed.supervision.unwrap();
    assert_eq!((record.notice.as_str(), record.marked, record.milestones.len()), ("重大隐患，请限期整改", true, 2));
    let twice = pb::SuperviseWorkOrderRequest { request_id: "o".to_owned(), ..supervise(&name) };
    let twice = refusal(city.cooperation().supervise_work_order(supervisor(twice)).await);
    assert_eq!(code_and_reason(&twice), (Code::Refused, "SUPERVISION_OPEN"));
    city.clock.advance(later(25));
    while city.fire_due().await > 0 {}
    let late = city.look(&name).await.supervision.unwrap();
    assert!(late.overdue && late.milestones[0].missed && !late.milestones[1].missed);
    let reply = pb::ReplySupervisionRequest {
        name: name.clone(),
        request_id: "r".to_owned(),
        text: "现场已封闭".to_owned(),
        reached: vec![1],
        ..pb::ReplySupervisionRequest::default()
    };
    city.cooperation().reply_supervision(city.by_unit(reply)).await.unwrap();
    let review = pb::ReviewSupervisionRequest {
        name: name.clone(),
        request_id: "v".to_owned(),
        satisfied: true,
        text: "同意销号".to_owned(),
        ..pb::ReviewSupervisionRequest::default()
    };
    let review = city.by(Role::Supervisor, DISTRICT, review);
    city.cooperation().review_supervision(review).await.unwrap();
    let record = city.look(&name).await.supervision.unwrap();
    assert_eq!((record.state(), record.review.as_str()), (pb::SupervisionState::Reviewed, "同意销号"));
    assert!(record.milestones[0].reached);
}

#[tokio::test]
async fn a_supervision_is_a_supervisor_s_of_the_place() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let by_dispatcher = refusal(city.cooperation().supervise_work_order(city.by_dispatcher(supervise(&name))).await);
    assert_eq!(code_and_reason(&by_dispatcher), (Code::Denied, "ROLE_DENIED"));
    let elsewhere = city.by(Role::Supervisor, OTHER_TOWN, supervise(&name));
    assert_eq!(refusal(city.cooperation().supervise_work_order(elsewhere).await).code, Code::NotFound);
}

fn escalate(name: &str, request_id: &str) -> pb::EscalateWorkOrderRequest {
    pb::EscalateWorkOrderRequest {
        name: name.to_owned(),
        request_id: request_id.to_owned(),
        reason: "超出镇街权限".to_owned(),
        ..pb::EscalateWorkOrderRequest::default()
    }
}

fn hand_down(name: &str) -> pb::HandDownWorkOrderRequest {
    pb::HandDownWorkOrderRequest {
        name: name.to_owned(),
        request_id: "d".to_owned(),
        reason: "由属地办理".to_owned(),
        ..pb::HandDownWorkOrderRequest::default()
    }
}

#[tokio::test]
async fn an_order_goes_up_to_the_district_s_unit_and_down_again_with_its_clock() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let before = city.look(&name).await;
    city.accept(&name, "a").await;
    let request = city.by_dispatcher(escalate(&name, "e"));
    let up = city.cooperation().escalate_work_order(request).await.unwrap().into_inner();
    assert_eq!((up.tier.as_str(), up.origin_tier.as_str()), ("district", "town"));
    assert_eq!((up.state(), up.unit.as_str()), (WorkOrderState::Assigned, POLICE));
    assert_eq!(up.due_time, before.due_time, "the total clock runs on");
    let town = refusal(city.cooperation().escalate_work_order(city.by_dispatcher(escalate(&name, "f"))).await);
    assert_eq!(code_and_reason(&town), (Code::Denied, "ROLE_DENIED"), "it is the district's now");
    let request = city.by(Role::DistrictDispatcher, DISTRICT, hand_down(&name));
    let down = city.cooperation().hand_down_work_order(request).await.unwrap().into_inner();
    assert_eq!((down.tier.as_str(), down.unit.as_str(), down.division_code.as_str()), ("town", SECTION, TOWN));
    assert_eq!(down.due_time, before.due_time);
}

#[tokio::test]
async fn there_is_no_tier_above_the_city_nor_below_the_town() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let down = refusal(city.cooperation().hand_down_work_order(city.by_dispatcher(hand_down(&name))).await);
    assert_eq!(code_and_reason(&down), (Code::Refused, "NO_SUCH_TIER"));
    let to_city = pb::EscalateWorkOrderRequest { tier: "city".to_owned(), ..escalate(&name, "e") };
    let up = city.cooperation().escalate_work_order(city.by_dispatcher(to_city)).await.unwrap().into_inner();
    assert_eq!(up.tier, "city");
    let above = city.by(Role::CityDispatcher, "50", escalate(&name, "g"));
    let above = refusal(city.cooperation().escalate_work_order(above).await);
    assert_eq!(code_and_reason(&above), (Code::Refused, "NO_SUCH_TIER"));
}

/// domain.md 1 and 10: city and district know a town's order by its header until something brings it to them.
#[tokio::test]
async fn district_and_city_know_a_town_s_order_by_its_header_until_something_brings_it_to_them() {
    let city = City::open().await;
    let name = city.ordinary().await;
    city.accept(&name, "a").await;
    city.resolve(&name).await;
    let upper = [(Role::DistrictDispatcher, DISTRICT), (Role::Supervisor, DISTRICT), (Role::CityDispatcher, "50")];
    // What each of them is shown: read at once by get, list and timeline, which agree.
    let read = async || {
        let mut shown = Vec::new();
        for (role, unit) in upper {
            let get = city.by(role, unit, pb::GetWorkOrderRequest { name: name.clone() });
            let order = city.client().get_work_order(get).await.unwrap().into_inner();
            let list = city.by(role, unit, pb::ListWorkOrdersRequest::default());
            let listed = city.client().list_work_orders(list).await.unwrap().into_inner().work_orders;
            assert_eq!(listed, std::slice::from_ref(&order), "{role}");
            let history = city.by(role, unit, pb::GetWorkOrderTimelineRequest { name: name.clone() });
            let history = city.client().get_work_order_timeline(history).await.unwrap().into_inner().entries;
            let reads = history.iter().any(|entry| !entry.reason.is_empty());
            assert_eq!((!order.content_withheld, !order.result.is_empty()), (reads, reads), "{role}");
            assert!(!order.unit.is_empty() && order.due_time.is_some(), "the header is whole");
            shown.push(reads);
        }
        shown
    };
    assert_eq!(read().await, [false; 3]);
    let supervisor = |message| city.by(Role::Supervisor, DISTRICT, message);
    city.cooperation().supervise_work_order(supervisor(supervise(&name))).await.unwrap();
    assert_eq!(read().await, [true; 3], "under supervision");
    let reply = pb::ReplySupervisionRequest {
        name: name.clone(),
        request_id: "r".to_owned(),
        text: "现场已封闭".to_owned(),
        ..pb::ReplySupervisionRequest::default()
    };
    city.cooperation().reply_supervision(city.by_unit(reply)).await.unwrap();
    let review = pb::ReviewSupervisionRequest {
        name: name.clone(),
        request_id: "v".to_owned(),
        satisfied: true,
        text: "同意".to_owned(),
        ..pb::ReviewSupervisionRequest::default()
    };
    let reviewed = city.by(Role::Supervisor, DISTRICT, review);
    let reviewed = city.cooperation().review_supervision(reviewed).await.unwrap().into_inner();
    assert!(reviewed.content_withheld && reviewed.supervision.unwrap().review.is_empty(), "it is over");
    assert_eq!(read().await, [false; 3]);
    city.clock.advance(later(24 * 30));
    assert_eq!(read().await, [true; 3], "overdue");
}

#[tokio::test]
async fn an_escalated_order_is_read_by_the_tier_that_has_it_and_one_handed_down_by_who_gave_it() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let reads = async |role, unit| {
        let get = city.by(role, unit, pb::GetWorkOrderRequest { name: name.clone() });
        !city.client().get_work_order(get).await.unwrap().into_inner().content_withheld
    };
    let tiers = [(Role::TownDispatcher, TOWN), (Role::DistrictDispatcher, DISTRICT), (Role::CityDispatcher, "50")];
    let all = async || {
        let mut shown = Vec::new();
        for (role, unit) in tiers {
            shown.push(reads(role, unit).await);
        }
        shown
    };
    assert_eq!(all().await, [true, false, false]);
    city.cooperation().escalate_work_order(city.by_dispatcher(escalate(&name, "e"))).await.unwrap();
    assert_eq!(all().await, [true, true, false]);
    let down = city.by(Role::DistrictDispatcher, DISTRICT, hand_down(&name));
    let down = city.cooperation().hand_down_work_order(down).await.unwrap().into_inner();
    assert_eq!((down.tier.as_str(), down.origin_tier.as_str()), ("town", "town"));
    assert_eq!(all().await, [true, false, false], "it is the town's own again");
}
