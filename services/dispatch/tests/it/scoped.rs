//! What one may not know of does not exist; what one may know of may still not be done.

use civic::{Actor, Role};
use mesh::Code;
use proto::dispatch::v1 as pb;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{ReportFiled, StreamEventsRequest};
use proto::types::v1::WorkOrderState;
use std::time::Duration;
use tonic::Request;

use crate::city::{City, OTHER_TOWN, SECTION, TOWN, accept, code_and_reason, rate, refusal};

/// Only bounds a failure: events take milliseconds.
const BOUND: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_order_of_another_town_or_unit_is_not_found() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let strangers = [
        (Role::TownDispatcher, OTHER_TOWN),
        (Role::DistrictDispatcher, "500103"),
        (Role::DepartmentHandler, "500151001-minsheng"),
        (Role::Operator, "50"),
        (Role::Auditor, "50"),
        (Role::Citizen, ""),
    ];
    for (role, unit) in strangers {
        let get = city.by(role, unit, pb::GetWorkOrderRequest { name: name.clone() });
        let problem = refusal(city.client().get_work_order(get).await);
        assert_eq!(code_and_reason(&problem), (Code::NotFound, "NOT_FOUND"), "{role} {unit}");
        // Whoever accepts no order at all is told that, and the same of an order that there is none of.
        let nowhere = "workOrders/01k9aaaaaaaaaaaaaaaaaaaaaa";
        let expected =
            if role == Role::DepartmentHandler { (Code::NotFound, "NOT_FOUND") } else { (Code::Denied, "ROLE_DENIED") };
        for name in [name.as_str(), nowhere] {
            let step = city.by(role, unit, accept(name, "a"));
            let problem = refusal(city.client().accept_work_order(step).await);
            assert_eq!(code_and_reason(&problem), expected, "{role} {unit} {name}");
        }
    }
}

/// The hotline of the tests sends every report that names no other sender.
#[tokio::test]
async fn a_machine_knows_the_orders_of_what_it_sent_and_rates_no_other() {
    let city = City::open().await;
    let machine = Actor::member(Role::Integrator, "police", "50".parse().unwrap());
    let sender = casebook::sender_of(&machine).unwrap();
    let opened = city.as_actor(&machine, StreamEventsRequest::default());
    let mut stream = city.events_client().stream_events(opened).await.unwrap().into_inner();
    let foreign = city.ordinary().await;
    let told = city.open_order(ReportFiled { sender: String::new(), ..city.report("0101", TOWN) }).await;
    let sent = city.open_order(ReportFiled { sender: sender.clone(), ..city.report("0101", TOWN) }).await;
    let event = tokio::time::timeout(BOUND, stream.message()).await.expect("an event").unwrap().unwrap();
    let Some(Public::WorkOrderChanged(changed)) = event.data.unwrap().event else { panic!("another event") };
    assert_eq!((event.subject.as_str(), changed.sender.as_str()), (sent.as_str(), ""), "the first that it hears of");
    let seen = city.client().list_work_orders(city.as_actor(&machine, list())).await.unwrap().into_inner().work_orders;
    assert_eq!(seen.into_iter().map(|order| order.name).collect::<Vec<_>>(), [sent.as_str()]);
    for name in [&foreign, &told] {
        let get = city.as_actor(&machine, pb::GetWorkOrderRequest { name: name.clone() });
        let timeline = city.as_actor(&machine, pb::GetWorkOrderTimelineRequest { name: name.clone() });
        let refused = [
            refusal(city.client().get_work_order(get).await),
            refusal(city.client().get_work_order_timeline(timeline).await),
            refusal(city.client().rate_work_order(city.as_actor(&machine, rate(name, true))).await),
        ];
        assert!(refused.iter().all(|problem| code_and_reason(problem) == (Code::NotFound, "NOT_FOUND")), "{refused:?}");
    }
    city.accept(&sent, "a").await;
    city.resolve(&sent).await;
    let rated = city.client().rate_work_order(city.as_actor(&machine, rate(&sent, true))).await.unwrap().into_inner();
    assert_eq!(rated.state(), WorkOrderState::Closed, "also after other steps it is what the machine sent");
}

