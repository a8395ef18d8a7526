//! What each service must have done about the other's events.

use casebook::verify::Expects;
use casebook::{Case as _, EventRow};
use civic::{CaseId, Micros};
use dispatch::domain::work_order::WorkOrder;
use intake::domain::OrderState;
use intake::domain::report::{Report, Work};
use prost::Message as _;
use proto::dispatch::v1::stored::WorkOrderEvent;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::report_amended::What;
use proto::events::v1::{Envelope, PublicEvent, ReportAmended, ReportClassified, WorkOrderChanged};
use proto::intake::v1::stored::ReportEvent;

/// Every report has its order, and a ruling on it reached the order while it was open.
pub(super) struct OrdersOfReports;

/// Every report is at least as far as its order.
pub(super) struct ReportsOfOrders;

fn public(event: &Envelope) -> Option<Public> {
    PublicEvent::decode(event.data.clone()).ok()?.event
}

impl Expects for OrdersOfReports {
    fn case(&self, event: &Envelope) -> Option<CaseId> {
        match public(event)? {
            Public::ReportFiled(filed) => filed.report.parse().ok(),
            Public::ReportClassified(ruling) => ruling.report.parse().ok(),
            Public::ReportAmended(amended) => amended.report.parse().ok(),
            // A consultation that was answered at once has no order.
            Public::ReportAnswered(_)
            | Public::WorkOrderChanged(_)
            | Public::EmergencyChanged(_)
            | Public::WarningChanged(_)
            | Public::WarningPlaceChanged(_)
            | Public::ExclusionDecided(_) => None,
        }
    }

    fn shown(&self, event: &Envelope, history: &[EventRow]) -> bool {
        match public(event) {
            Some(Public::ReportClassified(ruling)) => is_ruled(&ruling, history),
            Some(Public::ReportAmended(amended)) if ends(&amended) => is_over(history),
            Some(
                Public::ReportFiled(_)
                | Public::ReportAmended(_)
                | Public::ReportAnswered(_)
                | Public::WorkOrderChanged(_)
                | Public::EmergencyChanged(_)
                | Public::WarningChanged(_)
                | Public::WarningPlaceChanged(_)
                | Public::ExclusionDecided(_),
            )
            | None => !history.is_empty(),
        }
    }
}

/// At some step the order was as the ruling says, or over, when it no longer matters. A history that cannot be read is not ours to judge: I4
/// and I8 do.
fn is_ruled(ruling: &ReportClassified, history: &[EventRow]) -> bool {
    let mut order: Option<WorkOrder> = None;
    for row in history {
        let Ok(event) = WorkOrderEvent::decode(row.payload.as_slice()) else { return true };
        let Some(next) = WorkOrder::evolve(order, &event) else { return true };
        let place = ruling.division_code.is_empty() || next.head.place.code.as_str() == ruling.division_code;
        if !next.state().is_open() || (place && next.head.category == ruling.category_code) {
            return true;
        }
        order = Some(next);
    }
    false
}

/// A withdrawal, or a refusal.
const fn ends(amended: &ReportAmended) -> bool {
    matches!(amended.what, Some(What::Withdrawn(_) | What::Refused(_)))
}

/// At some step the order was over.
fn is_over(history: &[EventRow]) -> bool {
    let mut order: Option<WorkOrder> = None;
    for row in history {
        let Ok(event) = WorkOrderEvent::decode(row.payload.as_slice()) else { return true };
        let Some(next) = WorkOrder::evolve(order, &event) else { return true };
        if !next.state().is_open() {
            return true;
        }
        order = Some(next);
    }
    false
}

impl Expects for ReportsOfOrders {
    fn case(&self, event: &Envelope) -> Option<CaseId> {
        match public(event)? {
            Public::WorkOrderChanged(changed) => changed.work_order.parse().ok(),
            Public::ReportFiled(_)
            | Public::ReportClassified(_)
            | Public::ReportAmended(_)
            | Public::ReportAnswered(_)
            | Public::EmergencyChanged(_)
            | Public::WarningChanged(_)
            | Public::WarningPlaceChanged(_)
            | Public::ExclusionDecided(_) => None,
        }
    }

    fn shown(&self, event: &Envelope, history: &[EventRow]) -> bool {
        let Some(Public::WorkOrderChanged(changed)) = public(event) else { return true };
        // An order that came from no report has nobody here to tell.
        history.is_empty() || follows(event, changed, history)
    }
}

/// The report heard of this version or a later one, or it is just as this one says: such a step is not written.
fn follows(event: &Envelope, changed: WorkOrderChanged, history: &[EventRow]) -> bool {
    let mut report: Option<Report> = None;
    for row in history {
        let Ok(event) = ReportEvent::decode(row.payload.as_slice()) else { return true };
        let Some(next) = Report::evolve(report, &event) else { return true };
        report = Some(next);
    }
    let (Some(report), Some(order)) = (report, OrderState::from_number(changed.state)) else { return true };
    let work = Work {
        order,
        unit: changed.unit,
        unit_name: changed.unit_name,
        due: (changed.due_us != 0).then_some(Micros(changed.due_us)),
        reply_ready: changed.reply_ready,
        parent: OrderState::from_number(changed.parent_state),
    };
    report.head.order_version >= event.case_version || report.after(work) == report.phase
}
