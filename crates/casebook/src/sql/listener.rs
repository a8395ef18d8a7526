//! PostgreSQL tells every replica when one of them has added to the log, so that a stream of this one shows what another wrote without
//! asking all the time. It is told after the commit and not with it: commits that tell something wait for each other, whatever database
//! of the server they are on. It is heard on a connection that does nothing else; a pooler between that gives connections to transactions
//! cannot carry it, and then readers look by themselves as often as they did.

use super::{
    SqlStore,
    conn::{Db, store_error},
};
use crate::error::StoreError;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::time::Duration;

const CHANNEL: &str = "jiewang_placed";
/// After so long a silence the connection is made anew: one that was cut without a word looks just like this.
const SILENCE: Duration = Duration::from_secs(60);

impl SqlStore {
    /// See [`crate::Store::tell`].
    pub(super) async fn tell_placed(&self) -> Result<(), StoreError> {
        if self.db.is_sqlite() {
            return std::future::pending().await;
        }
        self.db.query(format!("SELECT pg_notify('{CHANNEL}', '')").into(), Vec::new()).await.map(drop)
    }

    /// See [`crate::Store::heard`]. A new connection counts as heard: what was told before it, nobody has heard.
    pub(super) async fn hear_placed(&self) -> Result<(), StoreError> {
        let Db::Postgres(server) = &self.db else { return std::future::pending().await };
        let mut listener = self.listener.lock().await;
        if let Some(open) = listener.as_mut()
            && let Ok(Ok(Some(_))) = tokio::time::timeout(SILENCE, open.try_recv()).await
        {
            return Ok(());
        }
        *listener = None;
        *listener = Some(listen(&server.options).await.map_err(store_error)?);
        Ok(())
    }
}

/// On a connection beside those that commits and reads may use.
async fn listen(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    // How long it takes while the database is away is told by whoever listens.
    let quiet = PgPoolOptions::new().max_connections(1).acquire_slow_threshold(Duration::from_secs(3600));
    let own = quiet.connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
