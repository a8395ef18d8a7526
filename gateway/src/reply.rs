//! Responses as they leave: bodies, content types and the headers that every answer carries.
use crate::problem::Problem;
use crate::reason::Language;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{Either, Full};
use std::convert::Infallible;

use crate::stream::EventBody;

/// Whole, or a stream of events.
pub(crate) type Body = Either<Full<Bytes>, EventBody>;
pub(crate) type Reply = Response<Body>;

/// The position token of a write, both ways.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("jiewang-position");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_FRAME: HeaderValue = HeaderValue::from_static("DENY");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
/// JSON needs no rights in a browser at all.
const NO_CONTENT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// The reference page has its style inside and nothing else.
const STYLE_ONLY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");

const POLICY: HeaderName = http::header::CONTENT_SECURITY_POLICY;

fn secured(content_type: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    headers.insert(http::header::X_FRAME_OPTIONS, NO_FRAME);
    headers.insert(http::header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(POLICY, NO_CONTENT);
    headers
}

fn whole(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(body.into())));
    *reply.status_mut() = status;
    *reply.headers_mut() = headers;
    reply
}

/// A resource.
pub(crate) fn json(body: impl Into<Bytes>) -> Reply {
    whole(StatusCode::OK, secured(JSON), body)
}

/// A page with its style inside.
pub(crate) fn html(body: impl Into<Bytes>) -> Reply {
    let mut headers = secured(HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(POLICY, STYLE_ONLY);
    whole(StatusCode::OK, headers, body)
}

/// One line for probes.
pub(crate) fn text(status: StatusCode, body: String) -> Reply {
    whole(status, secured(HeaderValue::from_static("text/plain; charset=utf-8")), body)
}

/// Server-sent events.
pub(crate) fn events(body: EventBody) -> Reply {
    let mut reply = Response::new(Either::Right(body));
    let mut headers = secured(HeaderValue::from_static("text/event-stream"));
    // nginx would otherwise collect events before passing them on.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    *reply.headers_mut() = headers;
    reply
}

/// Problem details.
pub(crate) fn problem(problem: &Problem, language: Language, trace: &str) -> Reply {
    let mut headers = secured(PROBLEM);
    if let Some(seconds) = problem.retry_after {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if let Some(value) = problem.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
        headers.insert(ALLOW, value);
    }
    if problem.status == 401 {
        headers.insert(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    headers.insert(http::header::CONTENT_LANGUAGE, HeaderValue::from_static(language.pick("zh-CN", "en")));
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    whole(status, headers, problem.render(language, trace))
}

/// What hyper is given: errors are replies, never broken connections.
pub(crate) type Served = Result<Reply, Infallible>;
