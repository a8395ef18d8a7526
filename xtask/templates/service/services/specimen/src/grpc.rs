//! The rpcs: unpack, convert, call, pack.

use crate::app::{App, Asking};
use crate::convert::{answer, closing, matter_id, opening};
use crate::domain::matter::Matter;
use crate::error::Error;
use async_trait::async_trait;
use casebook::{Done, LogPosition};
use mesh::{Position, PositionKey};
use proto::specimen::v1 as pb;
use proto::specimen::v1::matters_server::Matters;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The gRPC face of [`App`].
#[derive(Clone)]
pub struct Grpc {
    app: Arc<App>,
    positions: PositionKey,
}

impl Grpc {
    #[must_use]
    pub const fn new(app: Arc<App>, positions: PositionKey) -> Self {
        Self { app, positions }
    }

    /// An answer that says how far another service must have read to know of it.
    fn done(&self, done: &Done<Matter>) -> Result<Response<pb::Matter>, Status> {
        let mut response = Response::new(answer(&self.app, done.id, done.version, &done.state)?);
        let LogPosition { partition, case, version } = done.position;
        // Whoever has to wait asks the log for the number: commits do not wait for one.
        let position = Position { service: crate::NAME.to_owned(), partition, position: 0, case, version };
        position.attach(&self.positions, &mut response);
        Ok(response)
    }
}

fn asking<T>(request: &Request<T>) -> Result<Asking, Error> {
    let actor = mesh::caller(request).actor.clone().ok_or(Error::TokenMissing)?;
    let traceparent = mesh::call(request).map(|call| call.trace.to_string()).unwrap_or_default();
    Ok(Asking { actor, traceparent })
}

#[async_trait]
impl Matters for Grpc {
    async fn open_matter(&self, request: Request<pb::OpenMatterRequest>) -> Result<Response<pb::Matter>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let (asked, place, text) = opening(&desk, request.into_inner())?;
        self.done(&self.app.open(&asking, &desk, asked, place, &text).await?)
    }

    async fn close_matter(&self, request: Request<pb::CloseMatterRequest>) -> Result<Response<pb::Matter>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let (asked, which, result) = closing(request.into_inner())?;
        self.done(&self.app.close(&asking, &desk, asked, which, &result).await?)
    }

    async fn get_matter(&self, request: Request<pb::GetMatterRequest>) -> Result<Response<pb::Matter>, Status> {
        let (asking, desk) = (asking(&request)?, self.app.desk());
        let found = self.app.get(&asking, &desk, matter_id(&request.into_inner().name)?).await?;
        Ok(Response::new(answer(&self.app, found.id, found.version, &found.state)?))
    }
}
