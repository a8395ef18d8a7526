//! Where each service lives. The gateway learns it from whoever starts it.
use mesh::Channel;
use std::collections::HashMap;

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
        let package = service.rsplit_once('.').map_or("", |(package, _)| package);
        self.by_package.get(package).or(self.other.as_ref())
    }
}
