//! The rpcs of evaluations upwards.

use async_trait::async_trait;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::evaluations_server::Evaluations;
use tonic::{Request, Response, Status};

use super::{Grpc, asking};
use crate::convert::evaluations::{evaluation, scoring, summary, summary_of};

#[async_trait]
impl Evaluations for Grpc {
    async fn create_evaluation(
        &self,
        request: Request<pb::CreateEvaluationRequest>,
    ) -> Result<Response<pb::Evaluation>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let scoring = scoring(request.into_inner(), &desk)?;
        let done = self.app.evaluate(&asking, &desk, scoring).await?;
        Ok(self.at(done.position, evaluation(done.id, &done.state)))
    }

    async fn summarize_evaluations(
        &self,
        request: Request<pb::SummarizeEvaluationsRequest>,
    ) -> Result<Response<pb::EvaluationSummary>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let (unit, month) = summary_of(&request.into_inner(), &desk)?;
        let numbers = self.app.summarize(&asking, &desk, &unit, month).await?;
        Ok(Response::new(summary(&unit, month, numbers)))
    }
}
