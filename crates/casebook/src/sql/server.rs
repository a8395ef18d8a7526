//! Connections to a PostgreSQL server: one for the committer, a few for everybody else.
//!
//! The one that was used last is taken first, so that the server's processes that are at work are few and know the statements; it is asked
//! whether it is still there only when it has rested for a while. sqlx's own pool takes them in turn and asks both before and after each
//! use: three questions for one.

use super::conn::store_error;
use crate::error::StoreError;
use deadpool::{
    Runtime,
    managed::{Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleResult, Timeouts},
};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use std::time::Duration;

/// To a connection, and for one to be made.
const PATIENCE: Duration = Duration::from_secs(5);
/// One that has rested for longer may have been forgotten by the server or by somebody between.
const RESTED: Duration = Duration::from_secs(1);

pub(super) type Line = Object<Dialler>;

pub(super) struct Server {
    pub(super) options: PgConnectOptions,
    writer: Pool<Dialler>,
    others: Pool<Dialler>,
}

pub(super) struct Dialler(PgConnectOptions);

impl Manager for Dialler {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect_with(&self.0).await
    }

    async fn recycle(&self, line: &mut PgConnection, used: &Metrics) -> RecycleResult<sqlx::Error> {
        if used.last_used() > RESTED {
            line.ping().await?;
        }
        Ok(())
    }
}

impl Server {
    /// At most so many connections. Nothing is connected yet.
    pub(super) fn new(options: PgConnectOptions, connections: usize) -> Self {
        let pool = |size: usize| {
            let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
            let pool = Pool::builder(Dialler(options.clone())).max_size(size.max(1)).queue_mode(QueueMode::Lifo);
            pool.timeouts(timeouts).runtime(Runtime::Tokio1).build().expect("a runtime for its timeouts")
        };
        Self { writer: pool(1), others: pool(connections.saturating_sub(1)), options }
    }

    /// The committer's, or one of the others.
    pub(super) async fn line(&self, committer: bool) -> Result<Line, StoreError> {
        let line = self.pool(committer).get().await.map_err(|error| match error {
            PoolError::Backend(error) => store_error(error),
            PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => {
                StoreError::Unavailable(format!("no connection to the database: {error}"))
            }
        })?;
        self.tell_use();
        Ok(line)
    }

    /// After one that was gone: those that rest are, too.
    pub(super) async fn fresh_line(&self, committer: bool) -> Result<Line, StoreError> {
        drop(self.pool(committer).retain(|_, _| false));
        self.line(committer).await
    }

    fn pool(&self, committer: bool) -> &Pool<Dialler> {
        if committer { &self.writer } else { &self.others }
    }

    /// How many connections there are, and how many wait for work.
    fn tell_use(&self) {
        let (writer, others) = (self.writer.status(), self.others.status());
        let (idle, all) = (writer.available + others.available, writer.size + others.size);
        metrics::gauge!("casebook_pool_connections", "state" => "idle").set(idle as f64);
        metrics::gauge!("casebook_pool_connections", "state" => "used").set(all.saturating_sub(idle) as f64);
    }
}
