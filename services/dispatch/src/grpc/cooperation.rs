//! The verbs of those who work on an order beside its unit: each goes the way of every verb.

use async_trait::async_trait;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::cooperation_server::Cooperation;
use tonic::{Request, Response, Status};

use super::Grpc;

#[async_trait]
impl Cooperation for Grpc {
    async fn co_handle(&self, request: Request<pb::CoHandleRequest>) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn whistle(&self, request: Request<pb::WhistleRequest>) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn report_in_part(
        &self,
        request: Request<pb::ReportInPartRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn answer_part(&self, request: Request<pb::AnswerPartRequest>) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn release_part(&self, request: Request<pb::ReleasePartRequest>) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn merge_work_order(
        &self,
        request: Request<pb::MergeWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn step_aside_work_order(
        &self,
        request: Request<pb::StepAsideWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn supervise_work_order(
        &self,
        request: Request<pb::SuperviseWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn reply_supervision(
        &self,
        request: Request<pb::ReplySupervisionRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn review_supervision(
        &self,
        request: Request<pb::ReviewSupervisionRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn escalate_work_order(
        &self,
        request: Request<pb::EscalateWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }

    async fn hand_down_work_order(
        &self,
        request: Request<pb::HandDownWorkOrderRequest>,
    ) -> Result<Response<pb::WorkOrder>, Status> {
        self.verb(request).await
    }
}
