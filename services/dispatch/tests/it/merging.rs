//! Many callers, one matter: merging through the rpcs, and telling every member.

use casebook::{Ask, Filter, Page, Scope};
use civic::{Actor, CaseId, Role};
use dispatch::domain::work_order::{Author, Command, WorkOrder};
use mesh::Code;
use proto::dispatch::v1 as pb;
use proto::types::v1::WorkOrderState;

use crate::city::{City, OTHER_TOWN, TOWN, code_and_reason, later, rate, refusal};

fn merge(name: &str, into: &str) -> pb::MergeWorkOrderRequest {
    pb::MergeWorkOrderRequest {
        name: name.to_owned(),
        request_id: format!("m {name}"),
        into: into.to_owned(),
        ..pb::MergeWorkOrderRequest::default()
    }
}

async fn merged(city: &City, name: &str, into: &str) -> pb::WorkOrder {
    city.cooperation().merge_work_order(city.by_dispatcher(merge(name, into))).await.unwrap().into_inner()
}

async fn members(city: &City, parent: &str, token: &str) -> pb::ListWorkOrdersResponse {
    let request = pb::ListWorkOrdersRequest {
        parent: parent.to_owned(),
        page_size: 2,
        page_token: token.to_owned(),
        ..pb::ListWorkOrdersRequest::default()
    };
    city.client().list_work_orders(city.by_dispatcher(request)).await.unwrap().into_inner()
}

fn reporter_of(name: &str) -> Actor {
    Actor::alone(Role::Citizen, name.replace("workOrders", "reports"))
}

async fn seen_by_citizen(city: &City, name: &str) -> pb::WorkOrder {
    let request = city.as_actor(&reporter_of(name), pb::GetWorkOrderRequest { name: name.to_owned() });
    city.client().get_work_order(request).await.unwrap().into_inner()
}

async fn rate_as_citizen(city: &City, name: &str, satisfied: bool) -> pb::WorkOrder {
    let request = city.as_actor(&reporter_of(name), rate(name, satisfied));
    city.client().rate_work_order(request).await.unwrap().into_inner()
}

fn names(orders: &[pb::WorkOrder]) -> Vec<&str> {
    orders.iter().map(|order| order.name.as_str()).collect()
}

/// A parent with three members.
async fn incident(city: &City) -> (String, Vec<String>) {
    let parent = city.ordinary().await;
    let mut members = Vec::new();
    for _ in 0..3 {
        city.clock.advance(1_000_000);
        let member = city.ordinary().await;
        merged(city, &member, &parent).await;
        members.push(member);
    }
    (parent, members)
}

