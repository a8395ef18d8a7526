//! Where a service's cases live, and the tasks that keep them: committer, relay, timers.

use super::folder::Folder;
use crate::args::Database;
use anyhow::Context;
use casebook::{Casebook, Kinds, Opening, Store, sql};
use mesh::Chassis;
use std::sync::Arc;

/// Partitions of an event log, fixed when the data is created (design, section 3).
pub const PARTITIONS: u16 = 64;
/// Connections of one service to PostgreSQL: commits share one, reads and leases the others.
const CONNECTIONS: u32 = 10;

/// Opens a service's casebook and starts its committer (and relay).
pub(super) async fn open(
    chassis: &Chassis,
    folder: &Folder,
    databases: &[Database],
    service: &'static str,
    kinds: Kinds,
) -> anyhow::Result<Casebook> {
    let kinds = Arc::new(kinds);
    let store = store(chassis, folder, databases, service, &kinds).await?;
    let opening = Opening {
        store,
        kinds,
        cluster: folder.cluster.clone(),
        service,
        partitions: PARTITIONS,
        key: folder.cluster_key(),
        clock: chassis.clock(),
        rng: chassis.rng(),
    };
    let (book, committer) = Casebook::open(opening).await.with_context(|| format!("{service} cannot use its data"))?;
    let drain = chassis.drain();
    // An ended committer outside a drain is fatal to the process: nothing could be accepted any more.
    chassis.tasks().spawn_worker(format!("{service}.commit"), async move {
        tokio::select! {
            ended = committer.run() => if let Err(error) = ended { tracing::error!(%error, "casebook.committer.failed") },
            () = drain.hard() => {}
        }
    });
    Ok(book)
}

async fn store(
    chassis: &Chassis,
    folder: &Folder,
    databases: &[Database],
    service: &'static str,
    kinds: &Arc<Kinds>,
) -> anyhow::Result<Arc<dyn Store>> {
    let cluster = folder.cluster.clone();
    let setting = sql::Setting { kinds: kinds.clone(), clock: chassis.clock(), cluster, partitions: PARTITIONS };
    let Some(database) = databases.iter().find(|d| d.room.as_str() == service) else {
        let file = folder.database(service);
        let opened = sql::open_sqlite(&file, setting).await;
        return Ok(Arc::new(opened.with_context(|| format!("failed to open {}", file.display()))?));
    };
    let opened = sql::open_postgres(&database.url, CONNECTIONS, setting).await;
    Ok(Arc::new(opened.with_context(|| format!("failed to open the database of {service}"))?))
}
