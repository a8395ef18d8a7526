//! A service at its limit of calls: who is still served.

use crate::city::{City, code_and_reason, complaint, refusal};
use futures_util::stream::pending;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use mesh::{Code, Problem};
use proto::intake::v1::{CreateReportRequest, ListReportsRequest};
use proto::types::v1::Urgency;
use std::time::Duration;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::body::Body;
use tower::Service as _;

/// Nine of ten seats are held by callers who begin and never say what they want.
#[tokio::test]
async fn a_full_service_still_takes_the_report_of_a_fire() {
    let city = City::open_small(10).await;
    let mut silent = JoinSet::new();
    for _ in 0..9 {
        let request = http::Request::post("/jiewang.intake.v1.Reports/CreateReport")
            .header("content-type", "application/grpc")
            .body(Body::new(StreamBody::new(pending::<Result<Frame<Bytes>, Status>>())))
            .unwrap();
        silent.spawn(city.channel().call(request));
    }
    // They have all arrived when the tenth is told to wait.
    let full = async {
        for number in 0.. {
            let usual = CreateReportRequest { request_id: format!("usual {number}"), ..complaint("usual") };
            if let Err(status) = city.client().create_report(city.by_hotline(usual)).await {
                return Problem::from_status(&status);
            }
        }
        panic!("the loop has no end")
    };
    let full = tokio::time::timeout(Duration::from_secs(30), full).await.unwrap();
    assert_eq!(code_and_reason(&full), (Code::Unavailable, "OVERLOADED"));
    let before = city.events().await;
    let list = city.client().list_reports(city.by_dispatcher(ListReportsRequest::default())).await;
    assert_eq!(refusal(list).reason, "OVERLOADED");
    assert_eq!(city.refusal(city.by_hotline(complaint("later"))).await.reason, "OVERLOADED");
    assert_eq!(city.events().await, before, "nothing is stored of who was sent away");
    let fire = CreateReportRequest { text: "三楼着火了，有人被困".to_owned(), ..complaint("fire") };
    assert_eq!(city.file(fire).await.urgency, i32::from(Urgency::LevelOne));
}

/// A gateway lets in who says that somebody is in danger, when it lets nobody else in.
#[tokio::test]
async fn who_was_let_in_on_a_word_that_is_not_true_is_sent_away() {
    let city = City::open().await;
    let kept_back = |text: &str| {
        let mut request = city.by_hotline(CreateReportRequest { text: text.to_owned(), ..complaint(text) });
        request.metadata_mut().insert(mesh::KEPT_BACK, "1".parse().unwrap());
        request
    };
    let before = city.events().await;
    assert_eq!(city.refusal(kept_back("路灯不亮")).await.reason, "OVERLOADED");
    assert_eq!(city.events().await, before);
    let filed = city.client().create_report(kept_back("三楼着火了，有人被困")).await.unwrap().into_inner();
    assert_eq!(filed.urgency, i32::from(Urgency::LevelOne));
}
