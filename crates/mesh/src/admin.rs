//! The operators' door (`JIEWANG_ADMIN`): `/metrics`, `/healthz`, `/readyz` over HTTP/1.1. No case content, no tokens.

use crate::metrics;
use crate::readiness::Readiness;
use crate::tasks;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// A scraper, a probe and an operator's browser; anything more waits its turn.
const CONNECTIONS: usize = 32;

/// A request line takes no longer than this, or the connection is closed.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);

/// Answers until it is dropped. Goes on during the drain, so that a probe sees "not ready" rather than nothing.
pub async fn serve(listener: TcpListener, readiness: Readiness) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let readiness = readiness.clone();
        tasks::drive(async move {
            let service = service_fn(move |request| {
                let response = answer(&request, &readiness);
                async move { Ok::<_, Infallible>(response) }
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS_WITHIN)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "admin connection failed");
            }
            drop(seat);
        });
    }
}

fn answer(request: &Request<Incoming>, readiness: &Readiness) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
    }
    match request.uri().path() {
        "/metrics" => {
            let mut response = text(StatusCode::OK, metrics::recorder().render());
            let prometheus = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, prometheus);
            response
        }
        "/healthz" => text(StatusCode::OK, "alive\n"),
        "/readyz" => ready(readiness),
        _ => text(StatusCode::NOT_FOUND, "not found\n"),
    }
}

/// 200 "ready", or 503 with a line for each check that does not hold.
fn ready(readiness: &Readiness) -> Response<Full<Bytes>> {
    let failing = readiness.failing();
    if failing.is_empty() {
        return text(StatusCode::OK, "ready\n");
    }
    let lines: String = failing.iter().map(|failing| format!("{}: {}\n", failing.check, failing.why)).collect();
    text(StatusCode::SERVICE_UNAVAILABLE, lines)
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
