//! The walk of one request: limits, route, body, transcoding, call, and back.
use crate::call::Call;
use crate::config::Config;
use crate::descriptors::{BuildError, Descriptors};
use crate::limits::Limits;
use crate::meters::Meters;
use crate::openapi;
use crate::pages;
use crate::problem::Problem;
use crate::reason::{Language, Reason};
use crate::reply::{self, POSITION, Reply};
use crate::routes::{BodyRule, Found, Route, Table};
use crate::seats::Seats;
use crate::stream::{self, Pump};
use crate::transcode::{self, Given};
use crate::upstream::{Behind, Upstreams, package};
use crate::wire::Plans;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use mesh::{Drain, TRACEPARENT, TraceContext, TraceSource};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::task::TaskTracker;

/// Everything a request may need, built once.
pub(crate) struct Edge {
    pub(crate) config: Config,
    pub(crate) table: Table,
    pub(crate) plans: Plans,
    /// By full name of the service: exactly those that have routes.
    pub(crate) upstreams: BTreeMap<String, Behind>,
    pub(crate) limits: Limits,
    meters: Meters,
    pub(crate) traces: TraceSource,
    pub(crate) drain: Drain,
    /// The pumps of open streams.
    pub(crate) pumps: TaskTracker,
    pub(crate) openapi: Bytes,
    pub(crate) reference: Bytes,
}

impl Edge {
    pub(crate) fn build(config: Config, upstreams: &Upstreams, drain: Drain) -> Result<Self, BuildError> {
        let descriptors = Descriptors::decode(proto::DESCRIPTORS)?;
        let mut plans = Plans::default();
        let table = Table::build(&descriptors, &mut plans)?;
        let (mut used, mut seats) = (BTreeMap::new(), HashMap::new());
        for route in &table.routes {
            let service = route.rpc.parent_service().full_name().to_owned();
            let channel = upstreams.get(&service).ok_or_else(|| BuildError::NoUpstream(service.clone()))?.clone();
            let package = package(&service).to_owned();
            let seats = seats.entry(package).or_insert_with_key(|service| Seats::new(service, config.requests));
            used.insert(service, Behind { channel, seats: Arc::clone(seats) });
        }
        let document = openapi::document(&descriptors, &table);
        Ok(Self {
            limits: Limits::new(&config),
            meters: Meters::new(&table),
            traces: TraceSource::new(&civic::SystemRng, config.trace_ratio),
            config,
            openapi: serde_json::to_vec(&document).expect("a JSON value always serializes").into(),
            reference: openapi::page(&document).into(),
            table,
            plans,
            upstreams: used,
            drain,
            pumps: TaskTracker::new(),
        })
    }

    /// Answers a request. Every refusal is a problem document.
    pub(crate) async fn answer(self: &Arc<Self>, request: Request<Incoming>, peer: IpAddr) -> Reply {
        let since = Instant::now();
        let (parts, body) = request.into_parts();
        let given = parts.headers.get(TRACEPARENT).and_then(|value| TraceContext::parse(value.to_str().ok()?));
        let trace = given.unwrap_or_else(|| self.traces.start());
        // HEAD is GET without the body, which hyper leaves out.
        let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
        let (index, answer) = match self.table.find(method, parts.uri.path()) {
            Found::Route(route, segments) => {
                let (span, trace) = mesh::telemetry::edge_span(method.as_str(), &route.template.text, trace);
                let place = Place { route, segments: &segments, peer, trace };
                let walked = self.walk(place, &parts, body).await;
                let status = walked.as_ref().map_or_else(|problem| problem.status, |reply| reply.status().as_u16());
                mesh::telemetry::end_request(span, status);
                (Some(route.index), walked)
            }
            Found::OtherMethods(methods) => (None, Err(other_methods(&methods))),
            Found::Nothing => (None, self.fixed_page(method, parts.uri.path()).await),
        };
        let reply = answer.unwrap_or_else(|problem| {
            if problem.status == 500 {
                tracing::error!(trace_id = trace.trace_id(), reason = %problem.reason, detail = ?problem.detail, "request failed");
            }
            let language = Language::of(parts.headers.get(http::header::ACCEPT_LANGUAGE));
            reply::problem(&problem, language, &trace.trace_id())
        });
        self.meters.count(index, reply.status().as_u16(), since);
        reply
    }

    async fn walk(self: &Arc<Self>, place: Place<'_>, parts: &Parts, body: Incoming) -> Result<Reply, Problem> {
        let Place { route, segments, peer, trace } = place;
        self.check_head(parts)?;
        let behind = self.behind(route)?;
        let pressing = mesh::is_pressing(route.grpc_path.path()) || says_pressing(&parts.headers);
        let _place = self.limits.request(pressing)?;
        let body = tokio::time::timeout(self.config.request_time(), self.body(route, &parts.headers, body));
        let body = body.await.map_err(|_| Problem::from(Reason::BodySlow))??;
        let last_event_id = match (&route.resume, parts.headers.get("last-event-id")) {
            (Some(_), Some(value)) => Some(std::str::from_utf8(value.as_bytes()).map_err(|_| Reason::Utf8Invalid)?),
            (Some(_) | None, _) => None,
        };
        let given = Given { segments, query: parts.uri.query().unwrap_or_default(), body: &body, last_event_id };
        let message = transcode::request(&self.plans, route, &given)?;
        let call = Call {
            upstream: &behind.channel,
            path: &route.grpc_path,
            headers: &parts.headers,
            trace,
            peer,
            kept_back: false,
            message,
            answer_bytes: self.config.answer_bytes,
        };
        if route.streams() {
            return self.events(route, call, peer).await;
        }
        let until = tokio::time::Instant::now() + self.config.request_time();
        let seat = tokio::time::timeout_at(until, behind.seats.take(route.index, pressing));
        let seat = seat.await.map_err(|_| Reason::TooManyRequests)?;
        let call = Call { kept_back: seat.kept_back, ..call };
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        self.unary(route, call, left).await.inspect(|_| seat.answered())
    }

