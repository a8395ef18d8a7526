//! Where each service lives. The gateway learns it from whoever starts it.
use crate::seats::Seats;
use mesh::Channel;
use std::collections::HashMap;
use std::sync::Arc;

/// What is behind a route: who answers, and how many calls it may have at work.
pub(crate) struct Behind {
    pub(crate) channel: Channel,
    pub(crate) seats: Arc<Seats>,
}

/// Channels by the package of the proto services behind them, with one for all others.
#[derive(Clone, Debug, Default)]
pub struct Upstreams {
    by_package: HashMap<String, Channel>,
    other: Option<Channel>,
}

impl Upstreams {
    /// One channel for everything: `jiewang up`, where all services live behind one address. With [`mesh::Chassis::at_edge`]
    /// they believe what the gateway says of its clients' addresses.
    #[must_use]
    pub fn single(channel: Channel) -> Self {
        Self { by_package: HashMap::new(), other: Some(channel) }
    }

    /// The channel of one package's services, such as `jiewang.intake.v1`.
    #[must_use]
    pub fn with(mut self, package: &str, channel: Channel) -> Self {
        self.by_package.insert(package.to_owned(), channel);
        self
    }

    /// By the full name of a service, such as `jiewang.intake.v1.Reports`.
    pub(crate) fn get(&self, service: &str) -> Option<&Channel> {
        self.by_package.get(package(service)).or(self.other.as_ref())
    }
}

/// Of a service's full name; its services share a process.
pub(crate) fn package(service: &str) -> &str {
    service.rsplit_once('.').map_or("", |(package, _)| package)
}
