//! What was answered is on disk: a second process over the same file goes on where the first one stopped.

use crate::city::{City, complaint};
use proto::intake::v1::{CreateReportRequest, GetReportRequest, Report, Reporter, TrackReportRequest};
use tonic::Request;

fn anonymous(request_id: &str) -> CreateReportRequest {
    CreateReportRequest {
        channel_number: "N-7".to_owned(),
        reporter: Some(Reporter { anonymous: true, ..Reporter::default() }),
        ..complaint(request_id)
    }
}

fn with_pin(report: &Report) -> Request<TrackReportRequest> {
    Request::new(TrackReportRequest {
        tracking_number: report.tracking_number.clone(),
        pin: report.pin.clone(),
        ..TrackReportRequest::default()
    })
}

#[tokio::test]
async fn a_report_its_request_its_number_and_its_pin_survive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intake.db");
    let first = {
        let city = City::open_file(&path).await;
        city.file(anonymous("a")).await
    };
    let city = City::open_file(&path).await;
    assert_eq!(city.file(anonymous("a")).await, first, "the same request");
    assert_eq!(city.file(anonymous("b")).await, first, "the same channel number and content");
    assert!(city.client().track_report(with_pin(&first)).await.is_ok());
    let name = GetReportRequest { name: first.name.clone() };
    let got = city.client().get_report(city.by_dispatcher(name)).await.unwrap().into_inner();
    assert_eq!(Report { pin: first.pin.clone(), ..got }, first);
    assert_eq!(city.events().await, 1);
}
