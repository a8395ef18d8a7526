//! Where a service can be called. A source keeps the addresses up to date, whatever it asks; one channel spreads its calls over them.
//!
//! Sources are a [`fixed`] list, [`dns`] and [`consul`]. Each keeps what it knew last while it cannot ask.

pub mod consul;
pub mod dns;

use std::sync::Arc;
use tokio::sync::watch;

/// The addresses (`host:port`) of a service's replicas as a source knows them now.
pub type Addresses = watch::Receiver<Arc<[String]>>;

/// A list that does not change.
#[must_use]
pub fn fixed(addresses: Vec<String>) -> Addresses {
    watch::Sender::new(addresses.into()).subscribe()
}

/// Tells the readers, unless they know it already: an answer in another order is no change.
fn tell(known: &watch::Sender<Arc<[String]>>, mut found: Vec<String>) -> bool {
    found.sort_unstable();
    found.dedup();
    known.send_if_modified(|known| {
        let news = **known != *found;
        if news {
            *known = found.into();
        }
        news
    })
}
