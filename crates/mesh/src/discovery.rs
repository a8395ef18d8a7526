//! Where a service can be called. A source keeps the addresses up to date, whatever it asks; one channel spreads its calls over them.

use std::sync::Arc;
use tokio::sync::watch;

/// The addresses (`host:port`) of a service's replicas as a source knows them now.
pub type Addresses = watch::Receiver<Arc<[String]>>;

/// A list that does not change.
#[must_use]
pub fn fixed(addresses: Vec<String>) -> Addresses {
    watch::Sender::new(addresses.into()).subscribe()
}