#[tokio::test]
async fn a_wrong_role_is_denied_by_role_and_a_wrong_unit_by_unit() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let problem = refusal(city.client().accept_work_order(city.by_dispatcher(accept(&name, "a"))).await);
    assert_eq!(code_and_reason(&problem), (Code::Denied, "ROLE_DENIED"));
    // The district's dispatcher sees the town's order, and does not decide about it.
    let close = pb::CancelWorkOrderRequest {
        name: name.clone(),
        request_id: "c".to_owned(),
        reason: "重复".to_owned(),
        ..pb::CancelWorkOrderRequest::default()
    };
    let cancel = city.client().cancel_work_order(city.by(Role::DistrictDispatcher, "500151", close)).await;
    assert_eq!(code_and_reason(&refusal(cancel)), (Code::Denied, "ROLE_DENIED"));
    let desk = city.by(Role::VillageDesk, TOWN, accept(&name, "a"));
    let problem = refusal(city.client().accept_work_order(desk).await);
    assert_eq!(code_and_reason(&problem), (Code::Denied, "UNIT_DENIED"));
}

#[tokio::test]
async fn a_dispatcher_gives_work_to_units_of_the_own_place_only() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let assign = |request_id: &str, unit: &str| pb::AssignWorkOrderRequest {
        name: name.clone(),
        request_id: request_id.to_owned(),
        unit: unit.to_owned(),
        ..pb::AssignWorkOrderRequest::default()
    };
    for unit in ["500151002-pingan", "500151-gongan", "50-gongan", "500103-gongan"] {
        let problem = refusal(city.client().assign_work_order(city.by_dispatcher(assign(unit, unit))).await);
        assert_eq!(code_and_reason(&problem), (Code::Denied, "UNIT_OUT_OF_REACH"), "{unit}");
        assert_eq!(problem.fields[0].path, "unit");
        assert!(problem.law.is_some());
    }
    for unit in ["500151001", "500151001-zhifa", "500151001001", "500151001001-wangge"] {
        let given = city.client().assign_work_order(city.by_dispatcher(assign(unit, unit))).await.unwrap().into_inner();
        assert_eq!(given.unit, unit);
    }
    let placed_by_nobody = city.open_order(city.report("0101", "50")).await;
    let anywhere = pb::AssignWorkOrderRequest { name: placed_by_nobody, ..assign("city", "500103-gongan") };
    let given = city.client().assign_work_order(city.by(Role::CityDispatcher, "50", anywhere)).await.unwrap();
    assert_eq!(given.into_inner().unit, "500103-gongan");
}

#[tokio::test]
async fn a_citizen_rates_the_own_report_only_and_sees_no_inside() {
    let city = City::open().await;
    let (mine, other) = (city.ordinary().await, city.ordinary().await);
    city.accept(&mine, "a").await;
    city.resolve(&mine).await;
    let citizen = Actor::alone(Role::Citizen, mine.replace("workOrders", "reports"));
    let seen = city.as_actor(&citizen, pb::GetWorkOrderRequest { name: mine.clone() });
    let seen = city.client().get_work_order(seen).await.unwrap().into_inner();
    assert_eq!((seen.reply.as_str(), seen.result.as_str()), ("您反映的问题已处理", ""));
    let strange = city.as_actor(&citizen, rate(&other, true));
    let problem = refusal(city.client().rate_work_order(strange).await);
    assert_eq!(code_and_reason(&problem), (Code::NotFound, "NOT_FOUND"));
    let rated = city.client().rate_work_order(city.as_actor(&citizen, rate(&mine, true))).await.unwrap().into_inner();
    assert_eq!(rated.state(), WorkOrderState::Closed);
}

#[tokio::test]
async fn without_a_token_there_is_no_order() {
    let city = City::open().await;
    let name = city.ordinary().await;
    let anonymous = Request::new(pb::GetWorkOrderRequest { name });
    let problem = refusal(city.client().get_work_order(anonymous).await);
    assert_eq!(code_and_reason(&problem), (Code::Unauthenticated, "TOKEN_MISSING"));
}

fn list() -> pb::ListWorkOrdersRequest {
    pb::ListWorkOrdersRequest::default()
}

