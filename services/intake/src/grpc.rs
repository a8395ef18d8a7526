//! The rpcs: unpack, convert, call, pack.

mod suggestions;

use crate::app::{self, Act, App, Asking, Desk, Plain};
use crate::convert::language::Language;
use crate::convert::{answer, asked, draft, later, report_id};
use async_trait::async_trait;
use casebook::LogPosition;
use mesh::{Position, PositionKey};
use proto::intake::v1::reports_server::Reports;
use proto::intake::v1::{
    AgreeToLookRequest, CheckReportRequest, ClassifyReportRequest, CreateReportRequest, EraseReporterRequest,
    GetReportRequest, GetReportTimelineRequest, ListDuplicatesRequest, ListDuplicatesResponse, ListReportsRequest,
    ListReportsResponse, MergeReportRequest, RateReportRequest, RefuseReportRequest, Report, ReportTimeline,
    SupplementReportRequest, TrackReportRequest, TrackedReport, TransferReportRequest, UnmaskReporterRequest,
    UnmaskedReporter, UrgeReportRequest, WithdrawReportRequest,
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

    /// Acts on a report and answers with it: to staff as they may see it, to its reporter where it stands.
    async fn act(
        &self,
        asking: &Asking,
        desk: &Desk,
        act: Act,
        language: Language,
    ) -> Result<Response<Report>, Status> {
        let by_reporter = act.secret.is_some();
        let done = self.app.act(asking, desk, act).await?;
        let report = if by_reporter {
            answer::own(done.id, done.version, &done.state, language)
        } else {
            let plain = self.app.open(asking, desk, done.id, &done.state)?;
            answer::report(done.id, done.version, &done.state, plain, desk, language)
        };
        Ok(self.at(done.position, report))
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
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let draft = draft::draft(request.into_inner(), &asking, &desk)?;
        mesh::give_way_unless(|| app::is_pressing(&asking, &desk, &draft))?;
        let filed = self.app.file(&asking, &desk, &draft).await?;
        let done = &filed.done;
        let likely = self.app.beside(&asking, &desk, &filed, &draft.text).await;
        let mut report = answer::report(done.id, done.version, &done.state, Plain::of(draft), &desk, language);
        report.likely_duplicates = answer::duplicates(&likely).duplicates;
        report.pin = filed.pin.unwrap_or_default();
        Ok(self.at(done.position, report))
    }

    async fn get_report(&self, request: Request<GetReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let id = report_id(&request.into_inner().name)?;
        let found = self.app.get(&asking, &desk, id).await?;
        let plain = self.app.open(&asking, &desk, found.id, &found.state)?;
        Ok(Response::new(answer::report(found.id, found.version, &found.state, plain, &desk, language)))
    }

    async fn list_reports(
        &self,
        request: Request<ListReportsRequest>,
    ) -> Result<Response<ListReportsResponse>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let listing = asked::listing(request.into_inner(), &desk)?;
        let listed = self.app.list(&asking, &desk, &listing).await?;
        let mut reports = Vec::with_capacity(listed.reports.len());
        for found in &listed.reports {
            let plain = self.app.open(&asking, &desk, found.id, &found.state)?;
            reports.push(answer::report(found.id, found.version, &found.state, plain, &desk, language));
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
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let ruling = asked::ruling(request.into_inner(), &desk)?;
        let done = self.app.classify(&asking, &desk, ruling).await?;
        let plain = self.app.open(&asking, &desk, done.id, &done.state)?;
        let report = answer::report(done.id, done.version, &done.state, plain, &desk, language);
        Ok(self.at(done.position, report))
    }

    async fn merge_report(&self, request: Request<MergeReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let (id, merging) = asked::merging(request.into_inner(), &desk)?;
        let (found, merged) = self.app.merge(&asking, &desk, id, &merging).await?;
        let plain = self.app.open(&asking, &desk, found.id, &found.state)?;
        let report = answer::report(found.id, found.version, &found.state, plain, &desk, language);
        let mut response = Response::new(report);
        if let Some(position) = merged.position {
            response.metadata_mut().insert(mesh::position::HEADER, position);
        }
        Ok(response)
    }

    async fn supplement_report(&self, request: Request<SupplementReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let act = later::supplement(request.into_inner(), &asking, &desk)?;
        self.act(&asking, &desk, act, language).await
    }

    async fn urge_report(&self, request: Request<UrgeReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let act = later::urge(request.into_inner(), &asking, &desk)?;
        self.act(&asking, &desk, act, language).await
    }

    async fn withdraw_report(&self, request: Request<WithdrawReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let act = later::withdraw(request.into_inner(), &asking, &desk)?;
        self.act(&asking, &desk, act, language).await
    }

    async fn refuse_report(&self, request: Request<RefuseReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let act = later::refuse(request.into_inner(), &desk)?;
        self.act(&asking, &desk, act, language).await
    }

    async fn transfer_report(&self, request: Request<TransferReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let act = later::transfer(request.into_inner(), &desk)?;
        self.act(&asking, &desk, act, language).await
    }

    async fn check_report(&self, request: Request<CheckReportRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let act = later::check(request.into_inner(), &desk)?;
        self.act(&asking, &desk, act, language).await
    }

    async fn unmask_reporter(
        &self,
        request: Request<UnmaskReporterRequest>,
    ) -> Result<Response<UnmaskedReporter>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let act = later::unmask(request.into_inner(), &desk)?;
        // On record first. What is shown is what the look was for, also when the request comes again.
        let done = self.app.act(&asking, &desk, act).await?;
        let Plain { name, phone, channel_number, .. } = self.app.open(&asking, &desk, done.id, &done.state)?;
        let shown =
            UnmaskedReporter { name: format!("reports/{}", done.id), reporter_name: name, phone, channel_number };
        Ok(self.at(done.position, shown))
    }

    async fn agree_to_look(&self, request: Request<AgreeToLookRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let act = later::agree(request.into_inner(), &desk)?;
        self.act(&asking, &desk, act, language).await
    }

    async fn erase_reporter(&self, request: Request<EraseReporterRequest>) -> Result<Response<Report>, Status> {
        let (asking, desk, language) = (asking(&request), self.app.desk(), language(&request));
        let act = later::erase(request.into_inner())?;
        self.act(&asking, &desk, act, language).await
    }

    async fn list_duplicates(
        &self,
        request: Request<ListDuplicatesRequest>,
    ) -> Result<Response<ListDuplicatesResponse>, Status> {
        let (asking, desk) = (asking(&request), self.app.desk());
        let id = report_id(&request.into_inner().name)?;
        let likely = self.app.duplicates(&asking, &desk, id).await?;
        Ok(Response::new(answer::duplicates(&likely)))
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
