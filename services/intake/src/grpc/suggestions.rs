//! The rpcs of suggestions: unpack, convert, call, pack.

use super::{Grpc, asking};
use crate::app::{Asking, Desk, Step};
use crate::convert::suggestions as convert;
use async_trait::async_trait;
use proto::intake::v1::suggestions_server::Suggestions;
use proto::intake::v1::{
    ChooseSelectionRequest, GetSelectionRequest, ListSuggestionsRequest, ListSuggestionsResponse,
    NominateSuggestionRequest, OpenSelectionRequest, PubliciseSelectionRequest, ScoreSuggestionRequest, Selection,
    StrikeSuggestionRequest,
};
use tonic::{Request, Response, Status};

impl Grpc {
    async fn step(&self, asking: &Asking, desk: &Desk, step: Step) -> Result<Response<Selection>, Status> {
        let done = self.app.step_selection(asking, desk, step).await?;
        Ok(self.at(done.position, convert::selection(done.id, done.version, &done.state)))
    }
}

#[async_trait]
impl Suggestions for Grpc {
    async fn list_suggestions(
        &self,
        request: Request<ListSuggestionsRequest>,
    ) -> Result<Response<ListSuggestionsResponse>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let place = convert::place(&request.into_inner().division_code, &desk)?;
        let groups = self.app.groups(&asking, &desk, place.as_ref()).await?;
        Ok(Response::new(convert::groups(groups)))
    }

    async fn open_selection(&self, request: Request<OpenSelectionRequest>) -> Result<Response<Selection>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let opening = convert::opening(request.into_inner(), &desk)?;
        let done = self.app.open_selection(&asking, &desk, opening).await?;
        Ok(self.at(done.position, convert::selection(done.id, done.version, &done.state)))
    }

    async fn get_selection(&self, request: Request<GetSelectionRequest>) -> Result<Response<Selection>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let shown = self.app.selection(&asking, &desk, convert::asked_for(request.get_ref())?).await?;
        Ok(Response::new(convert::shown(&shown)))
    }

    async fn nominate_suggestion(
        &self,
        request: Request<NominateSuggestionRequest>,
    ) -> Result<Response<Selection>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let step = convert::nominate(request.into_inner(), &desk)?;
        self.step(&asking, &desk, step).await
    }

    async fn score_suggestion(&self, request: Request<ScoreSuggestionRequest>) -> Result<Response<Selection>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let step = convert::score(request.into_inner())?;
        self.step(&asking, &desk, step).await
    }

    async fn publicise_selection(
        &self,
        request: Request<PubliciseSelectionRequest>,
    ) -> Result<Response<Selection>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let step = convert::publicise(request.into_inner())?;
        self.step(&asking, &desk, step).await
    }

    async fn strike_suggestion(
        &self,
        request: Request<StrikeSuggestionRequest>,
    ) -> Result<Response<Selection>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let step = convert::strike(request.into_inner(), &desk)?;
        self.step(&asking, &desk, step).await
    }

    async fn choose_selection(&self, request: Request<ChooseSelectionRequest>) -> Result<Response<Selection>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let step = convert::choose(request.into_inner())?;
        self.step(&asking, &desk, step).await
    }
}
