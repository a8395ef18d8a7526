//! The rpcs: unpack, convert, call, pack.

use crate::app::Plain;
use crate::app::{App, Asking};
use crate::convert::language::Language;
use crate::convert::{answer, asked, draft, report_id};
use async_trait::async_trait;
use casebook::LogPosition;
use mesh::{Position, PositionKey};
use proto::intake::v1::reports_server::Reports;
use proto::intake::v1::{
    ClassifyReportRequest, CreateReportRequest, GetReportRequest, GetReportTimelineRequest, ListReportsRequest,
    ListReportsResponse, RateReportRequest, Report, ReportTimeline, TrackReportRequest, TrackedReport,
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

const ACCEPT_LANGUAGE: &str = "accept-language";

/// The gRPC face of [`App`].
pub struct Grpc {
    app: Arc<App>,
    positions: PositionKey,
}

impl Grpc {
    pub const fn new(app: Arc<App>, positions: PositionKey) -> Self {
        Self { app, positions }
    }

    /// An answer that says how far another service must have read to know of it.
    fn at<T>(&self, position: LogPosition, message: T) -> Response<T> {
        let mut response = Response::new(message);
        let position = Position {
            service: crate::NAME.to_owned(),
            partition: position.partition,
            // Whoever has to wait asks the log for the number: commits do not wait for one.
            position: 0,
            case: position.case,
            version: position.version,
        };
        position.attach(&self.positions, &mut response);
        response
    }
}

fn asking<T>(request: &Request<T>) -> Asking {
    Asking {
        caller: mesh::caller(request).clone(),
        traceparent: mesh::call(request).map(|call| call.trace.to_string()).unwrap_or_default(),
        address: mesh::call(request).and_then(|call| call.client),
    }
}

fn header<'r, T>(request: &'r Request<T>, name: &'static str) -> Option<&'r str> {
    request.metadata().get(name).and_then(|value| value.to_str().ok())
}

fn language<T>(request: &Request<T>) -> Language {
    header(request, ACCEPT_LANGUAGE).map(Language::of_header).unwrap_or_default()
}

#[async_trait]
impl Reports for Grpc {
    async fn create_report(&self, request: Request<CreateReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let draft = draft::draft(request.into_inner(), &asking, &desk)?;
        let filed = self.app.file(&asking, &desk, &draft).await?;
        let done = &filed.done;
        let mut report = answer::report(done.id, done.version, &done.state, Plain::of(draft), &desk);
        report.pin = filed.pin.unwrap_or_default();
        Ok(self.at(done.position, report))
    }

    async fn get_report(&self, request: Request<GetReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let id = report_id(&request.into_inner().name)?;
        let found = self.app.get(&asking, &desk, id).await?;
        let plain = self.app.open(&asking, found.id, &found.state)?;
        Ok(Response::new(answer::report(found.id, found.version, &found.state, plain, &desk)))
    }

    async fn list_reports(
        &self,
        request: Request<ListReportsRequest>,
    ) -> Result<Response<ListReportsResponse>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let listing = asked::listing(request.into_inner(), &desk)?;
        let listed = self.app.list(&asking, &desk, &listing).await?;
        let mut reports = Vec::with_capacity(listed.reports.len());
        for found in &listed.reports {
            let plain = self.app.open(&asking, found.id, &found.state)?;
            reports.push(answer::report(found.id, found.version, &found.state, plain, &desk));
        }
        Ok(Response::new(ListReportsResponse { reports, next_page_token: listed.next }))
    }

    async fn track_report(&self, request: Request<TrackReportRequest>) -> Result<Response<TrackedReport>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let claim = asked::claim(request.into_inner())?;
        let tracked = self.app.track(&asking, &desk, &claim).await?;
        Ok(Response::new(answer::tracked(tracked, language)))
    }

    async fn rate_report(&self, request: Request<RateReportRequest>) -> Result<Response<TrackedReport>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let (claim, word) = asked::word(request.into_inner(), &desk)?;
        let (tracked, rated) = self.app.rate(&asking, &desk, &claim, &word).await?;
        let mut response = Response::new(answer::tracked(tracked, language));
        // The word took effect in dispatch: that is the write a next request may have to wait for.
        if let Some(position) = rated.position {
            response.metadata_mut().insert(mesh::position::HEADER, position);
        }
        Ok(response)
    }

    async fn classify_report(&self, request: Request<ClassifyReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let ruling = asked::ruling(request.into_inner(), &desk)?;
        let done = self.app.classify(&asking, &desk, ruling).await?;
        let plain = self.app.open(&asking, done.id, &done.state)?;
        let report = answer::report(done.id, done.version, &done.state, plain, &desk);
        Ok(self.at(done.position, report))
    }

    async fn get_report_timeline(
        &self,
        request: Request<GetReportTimelineRequest>,
    ) -> Result<Response<ReportTimeline>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let id = report_id(&request.into_inner().name)?;
        let moments = self.app.timeline(&asking, &desk, id).await?;
        Ok(Response::new(answer::timeline(moments, language)))
    }
}
