//! A name that stands for all replicas of a service, such as a Kubernetes headless service: looked up again and again.

use super::{Addresses, tell};
use std::time::Duration;
use tokio::{sync::watch, time::timeout};

/// Time between two look-ups; the resolver's own cache is the machine's affair.
const EVERY: Duration = Duration::from_secs(5);

/// Longest wait for one.
const WITHIN: Duration = Duration::from_secs(5);

/// The addresses of `name:port`, and the work that keeps them: it never ends by itself.
///
/// What was found last stays while nothing is found: a resolver answers alike when a name has no addresses and when it cannot ask.
pub fn watch(name: String, port: u16) -> (Addresses, impl Future<Output = ()> + Send + 'static) {
    let known = watch::Sender::new([].into());
    let addresses = known.subscribe();
    let keep = async move {
        loop {
            match timeout(WITHIN, tokio::net::lookup_host((name.as_str(), port))).await {
                Ok(Ok(found)) => {
                    let found: Vec<String> = found.map(|address| address.to_string()).collect();
                    if !found.is_empty() && tell(&known, found) {
                        tracing::info!(name, replicas = known.borrow().len(), "discovery.dns.changed");
                    }
                }
                Ok(Err(error)) => tracing::warn!(name, %error, "discovery.dns.failed"),
                Err(_) => tracing::warn!(name, "discovery.dns.late"),
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    (addresses, keep)
}

#[cfg(test)]
mod tests {
    use super::watch;

    #[tokio::test]
    async fn a_name_is_looked_up_to_all_its_addresses_and_one_that_is_not_is_empty() {
        let (mut known, keep) = watch("localhost".to_owned(), 4711);
        tokio::select! {
            () = keep => {}
            found = known.wait_for(|found| !found.is_empty()) => assert!(found.unwrap().iter().all(|a| a.ends_with(":4711"))),
        }
    }
}
