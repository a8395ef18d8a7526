//! Keys of subjects wrapped anew, while the service works.

use super::{KeyRing, KeySource, SourceError, Vault};
use casebook::{Casebook, Rewrap, Sealer as _, StoreError, WrappingKey};
use queue::EventSource as _;
use std::{sync::Arc, time::Duration};

/// Cases looked at together, and rewrapped in one transaction.
const PAGE: usize = 256;
/// Between two pages: the service's own work goes first.
const PAUSE: Duration = Duration::from_millis(20);
/// How often the source is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Before what failed is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// What a walk over all cases did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rotated {
    /// Cases whose keys were under another key than the one in use.
    pub found: usize,
    /// Of those, the ones that are under it now. The others were written by somebody else meanwhile, or cannot be unwrapped.
    pub rewrapped: usize,
}

/// One walk over all cases: their keys under the one in use. When nothing else was found, the others are forgotten, and whoever keeps
/// the ring may take them out of it.
///
/// # Errors
/// What the store says; what was done until then stays done.
pub async fn rotate(book: &Casebook, vault: &Vault) -> Result<Rotated, StoreError> {
    let mut done = Rotated::default();
    let mut after = None;
    loop {
        let page = book.store().keys_after(after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        let anew = |(case, from)| vault.rewrapped(case, &from).map(|to| Rewrap { case, from, to });
        let anew: Vec<Rewrap> = page.into_iter().filter_map(anew).collect();
        done.found += anew.len();
        let anew: Vec<Rewrap> = anew.into_iter().filter(|rewrap| rewrap.from != rewrap.to).collect();
        if anew.is_empty() {
            continue;
        }
        done.rewrapped += book.store().rewrap(&anew).await?;
        tokio::time::sleep(PAUSE).await;
    }
    if done.found == 0 {
        forget_others(book, vault).await?;
    }
    Ok(done)
}

async fn forget_others(book: &Casebook, vault: &Vault) -> Result<(), StoreError> {
    let in_use = vault.wrapping_keys().pop().map(|key| key.number);
    for WrappingKey { number, .. } in book.store().wrapping_keys().await? {
        if Some(number) != in_use {
            book.store().forget_wrapping_key(number).await?;
            tracing::info!(number, service = book.service(), "guard.vault.key.free");
        }
    }
    Ok(())
}

/// Keeps a casebook's keys under the newest of the ring.
pub struct Rotation {
    book: Casebook,
    vault: Arc<Vault>,
    source: KeySource,
}

impl Rotation {
    #[must_use]
    pub const fn new(book: Casebook, vault: Arc<Vault>, source: KeySource) -> Self {
        Self { book, vault, source }
    }

    /// Until `end`. A ring that cannot be read or that lacks a key changes nothing and is told of.
    pub async fn keep(self, end: impl Future<Output = ()>) {
        tokio::select! {
            () = self.run() => {}
            () = end => {}
        }
    }

    async fn run(&self) {
        metrics::counter!("guard_vault_keys_refused_total").increment(0);
        loop {
            self.finish().await;
            if !self.source.changes() {
                return std::future::pending().await;
            }
            while !self.look().await {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Whether the ring is another one now.
    async fn look(&self) -> bool {
        let (source, suite) = (self.source.clone(), self.vault.suite());
        let Ok(read) = tokio::task::spawn_blocking(move || source.ring(suite)).await else { return false };
        match self.take(read).await {
            Ok(taken) => taken,
            Err(error) => {
                metrics::counter!("guard_vault_keys_refused_total").increment(1);
                tracing::error!(%error, service = self.book.service(), "guard.vault.keys.refused");
                false
            }
        }
    }

    async fn take(&self, read: Result<KeyRing, SourceError>) -> Result<bool, NotTaken> {
        let ring = read?;
        let keys = ring.wrapping_keys();
        if keys == self.vault.wrapping_keys() {
            return Ok(false);
        }
        self.book.take_wrapping_keys(&keys).await?;
        tracing::info!(number = ring.in_use().0, service = self.book.service(), "guard.vault.keys.taken");
        self.vault.replace(ring);
        Ok(true)
    }

    /// Walks until everything is under the key in use.
    async fn finish(&self) {
        loop {
            let old = match self.book.store().wrapping_keys().await {
                Ok(noted) => noted.len().saturating_sub(1),
                Err(_) => 1,
            };
            metrics::gauge!("guard_vault_old_keys", "service" => self.book.service().to_owned()).set(count(old));
            if old == 0 {
                return;
            }
            match rotate(&self.book, &self.vault).await {
                Ok(Rotated { found: 0, .. }) => {}
                Ok(Rotated { found, rewrapped }) => {
                    tracing::info!(found, rewrapped, service = self.book.service(), "guard.vault.rewrapped");
                    if rewrapped < found {
                        tokio::time::sleep(AGAIN).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, service = self.book.service(), "guard.vault.rewrap.failed");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

/// Why a ring changes nothing.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}
