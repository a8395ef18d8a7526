//! The rpcs of operators.

use async_trait::async_trait;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::arrangements_server::Arrangements;
use tonic::{Request, Response, Status};

use super::{Grpc, asking};
use crate::app::arranging::Arranged;
use crate::convert::arrangements::{calendar, calendar_loading, duty_list, duty_list_loading};
use crate::domain::arrangement::Matter;

#[async_trait]
impl Arrangements for Grpc {
    async fn load_calendar(&self, request: Request<pb::LoadCalendarRequest>) -> Result<Response<pb::Calendar>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let loading = calendar_loading(request.into_inner(), &desk);
        let Arranged { version, settled, position } = self.app.arrange(&asking, Matter::Calendar, loading).await?;
        Ok(self.at(position, calendar(&version, settled)))
    }

    async fn list_calendars(
        &self,
        request: Request<pb::ListCalendarsRequest>,
    ) -> Result<Response<pb::ListCalendarsResponse>, Status> {
        let versions = self.app.arranged(&asking(&request)?, Matter::Calendar).await?;
        let settled = self.app.settled_calendars();
        let calendars = versions.iter().enumerate().map(|(at, version)| calendar(version, at < settled)).collect();
        Ok(Response::new(pb::ListCalendarsResponse { calendars, in_force: self.app.versions_in_force().0 }))
    }

    async fn load_duty_list(
        &self,
        request: Request<pb::LoadDutyListRequest>,
    ) -> Result<Response<pb::DutyList>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let loading = duty_list_loading(request.into_inner(), &desk);
        let arranged = self.app.arrange(&asking, Matter::DutyList, loading).await?;
        Ok(self.at(arranged.position, duty_list(&arranged.version)))
    }

    async fn list_duty_lists(
        &self,
        request: Request<pb::ListDutyListsRequest>,
    ) -> Result<Response<pb::ListDutyListsResponse>, Status> {
        let versions = self.app.arranged(&asking(&request)?, Matter::DutyList).await?;
        let duty_lists = versions.iter().map(duty_list).collect();
        Ok(Response::new(pb::ListDutyListsResponse { duty_lists, in_force: self.app.versions_in_force().1 }))
    }
}
