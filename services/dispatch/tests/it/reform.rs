//! The reform of 2025-11-06: orders opened before it belong to the district that their place lies in today.

use civic::{Micros, Role};
use mesh::Code;
use proto::dispatch::v1 as pb;

use crate::city::{City, code_and_reason, refusal};

/// 2025-11-05 and 2025-11-07, noon in China.
const BEFORE: Micros = Micros(1_762_315_200_000_000);
const AFTER: Micros = Micros(1_762_488_000_000_000);

/// 统景镇: of 渝北 (500112) before, of 北碚 (500109) since.
const TOWN: &str = "500112133";
/// 蔡家岗街道: of 北碚 before, of 两江新区 (500194) since.
const OTHER_TOWN: &str = "500109006";

fn cancel(name: &str, request_id: &str) -> pb::CancelWorkOrderRequest {
    pb::CancelWorkOrderRequest {
        name: name.to_owned(),
        request_id: request_id.to_owned(),
        reason: "重复".to_owned(),
        ..pb::CancelWorkOrderRequest::default()
    }
}

async fn listed(city: &City, district: &str) -> Vec<String> {
    let request = city.by(Role::DistrictDispatcher, district, pb::ListWorkOrdersRequest::default());
    let found = city.client().list_work_orders(request).await.unwrap().into_inner();
    found.work_orders.into_iter().map(|order| order.name).collect()
}

#[tokio::test]
async fn an_order_of_a_town_that_changed_district_is_the_new_districts_to_see() {
    let city = City::open().await;
    city.clock.set(BEFORE);
    let moved = city.open_order(city.report("0101", TOWN)).await;
    let away = city.open_order(city.report("0101", OTHER_TOWN)).await;
    assert_eq!(listed(&city, "500112").await, [&*moved]);
    assert_eq!(listed(&city, "500109").await, [&*away]);
    city.clock.set(AFTER);
    assert_eq!(city.service.app().follow_reforms().await.unwrap(), 2);
    assert_eq!(city.service.app().follow_reforms().await.unwrap(), 0, "once is enough");
    assert_eq!(listed(&city, "500109").await, [&*moved]);
    assert_eq!(listed(&city, "500194").await, [&*away]);
    // A token of the dissolved district is one of its successor, which does not hold the town.
    let get = city.by(Role::DistrictDispatcher, "500112", pb::GetWorkOrderRequest { name: moved.clone() });
    let problem = refusal(city.client().get_work_order(get).await);
    assert_eq!(code_and_reason(&problem), (Code::NotFound, "NOT_FOUND"));
    // The town itself decides as before, and the order shows what happened to it.
    let get = pb::GetWorkOrderTimelineRequest { name: moved.clone() };
    let timeline = city.client().get_work_order_timeline(city.by(Role::TownDispatcher, TOWN, get)).await.unwrap();
    let last = timeline.into_inner().entries.pop().unwrap();
    assert_eq!((last.r#type.as_str(), last.actor_role.as_str()), ("workOrder.reclassified", "reform"));
    let order = city.by(Role::TownDispatcher, TOWN, cancel(&moved, "c"));
    assert!(city.client().cancel_work_order(order).await.is_ok());
}

#[tokio::test]
async fn an_order_of_a_dissolved_district_is_decided_by_the_one_that_holds_the_place_today() {
    let city = City::open().await;
    city.clock.set(BEFORE);
    let order = city.open_order(city.report("0101", "500105")).await;
    city.clock.set(AFTER);
    // The decision asks today's tree and not the column, so also before the columns have followed.
    city.service.app().follow_reforms().await.unwrap();
    let stranger = city.by(Role::DistrictDispatcher, "500109", cancel(&order, "a"));
    let problem = refusal(city.client().cancel_work_order(stranger).await);
    assert_eq!(code_and_reason(&problem), (Code::NotFound, "NOT_FOUND"));
    let assign = |request_id: &str, unit: &str| pb::AssignWorkOrderRequest {
        name: order.clone(),
        request_id: request_id.to_owned(),
        unit: unit.to_owned(),
        ..pb::AssignWorkOrderRequest::default()
    };
    let beyond = city.by(Role::DistrictDispatcher, "500194", assign("b", "500109-gongan"));
    let problem = refusal(city.client().assign_work_order(beyond).await);
    assert_eq!(code_and_reason(&problem), (Code::Denied, "UNIT_OUT_OF_REACH"));
    // One of its streets still has a code of the dissolved district, and lies in it all the same.
    let own = city.by(Role::DistrictDispatcher, "500194", assign("c", "500105006-pingan"));
    assert_eq!(city.client().assign_work_order(own).await.unwrap().into_inner().unit, "500105006-pingan");
    let old_token = city.by(Role::DistrictDispatcher, "500105", cancel(&order, "d"));
    assert!(city.client().cancel_work_order(old_token).await.is_ok());
}

/// Rosters keep where a post lay when they were loaded; whoever is above it is asked of today's tree.
#[tokio::test]
async fn the_workers_of_a_town_that_changed_district_are_seen_by_the_new_one() {
    let city = City::open().await;
    city.clock.set(BEFORE);
    let view = city.service.app().desk().view;
    let village = view.children(&TOWN.parse().unwrap()).next().unwrap().code.clone();
    let roster = pb::LoadRosterRequest {
        request_id: "roster".to_owned(),
        division_code: TOWN.to_owned(),
        posts: format!("post,unit,worker\np1,{village}001,w1\n"),
        ..pb::LoadRosterRequest::default()
    };
    city.tasks().load_roster(city.by(Role::TownDispatcher, TOWN, roster)).await.unwrap();
    assert_eq!(city.fire_due().await, 1);
    city.clock.set(AFTER);
    let assign = pb::AssignTaskRequest {
        request_id: "assign".to_owned(),
        post: format!("{TOWN}/p1"),
        text: "通知停水".to_owned(),
        date: String::new(),
    };
    let given = city.tasks().assign_task(city.by(Role::TownDispatcher, TOWN, assign)).await.unwrap().into_inner();
    assert_eq!(given.worker, "w1");
    // The day begins, late, and has what was given before.
    assert_eq!(city.fire_due().await, 1);
    let day = |district: &str| {
        let request = pb::ListTasksRequest { date: String::new(), post: format!("{TOWN}/p1") };
        city.by(Role::DistrictDispatcher, district, request)
    };
    let seen = city.tasks().list_tasks(day("500109")).await.unwrap().into_inner();
    let texts: Vec<_> = seen.tasks.iter().map(|task| &*task.text).collect();
    assert!(texts.contains(&"通知停水"), "{texts:?}");
    let problem = refusal(city.tasks().list_tasks(day("500112")).await);
    assert_eq!(code_and_reason(&problem), (Code::Denied, "PLACE_OUT_OF_REACH"));
}
