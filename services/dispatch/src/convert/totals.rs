//! Totals of orders.

use civic::DivisionCode;
use proto::dispatch::v1 as pb;

use super::reader::Reader;
use crate::app::Desk;
use crate::domain::month::Month;
use crate::domain::totals::{Grouping, Total};
use crate::error::Error;

/// Which table is asked for.
///
/// # Errors
/// Every field at fault.
pub fn table(request: &pb::CountOrdersRequest, desk: &Desk) -> Result<(Month, Grouping), Error> {
    let mut reader = Reader::new(desk);
    let month = request.month.parse().ok();
    if month.is_none() {
        reader.fault("month", "MONTH_INVALID", "a month is written 2026-11");
    }
    let grouping = match request.grouping() {
        pb::Grouping::ByCategory => Some(Grouping::Category),
        pb::Grouping::ByPlace => Some(Grouping::Place),
        pb::Grouping::Unspecified => None,
    };
    if grouping.is_none() {
        reader.fault("grouping", "GROUPING_UNKNOWN", "BY_CATEGORY or BY_PLACE");
    }
    reader.finish(month.zip(grouping))
}

/// The table as it is told.
#[must_use]
pub fn totals((month, grouping): (Month, Grouping), place: &DivisionCode, totals: Vec<Total>) -> pb::OrderTotals {
    let grouping = match grouping {
        Grouping::Category => pb::Grouping::ByCategory,
        Grouping::Place => pb::Grouping::ByPlace,
    };
    let told =
        |total: Total| pb::OrderTotal { key: total.key, orders: i32::try_from(total.orders).unwrap_or(i32::MAX) };
    pb::OrderTotals {
        month: month.to_string(),
        grouping: grouping.into(),
        division_code: place.to_string(),
        totals: totals.into_iter().map(told).collect(),
    }
}
