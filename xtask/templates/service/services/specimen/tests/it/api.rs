//! The rpcs as callers meet them.

use crate::city::{City, NOW, OTHER_TOWN, TOWN, close, open, told};
use civic::Role;
use mesh::{Code, Problem};
use proto::specimen::v1 as pb;

fn code_and_reason(problem: &Problem) -> (Code, &str) {
    (problem.code, problem.reason.as_str())
}

#[tokio::test]
async fn a_matter_is_opened_read_and_closed_with_its_result() {
    let city = City::open().await;
    let matter = city.opened("open").await;
    assert_eq!((matter.state(), matter.text.as_str()), (pb::MatterState::MatterOpen, "三单元楼顶漏水"));
    assert_eq!((matter.division_code.as_str(), matter.opened_by.as_str()), (TOWN, "town-dispatcher@500151001"));
    assert_eq!(matter.open_time.unwrap().seconds, NOW.0 / 1_000_000);
    assert_eq!(city.look(&matter.name).await, matter);
    let closed = told(city.client().close_matter(city.by_town(close(&matter.name, "close"))).await).unwrap();
    assert_eq!((closed.state(), closed.result.as_str()), (pb::MatterState::MatterClosed, "已修缮"));
    assert_eq!(city.look(&matter.name).await, closed);
}

#[tokio::test]
async fn the_same_request_again_has_one_effect_and_the_same_answer() {
    let city = City::open().await;
    let first = city.opened("once").await;
    assert_eq!(city.opened("once").await, first);
    let other = pb::OpenMatterRequest { text: "另一件事".to_owned(), ..open("once") };
    let reused = told(city.client().open_matter(city.by_town(other)).await).unwrap_err();
    assert_eq!(code_and_reason(&reused), (Code::Conflict, "REQUEST_ID_REUSED"));
    let closed = told(city.client().close_matter(city.by_town(close(&first.name, "close"))).await).unwrap();
    let again = told(city.client().close_matter(city.by_town(close(&first.name, "close"))).await).unwrap();
    assert_eq!(again, closed);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_by_field_and_changes_nothing() {
    let city = City::open().await;
    let empty = told(city.client().open_matter(city.by_town(pb::OpenMatterRequest::default())).await).unwrap_err();
    let fields: Vec<_> = empty.fields.iter().map(|field| (field.path.as_str(), field.reason.as_str())).collect();
    let wanted = [
        ("requestId", "REQUEST_ID_MISSING"),
        ("divisionCode", "DIVISION_UNKNOWN"),
        ("text", "TEXT_MISSING"),
    ];
    assert_eq!((empty.code, fields.as_slice()), (Code::Invalid, wanted.as_slice()));
    let matter = city.opened("open").await;
    for (wrong, reason, path) in [
        (pb::CloseMatterRequest { result: " ".to_owned(), ..close(&matter.name, "a") }, "RESULT_MISSING", "result"),
        (pb::CloseMatterRequest { etag: "x".to_owned(), ..close(&matter.name, "a") }, "ETAG_INVALID", "etag"),
        (pb::CloseMatterRequest { result: "字".repeat(10_001), ..close(&matter.name, "a") }, "TEXT_TOO_LONG", "result"),
        (close(&matter.name, &"x".repeat(65)), "REQUEST_ID_TOO_LONG", "requestId"),
    ] {
        let problem = told(city.client().close_matter(city.by_town(wrong)).await).unwrap_err();
        assert_eq!((code_and_reason(&problem), problem.fields[0].path.as_str()), ((Code::Invalid, reason), path));
    }
    let stale = pb::CloseMatterRequest { etag: "7".to_owned(), ..close(&matter.name, "a") };
    let stale = told(city.client().close_matter(city.by_town(stale)).await).unwrap_err();
    assert_eq!(code_and_reason(&stale), (Code::Conflict, "ETAG_STALE"));
    assert_eq!(city.look(&matter.name).await, matter);
}

#[tokio::test]
async fn each_acts_in_the_own_place_and_what_lies_outside_does_not_exist() {
    let city = City::open().await;
    let matter = city.opened("open").await;
    let get = || pb::GetMatterRequest { name: matter.name.clone() };
    for (role, unit) in [(Role::TownDispatcher, OTHER_TOWN), (Role::Operator, "50"), (Role::DistrictDispatcher, "500112")] {
        let hidden = told(city.client().get_matter(city.by(role, unit, get())).await).unwrap_err();
        assert_eq!(code_and_reason(&hidden), (Code::NotFound, "NOT_FOUND"), "{role} of {unit}");
        let hidden = city.client().close_matter(city.by(role, unit, close(&matter.name, "close"))).await;
        assert_eq!(code_and_reason(&told(hidden).unwrap_err()), (Code::NotFound, "NOT_FOUND"), "{role} of {unit}");
    }
    for (role, unit) in [(Role::DistrictDispatcher, "500151"), (Role::CityDispatcher, "50")] {
        assert_eq!(told(city.client().get_matter(city.by(role, unit, get())).await).unwrap(), matter);
    }
    let elsewhere = city.by(Role::TownDispatcher, OTHER_TOWN, open("elsewhere"));
    let elsewhere = told(city.client().open_matter(elsewhere).await).unwrap_err();
    assert_eq!(code_and_reason(&elsewhere), (Code::Denied, "PLACE_OUT_OF_REACH"));
    let worker = told(city.client().open_matter(city.by(Role::GridWorker, TOWN, open("worker"))).await).unwrap_err();
    assert_eq!(code_and_reason(&worker), (Code::Denied, "ROLE_DENIED"));
    let nobody = told(city.client().get_matter(get()).await).unwrap_err();
    assert_eq!(code_and_reason(&nobody), (Code::Unauthenticated, "TOKEN_MISSING"));
    let nothing = pb::GetMatterRequest { name: "specimenMatters/x".to_owned() };
    let nothing = told(city.client().get_matter(city.by_town(nothing)).await).unwrap_err();
    assert_eq!(code_and_reason(&nothing), (Code::NotFound, "NOT_FOUND"));
}

#[tokio::test]
async fn a_closed_matter_is_not_closed_again() {
    let city = City::open().await;
    let matter = city.opened("open").await;
    let closed = told(city.client().close_matter(city.by_town(close(&matter.name, "first"))).await).unwrap();
    let again = told(city.client().close_matter(city.by_town(close(&matter.name, "second"))).await).unwrap_err();
    assert_eq!(code_and_reason(&again), (Code::Refused, "STATE_REFUSES"));
    assert_eq!(city.look(&matter.name).await, closed);
}