    async fn fixed_page(&self, method: &Method, path: &str) -> Result<Reply, Problem> {
        let Some(page) = pages::page(self, path).await else {
            return Err(Reason::RouteUnknown.into());
        };
        if method == Method::GET { Ok(page) } else { Err(other_methods(&[Method::GET])) }
    }

    async fn unary(&self, route: &Route, call: Call<'_>, left: Duration) -> Result<Reply, Problem> {
        let answer = call.unary(left).await?;
        let json = transcode::answer(&self.plans, route, answer.get_ref()).ok_or(Reason::Internal)?;
        let mut reply = reply::json(json);
        if let Some(position) = answer.metadata().as_ref().get(POSITION) {
            reply.headers_mut().insert(POSITION, position.clone());
        }
        Ok(reply)
    }

    async fn events(self: &Arc<Self>, route: &Route, call: Call<'_>, peer: IpAddr) -> Result<Reply, Problem> {
        if self.drain.has_begun() {
            return Err(Reason::Draining.into());
        }
        let permit = self.limits.stream(call.headers, peer)?;
        let language = Language::of(call.headers.get(http::header::ACCEPT_LANGUAGE));
        let trace = call.trace.trace_id();
        let messages = tokio::time::timeout(self.config.request_time(), call.stream()).await;
        let pump = Pump {
            messages: messages.map_err(|_| Problem::of_status(&mesh::Fault::deadline_exceeded().into_status()))??,
            heartbeat: Duration::from_millis(self.config.heartbeat_ms),
            drain: self.drain.token(),
            language,
            trace,
            permit,
            id_field: stream::id_field(route),
        };
        let (client, body) = stream::body(self.config.stream_buffer);
        let (edge, index) = (Arc::clone(self), route.index);
        self.pumps.spawn(async move { pump.run(&edge.plans, &edge.table.routes[index], client).await });
        Ok(reply::events(body))
    }

    fn behind(&self, route: &Route) -> Result<&Behind, Problem> {
        self.upstreams.get(route.rpc.parent_service().full_name()).ok_or_else(|| Reason::Internal.into())
    }

    fn check_head(&self, parts: &Parts) -> Result<(), Problem> {
        // Four bytes a line for ": " and the line's end.
        let lines: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
        let too_large = lines + target > self.config.header_bytes || parts.headers.len() > self.config.header_lines;
        if too_large {
            Err(Problem::new(Reason::HeadersTooLarge, self.config.header_bytes.to_string()))
        } else {
            Ok(())
        }
    }

    /// The body, whole, within its limit. A length that is too large is refused before a byte is read.
    async fn body(&self, route: &Route, headers: &HeaderMap, body: Incoming) -> Result<Bytes, Problem> {
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if matches!(route.body, BodyRule::None) {
            let has_body = length.unwrap_or(0) > 0 || headers.contains_key(TRANSFER_ENCODING);
            return if has_body { Err(Reason::BodyUnexpected.into()) } else { Ok(Bytes::new()) };
        }
        let most = self.config.body_bytes;
        let too_large = || Problem::new(Reason::BodyTooLarge, format!("{most} bytes at most"));
        if length.is_some_and(|length| length > most as u64) {
            return Err(too_large());
        }
        check_type(headers)?;
        match Limited::new(body, most).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
            Err(_) => Err(Reason::BodyIncomplete.into()),
        }
    }
}

/// Where a request goes, and whence it comes.
struct Place<'a> {
    route: &'a Route,
    segments: &'a [&'a str],
    peer: IpAddr,
    trace: TraceContext,
}

/// The client says that somebody is in danger: the highest urgency of RFC 9218. Believed as far as the seats kept back go, and checked by
/// the service when it is on one of those.
pub(crate) fn says_pressing(headers: &HeaderMap) -> bool {
    let said = headers.get("priority").and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.split(',').any(|parameter| parameter.trim() == "u=0")
}

fn other_methods(methods: &[Method]) -> Problem {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    names.dedup();
    Problem { allow: Some(names.join(", ").into()), ..Reason::MethodNotAllowed.into() }
}

/// `application/json`, in UTF-8 if it says so, not compressed.
pub(crate) fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let plain = headers.get(CONTENT_ENCODING).is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    let json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) | None => true,
    });
    if plain && json && utf8 { Ok(()) } else { Err(Reason::ContentTypeUnsupported.into()) }
}
