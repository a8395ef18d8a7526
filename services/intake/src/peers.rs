//! The one service intake calls: dispatch, for what only the work order knows. A seam, so that intake is tested without it.

use crate::domain::OrderState;
use crate::domain::report::Rating;
use async_trait::async_trait;
use civic::{Actor, CaseId, Micros, Role};
use mesh::{Channel, Problem, Speaker};
use proto::dispatch::v1::cooperation_client::CooperationClient;
use proto::dispatch::v1::work_orders_client::WorkOrdersClient;
use proto::dispatch::v1::{GetWorkOrderRequest, MergeWorkOrderRequest, RateWorkOrderRequest, WorkOrder};
use std::time::Duration;
use tonic::metadata::{Ascii, MetadataValue};

/// What the reporter may know of the work order, fresher than what events have told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    pub state: OrderState,
    pub unit_name: String,
    pub due: Option<Micros>,
    /// Of a merged order: how the one that it was merged into stands. Unit, date and reply are that one's.
    pub parent: Option<OrderState>,
    /// Only a reply that may be told.
    pub reply: String,
}

/// The reporter's word, on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub request_id: String,
    pub rating: Rating,
    pub comment: String,
}

/// What somebody asks to be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merging {
    pub request_id: String,
    pub into: CaseId,
    pub note: String,
}

/// An order as rated or merged, and dispatch's position token for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rated {
    pub order: Option<OrderView>,
    pub position: Option<MetadataValue<Ascii>>,
}

/// The work orders, as a reporter may use them.
#[async_trait]
pub trait WorkOrders: Send + Sync + 'static {
    /// The order of a report. `None`: not there yet, or dispatch cannot be reached; the caller goes on without.
    async fn look(&self, report: CaseId) -> Option<OrderView>;
    /// Merges the report's order into another one, as the person who asks. Idempotent by its request id.
    async fn merge(&self, actor: &Actor, report: CaseId, merging: &Merging) -> Result<Rated, Problem>;
    /// Gives the word. Idempotent by its request id.
    async fn rate(&self, report: CaseId, word: &Word) -> Result<Rated, Problem>;
}

/// Dispatch over gRPC, spoken to as the reporter of exactly one report.
pub struct Dispatch {
    channel: Channel,
    speaker: Speaker,
    look_within: Duration,
}

impl Dispatch {
    pub fn new(channel: Channel, speaker: Speaker, look_within: Duration) -> Self {
        Self { channel, speaker, look_within }
    }

    /// The request with a token that opens this one order and no other.
    fn as_reporter<T>(&self, report: CaseId, message: T) -> tonic::Request<T> {
        self.speaker.speak(&Actor::alone(Role::Citizen, format!("reports/{report}")), message)
    }
}

#[async_trait]
impl WorkOrders for Dispatch {
    async fn look(&self, report: CaseId) -> Option<OrderView> {
        let mut request = self.as_reporter(report, GetWorkOrderRequest { name: format!("workOrders/{report}") });
        request.set_timeout(self.look_within);
        match WorkOrdersClient::new(self.channel.clone()).get_work_order(request).await {
            Ok(order) => view(&order.into_inner()),
            Err(status) => {
                let problem = Problem::from_status(&status);
                tracing::warn!(%report, %problem, "intake.peers.look_failed");
                None
            }
        }
    }

    async fn merge(&self, actor: &Actor, report: CaseId, merging: &Merging) -> Result<Rated, Problem> {
        let message = MergeWorkOrderRequest {
            name: format!("workOrders/{report}"),
            request_id: merging.request_id.clone(),
            note: merging.note.clone(),
            into: format!("workOrders/{}", merging.into),
            ..MergeWorkOrderRequest::default()
        };
        // In the name of whoever called us: dispatch decides by its own rules what they may.
        let request = self.speaker.speak(actor, message);
        rated(CooperationClient::new(self.channel.clone()).merge_work_order(request).await)
    }

    async fn rate(&self, report: CaseId, word: &Word) -> Result<Rated, Problem> {
        let message = RateWorkOrderRequest {
            name: format!("workOrders/{report}"),
            request_id: word.request_id.clone(),
            answered: word.rating.answered,
            solved: word.rating.solved,
            satisfied: word.rating.satisfied,
            comment: word.comment.clone(),
            ..RateWorkOrderRequest::default()
        };
        let request = self.as_reporter(report, message);
        rated(WorkOrdersClient::new(self.channel.clone()).rate_work_order(request).await)
    }
}

fn rated(answer: Result<tonic::Response<WorkOrder>, tonic::Status>) -> Result<Rated, Problem> {
    let answer = answer.map_err(|status| Problem::from_status(&status))?;
    let position = answer.metadata().get(mesh::position::HEADER).cloned();
    Ok(Rated { order: view(answer.get_ref()), position })
}

/// `None` when dispatch is of a newer release and its state has no name here: better nothing than something wrong.
fn view(order: &WorkOrder) -> Option<OrderView> {
    Some(OrderView {
        state: OrderState::from_number(order.state)?,
        unit_name: order.unit_name.clone(),
        due: order.due_time.as_ref().and_then(crate::convert::micros),
        parent: OrderState::from_number(order.parent_state),
        reply: if order.reply_pending { String::new() } else { order.reply.clone() },
    })
}

/// No dispatch at all: for tools that only file and for tests.
pub struct NoDispatch;

#[async_trait]
impl WorkOrders for NoDispatch {
    async fn look(&self, _report: CaseId) -> Option<OrderView> {
        None
    }

    async fn merge(&self, _actor: &Actor, _report: CaseId, _merging: &Merging) -> Result<Rated, Problem> {
        Err(away())
    }

    async fn rate(&self, _report: CaseId, _word: &Word) -> Result<Rated, Problem> {
        Err(away())
    }
}

fn away() -> Problem {
    Problem {
        code: mesh::Code::Unavailable,
        reason: "DISPATCH_UNAVAILABLE".to_owned(),
        detail: "dispatch cannot be asked for now".to_owned(),
        fields: Vec::new(),
        retry_after: None,
        law: None,
    }
}
