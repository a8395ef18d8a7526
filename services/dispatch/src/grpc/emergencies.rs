//! The rpcs of emergencies and their plans.

use async_trait::async_trait;
use casebook::Found;
use proto::dispatch::v1 as pb;
use proto::dispatch::v1::emergencies_server::Emergencies;
use tonic::{Request, Response, Status};

use super::{Grpc, asking, language};
use crate::app::Asking;
use crate::convert::answer::Answers;
use crate::convert::emergencies::{emergency_id, listing, plan, plans, plans_loading};
use crate::convert::listing::paging;
use crate::convert::verb::{VerbRequest, asked};
use crate::domain::arrangement::Matter;
use crate::domain::emergency::Step;
use crate::error::Error;

impl Grpc {
    async fn of_emergency<R>(&self, request: Request<R>) -> Result<Response<pb::Emergency>, Status>
    where
        R: VerbRequest<Step = Step<String>>,
    {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let asked = asked(request.into_inner(), &desk, emergency_id)?;
        let done = self.app.emergency_step(&asking, &desk, asked).await?;
        let found = Found { id: done.id, version: done.version, state: done.state };
        let answers = Answers { app: &self.app, desk: &desk, asking: &asking };
        Ok(self.at(done.position, answers.emergency(&found)?))
    }
}

/// Plans show units and what they are called to do: for everybody who works for one.
fn members_only(asking: &Asking) -> Result<(), Error> {
    if asking.actor.unit.is_some() { Ok(()) } else { Err(Error::MembersOnly) }
}

#[async_trait]
impl Emergencies for Grpc {
    async fn get_emergency(
        &self,
        request: Request<pb::GetEmergencyRequest>,
    ) -> Result<Response<pb::Emergency>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let found = self.app.emergency(&asking, &desk, emergency_id(&request.into_inner().name)?).await?;
        Ok(Response::new(Answers { app: &self.app, desk: &desk, asking: &asking }.emergency(&found)?))
    }

    async fn list_emergencies(
        &self,
        request: Request<pb::ListEmergenciesRequest>,
    ) -> Result<Response<pb::ListEmergenciesResponse>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let listing = listing(request.into_inner(), &desk)?;
        let (found, next_page_token) = self.app.emergencies(&asking, &desk, &listing).await?;
        let answers = Answers { app: &self.app, desk: &desk, asking: &asking };
        let emergencies = found.iter().map(|found| answers.emergency(found)).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListEmergenciesResponse { emergencies, next_page_token }))
    }

    async fn get_emergency_timeline(
        &self,
        request: Request<pb::GetEmergencyTimelineRequest>,
    ) -> Result<Response<pb::EmergencyTimeline>, Status> {
        let (asking, desk, language) = (asking(&request)?, self.app.desk(), language(&request));
        let id = emergency_id(&request.into_inner().name)?;
        let history = self.app.emergency_timeline(&asking, &desk, id).await?;
        let answers = Answers { app: &self.app, desk: &desk, asking: &asking };
        let entries = history.iter().map(|entry| answers.emergency_entry(id, entry, language));
        Ok(Response::new(pb::EmergencyTimeline { entries: entries.collect::<Result<_, _>>()? }))
    }

    async fn acknowledge_action(
        &self,
        request: Request<pb::AcknowledgeActionRequest>,
    ) -> Result<Response<pb::Emergency>, Status> {
        self.of_emergency(request).await
    }

    async fn report_action(
        &self,
        request: Request<pb::ReportActionRequest>,
    ) -> Result<Response<pb::Emergency>, Status> {
        self.of_emergency(request).await
    }

    async fn finish_action(
        &self,
        request: Request<pb::FinishActionRequest>,
    ) -> Result<Response<pb::Emergency>, Status> {
        self.of_emergency(request).await
    }

    async fn call_action(&self, request: Request<pb::CallActionRequest>) -> Result<Response<pb::Emergency>, Status> {
        self.of_emergency(request).await
    }

    async fn end_emergency(
        &self,
        request: Request<pb::EndEmergencyRequest>,
    ) -> Result<Response<pb::Emergency>, Status> {
        self.of_emergency(request).await
    }

    async fn load_emergency_plans(
        &self,
        request: Request<pb::LoadEmergencyPlansRequest>,
    ) -> Result<Response<pb::EmergencyPlans>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let loading = plans_loading(request.into_inner(), &desk);
        let arranged = self.app.arrange(&asking, Matter::EmergencyPlans, loading).await?;
        Ok(self.at(arranged.position, plans(&arranged.version, &self.app.desk())))
    }

    async fn list_emergency_plans(
        &self,
        request: Request<pb::ListEmergencyPlansRequest>,
    ) -> Result<Response<pb::ListEmergencyPlansResponse>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        members_only(&asking)?;
        let request = request.into_inner();
        let paging = paging(request.page_size, request.page_token, &desk)?;
        let (found, next_page_token) = self.app.plans_page(&asking, &desk, &paging)?;
        let version = desk.plans.version();
        let emergency_plans = found.into_iter().map(|found| plan(found, version)).collect();
        let in_force = version.to_owned();
        Ok(Response::new(pb::ListEmergencyPlansResponse { emergency_plans, next_page_token, in_force }))
    }

    async fn get_emergency_plan(
        &self,
        request: Request<pb::GetEmergencyPlanRequest>,
    ) -> Result<Response<pb::EmergencyPlan>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        members_only(&asking)?;
        let name = request.into_inner().name;
        let found = name.strip_prefix("emergencyPlans/").and_then(|code| desk.plans.get(code));
        Ok(Response::new(plan(found.ok_or(Error::NOT_FOUND)?, desk.plans.version())))
    }
}
