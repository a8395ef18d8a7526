//! The rpcs of interviews and task forces.

use async_trait::async_trait;
use casebook::Found;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::interviews_server::Interviews;
use proto::dispatch::v1::task_forces_server::TaskForces;
use tonic::{Request, Response, Status};

use super::{Grpc, asking};
use crate::convert::forces::{
    dissolving, following_up, forming, found_force, holding, interview, named, reaching, recording, task_force,
};
use crate::convert::listing::paging;
use crate::domain::interview::Interview;
use crate::domain::task_force::TaskForce;

#[async_trait]
impl Interviews for Grpc {
    async fn record_interview(
        &self,
        request: Request<pb::RecordInterviewRequest>,
    ) -> Result<Response<pb::Interview>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let (order, acting) = recording(&self.app, &desk, request.into_inner())?;
        if let Some(order) = order {
            self.app.knows_order(&asking, &desk, order).await?;
        }
        let done = self.app.step_of::<Interview>(&asking, &desk, acting, true).await?;
        let found = Found { id: done.id, version: done.version, state: done.state };
        Ok(self.at(done.position, interview(&self.app, &asking, &desk, &found)?))
    }

    async fn follow_up_interview(
        &self,
        request: Request<pb::FollowUpInterviewRequest>,
    ) -> Result<Response<pb::Interview>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = following_up(&self.app, &desk, request.into_inner())?;
        let done = self.app.step_of::<Interview>(&asking, &desk, acting, false).await?;
        let found = Found { id: done.id, version: done.version, state: done.state };
        Ok(self.at(done.position, interview(&self.app, &asking, &desk, &found)?))
    }

    async fn get_interview(
        &self,
        request: Request<pb::GetInterviewRequest>,
    ) -> Result<Response<pb::Interview>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let id = named("interviews", &request.into_inner().name)?;
        let found = self.app.see(&asking, &desk, id).await?;
        Ok(Response::new(interview(&self.app, &asking, &desk, &found)?))
    }

    async fn list_interviews(
        &self,
        request: Request<pb::ListInterviewsRequest>,
    ) -> Result<Response<pb::ListInterviewsResponse>, Status> {
        let (asking, desk, request) = (asking(&request)?, self.app.desk(), request.into_inner());
        let paging = paging(request.page_size, request.page_token, &desk)?;
        let (page, next_page_token) = self.app.see_all::<Interview>(&asking, &desk, &paging).await?;
        let answer = |found| interview(&self.app, &asking, &desk, found);
        let interviews = page.iter().map(answer).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListInterviewsResponse { interviews, next_page_token }))
    }
}

#[async_trait]
impl TaskForces for Grpc {
    async fn form_task_force(
        &self,
        request: Request<pb::FormTaskForceRequest>,
    ) -> Result<Response<pb::TaskForce>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = forming(&self.app, &desk, request.into_inner())?;
        let done = self.app.step_of::<TaskForce>(&asking, &desk, acting, true).await?;
        Ok(self.at(done.position, task_force(&self.app, done.id, done.version, &done.state)?))
    }

    async fn hold_order(&self, request: Request<pb::HoldOrderRequest>) -> Result<Response<pb::TaskForce>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let done = self.app.hold_order(&asking, &desk, holding(&desk, request.into_inner())?).await?;
        Ok(self.at(done.position, task_force(&self.app, done.id, done.version, &done.state)?))
    }

    async fn reach_milestone(
        &self,
        request: Request<pb::ReachMilestoneRequest>,
    ) -> Result<Response<pb::TaskForce>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = reaching(&desk, request.into_inner())?;
        let done = self.app.step_of::<TaskForce>(&asking, &desk, acting, false).await?;
        Ok(self.at(done.position, task_force(&self.app, done.id, done.version, &done.state)?))
    }

    async fn dissolve_task_force(
        &self,
        request: Request<pb::DissolveTaskForceRequest>,
    ) -> Result<Response<pb::TaskForce>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let dissolving = dissolving(&self.app, &desk, request.into_inner())?;
        let done = self.app.dissolve(&asking, &desk, dissolving).await?;
        Ok(self.at(done.position, task_force(&self.app, done.id, done.version, &done.state)?))
    }

    async fn get_task_force(
        &self,
        request: Request<pb::GetTaskForceRequest>,
    ) -> Result<Response<pb::TaskForce>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let id = named("taskForces", &request.into_inner().name)?;
        Ok(Response::new(found_force(&self.app, &self.app.see(&asking, &desk, id).await?)?))
    }

    async fn list_task_forces(
        &self,
        request: Request<pb::ListTaskForcesRequest>,
    ) -> Result<Response<pb::ListTaskForcesResponse>, Status> {
        let (asking, desk, request) = (asking(&request)?, self.app.desk(), request.into_inner());
        let paging = paging(request.page_size, request.page_token, &desk)?;
        let (page, next_page_token) = self.app.see_all::<TaskForce>(&asking, &desk, &paging).await?;
        let task_forces = page.iter().map(|found| found_force(&self.app, found)).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListTaskForcesResponse { task_forces, next_page_token }))
    }
}