#[tokio::test]
async fn a_list_shows_the_callers_orders_page_by_page_once_each() {
    let city = City::open().await;
    for town in [TOWN, TOWN, OTHER_TOWN, TOWN] {
        city.clock.advance(1_000);
        city.open_order(city.report("0101", town)).await;
    }
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListWorkOrdersRequest { page_size: 2, page_token: token, ..list() };
        let page = city.client().list_work_orders(city.by_dispatcher(request)).await.unwrap().into_inner();
        names.extend(page.work_orders.into_iter().map(|order| order.name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let mut once = names.clone();
    once.dedup();
    assert_eq!((names.len(), once.len()), (3, 3));
    assert!(names.is_sorted(), "oldest first");
}

#[tokio::test]
async fn a_page_token_serves_the_list_and_caller_it_was_made_for() {
    let city = City::open().await;
    for _ in 0..2 {
        city.ordinary().await;
    }
    let first = pb::ListWorkOrdersRequest { page_size: 1, ..list() };
    let page = city.client().list_work_orders(city.by_dispatcher(first.clone())).await.unwrap().into_inner();
    let with = |request| pb::ListWorkOrdersRequest { page_token: page.next_page_token.clone(), ..request };
    let other_filter = with(pb::ListWorkOrdersRequest { category: "0101".to_owned(), ..first.clone() });
    let answers = [
        city.client().list_work_orders(city.by_dispatcher(other_filter)).await,
        city.client().list_work_orders(city.by_unit(with(first.clone()))).await,
        city.client()
            .list_work_orders(
                city.by_dispatcher(pb::ListWorkOrdersRequest { page_token: "x".to_owned(), ..first.clone() }),
            )
            .await,
    ];
    for answer in answers {
        let problem = refusal(answer);
        assert_eq!(code_and_reason(&problem), (Code::Invalid, "PAGE_TOKEN_INVALID"));
        assert_eq!(problem.fields[0].path, "pageToken");
    }
    assert!(city.client().list_work_orders(city.by_dispatcher(with(first))).await.is_ok());
}

#[tokio::test]
async fn a_list_is_narrowed_by_each_of_its_filters() {
    let city = City::open().await;
    let accepted = city.ordinary().await;
    city.accept(&accepted, "a").await;
    city.open_order(city.report("0301", TOWN)).await;
    city.open_order(city.report("0101", OTHER_TOWN)).await;
    let filters = [
        (list(), 3),
        (pb::ListWorkOrdersRequest { division_code: OTHER_TOWN.to_owned(), ..list() }, 1),
        (pb::ListWorkOrdersRequest { division_code: "500103".to_owned(), ..list() }, 0),
        // Dissolved in the reform of 2025: known, for the sake of its old orders.
        (pb::ListWorkOrdersRequest { division_code: "500112".to_owned(), ..list() }, 0),
        (pb::ListWorkOrdersRequest { division_code: "50".to_owned(), ..list() }, 3),
        (pb::ListWorkOrdersRequest { state: WorkOrderState::Accepted.into(), ..list() }, 1),
        (pb::ListWorkOrdersRequest { state: WorkOrderState::Merged.into(), ..list() }, 0),
        (pb::ListWorkOrdersRequest { unit: SECTION.to_owned(), ..list() }, 2),
        (pb::ListWorkOrdersRequest { category: "0301".to_owned(), ..list() }, 1),
        (pb::ListWorkOrdersRequest { urgency: 2, ..list() }, 1),
        (pb::ListWorkOrdersRequest { lamp: 1, ..list() }, 3),
    ];
    for (request, expected) in filters {
        let asked = city.by(Role::CityDispatcher, "50", request.clone());
        let found = city.client().list_work_orders(asked).await.unwrap().into_inner().work_orders;
        assert_eq!(found.len(), expected, "{request:?}");
    }
}

#[tokio::test]
async fn a_list_names_every_filter_that_is_wrong() {
    let city = City::open().await;
    let wrong = pb::ListWorkOrdersRequest {
        page_size: 201,
        page_token: String::new(),
        division_code: "500151999".to_owned(),
        state: 99,
        lamp: 9,
        unit: "nobody".to_owned(),
        category: "9999".to_owned(),
        urgency: -1,
        parent: "reports/1".to_owned(),
    };
    let problem = refusal(city.client().list_work_orders(city.by_dispatcher(wrong)).await);
    let reasons: Vec<_> = problem.fields.iter().map(|field| field.reason.as_str()).collect();
    let expected = [
        "DIVISION_UNKNOWN",
        "STATE_UNKNOWN",
        "LAMP_UNKNOWN",
        "UNIT_UNKNOWN",
        "CATEGORY_UNKNOWN",
        "URGENCY_UNKNOWN",
        "PARENT_INVALID",
        "PAGE_SIZE_INVALID",
    ];
    assert_eq!(reasons, expected);
}
