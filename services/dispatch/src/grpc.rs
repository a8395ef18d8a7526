//! The rpcs: unpack, convert, call, pack. Every verb goes the same way.

mod arrangements;
mod building_days;
mod care;
mod cooperation;
mod duties;
mod emergencies;
mod evaluations;
mod forces;
mod rates;
mod tasks;
mod warnings;

use std::sync::Arc;

use async_trait::async_trait;
use casebook::{Found, LogPosition};
use mesh::{Position, PositionKey};
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::work_orders_server::WorkOrders;
use proto::events::v1::events_server::Events;
use proto::events::v1::{StreamEventsRequest, StreamedEvent};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::app::{App, Asking, Desk};
use crate::convert::answer::Answers;
use crate::convert::listing::listing;
use crate::convert::order_id;
use crate::convert::timeline::Language;
use crate::convert::verb::{VerbRequest, asked};
use crate::domain::work_order::{Step, WorkOrder};
use crate::error::Error;
use crate::stream::Screens;

const ACCEPT_LANGUAGE: &str = "accept-language";

/// The gRPC face of [`App`].
#[derive(Clone)]
pub struct Grpc {
    app: Arc<App>,
    screens: Screens,
    positions: PositionKey,
}

impl Grpc {
    #[must_use]
    pub const fn new(app: Arc<App>, screens: Screens, positions: PositionKey) -> Self {
        Self { app, screens, positions }
    }

    async fn verb<R: VerbRequest<Step = Step<String>>>(
        &self,
        request: Request<R>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let asked = asked(request.into_inner(), &desk, order_id)?;
        let done = self.app.step(&asking, &desk, asked).await?;
        let found = Found { id: done.id, version: done.version, state: done.state };
        Ok(self.at(done.position, self.shown(&asking, &desk, &found).await?))
    }

    /// One order; a merged one with what is told of its parent.
    async fn shown(&self, asking: &Asking, desk: &Desk, found: &Found<WorkOrder>) -> Result<pb::WorkOrder, Error> {
        let answers = Answers { app: &self.app, desk, asking };
        let order = answers.order(found.id, found.version, &found.state)?;
        match self.app.parent(&found.state).await? {
            Some(parent) => answers.member(order, &parent),
            None => Ok(order),
        }
    }

    /// An answer that says how far another service must have read to know of it.
    fn at<T>(&self, position: LogPosition, message: T) -> Response<T> {
        let mut response = Response::new(message);
        let LogPosition { partition, case, version } = position;
        // Whoever has to wait asks the log for the number: commits do not wait for one.
        let position = Position { service: crate::NAME.to_owned(), partition, position: 0, case, version };
        position.attach(&self.positions, &mut response);
        response
    }
}

fn asking<T>(request: &Request<T>) -> Result<Asking, Error> {
    let actor = mesh::caller(request).actor.clone().ok_or(Error::TokenMissing)?;
    let traceparent = mesh::call(request).map(|call| call.trace.to_string()).unwrap_or_default();
    Ok(Asking { actor, traceparent })
}

fn language<T>(request: &Request<T>) -> Language {
    let header = request.metadata().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    header.map(Language::of_header).unwrap_or_default()
}

#[async_trait]
impl WorkOrders for Grpc {
    async fn get_work_order(
        &self,
        request: Request<pb::GetWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let found = self.app.get(&asking, &desk, order_id(&request.into_inner().name)?).await?;
        Ok(Response::new(self.shown(&asking, &desk, &found).await?))
    }

    async fn list_work_orders(
        &self,
        request: Request<pb::ListWorkOrdersRequest>,
    ) -> Result<Response<pb::ListWorkOrdersResponse>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let listing = listing(request.into_inner(), &desk)?;
        let listed = self.app.list(&asking, &desk, &listing).await?;
        let answers = Answers { app: &self.app, desk: &desk, asking: &asking };
        let order = |found: &casebook::Found<_>| answers.order(found.id, found.version, &found.state);
        let work_orders = listed.orders.iter().map(order).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListWorkOrdersResponse { work_orders, next_page_token: listed.next }))
    }

    async fn get_work_order_timeline(
        &self,
        request: Request<pb::GetWorkOrderTimelineRequest>,
    ) -> Result<Response<pb::WorkOrderTimeline>, Status> {
        let (asking, desk, language) = (asking(&request)?, self.app.desk(), language(&request));
        let id = order_id(&request.into_inner().name)?;
        let history = self.app.timeline(&asking, &desk, id).await?;
        let answers = Answers { app: &self.app, desk: &desk, asking: &asking };
        Ok(Response::new(pb::WorkOrderTimeline { entries: answers.entries(id, &history, language)? }))
    }

    async fn get_work_order_clock(
        &self,
        request: Request<pb::GetWorkOrderClockRequest>,
    ) -> Result<Response<pb::WorkOrderClock>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let found = self.app.get(&asking, &desk, order_id(&request.into_inner().name)?).await?;
        Ok(Response::new(Answers { app: &self.app, desk: &desk, asking: &asking }.clocks(&found.state)))
    }

    async fn assign_work_order(
        &self,
        request: Request<pb::AssignWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn accept_work_order(
        &self,
        request: Request<pb::AcceptWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn start_work_order(
        &self,
        request: Request<pb::StartWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn resolve_work_order(
        &self,
        request: Request<pb::ResolveWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn approve_reply_work_order(
        &self,
        request: Request<pb::ApproveReplyWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn refuse_reply_work_order(
        &self,
        request: Request<pb::RefuseReplyWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn verify_work_order(
        &self,
        request: Request<pb::VerifyWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn rate_work_order(
        &self,
        request: Request<pb::RateWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn close_work_order(
        &self,
        request: Request<pb::CloseWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn return_work_order(
        &self,
        request: Request<pb::ReturnWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn rule_work_order(
        &self,
        request: Request<pb::RuleWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn reassign_work_order(
        &self,
        request: Request<pb::ReassignWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn request_suspension_work_order(
        &self,
        request: Request<pb::RequestSuspensionWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn request_extension_work_order(
        &self,
        request: Request<pb::RequestExtensionWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn approve_work_order(
        &self,
        request: Request<pb::ApproveWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn decline_work_order(
        &self,
        request: Request<pb::DeclineWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn resume_work_order(
        &self,
        request: Request<pb::ResumeWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn wait_for_citizen_work_order(
        &self,
        request: Request<pb::WaitForCitizenWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn citizen_answered_work_order(
        &self,
        request: Request<pb::CitizenAnsweredWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn reopen_work_order(
        &self,
        request: Request<pb::ReopenWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn cancel_work_order(
        &self,
        request: Request<pb::CancelWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }
}

#[async_trait]
impl Events for Grpc {
    type StreamEventsStream = std::pin::Pin<Box<dyn Stream<Item = Result<StreamedEvent, Status>> + Send>>;

    async fn stream_events(
        &self,
        request: Request<StreamEventsRequest>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let asking = asking(&request)?;
        let events = self.screens.open(&asking, &request.into_inner()).await?;
        Ok(Response::new(Box::pin(events)))
    }
}
