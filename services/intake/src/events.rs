//! What intake consumes: the steps of work orders, to keep the citizen's view of the report with the same id.

use crate::domain::OrderState;
use crate::domain::report::{Attention, Command, Facts, OrderStep, Report, Work};
use casebook::{Ask, Bundle, Effects, GiveUp};
use civic::{CaseId, Micros};
use prost::Message;
use proto::events::v1::{PublicEvent, WorkOrderChanged, public_event};
use queue::Envelope;

/// Follows dispatch's log.
pub struct FollowOrders;

impl Effects for FollowOrders {
    fn acts_on(&self) -> &'static [&'static str] {
        &["workOrder.changed.v1"]
    }

    /// Internal events and those of kinds that intake does not know are of no interest. One that cannot be read, or that
    /// speaks of a state this release has no name for, parks the case: it is replayed after the upgrade, in order.
    fn effect(&self, event: &Envelope) -> Result<Option<Bundle>, GiveUp> {
        if event.data.is_empty() {
            return Ok(None);
        }
        let public = PublicEvent::decode(event.data.clone());
        let public = public.map_err(|error| GiveUp(format!("unreadable event {}: {error}", event.id)))?;
        match public.event {
            Some(public_event::Event::WorkOrderChanged(changed)) => follow(event, changed).map(Some),
            Some(
                public_event::Event::ReportFiled(_)
                | public_event::Event::ReportClassified(_)
                | public_event::Event::ReportAnswered(_)
                | public_event::Event::ReportAmended(_)
                | public_event::Event::EmergencyChanged(_)
                | public_event::Event::WarningChanged(_)
                | public_event::Event::WarningPlaceChanged(_)
                | public_event::Event::ExclusionDecided(_),
            )
            | None => Ok(None),
        }
    }
}

fn follow(event: &Envelope, changed: WorkOrderChanged) -> Result<Bundle, GiveUp> {
    let unreadable = |what: &str| GiveUp(format!("event {}: {what}", event.id));
    let id: CaseId = changed.work_order.parse().map_err(|_| unreadable("the work order's id is none"))?;
    let order = OrderState::from_number(changed.state).ok_or_else(|| unreadable("an unknown state of work orders"))?;
    let at = Micros(event.time_us);
    let attention = Attention::told(&changed.tier, &changed.origin_tier, changed.supervised);
    let step = OrderStep {
        at,
        step: changed.step,
        work: Work {
            order,
            unit: changed.unit,
            unit_name: changed.unit_name,
            due: (changed.due_us != 0).then_some(Micros(changed.due_us)),
            reply_ready: changed.reply_ready,
            parent: OrderState::from_number(changed.parent_state),
        },
        attention,
        order_version: event.case_version,
    };
    let ask =
        Ask::<Report>::new(id, Command::Step(step), Facts { now: at }).with_traceparent(event.traceparent.clone());
    // An order that came from no report has nobody here to tell.
    Ok(Bundle::of(ask).ignore_refusal())
}
