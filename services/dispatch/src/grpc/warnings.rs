//! The rpcs of warnings.

use async_trait::async_trait;
use casebook::{Done, Found};
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::warnings_server::Warnings;
use tonic::{Request, Response, Status};

use super::{Grpc, asking};
use crate::app::{Asking, Desk};
use crate::convert::answer::Answers;
use crate::convert::warnings::{
    Said, acknowledged, answered, lifting, places_listing, warned, warning_id, warnings_listing,
};
use crate::domain::warning::Warning;
use crate::domain::warning::place::WarningPlace;

impl Grpc {
    fn of_warning(&self, asking: &Asking, desk: &Desk, done: &Done<Warning>) -> Result<Response<pb::Warning>, Status> {
        let answers = Answers { app: &self.app, desk, asking };
        Ok(self.at(done.position, answers.warning(done.id, done.version, &done.state)?))
    }

    async fn said(&self, asking: &Asking, desk: &Desk, said: Said) -> Result<Response<pb::WarningPlace>, Status> {
        let Said { of: (warning, recipient), word } = said;
        let done: Done<WarningPlace> = self.app.answer_warning(asking, desk, (warning, &recipient), word).await?;
        let found = Found { id: done.id, version: done.version, state: done.state };
        let answers = Answers { app: &self.app, desk, asking };
        Ok(self.at(done.position, answers.warning_place(&found)?))
    }
}

#[async_trait]
impl Warnings for Grpc {
    async fn issue_warning(&self, request: Request<pb::IssueWarningRequest>) -> Result<Response<pb::Warning>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let done = self.app.issue(&asking, &desk, warned(request.into_inner(), &desk)?).await?;
        self.of_warning(&asking, &desk, &done)
    }

    async fn get_warning(&self, request: Request<pb::GetWarningRequest>) -> Result<Response<pb::Warning>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let found = self.app.warning(&asking, &desk, warning_id(&request.into_inner().name)?).await?;
        let answers = Answers { app: &self.app, desk: &desk, asking: &asking };
        Ok(Response::new(answers.warning(found.id, found.version, &found.state)?))
    }

    async fn list_warnings(
        &self,
        request: Request<pb::ListWarningsRequest>,
    ) -> Result<Response<pb::ListWarningsResponse>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let listing = warnings_listing(request.into_inner(), &desk)?;
        let (found, next_page_token) = self.app.warnings(&asking, &desk, &listing).await?;
        let answers = Answers { app: &self.app, desk: &desk, asking: &asking };
        let warnings = found.iter().map(|found| answers.warning(found.id, found.version, &found.state));
        let warnings = warnings.collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListWarningsResponse { warnings, next_page_token }))
    }

    async fn lift_warning(&self, request: Request<pb::LiftWarningRequest>) -> Result<Response<pb::Warning>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let done = self.app.lift(&asking, &desk, lifting(request.into_inner(), &desk)?).await?;
        self.of_warning(&asking, &desk, &done)
    }

    async fn list_warning_places(
        &self,
        request: Request<pb::ListWarningPlacesRequest>,
    ) -> Result<Response<pb::ListWarningPlacesResponse>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let listing = places_listing(request.into_inner(), &desk)?;
        let (found, next_page_token) = self.app.warning_places(&asking, &desk, &listing).await?;
        let answers = Answers { app: &self.app, desk: &desk, asking: &asking };
        let places = found.iter().map(|found| answers.warning_place(found)).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListWarningPlacesResponse { places, next_page_token }))
    }

    async fn acknowledge_warning(
        &self,
        request: Request<pb::AcknowledgeWarningRequest>,
    ) -> Result<Response<pb::WarningPlace>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let said = acknowledged(request.into_inner(), &desk)?;
        self.said(&asking, &desk, said).await
    }

    async fn answer_warning(
        &self,
        request: Request<pb::AnswerWarningRequest>,
    ) -> Result<Response<pb::WarningPlace>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let said = answered(request.into_inner(), &desk)?;
        self.said(&asking, &desk, said).await
    }
}
