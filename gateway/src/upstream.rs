//! Where the services are: one channel for all of them, or one per service.
use mesh::Channel;
use std::collections::HashMap;

/// Channels by the full name of the proto service, with one for all others.
#[derive(Clone, Debug, Default)]
pub struct Upstreams {
    by_service: HashMap<String, Channel>,
    other: Option<Channel>,
}

impl Upstreams {
    /// One channel for everything: `jiewang up`, where all services live behind one address. With [`mesh::Chassis::edge_channel`]
    /// they believe what the gateway says of its clients' addresses.
    #[must_use]
    pub fn single(channel: Channel) -> Self {
        Self { by_service: HashMap::new(), other: Some(channel) }
    }

    /// The channel of one service, such as `jiewang.intake.v1.Reports`.
    #[must_use]
    pub fn with(mut self, service: &str, channel: Channel) -> Self {
        self.by_service.insert(service.to_owned(), channel);
        self
    }

    pub(crate) fn get(&self, service: &str) -> Option<&Channel> {
        self.by_service.get(service).or(self.other.as_ref())
    }
}
