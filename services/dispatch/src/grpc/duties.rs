//! The rpcs of duties.

use async_trait::async_trait;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::duties_server::Duties;
use tonic::{Request, Response, Status};

use super::{Grpc, asking};
use crate::app::{Acting, Asking, Desk};
use crate::convert::duties::{adjusting, admitting, answer, duty_id, found, proposing, refusing, retiring, reviewing};
use crate::convert::listing::paging;
use crate::domain::duty::Command;
use crate::error::Error;

impl Grpc {
    async fn duty_verb(
        &self,
        asking: Asking,
        desk: Desk,
        acting: Result<Acting<Command>, Error>,
    ) -> Result<Response<pb::Duty>, Status> {
        let done = self.app.act_on_duty(&asking, &desk, acting?).await?;
        Ok(self.at(done.position, answer(&self.app, done.id, done.version, &done.state)?))
    }
}

#[async_trait]
impl Duties for Grpc {
    async fn propose_duty(&self, request: Request<pb::ProposeDutyRequest>) -> Result<Response<pb::Duty>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = proposing(&self.app, &desk, request.into_inner());
        self.duty_verb(asking, desk, acting).await
    }

    async fn review_duty(&self, request: Request<pb::ReviewDutyRequest>) -> Result<Response<pb::Duty>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = reviewing(&self.app, &desk, request.into_inner());
        self.duty_verb(asking, desk, acting).await
    }

    async fn admit_duty(&self, request: Request<pb::AdmitDutyRequest>) -> Result<Response<pb::Duty>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = admitting(&desk, request.into_inner());
        self.duty_verb(asking, desk, acting).await
    }

    async fn refuse_duty(&self, request: Request<pb::RefuseDutyRequest>) -> Result<Response<pb::Duty>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = refusing(&self.app, &desk, request.into_inner());
        self.duty_verb(asking, desk, acting).await
    }

    async fn adjust_duty(&self, request: Request<pb::AdjustDutyRequest>) -> Result<Response<pb::Duty>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = adjusting(&self.app, &desk, request.into_inner());
        self.duty_verb(asking, desk, acting).await
    }

    async fn retire_duty(&self, request: Request<pb::RetireDutyRequest>) -> Result<Response<pb::Duty>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = retiring(&self.app, &desk, request.into_inner());
        self.duty_verb(asking, desk, acting).await
    }

    async fn get_duty(&self, request: Request<pb::GetDutyRequest>) -> Result<Response<pb::Duty>, Status> {
        let asking = asking(&request)?;
        let duty = self.app.duty(&asking, duty_id(&request.into_inner().name)?).await?;
        Ok(Response::new(found(&self.app, &duty)?))
    }

    async fn list_duties(
        &self,
        request: Request<pb::ListDutiesRequest>,
    ) -> Result<Response<pb::ListDutiesResponse>, Status> {
        let (asking, desk, request) = (asking(&request)?, self.app.desk(), request.into_inner());
        let paging = paging(request.page_size, request.page_token, &desk)?;
        let (page, next_page_token) = self.app.duties(&asking, &paging).await?;
        let duties = page.iter().map(|duty| found(&self.app, duty)).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListDutiesResponse { duties, next_page_token }))
    }
}
