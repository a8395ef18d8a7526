//! What a list is asked for.

use casebook::{Filter, PlaceColumn};
use civic::{CaseId, DivisionCode};
use proto::dispatch::v1::ListWorkOrdersRequest;
use proto::types::v1::{Lamp, Urgency, WorkOrderState};

use super::order_id;
use super::reader::Reader;
use crate::app::{Desk, Listing, Paging};
use crate::domain::authority::column_of;
use crate::error::Error;

/// Orders on a page when the caller does not say (contract).
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;

/// Filter and page of a list.
///
/// # Errors
/// Every field at fault.
pub fn listing(request: ListWorkOrdersRequest, desk: &Desk) -> Result<Listing, Error> {
    let mut reader = Reader::new(desk);
    let filter = Filter {
        place: place(&request.division_code, desk, &mut reader),
        state: number(
            WorkOrderState::try_from(request.state).is_ok(),
            request.state,
            "state",
            "STATE_UNKNOWN",
            &mut reader,
        ),
        lamp: number(Lamp::try_from(request.lamp).is_ok(), request.lamp, "lamp", "LAMP_UNKNOWN", &mut reader),
        unit: unit(&request.unit, &mut reader),
        category: category(request.category, desk, &mut reader),
        urgency: number(
            Urgency::try_from(request.urgency).is_ok(),
            request.urgency,
            "urgency",
            "URGENCY_UNKNOWN",
            &mut reader,
        ),
        flagged: None,
        parent: parent(&request.parent, &mut reader),
    };
    let size = size(request.page_size, &mut reader);
    reader.finish(Some(Listing { filter, size, token: request.page_token }))
}

/// The column of a division; the whole territory needs none. A dissolved one is known as well: its old orders keep its code.
pub(crate) fn place(code: &str, desk: &Desk, reader: &mut Reader<'_>) -> Option<(PlaceColumn, String)> {
    if code.is_empty() {
        return None;
    }
    let was = |code: &DivisionCode| desk.view.get(code).is_some() || desk.view.successor(code).is_some();
    let Some(code) = code.parse::<DivisionCode>().ok().filter(was) else {
        reader.fault("divisionCode", "DIVISION_UNKNOWN", "there is no such division");
        return None;
    };
    column_of(code.tier()).map(|column| (column, code.to_string()))
}

/// The number of an enum's value; 0 is "not said".
pub(super) fn number(
    known: bool,
    value: i32,
    path: &str,
    reason: &'static str,
    reader: &mut Reader<'_>,
) -> Option<i64> {
    if !known {
        reader.fault(path, reason, "not a value of this field");
    }
    (value != 0).then_some(i64::from(value))
}

fn parent(name: &str, reader: &mut Reader<'_>) -> Option<CaseId> {
    if name.is_empty() {
        return None;
    }
    let id = order_id(name).ok();
    if id.is_none() {
        reader.fault("parent", "PARENT_INVALID", "workOrders/<id>");
    }
    id
}

fn unit(code: &str, reader: &mut Reader<'_>) -> Option<String> {
    if code.is_empty() {
        return None;
    }
    reader.unit("unit", code).map(|answering| answering.unit.to_string())
}

fn category(code: String, desk: &Desk, reader: &mut Reader<'_>) -> Option<String> {
    if code.is_empty() {
        return None;
    }
    if desk.catalog.taxonomy().get(&code).is_none() {
        reader.fault("category", "CATEGORY_UNKNOWN", "there is no such category");
    }
    Some(code)
}

/// A page of any other list.
///
/// # Errors
/// The size is none.
pub fn paging(page_size: i32, token: String, desk: &Desk) -> Result<Paging, Error> {
    let mut reader = Reader::new(desk);
    let size = size(page_size, &mut reader);
    reader.finish(Some(Paging { size, token }))
}

pub(super) fn size(asked: i32, reader: &mut Reader<'_>) -> usize {
    match usize::try_from(asked) {
        Ok(0) => PAGE,
        Ok(size) if size <= LARGEST_PAGE => size,
        Ok(_) | Err(_) => {
            reader.fault("pageSize", "PAGE_SIZE_INVALID", "1 to 200; left out, 50");
            PAGE
        }
    }
}