#[tokio::test]
async fn a_merged_order_leaves_the_unit_s_list_and_is_listed_under_its_parent() {
    let city = City::open().await;
    let (parent, children) = incident(&city).await;
    let again = merged(&city, &children[0], &parent).await;
    assert_eq!(
        (again.state(), again.parent.as_str()),
        (WorkOrderState::Merged, parent.as_str()),
        "asked twice, merged once"
    );
    assert_eq!(city.look(&parent).await.members, 3);
    let first = members(&city, &parent, "").await;
    let second = members(&city, &parent, &first.next_page_token).await;
    assert_eq!([names(&first.work_orders), names(&second.work_orders)].concat(), children);
    assert!(second.next_page_token.is_empty());
    let open = city.by_unit(pb::ListWorkOrdersRequest::default());
    let open = city.client().list_work_orders(open).await.unwrap().into_inner().work_orders;
    assert_eq!(names(&open), [parent.as_str()], "one matter, one order");
    let request = city.by_dispatcher(pb::GetWorkOrderTimelineRequest { name: parent.clone() });
    let lines = city.client().get_work_order_timeline(request).await.unwrap().into_inner().entries;
    let joined: Vec<_> = lines.iter().filter(|line| line.r#type == "workOrder.memberJoined").collect();
    assert_eq!(
        joined.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(),
        ["有诉求并入 (3)"],
        "one line for all"
    );
    city.clock.advance(later(24 * 400));
    let own = city.cases.get::<WorkOrder>(&Scope::All, id(&children[0])).await.unwrap().state;
    assert!(casebook::Case::timers(&own).is_empty(), "no clock of its own runs");
}

fn id(name: &str) -> CaseId {
    name.strip_prefix("workOrders/").unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_cannot_be_merged_is_refused_with_reason_and_field_and_nothing_changes() {
    let city = City::open().await;
    let (parent, children) = incident(&city).await;
    let (fresh, resolved, closed) = (city.ordinary().await, city.ordinary().await, city.ordinary().await);
    let elsewhere = city.open_order(city.report("0101", OTHER_TOWN)).await;
    for name in [&resolved, &closed] {
        city.accept(name, &format!("a {name}")).await;
        city.resolve(name).await;
    }
    city.client().rate_work_order(city.by_hotline(rate(&closed, true))).await.unwrap();
    let all = [&parent, &children[0], &fresh, &resolved, &closed];
    let versions = async || {
        let mut versions = Vec::new();
        for name in all {
            versions.push(city.look(name).await.etag);
        }
        versions
    };
    let before = versions().await;
    let cases = [
        (&fresh, fresh.clone(), Code::Invalid, "MERGE_INTO_ITSELF", Some("into")),
        (&fresh, children[0].clone(), Code::Refused, "PARENT_OVER", Some("into")),
        (&fresh, closed.clone(), Code::Refused, "PARENT_OVER", Some("into")),
        (&parent, fresh.clone(), Code::Refused, "HAS_MEMBERS", None),
        (&parent, children[0].clone(), Code::Refused, "HAS_MEMBERS", None),
        (&children[0], fresh.clone(), Code::Refused, "STATE_REFUSES", None),
        (&resolved, parent.clone(), Code::Refused, "STATE_REFUSES", None),
        (&fresh, elsewhere.clone(), Code::NotFound, "NOT_FOUND", None),
        (&fresh, "workOrders/x".to_owned(), Code::Invalid, "INTO_INVALID", Some("into")),
        (&fresh, String::new(), Code::Invalid, "INTO_INVALID", Some("into")),
    ];
    for (at, (name, into, code, reason, field)) in cases.into_iter().enumerate() {
        let request = pb::MergeWorkOrderRequest { request_id: format!("bad {at}"), ..merge(name, &into) };
        let problem = refusal(city.cooperation().merge_work_order(city.by_dispatcher(request)).await);
        assert_eq!(code_and_reason(&problem), (code, reason), "{name} into {into}");
        assert_eq!(problem.fields.first().map(|fault| fault.path.as_str()), field, "{reason}");
    }
    let by_unit = refusal(city.cooperation().merge_work_order(city.by_unit(merge(&fresh, &parent))).await);
    assert_eq!(code_and_reason(&by_unit), (Code::Denied, "ROLE_DENIED"), "a person of the centre decides it");
    let stale = pb::MergeWorkOrderRequest { etag: "1".to_owned(), ..merge(&fresh, &parent) };
    let stale = refusal(city.cooperation().merge_work_order(city.by_dispatcher(stale)).await);
    assert_eq!(code_and_reason(&stale), (Code::Conflict, "ETAG_STALE"));
    assert_eq!(versions().await, before);
    assert_eq!(members(&city, &parent, "").await.work_orders.len(), 2, "a page of the three");
}

#[tokio::test]
async fn every_member_hears_of_the_answer_and_its_citizen_reads_it_without_learning_whose_it_is() {
    let city = City::open().await;
    let (parent, children) = incident(&city).await;
    let waiting = refusal(city.client().rate_work_order(city.by_hotline(rate(&children[0], true))).await);
    assert_eq!(code_and_reason(&waiting), (Code::Refused, "PARENT_NOT_ANSWERED"));
    city.accept(&parent, "a").await;
    city.resolve(&parent).await;
    assert_eq!(city.fire_due().await, 1, "one timer tells them");
    for name in &children {
        let seen = seen_by_citizen(&city, name).await;
        assert_eq!((seen.state(), seen.parent_state()), (WorkOrderState::Merged, WorkOrderState::Resolved));
        assert_eq!((seen.reply.as_str(), seen.parent.as_str()), ("您反映的问题已处理", ""));
        assert!(seen.unit_name.contains("平安法治") && seen.result.is_empty() && seen.members == 0);
    }
    let satisfied = rate_as_citizen(&city, &children[0], true).await;
    assert_eq!(satisfied.state(), WorkOrderState::Merged, "its parent closes it");
    let own = rate_as_citizen(&city, &children[1], false).await;
    assert_eq!((own.state(), own.round), (WorkOrderState::InProgress, 2), "worked on by itself");
    assert_eq!(city.look(&parent).await.state(), WorkOrderState::Resolved, "one voice does not open it for all");
    city.client().rate_work_order(city.by_hotline(rate(&parent, true))).await.unwrap();
    while city.fire_due().await > 0 {}
    let standing = async |name: &str| seen_by_citizen(&city, name).await.parent_state();
    assert_eq!(standing(&children[0]).await, WorkOrderState::Closed);
    assert_eq!(standing(&children[1]).await, WorkOrderState::Unspecified, "it has left");
    let listed = members(&city, &parent, "").await;
    assert_eq!(names(&listed.work_orders), [children[0].as_str(), children[2].as_str()]);
    city.clock.advance(later(24 * 17));
    let late = city.client().rate_work_order(city.by_hotline(rate(&children[2], true))).await;
    assert_eq!(code_and_reason(&refusal(late)), (Code::Refused, "RATING_WINDOW_OVER"));
}

/// Versions of all orders under a parent.
async fn versions(city: &City, parent: &str) -> Vec<i64> {
    let filter = Filter { parent: Some(id(parent)), ..Filter::default() };
    let all = city.cases.list::<WorkOrder>(&Scope::All, &filter, &Page { size: 5_000, after: None }).await.unwrap();
    all.iter().map(|member| member.version).collect()
}

#[tokio::test]
async fn thousands_are_told_page_by_page_and_a_page_told_twice_changes_nothing() {
    const MEMBERS: usize = 1_100;
    let city = City::open().await;
    let parent = city.ordinary().await;
    for _ in 0..MEMBERS {
        let member = city.ordinary().await;
        let news = city.cases.get::<WorkOrder>(&Scope::All, id(&parent)).await.unwrap().state.news();
        let step = dispatch::domain::work_order::Step::Merge { into: id(&parent), news };
        let author = crate::world::person(Actor::member(Role::TownDispatcher, "d", TOWN.parse().unwrap()));
        let facts = city.service.app().desk().facts(author);
        let ask = Ask::<WorkOrder>::new(id(&member), Command::Step { step, note: None }, facts.clone());
        let join = Ask::new(id(&parent), Command::Join { member: id(&member), news }, facts);
        city.cases.execute_together(ask, vec![join]).await.unwrap();
    }
    city.accept(&parent, "a").await;
    city.resolve(&parent).await;
    let before = versions(&city, &parent).await;
    let state = city.cases.get::<WorkOrder>(&Scope::All, id(&parent)).await.unwrap();
    assert!(
        postcard::to_stdvec(&state.state).unwrap().len() < 2_000,
        "the parent's state does not grow with its members"
    );
    // The first page is told, and the process dies before it is noted.
    let filter = Filter { parent: Some(id(&parent)), ..Filter::default() };
    let page = city.cases.list::<WorkOrder>(&Scope::All, &filter, &Page { size: 299, after: None }).await.unwrap();
    for member in page {
        let command = Command::Tell { parent: id(&parent), news: state.state.news() };
        let facts = city.service.app().desk().facts(Author::Parent);
        city.cases.execute(Ask::<WorkOrder>::new(member.id, command, facts)).await.unwrap();
    }
    let mut pages = 0;
    while city.fire_due().await > 0 {
        pages += 1;
        city.clock.advance(1_000);
    }
    assert_eq!(pages, 3, "bounded steps, the last of which knows that it is the last");
    let after = versions(&city, &parent).await;
    assert!(before.iter().zip(&after).all(|(before, after)| before + 1 == *after), "each heard once");
    assert_eq!(after.len(), MEMBERS);
}

#[tokio::test]
async fn news_that_come_while_others_are_told_begin_with_the_first_member() {
    let city = City::open().await;
    let (parent, children) = incident(&city).await;
    city.accept(&parent, "a").await;
    city.resolve(&parent).await;
    city.client().rate_work_order(city.by_hotline(rate(&parent, true))).await.unwrap();
    while city.fire_due().await > 0 {}
    for name in &children {
        let order = city.cases.get::<WorkOrder>(&Scope::All, id(name)).await.unwrap();
        let news = order.state.merged().unwrap().news;
        assert_eq!((news.number, news.standing.number()), (2, 7), "only the newest");
    }
}

#[tokio::test]
async fn who_joins_a_parent_that_was_answered_is_told_at_once() {
    let city = City::open().await;
    let (parent, _) = incident(&city).await;
    city.accept(&parent, "a").await;
    city.resolve(&parent).await;
    while city.fire_due().await > 0 {}
    let late = city.ordinary().await;
    let order = merged(&city, &late, &parent).await;
    assert_eq!((order.parent_state(), order.reply.as_str()), (WorkOrderState::Resolved, "您反映的问题已处理"));
    assert_eq!(city.fire_due().await, 0, "nobody else need hear of it");
    city.client().rate_work_order(city.by_hotline(rate(&late, true))).await.unwrap();
}
