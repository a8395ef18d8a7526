//! A scripted city: intake, dispatch and events behind a real chassis, and a gateway before them.
use crate::operators::Operators;
use bytes::Bytes;
use civic::{Actor, Micros, Role, SettableClock};
use gateway::{Config, Upstreams};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mesh::{Chassis, Code, Drain, Fault, TokenKey};
use proto::dispatch::v1::arrangements_server::ArrangementsServer;
use proto::dispatch::v1::building_days_server::BuildingDaysServer;
use proto::dispatch::v1::care_lists_server::CareListsServer;
use proto::dispatch::v1::cooperation_server::CooperationServer;
use proto::dispatch::v1::duties_server::DutiesServer;
use proto::dispatch::v1::emergencies_server::EmergenciesServer;
use proto::dispatch::v1::evaluations_server::EvaluationsServer;
use proto::dispatch::v1::interviews_server::InterviewsServer;
use proto::dispatch::v1::rates_server::RatesServer;
use proto::dispatch::v1::task_forces_server::TaskForcesServer;
use proto::dispatch::v1::tasks_server::TasksServer;
use proto::dispatch::v1::warnings_server::WarningsServer;
use proto::dispatch::v1::{self as dispatch, work_orders_server as orders};
use proto::events::v1::{self as events, events_server};
use proto::guard::v1::break_glass_server::BreakGlassServer;
use proto::intake::v1::suggestions_server::SuggestionsServer;
use proto::intake::v1::{self as intake, reports_server};
use proto::queue::v1::parked_cases_server::ParkedCasesServer;
use serde_json::Value;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_stream::{Stream, StreamExt};
use tonic::metadata::MetadataMap;
use tonic::{Request as Rpc, Response as Answer, Status};

/// 2026-11-22, about noon in China.
pub(crate) const NOW: Micros = Micros(1_795_320_000_000_000);

/// What reached the services.
pub(crate) struct Seen {
    /// What a held request waits for.
    pub(crate) gate: Semaphore,
    pub(crate) created: Mutex<Vec<intake::CreateReportRequest>>,
    pub(crate) listed: Mutex<Vec<dispatch::ListWorkOrdersRequest>>,
    pub(crate) streams: Mutex<Vec<events::StreamEventsRequest>>,
    pub(crate) metadata: Mutex<MetadataMap>,
    pub(crate) calls: Mutex<usize>,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            gate: Semaphore::new(0),
            created: Mutex::default(),
            listed: Mutex::default(),
            streams: Mutex::default(),
            metadata: Mutex::default(),
            calls: Mutex::default(),
        }
    }
}

#[derive(Clone, Default)]
struct Script(Arc<Seen>);

impl Script {
    fn note<T>(&self, request: Rpc<T>) -> T {
        *self.0.calls.lock().unwrap() += 1;
        *self.0.metadata.lock().unwrap() = request.metadata().clone();
        request.into_inner()
    }
}

/// The request id chooses the fault.
fn scripted(request_id: &str) -> Result<(), Fault> {
    match request_id {
        "refused" => Err(Fault::new(Code::Refused, "STATE_REFUSES", "the order is closed").with_law("条例第一条")),
        "fields" => Err(Fault::new(Code::Invalid, "PHONE_INVALID", "not a phone").field(
            "reporter.phone",
            "PHONE_INVALID",
            "not a phone",
        )),
        "guesses" => {
            Err(Fault::new(Code::Exhausted, "TOO_MANY_GUESSES", "wait").with_retry_after(Duration::from_millis(61_500)))
        }
        "later" => Err(Fault::new(Code::Unavailable, "NOT_YET_VISIBLE", "try again")),
        "internal" => Err(Fault::internal(std::io::Error::other("secret table name"))),
        _ => Ok(()),
    }
}

