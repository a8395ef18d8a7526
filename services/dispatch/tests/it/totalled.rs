//! Totals of orders: an analyst is told how many there are, where there are ten or more, and knows of none.

use civic::{Micros, Role};
use mesh::Problem;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::rates_client::RatesClient;

use crate::city::{City, OTHER_TOWN, SECTION, TOWN};
use crate::tasks::problem_of;

const DISTRICT: &str = "500151";
const NOVEMBER: &str = "2026-11";

impl City {
    async fn totals(
        &self,
        (role, unit): (Role, &str),
        month: &str,
        grouping: pb::Grouping,
    ) -> Result<pb::OrderTotals, Problem> {
        let request = pb::CountOrdersRequest { month: month.to_owned(), grouping: grouping.into() };
        problem_of(RatesClient::new(self.channel()).count_orders(self.by(role, unit, request)).await)
    }

    async fn rows(&self, who: (Role, &str), grouping: pb::Grouping) -> Vec<(String, i32)> {
        let told = self.totals(who, NOVEMBER, grouping).await.unwrap();
        told.totals.into_iter().map(|total| (total.key, total.orders)).collect()
    }
}

fn rows(rows: &[(&str, i32)]) -> Vec<(String, i32)> {
    rows.iter().map(|(key, orders)| ((*key).to_owned(), *orders)).collect()
}

#[tokio::test]
async fn an_analyst_is_told_totals_of_ten_or_more_and_knows_of_no_order() {
    let city = City::open().await;
    let mut names = Vec::new();
    for (many, category, town) in
        [(12, "0101", TOWN), (3, "0612", TOWN), (11, "0101", OTHER_TOWN), (30, "0612", OTHER_TOWN)]
    {
        for _ in 0..many {
            names.push(city.open_order(city.report(category, town)).await);
        }
    }
    // What is over counts like what is open, and once.
    for name in &names[..2] {
        let cancel = pb::CancelWorkOrderRequest {
            name: name.clone(),
            request_id: name.clone(),
            reason: "误报".to_owned(),
            ..pb::CancelWorkOrderRequest::default()
        };
        city.client().cancel_work_order(city.by_dispatcher(cancel)).await.unwrap();
    }
    let analyst = (Role::Analyst, DISTRICT);
    let early = city.totals(analyst, NOVEMBER, pb::Grouping::ByCategory).await.unwrap_err();
    assert_eq!(early.reason, "MONTH_NOT_OVER");
    city.clock.advance(9 * Micros::DAY);
    // December's.
    for _ in 0..20 {
        city.open_order(city.report("0101", TOWN)).await;
    }
    let by_category = city.rows(analyst, pb::Grouping::ByCategory).await;
    assert_eq!(by_category, rows(&[("0101", 23), ("0612", 33)]));
    assert_eq!(city.rows(analyst, pb::Grouping::ByPlace).await, rows(&[(TOWN, 15), (OTHER_TOWN, 41)]));
    // Three would be told by their difference: the twelve stand with them.
    let town = (Role::TownDispatcher, TOWN);
    assert_eq!(city.rows(town, pb::Grouping::ByCategory).await, rows(&[("", 15)]));
    assert_eq!(city.rows((Role::Analyst, TOWN), pb::Grouping::ByCategory).await, rows(&[("", 15)]));
    assert_eq!(city.rows((Role::Analyst, "500151003"), pb::Grouping::ByCategory).await, rows(&[]));
    let list = city.by(Role::Analyst, DISTRICT, pb::ListWorkOrdersRequest::default());
    assert!(city.client().list_work_orders(list).await.unwrap().into_inner().work_orders.is_empty());
}

#[tokio::test]
async fn a_table_is_of_a_month_and_a_grouping_and_not_for_everybody() {
    let city = City::open().await;
    let analyst = (Role::Analyst, DISTRICT);
    for (month, grouping, reason) in [
        ("november", pb::Grouping::ByPlace, "MONTH_INVALID"),
        ("2026-10", pb::Grouping::Unspecified, "GROUPING_UNKNOWN"),
        ("2027-01", pb::Grouping::ByPlace, "MONTH_NOT_OVER"),
    ] {
        assert_eq!(city.totals(analyst, month, grouping).await.unwrap_err().reason, reason);
    }
    let unit = city.totals((Role::DepartmentHandler, SECTION), "2026-10", pb::Grouping::ByPlace).await;
    assert_eq!(unit.unwrap_err().reason, "ROLE_DENIED");
}
