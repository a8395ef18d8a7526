//! The rpcs of care lists.

use async_trait::async_trait;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::care_lists_server::CareLists;
use tonic::{Request, Response, Status};

use super::{Grpc, asking};
use crate::convert::care::{answer, answer_with_person, ending, entry, look};
use crate::convert::listing::paging;

#[async_trait]
impl CareLists for Grpc {
    async fn enter_care(&self, request: Request<pb::EnterCareRequest>) -> Result<Response<pb::CareEntry>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let entry = entry(request.into_inner(), &desk)?;
        let done = self.app.enter_care(&asking, &desk, entry).await?;
        Ok(self.at(done.position, answer(&desk, done.id, done.version, &done.state)))
    }

    async fn get_care_entry(
        &self,
        request: Request<pb::GetCareEntryRequest>,
    ) -> Result<Response<pb::CareEntry>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let (id, reason) = look(request.into_inner(), &desk)?;
        let found = self.app.look_at_care(&asking, &desk, id, &reason).await?;
        Ok(Response::new(answer_with_person(&self.app, &desk, &found)?))
    }

    async fn list_care_entries(
        &self,
        request: Request<pb::ListCareEntriesRequest>,
    ) -> Result<Response<pb::ListCareEntriesResponse>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let request = request.into_inner();
        let paging = paging(request.page_size, request.page_token, &desk)?;
        let (found, next_page_token) = self.app.list_care(&asking, &desk, &paging).await?;
        let entries = found.iter().map(|found| answer(&desk, found.id, found.version, &found.state));
        Ok(Response::new(pb::ListCareEntriesResponse { care_entries: entries.collect(), next_page_token }))
    }

    async fn end_care_entry(
        &self,
        request: Request<pb::EndCareEntryRequest>,
    ) -> Result<Response<pb::CareEntry>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let ending = ending(request.into_inner(), &desk)?;
        let done = self.app.end_care(&asking, &desk, ending).await?;
        Ok(self.at(done.position, answer(&desk, done.id, done.version, &done.state)))
    }
}
