//! A name that stands for all replicas of a service, such as a Kubernetes headless service: looked up again and again.

use super::{Addresses, tell};
use std::{io, net::SocketAddr, time::Duration};
use tokio::{sync::watch, time::timeout};

/// Time between two look-ups; the resolver's own cache is the machine's affair.
const EVERY: Duration = Duration::from_secs(5);

/// Longest wait for one.
const WITHIN: Duration = Duration::from_secs(5);

/// The addresses of `name:port`, and the work that keeps them: it never ends by itself.
///
/// What was found last stays while nothing is found: a resolver answers alike when a name has no addresses and when it cannot ask.
pub fn watch(name: String, port: u16) -> (Addresses, impl Future<Output = ()> + Send + 'static) {
    let asked = name.clone();
    watch_by(name, move || {
        let name = asked.clone();
        async move { Ok(tokio::net::lookup_host((name.as_str(), port)).await?.collect()) }
    })
}

fn watch_by<F>(
    name: String,
    look_up: impl Fn() -> F + Send + 'static,
) -> (Addresses, impl Future<Output = ()> + Send + 'static)
where
    F: Future<Output = io::Result<Vec<SocketAddr>>> + Send,
{
    let known = watch::Sender::new([].into());
    let addresses = known.subscribe();
    let keep = async move {
        loop {
            match timeout(WITHIN, look_up()).await {
                Ok(Ok(found)) => {
                    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
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
    use super::{EVERY, WITHIN, watch, watch_by};
    use std::{collections::VecDeque, io, net::SocketAddr, sync::Mutex, time::Duration};

    #[tokio::test]
    async fn a_name_is_looked_up_to_all_its_addresses_and_one_that_is_not_is_empty() {
        let (mut known, keep) = watch("localhost".to_owned(), 4711);
        tokio::select! {
            () = keep => {}
            found = known.wait_for(|found| !found.is_empty()) => assert!(found.unwrap().iter().all(|a| a.ends_with(":4711"))),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_found_last_stays_until_something_else_is_found() {
        let at = |last: u8| SocketAddr::from(([10, 0, 0, last], 1));
        let gone = || Err(io::Error::other("no such name"));
        let answers = [Ok(vec![at(1), at(2)]), gone(), Ok(Vec::new()), Ok(vec![at(2), at(3)])];
        let answers = Mutex::new(VecDeque::from(answers));
        let (known, keep) = watch_by("replicas".to_owned(), move || {
            let answer = answers.lock().unwrap().pop_front();
            // And then the resolver says nothing any more.
            async { answer.unwrap_or(Ok(Vec::new())) }
        });
        let seen = async {
            let mut seen = Vec::new();
            for _look in 0..5 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                seen.push(known.borrow().to_vec());
                tokio::time::sleep(EVERY - Duration::from_millis(1)).await;
            }
            seen
        };
        let seen = tokio::select! {
            () = keep => unreachable!("it never ends"),
            seen = seen => seen,
        };
        let (first, second) = (["10.0.0.1:1", "10.0.0.2:1"], ["10.0.0.2:1", "10.0.0.3:1"]);
        assert_eq!(seen, [first, first, first, second, second]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_resolver_that_never_answers_is_asked_again() {
        let asked = Mutex::new(0);
        let (known, keep) = watch_by("replicas".to_owned(), move || {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            let late = *asked == 1;
            async move {
                if late {
                    std::future::pending::<()>().await;
                }
                Ok(vec![SocketAddr::from(([10, 0, 0, 1], 1))])
            }
        });
        tokio::select! {
            () = keep => unreachable!("it never ends"),
            () = tokio::time::sleep(WITHIN + EVERY + Duration::from_millis(1)) => {}
        }
        assert_eq!(known.borrow().to_vec(), ["10.0.0.1:1"]);
    }
}
