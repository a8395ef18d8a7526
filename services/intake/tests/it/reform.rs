//! The reform of 2025-11-06: open reports filed before it are the district's to see that their place lies in today.

use crate::city::{City, complaint};
use civic::{Micros, Role};
use proto::intake::v1::{CreateReportRequest, GetReportTimelineRequest, ListReportsRequest, WithdrawReportRequest};
use proto::types::v1::Location;

/// 2025-11-05 and 2025-11-07, noon in China.
const BEFORE: Micros = Micros(1_762_315_200_000_000);
const AFTER: Micros = Micros(1_762_488_000_000_000);
/// 统景镇: of 渝北 (500112) before, of 北碚 (500109) since.
const TOWN: &str = "500112133";

fn in_town(request_id: &str) -> CreateReportRequest {
    let location = Some(Location { division_code: TOWN.to_owned(), ..Location::default() });
    CreateReportRequest { location, ..complaint(request_id) }
}

async fn listed(city: &City, district: &str) -> Vec<String> {
    let request = city.by(Role::DistrictDispatcher, district, ListReportsRequest::default());
    let found = city.client().list_reports(request).await.unwrap().into_inner();
    found.reports.into_iter().map(|report| report.name).collect()
}

#[tokio::test]
async fn an_open_report_of_a_town_that_changed_district_is_the_new_districts_to_see() {
    let city = City::open().await;
    city.clock.set(BEFORE);
    let moved = city.file(in_town("a")).await;
    let over = city.file(in_town("b")).await;
    let withdraw = WithdrawReportRequest {
        name: over.name.clone(),
        request_id: "w".to_owned(),
        phone_last4: "1234".to_owned(),
        ..WithdrawReportRequest::default()
    };
    city.client().withdraw_report(withdraw).await.unwrap();
    assert_eq!(listed(&city, "500112").await, [&*moved.name]);
    city.clock.set(AFTER);
    assert_eq!(city.service.app().follow_reforms().await.unwrap(), 1, "what is over keeps the column of its day");
    assert_eq!(city.service.app().follow_reforms().await.unwrap(), 0, "once is enough");
    assert_eq!(listed(&city, "500109").await, [&*moved.name]);
    assert_eq!(listed(&city, "500112").await, [""; 0]);
    let request = city.by(Role::TownDispatcher, TOWN, GetReportTimelineRequest { name: moved.name.clone() });
    let entries = city.client().get_report_timeline(request).await.unwrap().into_inner().entries;
    assert_eq!(entries.last().unwrap().r#type, "report.placeFollowed");
}
