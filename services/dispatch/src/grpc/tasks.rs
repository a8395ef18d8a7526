//! The rpcs of daily tasks and rosters.

use async_trait::async_trait;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::tasks_server::Tasks;
use tonic::{Request, Response, Status};

use super::{Grpc, asking};
use crate::convert::tasks::{assigning, listing, numbered, roster, roster_loading, roster_town, tasks, ticking};
use crate::error::Error;

#[async_trait]
impl Tasks for Grpc {
    async fn list_tasks(
        &self,
        request: Request<pb::ListTasksRequest>,
    ) -> Result<Response<pb::ListTasksResponse>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let (day, post) = listing(&request.into_inner(), &desk)?;
        let lists = self.app.tasks(&asking, &desk, day, post.as_ref()).await?;
        let read = lists.iter().map(|listed| tasks(&self.app, &desk, listed)).collect::<Result<Vec<_>, Error>>()?;
        Ok(Response::new(pb::ListTasksResponse { date: day.to_string(), tasks: read.concat() }))
    }

    async fn tick_task(&self, request: Request<pb::TickTaskRequest>) -> Result<Response<pb::Task>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let ticking = ticking(request.into_inner(), &desk)?;
        let number = ticking.number;
        let (done, listed) = self.app.tick(&asking, &desk, ticking).await?;
        Ok(self.at(done.position, numbered(&self.app, &desk, &listed, number)?))
    }

    async fn assign_task(&self, request: Request<pb::AssignTaskRequest>) -> Result<Response<pb::Task>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let assigning = assigning(request.into_inner(), &desk)?;
        let (done, listed) = self.app.assign_task(&asking, &desk, assigning).await?;
        // The state is that of the version after the command: the newest number is its own.
        let number = done.state.next.saturating_sub(1);
        Ok(self.at(done.position, numbered(&self.app, &desk, &listed, number)?))
    }

    async fn load_roster(&self, request: Request<pb::LoadRosterRequest>) -> Result<Response<pb::Roster>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let loading = roster_loading(request.into_inner(), &desk)?;
        let done = self.app.load_roster(&asking, &desk, loading).await?;
        Ok(self.at(done.position, roster(done.version, &done.state)))
    }

    async fn get_roster(&self, request: Request<pb::GetRosterRequest>) -> Result<Response<pb::Roster>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let found = self.app.see_roster(&asking, &desk, &roster_town(&request.into_inner().name)?).await?;
        Ok(Response::new(roster(found.version, &found.state)))
    }
}
