//! The rpcs of [`super::Parked`]: for operators only, and a refusal stands in the journal.

use super::Parked;
use casebook::{Journal, JournalEntry, StoreError, effects::Parking};
use civic::{Clock, Role};
use mesh::{Code, Fault};
use proto::queue::v1 as pb;
use proto::queue::v1::parked_cases_server::{ParkedCases, ParkedCasesServer};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Cases in one answer when nobody says, and at most (contract, lists).
const PAGE: i32 = 50;
const LARGEST_PAGE: i32 = 200;
/// Characters of a request id (contract).
const LONGEST_REQUEST_ID: usize = 64;

/// The gRPC server over the services of this process.
pub fn server(parked: Arc<Parked>, clock: Arc<dyn Clock>) -> ParkedCasesServer<Served> {
    ParkedCasesServer::new(Served { parked, clock })
}

/// See the module.
pub struct Served {
    parked: Arc<Parked>,
    clock: Arc<dyn Clock>,
}

impl Served {
    /// The operator who calls, as the journal names people.
    async fn operator<T>(&self, request: &Request<T>, rpc: &str, name: &str) -> Result<String, Fault> {
        let actor = mesh::caller(request).actor.clone();
        let actor = actor.ok_or_else(|| Fault::new(Code::Unauthenticated, "TOKEN_MISSING", "a token is needed"))?;
        let who = format!("{}/{}", actor.role, actor.subject);
        if actor.role == Role::Operator {
            return Ok(who);
        }
        if let Some(journal) = self.parked.journal_of(name) {
            let entry = JournalEntry {
                at: self.clock.now(),
                actor: who,
                action: format!("queue.{rpc}.refused"),
                subject: name.to_owned(),
                reason: "not an operator".to_owned(),
            };
            journal.record(&[entry]).await.map_err(fault)?;
        }
        Err(Fault::new(Code::Denied, "ROLE_DENIED", "only operators may do this"))
    }

    /// What is left of a case; when nothing is, only its name.
    async fn left(&self, name: &str) -> Result<Response<pb::ParkedCase>, Status> {
        let left = self.parked.case(name).await.map_err(fault)?;
        let nothing = || pb::ParkedCase { name: format!("parkedCases/{name}"), ..pb::ParkedCase::default() };
        Ok(Response::new(left.map_or_else(nothing, |case| case.told())))
    }
}

/// Cases in one answer.
pub(super) fn size(asked: i32) -> usize {
    let size = if asked <= 0 { PAGE } else { asked.min(LARGEST_PAGE) };
    usize::try_from(size).unwrap_or_default()
}

fn fault(error: StoreError) -> Fault {
    match error {
        StoreError::Unavailable(_) => {
            Fault::new(Code::Unavailable, "STORE_UNAVAILABLE", "the store is unavailable, try again").with_source(error)
        }
        StoreError::Full => {
            Fault::new(Code::Unavailable, "DISK_FULL", "no room left: reading goes on, writing does not")
        }
        StoreError::NotFound
        | StoreError::Corrupt { .. }
        | StoreError::Constraint(_)
        | StoreError::Disk(_)
        | StoreError::Mismatch(_) => Fault::internal(error),
    }
}

fn not_found() -> Fault {
    Fault::new(Code::NotFound, "NOT_FOUND", "nothing is parked under this name")
}

fn short(name: &str) -> &str {
    name.strip_prefix("parkedCases/").unwrap_or_default()
}

/// An id there must be, as for everything that changes something; what it repeats is found by position.
pub(in crate::cluster) fn with_id(request_id: &str) -> Result<(), Fault> {
    let wrong =
        |reason, detail: &str| Err(Fault::new(Code::Invalid, reason, detail).field("requestId", reason, detail));
    if request_id.is_empty() {
        return wrong("REQUEST_ID_MISSING", "1 to 64 characters, chosen anew for every request");
    }
    if request_id.chars().count() > LONGEST_REQUEST_ID {
        return wrong("REQUEST_ID_TOO_LONG", "at most 64 characters");
    }
    Ok(())
}

#[tonic::async_trait]
impl ParkedCases for Served {
    async fn list_parked_cases(
        &self,
        request: Request<pb::ListParkedCasesRequest>,
    ) -> Result<Response<pb::ListParkedCasesResponse>, Status> {
        self.operator(&request, "list", "").await?;
        let pb::ListParkedCasesRequest { service, page_size } = request.into_inner();
        let mut cases = self.parked.cases().await.map_err(fault)?;
        cases.retain(|case| service.is_empty() || case.service == service);
        let total_size = i32::try_from(cases.len()).unwrap_or(i32::MAX);
        let shown = cases.iter().take(size(page_size));
        Ok(Response::new(pb::ListParkedCasesResponse {
            parked_cases: shown.map(|case| case.told()).collect(),
            total_size,
        }))
    }

    async fn get_parked_case(
        &self,
        request: Request<pb::GetParkedCaseRequest>,
    ) -> Result<Response<pb::ParkedCase>, Status> {
        self.operator(&request, "show", short(&request.get_ref().name)).await?;
        let found = self.parked.case(short(&request.get_ref().name)).await.map_err(fault)?;
        Ok(Response::new(found.ok_or_else(not_found)?.told()))
    }

    async fn replay_parked_case(
        &self,
        request: Request<pb::ReplayParkedCaseRequest>,
    ) -> Result<Response<pb::ParkedCase>, Status> {
        let actor = self.operator(&request, "replay", short(&request.get_ref().name)).await?;
        let pb::ReplayParkedCaseRequest { name, request_id, note } = request.get_ref();
        with_id(request_id)?;
        let by = Parking { actor: &actor, reason: note };
        self.parked.replay(short(name), by).await.map_err(fault)?.ok_or_else(not_found)?;
        self.left(short(name)).await
    }

    async fn give_up_parked_case(
        &self,
        request: Request<pb::GiveUpParkedCaseRequest>,
    ) -> Result<Response<pb::ParkedCase>, Status> {
        let actor = self.operator(&request, "giveUp", short(&request.get_ref().name)).await?;
        let pb::GiveUpParkedCaseRequest { name, request_id, position, reason } = request.get_ref();
        with_id(request_id)?;
        if reason.trim().is_empty() {
            let missing = Fault::new(Code::Invalid, "REASON_MISSING", "must be given");
            return Err(missing.field("reason", "REASON_MISSING", "must be given").into());
        }
        let by = Parking { actor: &actor, reason };
        self.parked.give_up(short(name), Some(*position), by).await.map_err(fault)?.ok_or_else(not_found)?;
        self.left(short(name)).await
    }
}
