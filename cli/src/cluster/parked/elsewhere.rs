//! Parked cases of services that run in other processes, for a gateway that runs alone: each call goes on to the service that its name
//! tells, with the token of whoever calls; a list is put together from all of them.

use mesh::{Channel, Code, Fault};
use proto::queue::v1 as pb;
use proto::queue::v1::parked_cases_client::ParkedCasesClient;
use proto::queue::v1::parked_cases_server::{ParkedCases, ParkedCasesServer};
use tonic::{Request, Response, Status};

/// Services by name, each with the way to it.
pub struct Elsewhere(Vec<(&'static str, Channel)>);

/// The gRPC server over services elsewhere.
pub fn server(services: Vec<(&'static str, Channel)>) -> ParkedCasesServer<Elsewhere> {
    ParkedCasesServer::new(Elsewhere(services))
}

impl Elsewhere {
    /// The service of `parkedCases/<service>/<id>`.
    fn of(&self, name: &str) -> Result<ParkedCasesClient<Channel>, Fault> {
        let service = name.split('/').nth(1).unwrap_or_default();
        let found = self.0.iter().find(|(known, _)| *known == service);
        let unknown = || Fault::new(Code::NotFound, "NOT_FOUND", "nothing is parked under this name");
        found.map(|(_, channel)| ParkedCasesClient::new(channel.clone())).ok_or_else(unknown)
    }
}

/// The longest parked first.
fn merged(answers: Vec<pb::ListParkedCasesResponse>, size: usize) -> pb::ListParkedCasesResponse {
    let total_size = answers.iter().map(|answer| answer.total_size).sum();
    let mut parked_cases: Vec<pb::ParkedCase> = answers.into_iter().flat_map(|answer| answer.parked_cases).collect();
    parked_cases.sort_by_key(|case| case.park_time.map(|time| (time.seconds, time.nanos)));
    parked_cases.truncate(size);
    pb::ListParkedCasesResponse { parked_cases, total_size }
}

#[tonic::async_trait]
impl ParkedCases for Elsewhere {
    async fn list_parked_cases(
        &self,
        request: Request<pb::ListParkedCasesRequest>,
    ) -> Result<Response<pb::ListParkedCasesResponse>, Status> {
        let asked = request.into_inner();
        let wanted = self.0.iter().filter(|(service, _)| asked.service.is_empty() || asked.service == *service);
        let answers = wanted.map(|(_, channel)| {
            let (mut client, asked) = (ParkedCasesClient::new(channel.clone()), asked.clone());
            async move { client.list_parked_cases(asked).await.map(Response::into_inner) }
        });
        // All or nothing: a list without the cases of one service would look like good news.
        let answers = futures_util::future::try_join_all(answers).await?;
        Ok(Response::new(merged(answers, super::server::size(asked.page_size))))
    }

    async fn get_parked_case(
        &self,
        request: Request<pb::GetParkedCaseRequest>,
    ) -> Result<Response<pb::ParkedCase>, Status> {
        let asked = request.into_inner();
        self.of(&asked.name)?.get_parked_case(asked).await
    }

    async fn replay_parked_case(
        &self,
        request: Request<pb::ReplayParkedCaseRequest>,
    ) -> Result<Response<pb::ParkedCase>, Status> {
        let asked = request.into_inner();
        self.of(&asked.name)?.replay_parked_case(asked).await
    }

    async fn give_up_parked_case(
        &self,
        request: Request<pb::GiveUpParkedCaseRequest>,
    ) -> Result<Response<pb::ParkedCase>, Status> {
        let asked = request.into_inner();
        self.of(&asked.name)?.give_up_parked_case(asked).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_all_services_begins_with_what_waits_longest() {
        let case = |name: &str, seconds| pb::ParkedCase {
            name: name.to_owned(),
            park_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            ..pb::ParkedCase::default()
        };
        let answer =
            |cases: Vec<pb::ParkedCase>, total_size| pb::ListParkedCasesResponse { parked_cases: cases, total_size };
        let both = vec![answer(vec![case("a", 2), case("b", 9)], 5), answer(vec![case("c", 1), case("d", 3)], 2)];
        let list = merged(both, 3);
        let names: Vec<_> = list.parked_cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!((names, list.total_size), (vec!["c", "a", "d"], 7));
    }
}
