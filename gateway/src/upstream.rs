//! Where the services are: one boxed client stack for all of them, or one per service.
use bytes::Bytes;
use std::collections::HashMap;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

/// A client's whole stack, boxed so that only one shape of it is compiled.
pub type Upstream = BoxCloneSyncService<
    http::Request<tonic::body::Body>,
    http::Response<tonic::body::Body>,
    UpstreamError,
>;

/// What the client stack says when no answer came.
#[derive(Debug, thiserror::Error)]
#[error("no answer from upstream")]
pub struct UpstreamError(#[source] tower::BoxError);

/// Upstreams by the full name of the proto service, with one for all others.
#[derive(Clone, Default)]
pub struct Upstreams {
    by_service: HashMap<String, Upstream>,
    other: Option<Upstream>,
}

impl Upstreams {
    /// One upstream for everything: `jiewang up`, where all services live behind one address.
    pub fn single<S, B>(stack: S) -> Self
    where
        S: Service<http::Request<tonic::body::Body>, Response = http::Response<B>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Error: Into<tower::BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<tower::BoxError>,
    {
        Self {
            by_service: HashMap::new(),
            other: Some(boxed(stack)),
        }
    }

    /// The upstream of one service, such as `jiewang.intake.v1.Reports`.
    #[must_use]
    pub fn with<S, B>(mut self, service: &str, stack: S) -> Self
    where
        S: Service<http::Request<tonic::body::Body>, Response = http::Response<B>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Error: Into<tower::BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<tower::BoxError>,
    {
        self.by_service.insert(service.to_owned(), boxed(stack));
        self
    }

    pub(crate) fn get(&self, service: &str) -> Option<&Upstream> {
        self.by_service.get(service).or(self.other.as_ref())
    }
}

fn boxed<S, B>(stack: S) -> Upstream
where
    S: Service<http::Request<tonic::body::Body>, Response = http::Response<B>>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Error: Into<tower::BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<tower::BoxError>,
{
    BoxCloneSyncService::new(
        stack
            .map_response(|response| response.map(tonic::body::Body::new))
            .map_err(|error| UpstreamError(error.into())),
    )
}
