//! What came to the report behind the order after it was filed. Withdrawn by the citizen or refused (不予受理), its order is cancelled, from
//! every state that a cancellation leads on from: intake has told the citizen so already. But an order that carries the matter of others too
//! (并案) goes on for them. What was resolved on the spot (当场解决) and found otherwise by the second person is worked on again, also when it is
//! closed. Everything else is written into the order's history, where its unit and the dispatcher see it; no phase and no clock moves. An order
//! that is over stays as it was.

use civic::Private;
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::WorkOrderEvent;
use proto::dispatch::v1::stored::work_order_event::Event as Body;

use super::command::{Facts, Heard, Said};
use super::event::{record, sealed};
use super::state::{State, WorkOrder};
use super::verb::Verb;

pub(super) fn hear(order: &WorkOrder, heard: &Heard, facts: &Facts) -> Vec<WorkOrderEvent> {
    let body = if heard.said == (Said::Checked { confirmed: false }) && was_answered(order) {
        Some(check_failed(heard))
    } else if is_over(order) {
        (order.state() == State::Merged).then(|| noted(&heard.said, heard))
    } else if let (Said::Ended { reason }, None) = (&heard.said, order.head.members) {
        Some(cancelled(reason))
    } else {
        Some(noted(&heard.said, heard))
    };
    body.into_iter().map(|body| record(Some(order), body, None, facts).0).collect()
}

/// An order without an end is one that a dispatcher could cancel.
fn is_over(order: &WorkOrder) -> bool {
    !Verb::Cancel.leads_from().contains(&order.state())
}

fn was_answered(order: &WorkOrder) -> bool {
    matches!(order.state(), State::Resolved | State::Verified | State::Closed)
}

fn noted(said: &Said, heard: &Heard) -> Body {
    match said {
        Said::Ended { .. } => spoke("ended", 0, heard),
        Said::Supplemented { attachments } => spoke("supplemented", *attachments, heard),
        Said::Urged { total } => spoke("urged", *total, heard),
        Said::Transferred { to } => spoke("transferred", *to, heard),
        Said::Checked { confirmed } => spoke("checked", i32::from(*confirmed), heard),
    }
}

/// Nobody need wait for a dispatcher: what was said to be done is not.
fn check_failed(heard: &Heard) -> Body {
    Body::SpotCheckFailed(stored::SpotCheckFailed { told_by: heard.by.clone() })
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
        "ended" => "workOrder.reportEnded",
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
        ("ended", _) => ("该诉求已终止，并案办理不受影响", "the report ended, its matter goes on for the others"),
        _ => ("诉求有更新", "news of the report"),
    }
}
