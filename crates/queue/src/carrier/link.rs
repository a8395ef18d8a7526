//! A connection to Redis that is opened when needed and given up on the first sign of trouble.
use crate::FeedError;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisResult};
use std::time::Duration;
use tokio::sync::Mutex;

/// Longest wait for a connection, and for an answer beyond the time the command itself may block.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// One connection of its own. The client's usual answer time-out (500 ms) would cut blocking reads, so it is off
/// and every call is bounded here instead.
pub(super) struct Link {
    client: Client,
    open: Mutex<Option<MultiplexedConnection>>,
}

impl Link {
    pub(super) fn new(url: &str) -> Result<Self, FeedError> {
        let client = Client::open(url).map_err(|error| FeedError::Address(Box::new(error)))?;
        Ok(Self { client, open: Mutex::new(None) })
    }

    pub(super) async fn connection(&self) -> Result<MultiplexedConnection, FeedError> {
        let mut open = self.open.lock().await;
        if let Some(connection) = &*open {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(None);
        let opening = self.client.get_multiplexed_async_connection_with_config(&config);
        // Bounded once more: the connection time-out does not cover the first commands of a server that accepts and then says nothing.
        let connection = tokio::time::timeout(PATIENCE * 2, opening)
            .await
            .map_err(|_| FeedError::Silent(PATIENCE * 2))?
            .map_err(unavailable)?;
        *open = Some(connection.clone());
        Ok(connection)
    }

    /// Awaits `call`, which may block on the server for `blocking`. Any failure closes the connection: the next call opens a new one.
    pub(super) async fn bounded<T>(
        &self,
        blocking: Duration,
        call: impl Future<Output = RedisResult<T>> + Send,
    ) -> Result<T, FeedError> {
        let bound = blocking + PATIENCE;
        let result = match tokio::time::timeout(bound, call).await {
            Ok(result) => result.map_err(unavailable),
            Err(_) => Err(FeedError::Silent(bound)),
        };
        if result.is_err() {
            *self.open.lock().await = None;
        }
        result
    }
}

fn unavailable(error: redis::RedisError) -> FeedError {
    FeedError::Unavailable(Box::new(error))
}
