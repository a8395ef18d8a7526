//! The limit of calling: a bare tonic server on loopback, nothing around it, that answers a report as intake does.

use anyhow::Context;
use proto::intake::v1::{
    AgreeToLookRequest, CheckReportRequest, ClassifyReportRequest, CreateReportRequest, EraseReporterRequest,
    GetReportRequest, GetReportTimelineRequest, ListDuplicatesRequest, ListDuplicatesResponse, ListReportsRequest,
    ListReportsResponse, MergeReportRequest, RateReportRequest, RefuseReportRequest, Report, ReportTimeline,
    SupplementReportRequest, TrackReportRequest, TrackedReport, TransferReportRequest, UnmaskReporterRequest,
    UnmaskedReporter, UrgeReportRequest, WithdrawReportRequest,
    reports_server::{Reports, ReportsServer},
};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};

/// Serves until the process ends.
pub async fn serve(answer: Report) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("failed to listen")?;
    let address = listener.local_addr()?;
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = tonic::transport::Server::builder().add_service(service(answer));
    #[expect(clippy::disallowed_methods, reason = "a bare server is the point: it lasts as long as the bench")]
    tokio::spawn(server.serve_with_incoming(incoming));
    Ok(address)
}

/// What it answers with, for any server of gRPC.
pub(crate) fn service(answer: Report) -> ReportsServer<Echo> {
    ReportsServer::new(Echo(answer))
}

pub(crate) struct Echo(Report);

fn not_here<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("the echo answers CreateReport only"))
}

#[tonic::async_trait]
impl Reports for Echo {
    async fn create_report(&self, request: Request<CreateReportRequest>) -> Result<Response<Report>, Status> {
        let CreateReportRequest { text, channel_number, .. } = request.into_inner();
        Ok(Response::new(Report { text, channel_number, ..self.0.clone() }))
    }

    async fn get_report(&self, _: Request<GetReportRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn list_reports(&self, _: Request<ListReportsRequest>) -> Result<Response<ListReportsResponse>, Status> {
        not_here()
    }

    async fn list_duplicates(
        &self,
        _: Request<ListDuplicatesRequest>,
    ) -> Result<Response<ListDuplicatesResponse>, Status> {
        not_here()
    }

    async fn track_report(&self, _: Request<TrackReportRequest>) -> Result<Response<TrackedReport>, Status> {
        not_here()
    }

    async fn rate_report(&self, _: Request<RateReportRequest>) -> Result<Response<TrackedReport>, Status> {
        not_here()
    }

    async fn merge_report(&self, _: Request<MergeReportRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn classify_report(&self, _: Request<ClassifyReportRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn supplement_report(&self, _: Request<SupplementReportRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn agree_to_look(&self, _: Request<AgreeToLookRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn erase_reporter(&self, _: Request<EraseReporterRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn unmask_reporter(&self, _: Request<UnmaskReporterRequest>) -> Result<Response<UnmaskedReporter>, Status> {
        not_here()
    }

    async fn urge_report(&self, _: Request<UrgeReportRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn withdraw_report(&self, _: Request<WithdrawReportRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn refuse_report(&self, _: Request<RefuseReportRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn transfer_report(&self, _: Request<TransferReportRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn check_report(&self, _: Request<CheckReportRequest>) -> Result<Response<Report>, Status> {
        not_here()
    }

    async fn get_report_timeline(
        &self,
        _: Request<GetReportTimelineRequest>,
    ) -> Result<Response<ReportTimeline>, Status> {
        not_here()
    }
}
