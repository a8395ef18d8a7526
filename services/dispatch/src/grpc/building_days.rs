//! The rpcs of building days.

use async_trait::async_trait;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::building_days_server::BuildingDays;
use tonic::{Request, Response, Status};

use super::{Grpc, asking};
use crate::convert::building_days::{answer, closing, deciding, found, opening};
use crate::convert::forces::named;
use crate::convert::listing::paging;
use crate::domain::building_day::BuildingDay;

#[async_trait]
impl BuildingDays for Grpc {
    async fn open_building_day(
        &self,
        request: Request<pb::OpenBuildingDayRequest>,
    ) -> Result<Response<pb::BuildingDay>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = opening(&self.app, &desk, request.into_inner())?;
        let done = self.app.step_of::<BuildingDay>(&asking, &desk, acting, true).await?;
        Ok(self.at(done.position, answer(&self.app, done.id, done.version, &done.state)?))
    }

    async fn decide_request(
        &self,
        request: Request<pb::DecideRequestRequest>,
    ) -> Result<Response<pb::BuildingDay>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = deciding(&self.app, &desk, request.into_inner())?;
        let done = self.app.decide_request(&asking, &desk, acting).await?;
        Ok(self.at(done.position, answer(&self.app, done.id, done.version, &done.state)?))
    }

    async fn close_building_day(
        &self,
        request: Request<pb::CloseBuildingDayRequest>,
    ) -> Result<Response<pb::BuildingDay>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let acting = closing(&desk, request.into_inner())?;
        let done = self.app.step_of::<BuildingDay>(&asking, &desk, acting, false).await?;
        Ok(self.at(done.position, answer(&self.app, done.id, done.version, &done.state)?))
    }

    async fn get_building_day(
        &self,
        request: Request<pb::GetBuildingDayRequest>,
    ) -> Result<Response<pb::BuildingDay>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let id = named("buildingDays", &request.into_inner().name)?;
        Ok(Response::new(found(&self.app, &self.app.see(&asking, &desk, id).await?)?))
    }

    async fn list_building_days(
        &self,
        request: Request<pb::ListBuildingDaysRequest>,
    ) -> Result<Response<pb::ListBuildingDaysResponse>, Status> {
        let (asking, desk, request) = (asking(&request)?, self.app.desk(), request.into_inner());
        let paging = paging(request.page_size, request.page_token, &desk)?;
        let (page, next_page_token) = self.app.see_all::<BuildingDay>(&asking, &desk, &paging).await?;
        let building_days = page.iter().map(|session| found(&self.app, session)).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListBuildingDaysResponse { building_days, next_page_token }))
    }
}
