//! Reading your writes across services. A client echoes the `Jiewang-Position` of an answer to another service; the call waits
//! there until that service has consumed so far, at most two seconds, else 503 `NOT_YET_VISIBLE`. Within one service a write is
//! visible at once, and its own positions are not waited for.

use crate::{
    cases::CaseError,
    error::{Code, Fault},
    log::Log,
    position::{HEADER, Position, PositionKey},
};
use casebook::{Casebook, LogPosition};
use http::{Request, Response};
use hyper::body::Incoming;
use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;
use tonic::{body::Body, codegen::BoxFuture, server::NamedService};
use tower::Service;

/// Longer than any healthy consumer lags, shorter than a client's patience.
const PATIENCE: Duration = Duration::from_secs(2);

/// One service's eyes on the logs that it consumes.
#[derive(Clone)]
pub struct Sight(Arc<Eyes>);

struct Eyes {
    own: Casebook,
    /// Logs that `own` consumes; they resolve positions that a token does not know yet.
    producers: Vec<Log>,
    key: PositionKey,
}

impl Sight {
    pub fn new(own: Casebook, producers: Vec<Log>, key: PositionKey) -> Self {
        Self(Arc::new(Eyes { own, producers, key }))
    }

    /// The same service, whose calls wait for what their caller has written elsewhere.
    pub fn before<S>(&self, service: S) -> Sighted<S> {
        Sighted { service, sight: self.clone() }
    }

    async fn reached(&self, token: &str) -> Result<(), Fault> {
        let position = Position::decode(token, &self.0.key)?;
        // Our own log, or one that we do not consume: nothing here will ever depend on it.
        let Some(producer) = self.0.producers.iter().find(|p| p.service() == position.service) else { return Ok(()) };
        let until = Instant::now() + PATIENCE;
        let target = match position.position {
            0 => resolve(producer, &position, until).await?,
            known => known,
        };
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.0.own.wait_consumed(&position.service, position.partition, target, left).await;
        if waited.map_err(CaseError::from)? { Ok(()) } else { Err(not_yet(&position.service)) }
    }
}

async fn resolve(producer: &Log, position: &Position, until: Instant) -> Result<i64, Fault> {
    let asked = LogPosition { partition: position.partition, case: position.case, version: position.version };
    loop {
        if let Some(found) = producer.position_of(asked).await? {
            return Ok(found);
        }
        if Instant::now() >= until {
            return Err(not_yet(&position.service));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn not_yet(service: &str) -> Fault {
    let detail = format!("what was written in {service} is not visible here yet, try again");
    Fault::new(Code::Unavailable, "NOT_YET_VISIBLE", detail).with_retry_after(Duration::from_secs(1))
}

/// See [`Sight::before`].
#[derive(Clone)]
pub struct Sighted<S> {
    service: S,
    sight: Sight,
}

impl<S: NamedService> NamedService for Sighted<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Incoming>> for Sighted<S>
where
    S: crate::GrpcServer,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let Some(token) = request.headers().get(HEADER) else { return self.service.call(request) };
        let token = token.to_str().unwrap_or_default().to_owned();
        let (mut service, sight) = (self.service.clone(), self.sight.clone());
        Box::pin(async move {
            match sight.reached(&token).await {
                Ok(()) => service.call(request).await,
                Err(fault) => Ok(fault.into_status().into_http()),
            }
        })
    }
}
