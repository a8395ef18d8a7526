//! What came to the report behind the order after it was filed. Withdrawn by the citizen or refused (不予受理), its order is cancelled, from
//! every state that a cancellation leads on from: intake has told the citizen so already. Everything else is written into the order's history, where
//! its unit and the dispatcher see it; no phase and no clock moves. An order that is over stays as it was.

use civic::Private;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::WorkOrderEvent;
use proto::dispatch::v1::stored::work_order_event::Event as Body;

use super::command::{Facts, Heard, Said};
use super::event::{record, sealed};
use super::state::WorkOrder;
use super::verb::Verb;

pub(super) fn hear(order: &WorkOrder, heard: &Heard, facts: &Facts) -> Vec<WorkOrderEvent> {
    // An order without an end is one that a dispatcher could cancel.
    if !Verb::Cancel.leads_from().contains(&order.state()) {
        return Vec::new();
    }
    let body = match &heard.said {
        Said::Ended { reason } => cancelled(reason),
        Said::Supplemented { attachments } => spoke("supplemented", *attachments, heard),
        Said::Urged { total } => spoke("urged", *total, heard),
        Said::Transferred { to } => spoke("transferred", *to, heard),
        Said::Checked { confirmed } => spoke("checked", i32::from(*confirmed), heard),
    };
    vec![record(Some(order), body, None, facts).0]
}

fn cancelled(reason: &Private<String>) -> Body {
    Body::Cancelled(stored::Cancelled { reason: sealed(reason) })
}

fn spoke(what: &str, number: i32, heard: &Heard) -> Body {
    Body::ReportSpoke(stored::ReportSpoke { what: what.to_owned(), number, told_by: heard.by.clone() })
}

pub(super) fn event_type(spoke: &stored::ReportSpoke) -> &'static str {
    match spoke.what.as_str() {
        "supplemented" => "workOrder.reportSupplemented",
        "urged" => "workOrder.reportUrged",
        "transferred" => "workOrder.reportTransferred",
        "checked" => "workOrder.reportChecked",
        // Of a later release.
        _ => "workOrder.reportSpoke",
    }
}

/// Chinese, English.
pub fn words(spoke: &stored::ReportSpoke) -> (&'static str, &'static str) {
    match (spoke.what.as_str(), spoke.number) {
        ("supplemented", _) => ("诉求有补充，见诉求单", "the report was added to"),
        ("urged", _) => ("诉求人催单", "the matter was urged"),
        ("transferred", 1) => ("已转110", "passed on to 110"),
        ("transferred", 2) => ("已转119", "passed on to 119"),
        ("transferred", 3) => ("已转120", "passed on to 120"),
        ("checked", 0) => ("抽查：当场解决不属实", "checked: not resolved on the spot as told"),
        ("checked", _) => ("抽查：当场解决属实", "checked: resolved on the spot as told"),
        _ => ("诉求有更新", "news of the report"),
    }
}
