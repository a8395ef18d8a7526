//! The addresses that are not routes: probes and the reference documents.
use crate::call;
use crate::edge::Edge;
use crate::reply::{self, Reply};
use http::StatusCode;
use std::time::Duration;

/// Answers the fixed addresses; `None` for everything else.
pub(crate) async fn page(edge: &Edge, path: &str) -> Option<Reply> {
    match path {
        "/healthz" => Some(reply::text(StatusCode::OK, "ok\n".to_owned())),
        "/readyz" => Some(ready(edge).await),
        "/openapi.json" => Some(reply::json(edge.openapi.clone())),
        "/docs" | "/docs/" => Some(reply::html(edge.reference.clone())),
        _ => None,
    }
}

/// Ready when not draining and every routed service says it serves. One line per service that does not.
async fn ready(edge: &Edge) -> Reply {
    if edge.drain.has_begun() {
        return reply::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned());
    }
    let wait = Duration::from_millis(edge.config.health_ms);
    let checks = edge.upstreams.iter().map(|(service, behind)| async move {
        (!call::is_serving(&behind.channel, service, wait).await).then(|| format!("{service}: not serving\n"))
    });
    let failing: String = futures_util::future::join_all(checks).await.into_iter().flatten().collect();
    if failing.is_empty() {
        return reply::text(StatusCode::OK, "ready\n".to_owned());
    }
    reply::text(StatusCode::SERVICE_UNAVAILABLE, failing)
}
