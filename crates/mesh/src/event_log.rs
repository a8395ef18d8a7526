//! The `EventLog` service: whoever missed something reads it from the one who said it.

use crate::{
    call::caller,
    cases::CaseError,
    error::{Code, Fault},
    speaker::SERVICE_SUBJECT,
};
use casebook::{Casebook, LogPosition};
use civic::CaseId;
use proto::events::v1::{
    HeadRequest, HeadResponse, PositionRequest, PositionResponse, ReadRequest, ReadResponse,
    event_log_server::{EventLog, EventLogServer},
};
use queue::EventSource;
use tonic::{Request, Response, Status};

/// Events in one answer at most.
const MOST: i32 = 1000;

/// The logs of every service of this process.
pub struct EventLogs(Vec<Casebook>);

impl EventLogs {
    pub fn server(books: Vec<Casebook>) -> EventLogServer<Self> {
        EventLogServer::new(Self(books))
    }

    /// The log that a service asks for. People and integrators have `StreamEvents`, which knows their scope.
    fn of<T>(&self, request: &Request<T>, service: &str) -> Result<&Casebook, Fault> {
        let is_service = caller(request).actor.as_ref().is_some_and(|a| a.subject.starts_with(SERVICE_SUBJECT));
        if !is_service {
            return Err(Fault::new(Code::Denied, "SERVICES_ONLY", "event logs are read by services only"));
        }
        let unknown = || Fault::new(Code::NotFound, "SERVICE_UNKNOWN", "no such service behind this address");
        self.0.iter().find(|book| book.service() == service).ok_or_else(unknown)
    }
}

fn fault(error: impl Into<CaseError>) -> Fault {
    error.into().into()
}

fn partition(number: i32) -> Result<u16, Fault> {
    u16::try_from(number).map_err(|_| Fault::new(Code::Invalid, "PARTITION_UNKNOWN", "the log has no such partition"))
}

#[tonic::async_trait]
impl EventLog for EventLogs {
    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let ReadRequest { service, partition: number, after, limit } = request.get_ref();
        let limit = usize::try_from((*limit).clamp(1, MOST)).unwrap_or(1);
        let book = self.of(&request, service)?;
        let events = book.read(partition(*number)?, (*after).max(0), limit).await.map_err(fault)?;
        Ok(Response::new(ReadResponse { events }))
    }

    async fn head(&self, request: Request<HeadRequest>) -> Result<Response<HeadResponse>, Status> {
        let positions = self.of(&request, &request.get_ref().service)?.head().await.map_err(fault)?;
        Ok(Response::new(HeadResponse { positions }))
    }

    async fn position(&self, request: Request<PositionRequest>) -> Result<Response<PositionResponse>, Status> {
        let PositionRequest { service, partition: number, case_id, case_version } = request.get_ref();
        let unplaced =
            || Fault::new(Code::NotFound, "POSITION_UNKNOWN", "no event of this case and version has a position yet");
        let case: CaseId = case_id.parse().map_err(|_| unplaced())?;
        let asked = LogPosition { partition: partition(*number)?, case, version: *case_version };
        let position = self.of(&request, service)?.position_of(asked).await.map_err(fault)?.ok_or_else(unplaced)?;
        Ok(Response::new(PositionResponse { position }))
    }
}
