//! The rpcs of what the three rates are counted from.

use async_trait::async_trait;
use casebook::{Done, Found};
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::rates_server::Rates;
use tonic::{Request, Response, Status};

use super::{Grpc, asking};
use crate::app::Asking;
use crate::convert::listing::paging;
use crate::convert::order_id;
use crate::convert::rates::{exclusion, facts, facts_listing, request as excluding, ruling};
use crate::convert::totals::{table, totals};
use crate::domain::exclusion::Exclusion;
use crate::error::Error;

impl Grpc {
    fn excluded(&self, asking: &Asking, done: Done<Exclusion>) -> Result<Response<pb::Exclusion>, Error> {
        let Done { id, state, version, position, .. } = done;
        let answer = exclusion(&self.app, asking, &Found { id, version, state })?;
        Ok(self.at(position, answer))
    }
}

#[async_trait]
impl Rates for Grpc {
    async fn get_order_facts(
        &self,
        request: Request<pb::GetOrderFactsRequest>,
    ) -> Result<Response<pb::OrderFacts>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let counted = self.app.counted(&asking, &desk, order_id(&request.into_inner().name)?).await?;
        Ok(Response::new(facts(&counted)))
    }

    async fn list_order_facts(
        &self,
        request: Request<pb::ListOrderFactsRequest>,
    ) -> Result<Response<pb::ListOrderFactsResponse>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let listing = facts_listing(request.into_inner(), &desk)?;
        let (counted, next_page_token) = self.app.list_counted(&asking, &desk, &listing).await?;
        let facts = counted.iter().map(facts).collect();
        Ok(Response::new(pb::ListOrderFactsResponse { facts, next_page_token }))
    }

    async fn count_orders(
        &self,
        request: Request<pb::CountOrdersRequest>,
    ) -> Result<Response<pb::OrderTotals>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let asked = table(&request.into_inner(), &desk)?;
        let (place, told) = self.app.count_orders(&asking, &desk, asked).await?;
        Ok(Response::new(totals(asked, &place, told)))
    }

    async fn request_exclusion(
        &self,
        request: Request<pb::RequestExclusionRequest>,
    ) -> Result<Response<pb::Exclusion>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let asked = excluding(request.into_inner(), &desk)?;
        let done = self.app.request_exclusion(&asking, &desk, asked).await?;
        Ok(self.excluded(&asking, done)?)
    }

    async fn decide_exclusion(
        &self,
        request: Request<pb::DecideExclusionRequest>,
    ) -> Result<Response<pb::Exclusion>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let ruling = ruling(request.into_inner(), &desk)?;
        let done = self.app.decide_exclusion(&asking, &desk, ruling).await?;
        Ok(self.excluded(&asking, done)?)
    }

    async fn get_exclusion(
        &self,
        request: Request<pb::GetExclusionRequest>,
    ) -> Result<Response<pb::Exclusion>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let found = self.app.exclusion_of(&asking, &desk, order_id(&request.into_inner().name)?).await?;
        Ok(Response::new(exclusion(&self.app, &asking, &found)?))
    }

    async fn list_exclusions(
        &self,
        request: Request<pb::ListExclusionsRequest>,
    ) -> Result<Response<pb::ListExclusionsResponse>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let request = request.into_inner();
        let paging = paging(request.page_size, request.page_token, &desk)?;
        let (found, next_page_token) = self.app.list_exclusions(&asking, &desk, &paging).await?;
        let exclusions = found.iter().map(|found| exclusion(&self.app, &asking, found));
        Ok(Response::new(pb::ListExclusionsResponse {
            exclusions: exclusions.collect::<Result<_, _>>()?,
            next_page_token,
        }))
    }
}
