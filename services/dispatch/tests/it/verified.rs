//! Call-backs, and those whom nobody calls.

use mesh::Code;
use proto::dispatch::v1 as pb;
use proto::events::v1::ReportFiled;
use proto::types::v1::WorkOrderState;

use crate::city::{City, TOWN, code_and_reason, refusal};

fn verify(name: &str, reached: bool, solved: bool) -> pb::VerifyWorkOrderRequest {
    pb::VerifyWorkOrderRequest {
        name: name.to_owned(),
        request_id: format!("{reached} {solved} {name}"),
        reached,
        answered: true,
        solved,
        satisfied: solved,
        ..pb::VerifyWorkOrderRequest::default()
    }
}

async fn resolved(city: &City, report: ReportFiled) -> String {
    let name = city.open_order(report).await;
    city.accept(&name, &format!("a {name}")).await;
    city.resolve(&name).await;
    name
}

#[tokio::test]
async fn who_wants_no_reply_is_not_called_and_the_file_decides() {
    let city = City::open().await;
    let report = ReportFiled { no_reply: true, ..city.report("0101", TOWN) };
    let name = resolved(&city, report).await;
    assert_eq!(city.look(&name).await.verification(), pb::Verification::OnFile);
    let called = refusal(city.client().verify_work_order(city.by_dispatcher(verify(&name, true, true))).await);
    assert_eq!(code_and_reason(&called), (Code::Refused, "CALL_BACK_UNWANTED"));
    assert_eq!(called.fields[0].path, "reached");
    let verified = city.client().verify_work_order(city.by_dispatcher(verify(&name, false, true))).await.unwrap();
    assert_eq!(verified.into_inner().state(), WorkOrderState::Verified);
    let close = pb::CloseWorkOrderRequest {
        name: name.clone(),
        request_id: "c".to_owned(),
        ..pb::CloseWorkOrderRequest::default()
    };
    let closed = city.client().close_work_order(city.by_dispatcher(close)).await.unwrap().into_inner();
    assert_eq!(closed.state(), WorkOrderState::Closed, "without waiting for a word that nobody will give");
}

#[tokio::test]
async fn what_the_file_shows_unsolved_goes_into_the_next_round_and_an_unreached_citizen_leaves_the_word_standing() {
    let city = City::open().await;
    let ordinary = city.report("0101", TOWN);
    let cases = [
        (ReportFiled { no_reply: true, ..city.report("0101", TOWN) }, WorkOrderState::InProgress),
        (ReportFiled { anonymous: true, ..city.report("0101", TOWN) }, WorkOrderState::InProgress),
        (ordinary, WorkOrderState::Verified),
    ];
    for (report, state) in cases {
        let name = resolved(&city, report).await;
        let order = city.client().verify_work_order(city.by_dispatcher(verify(&name, false, false))).await.unwrap();
        assert_eq!(order.into_inner().state(), state, "{name}");
    }
    let name = resolved(&city, ReportFiled { anonymous: true, ..city.report("0101", TOWN) }).await;
    let in_touch = city.client().verify_work_order(city.by_dispatcher(verify(&name, true, true))).await.unwrap();
    assert_eq!(in_touch.into_inner().state(), WorkOrderState::Verified, "the nameless may get in touch themselves");
}
