//! Where a service's cases live, and the tasks that keep them: committer, timers, and what tells replicas of each other.

use super::{folder::Folder, settings::Settings};
use anyhow::{Context, bail};
use casebook::{Casebook, Committer, Kinds, Opening, Store, StoreError, follow_replicas, sql};
use guard::vault::{Rotation, Vault};
use mesh::Chassis;
use std::{sync::Arc, time::Duration};

/// Partitions of an event log, fixed when the data is created (crates/queue/src/lib.rs).
pub const PARTITIONS: u16 = 64;
/// Connections of one service to PostgreSQL: commits share one, reads and leases the others.
const CONNECTIONS: usize = 10;
/// Before a server that was away is tried again: an attempt itself gives up after five seconds.
const AGAIN: Duration = Duration::from_secs(1);

/// Opens a service's casebook and starts what keeps it.
pub(super) async fn open(
    chassis: &Chassis,
    folder: &Folder,
    settings: &Settings,
    service: &'static str,
    kinds: Kinds,
) -> anyhow::Result<Casebook> {
    let kinds = Arc::new(kinds);
    let store = store(chassis, folder, settings, service, &kinds).await?;
    if store.wrapping_keys().await?.is_empty() && !store.keys_after(None, 1).await?.is_empty() {
        bail!("the data of {service} is from before the vault and sealed with keys that this program does not have");
    }
    let source = settings.vault.clone().unwrap_or_else(|| folder.vault_keys());
    let vault = Arc::new(Vault::new(settings.suite, source.ring(settings.suite)?, chassis.rng()));
    let opening = Opening {
        store,
        kinds,
        cluster: folder.cluster.clone(),
        service,
        partitions: PARTITIONS,
        key: folder.cluster_key(settings.suite),
        sealer: vault.clone(),
        clock: chassis.clock(),
    };
    let (book, committer) = Casebook::open(opening).await.with_context(|| format!("{service} cannot use its data"))?;
    run_committer(chassis, service, committer);
    let (drain, followed) = (chassis.drain(), book.clone());
    let follow = async move { follow_replicas(followed, drain.begun()).await };
    chassis.tasks().spawn_worker(format!("{service}.replicas"), follow);
    watch_clock(chassis, service, book.clone());
    if settings.rotates {
        let (drain, rotation) = (chassis.drain(), Rotation::new(book.clone(), vault, source));
        let rotating = async move { rotation.keep(drain.begun()).await };
        chassis.tasks().spawn_worker(format!("{service}.vault"), rotating);
    }
    Ok(book)
}

/// Until the drain, so that the casebook can be closed after it.
fn watch_clock(chassis: &Chassis, service: &'static str, book: Casebook) {
    let name = format!("{service}.clock");
    let (check, drain) = (chassis.readiness().check(name.clone()), chassis.drain());
    chassis.tasks().spawn_aside(name, async move {
        tokio::select! {
            () = mesh::watch_clock(check, book) => {}
            () = drain.begun() => {}
        }
    });
}

/// The committer serves until the last call has been answered, so the drain does not wait for it. One that ends before the drain
/// is fatal, by way of a worker that ends with it: nothing could be accepted any more.
fn run_committer(chassis: &Chassis, service: &'static str, committer: Committer) {
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    chassis.tasks().spawn_aside(format!("{service}.commit"), async move {
        if let Err(error) = committer.run().await {
            tracing::error!(service, %error, "casebook.committer.failed");
        }
        drop(ended);
    });
    let drain = chassis.drain();
    chassis.tasks().spawn_worker(format!("{service}.committer"), async move {
        tokio::select! {
            _ = end => {}
            () = drain.begun() => {}
        }
    });
}

async fn store(
    chassis: &Chassis,
    folder: &Folder,
    settings: &Settings,
    service: &'static str,
    kinds: &Arc<Kinds>,
) -> anyhow::Result<Arc<dyn Store>> {
    let (kinds, cluster) = (kinds.clone(), folder.cluster.clone());
    let setting = || sql::Setting {
        kinds: kinds.clone(),
        clock: chassis.clock(),
        cluster: cluster.clone(),
        partitions: PARTITIONS,
    };
    if let Some((_, store)) = settings.stores.iter().find(|(room, _)| room.as_str() == service) {
        return Ok(Arc::clone(store));
    }
    let Some(database) = settings.databases.iter().find(|d| d.room.as_str() == service) else {
        let file = folder.database(service);
        let opened = sql::open_sqlite(&file, setting()).await;
        return Ok(Arc::new(opened.with_context(|| format!("failed to open {}", file.display()))?));
    };
    loop {
        match sql::open_postgres(&database.url, CONNECTIONS, setting()).await {
            Ok(opened) => return Ok(Arc::new(opened)),
            Err(error @ StoreError::Unavailable(_)) if settings.patient => {
                tracing::warn!(service, %error, "jiewang.database.awaited");
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => return Err(error).with_context(|| format!("failed to open the database of {service}")),
        }
    }
}
