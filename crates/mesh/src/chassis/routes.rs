//! From the path of a call to the service that answers it.
//!
//! A map from the service's name, because that is all gRPC paths need: no patterns, no clone of a router per request.

use http::{Request, Response};
use hyper::body::Incoming;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::server::NamedService;

/// A service as `tonic-build` generates it, or one shaped like it.
pub trait GrpcServer:
    tower::Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future = BoxFuture<Response<Body>, Infallible>,
    > + NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> GrpcServer for S where
    S: tower::Service<
            Request<Incoming>,
            Response = Response<Body>,
            Error = Infallible,
            Future = BoxFuture<Response<Body>, Infallible>,
        > + NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}

type Handler = Arc<dyn Fn(Request<Incoming>) -> BoxFuture<Response<Body>, Infallible> + Send + Sync>;

#[derive(Clone, Default)]
pub(super) struct Routes {
    services: BTreeMap<&'static str, Handler>,
}

impl Routes {
    /// The last one of a name wins.
    pub(super) fn add<S: GrpcServer>(&mut self, service: S) {
        // Generated servers are always ready and clone by reference count.
        self.services.insert(S::NAME, Arc::new(move |request| service.clone().call(request)));
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.services.keys().copied()
    }

    /// Starts the call; `None` when no service has that name.
    pub(super) fn call(&self, request: Request<Incoming>) -> Option<BoxFuture<Response<Body>, Infallible>> {
        let path = request.uri().path().strip_prefix('/')?;
        let (service, _) = path.split_once('/')?;
        let handler = self.services.get(service)?;
        Some(handler(request))
    }
}