#[tonic::async_trait]
impl reports_server::Reports for Script {
    async fn create_report(&self, rpc: Rpc<intake::CreateReportRequest>) -> Result<Answer<intake::Report>, Status> {
        let request = self.note(rpc);
        scripted(&request.request_id)?;
        if request.request_id == "held" {
            drop(self.0.gate.acquire().await);
        }
        let report = intake::Report {
            name: "reports/01k9".into(),
            text: request.text.clone(),
            location: request.location.clone(),
            attachments: request.attachments.clone(),
            urgency: request.urgency,
            occur_time: request.occur_time,
            ..Default::default()
        };
        self.0.created.lock().unwrap().push(request);
        let mut answer = Answer::new(report);
        answer.metadata_mut().insert("jiewang-position", "cG9z".parse().unwrap());
        Ok(answer)
    }

    async fn get_report(&self, rpc: Rpc<intake::GetReportRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        if name == "reports/none" {
            return Err(Fault::new(Code::NotFound, "NOT_FOUND", "no such report").into());
        }
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn list_reports(
        &self,
        rpc: Rpc<intake::ListReportsRequest>,
    ) -> Result<Answer<intake::ListReportsResponse>, Status> {
        self.note(rpc);
        Ok(Answer::new(intake::ListReportsResponse::default()))
    }

    async fn track_report(
        &self,
        rpc: Rpc<intake::TrackReportRequest>,
    ) -> Result<Answer<intake::TrackedReport>, Status> {
        let tracking_number = self.note(rpc).tracking_number;
        Ok(Answer::new(intake::TrackedReport { tracking_number, ..Default::default() }))
    }

    async fn rate_report(&self, rpc: Rpc<intake::RateReportRequest>) -> Result<Answer<intake::TrackedReport>, Status> {
        self.note(rpc);
        Ok(Answer::new(intake::TrackedReport::default()))
    }

    async fn merge_report(&self, rpc: Rpc<intake::MergeReportRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn classify_report(&self, rpc: Rpc<intake::ClassifyReportRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn supplement_report(
        &self,
        rpc: Rpc<intake::SupplementReportRequest>,
    ) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn agree_to_look(&self, rpc: Rpc<intake::AgreeToLookRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn erase_reporter(&self, rpc: Rpc<intake::EraseReporterRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn unmask_reporter(
        &self,
        rpc: Rpc<intake::UnmaskReporterRequest>,
    ) -> Result<Answer<intake::UnmaskedReporter>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::UnmaskedReporter { name, ..Default::default() }))
    }

    async fn urge_report(&self, rpc: Rpc<intake::UrgeReportRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn withdraw_report(&self, rpc: Rpc<intake::WithdrawReportRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn refuse_report(&self, rpc: Rpc<intake::RefuseReportRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn transfer_report(&self, rpc: Rpc<intake::TransferReportRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn check_report(&self, rpc: Rpc<intake::CheckReportRequest>) -> Result<Answer<intake::Report>, Status> {
        let name = self.note(rpc).name;
        Ok(Answer::new(intake::Report { name, ..Default::default() }))
    }

    async fn list_duplicates(
        &self,
        rpc: Rpc<intake::ListDuplicatesRequest>,
    ) -> Result<Answer<intake::ListDuplicatesResponse>, Status> {
        self.note(rpc);
        Ok(Answer::new(intake::ListDuplicatesResponse::default()))
    }

    async fn get_report_timeline(
        &self,
        rpc: Rpc<intake::GetReportTimelineRequest>,
    ) -> Result<Answer<intake::ReportTimeline>, Status> {
        self.note(rpc);
        Ok(Answer::new(intake::ReportTimeline::default()))
    }
}

/// Verbs that answer with the order they name.
macro_rules! order_verbs {
    ($($method:ident $request:ident;)*) => {
        #[tonic::async_trait]
        impl orders::WorkOrders for Script {
            $(async fn $method(&self, rpc: Rpc<dispatch::$request>) -> Result<Answer<dispatch::WorkOrder>, Status> {
                let request = self.note(rpc);
                scripted(&request.request_id)?;
                Ok(Answer::new(dispatch::WorkOrder { name: request.name, ..Default::default() }))
            })*

            async fn get_work_order(&self, rpc: Rpc<dispatch::GetWorkOrderRequest>) -> Result<Answer<dispatch::WorkOrder>, Status> {
                let name = self.note(rpc).name;
                Ok(Answer::new(dispatch::WorkOrder { name, ..Default::default() }))
            }

            async fn list_work_orders(&self, rpc: Rpc<dispatch::ListWorkOrdersRequest>) -> Result<Answer<dispatch::ListWorkOrdersResponse>, Status> {
                let request = self.note(rpc);
                self.0.listed.lock().unwrap().push(request);
                Ok(Answer::new(dispatch::ListWorkOrdersResponse::default()))
            }

            async fn get_work_order_timeline(&self, rpc: Rpc<dispatch::GetWorkOrderTimelineRequest>) -> Result<Answer<dispatch::WorkOrderTimeline>, Status> {
                self.note(rpc);
                Ok(Answer::new(dispatch::WorkOrderTimeline::default()))
            }

            async fn get_work_order_clock(&self, rpc: Rpc<dispatch::GetWorkOrderClockRequest>) -> Result<Answer<dispatch::WorkOrderClock>, Status> {
                self.note(rpc);
                Ok(Answer::new(dispatch::WorkOrderClock::default()))
            }
        }
    };
}

order_verbs! {
    assign_work_order AssignWorkOrderRequest;
    accept_work_order AcceptWorkOrderRequest;
    start_work_order StartWorkOrderRequest;
    resolve_work_order ResolveWorkOrderRequest;
    approve_reply_work_order ApproveReplyWorkOrderRequest;
    refuse_reply_work_order RefuseReplyWorkOrderRequest;
    verify_work_order VerifyWorkOrderRequest;
    rate_work_order RateWorkOrderRequest;
    close_work_order CloseWorkOrderRequest;
    return_work_order ReturnWorkOrderRequest;
    rule_work_order RuleWorkOrderRequest;
    reassign_work_order ReassignWorkOrderRequest;
    request_suspension_work_order RequestSuspensionWorkOrderRequest;
    request_extension_work_order RequestExtensionWorkOrderRequest;
    approve_work_order ApproveWorkOrderRequest;
    decline_work_order DeclineWorkOrderRequest;
    resume_work_order ResumeWorkOrderRequest;
    wait_for_citizen_work_order WaitForCitizenWorkOrderRequest;
    citizen_answered_work_order CitizenAnsweredWorkOrderRequest;
    reopen_work_order ReopenWorkOrderRequest;
    cancel_work_order CancelWorkOrderRequest;
}

fn event(id: u32) -> events::StreamedEvent {
    events::StreamedEvent { id: format!("e{id}"), r#type: "workOrder.assigned.v1".into(), ..Default::default() }
}

type Events = Pin<Box<dyn Stream<Item = Result<events::StreamedEvent, Status>> + Send>>;

#[tonic::async_trait]
impl events_server::Events for Script {
    type StreamEventsStream = Events;

    /// The division chooses the script.
    async fn stream_events(&self, rpc: Rpc<events::StreamEventsRequest>) -> Result<Answer<Events>, Status> {
        let request = self.note(rpc);
        self.0.streams.lock().unwrap().push(request.clone());
        let from = request.last_event_id.strip_prefix('e').and_then(|n| n.parse().ok()).unwrap_or(0);
        let stream: Events = match request.division_code.as_str() {
            "bad" => return Err(Fault::new(Code::Invalid, "INVALID_RESUME_TOKEN", "not ours").into()),
            // Three events, then the service goes away.
            "broken" => {
                let events = (from + 1..=from + 3).map(|id| Ok(event(id)));
                let end = Err(Fault::new(Code::Unavailable, "DRAINING", "stopping").into());
                Box::pin(tokio_stream::iter(events.chain([end])))
            }
            "flood" => Box::pin(tokio_stream::iter((from + 1..).map(|id| {
                let mut event = event(id);
                event.subject = "x".repeat(4_096);
                Ok(event)
            }))),
            _ => Box::pin(
                tokio_stream::iter((from + 1..=from + 3).map(|id| Ok(event(id)))).chain(tokio_stream::pending()),
            ),
        };
        Ok(Answer::new(stream))
    }
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A running gateway with its services.
pub(crate) struct City {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    pub(crate) clock: SettableClock,
    pub(crate) drain: Drain,
    pub(crate) services: Drain,
    key: TokenKey,
    client: Client<HttpConnector, Full<Bytes>>,
    pub(crate) tasks: JoinSet<()>,
}

impl City {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let script = Script::default();
        let (key, clock) = (TokenKey::from_bytes([7; 32]), SettableClock::new(NOW));
        let mut chassis = Chassis::builder(key.clone()).clock(Arc::new(clock.clone())).build();
        chassis.add_service(reports_server::ReportsServer::new(script.clone()).max_decoding_message_size(8 << 20));
        chassis.add_service(orders::WorkOrdersServer::new(script.clone()));
        chassis.add_service(events_server::EventsServer::new(script.clone()));
        chassis.add_service(ArrangementsServer::new(Operators));
        chassis.add_service(CooperationServer::new(Operators));
        chassis.add_service(TasksServer::new(Operators));
        chassis.add_service(CareListsServer::new(Operators));
        chassis.add_service(DutiesServer::new(Operators));
        chassis.add_service(BuildingDaysServer::new(Operators));
        chassis.add_service(InterviewsServer::new(Operators));
        chassis.add_service(TaskForcesServer::new(Operators));
        chassis.add_service(EmergenciesServer::new(Operators));
        chassis.add_service(WarningsServer::new(Operators));
        chassis.add_service(RatesServer::new(Operators));
        chassis.add_service(EvaluationsServer::new(Operators));
        chassis.add_service(SuggestionsServer::new(Operators));
        chassis.add_service(ParkedCasesServer::new(Operators));
        chassis.add_service(BreakGlassServer::new(Operators));
        // new-service: its server
        let (channel, services) = (chassis.at_edge(&chassis.channel()), chassis.drain());
        let mut tasks = JoinSet::new();
        let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
        tasks.spawn(async move { drop(chassis.serve(inner).await) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, drain) = (listener.local_addr().unwrap(), Drain::new());
        let watch = drain.clone();
        tasks.spawn(async move { gateway::serve(config, Upstreams::single(channel), listener, watch).await.unwrap() });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, seen: script.0, clock, drain, services, key, client, tasks }
    }

    /// A dispatcher's token that ends after so many seconds.
    pub(crate) fn token(&self, seconds: u64) -> String {
        let actor = Actor::member(Role::TownDispatcher, "s", "500151001".parse().unwrap());
        mesh::mint(&self.key, &actor, NOW, Duration::from_secs(seconds))
    }

    pub(crate) fn calls(&self) -> usize {
        *self.seen.calls.lock().unwrap()
    }

    pub(crate) async fn open(
        &self,
        request: http::request::Builder,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Response<Incoming> {
        let request = request.uri(format!("http://{}{path}", self.address)).body(Full::new(body.into())).unwrap();
        let within = tokio::time::timeout(Duration::from_secs(20), self.client.request(request)).await;
        within.expect("an answer within the bound").unwrap()
    }

    pub(crate) async fn send(&self, request: http::request::Builder, path: &str, body: impl Into<Bytes>) -> Reply {
        let response = self.open(request, path, body).await;
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Reply { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Request::builder(), path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Reply {
        self.send(json(Method::POST), path, body).await
    }
}

/// A JSON request in English.
pub(crate) fn json(method: Method) -> http::request::Builder {
    Request::builder().method(method).header("content-type", "application/json").header("accept-language", "en")
}
