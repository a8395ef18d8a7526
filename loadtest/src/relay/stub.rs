//! What stands behind a relay of HTTP: reads a request, and answers with the next of the answers that the gateway has given.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, task::JoinSet};

/// Serves until the process ends.
pub(super) async fn serve(answers: Vec<Bytes>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let stub = Arc::new(Stub { answers, next: AtomicUsize::new(0) });
    #[expect(clippy::disallowed_methods, reason = "it lasts as long as the bench")]
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (stub, _failed) = (Arc::clone(&stub), stream.set_nodelay(true));
            let service = service_fn(move |request| Arc::clone(&stub).answer(request));
            connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(address)
}

struct Stub {
    answers: Vec<Bytes>,
    next: AtomicUsize,
}

impl Stub {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        request.into_body().collect().await?;
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.answers.len();
        let mut response = Response::new(Full::new(self.answers[next].clone()));
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
        Ok(response)
    }
}
