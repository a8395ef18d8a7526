//! Messages consumed: intake's `ReportFiled` opens an order, once per report, because the order has the report's id; its
//! `ReportClassified` gives that order what a person decided. Either may start an emergency beside the order.

use std::sync::Arc;

use casebook::{Ask, Bundle, Effects, GiveUp};
use prost::Message as _;
use proto::events::v1::public_event::Event as Public;
use proto::events::v1::{Envelope, PublicEvent};

use crate::app::App;
use crate::domain::emergency::Emergency;

/// Opens the order of every report, and keeps it abreast of rulings. Consultations, and reports that were resolved on the spot, get one as well: their unit
/// answers or confirms, and the citizen's word closes it like any other.
pub struct OpenOrders {
    app: Arc<App>,
}

impl OpenOrders {
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

/// What intake tells of a report and its order must hear.
const ACTS_ON: [&str; 8] = [
    "report.filed.v1",
    "report.classified.v1",
    "report.supplemented.v1",
    "report.urged.v1",
    "report.withdrawn.v1",
    "report.refused.v1",
    "report.transferred.v1",
    "report.checked.v1",
];

impl Effects for OpenOrders {
    fn acts_on(&self) -> &'static [&'static str] {
        &ACTS_ON
    }

    fn effect(&self, event: &Envelope) -> Result<Option<Bundle>, GiveUp> {
        // An internal event: a position without a public meaning.
        if event.data.is_empty() {
            return Ok(None);
        }
        let public = PublicEvent::decode(event.data.clone()).map_err(|error| GiveUp(error.to_string()))?;
        match public.event {
            Some(Public::ReportFiled(report)) => {
                let bad_id = || GiveUp("the report's id is none".to_owned());
                let alarm = self.app.alarm(&report, &event.traceparent);
                let ask = self.app.opening(report, &event.traceparent).ok_or_else(bad_id)?;
                Ok(Some(with(Bundle::of(ask), alarm)))
            }
            // A ruling on a report without an order parks the case behind the event that should have opened one.
            Some(Public::ReportClassified(ruling)) => {
                let bad_id = || GiveUp("the ruled report's id is none".to_owned());
                let alarm = self.app.raised(&ruling, &event.traceparent);
                let ask = self.app.ruling(ruling, &event.traceparent).ok_or_else(bad_id)?;
                Ok(Some(with(Bundle::of(ask), alarm)))
            }
            // Our own events do not come back to us, and what a later release tells is not for this one.
            Some(Public::ReportAmended(amended)) => {
                // Of a later release: `acts_on` parks it.
                let Some(what) = &amended.what else { return Ok(None) };
                let bad_id = || GiveUp("the amended report's id is none".to_owned());
                let ask = self.app.hearing(&amended, what, &event.traceparent).ok_or_else(bad_id)?;
                Ok(Some(Bundle::of(ask)))
            }
            // Answered at once: nobody owes anything on it.
            Some(
                Public::ReportAnswered(_)
                | Public::WorkOrderChanged(_)
                | Public::EmergencyChanged(_)
                | Public::WarningChanged(_)
                | Public::WarningPlaceChanged(_)
                | Public::ExclusionDecided(_),
            )
            | None => Ok(None),
        }
    }
}

/// The order and its emergency begin in one transaction: there is no alarm without its calls.
fn with(bundle: Bundle, alarm: Option<Ask<Emergency>>) -> Bundle {
    match alarm {
        Some(alarm) => bundle.and(alarm),
        None => bundle,
    }
}
