//! The services that this process calls: in itself, where the settings say, or where Consul does.

use super::settings::Settings;
use crate::args::{Place, Room};
use anyhow::bail;
use casebook::Casebook;
use mesh::discovery::{Addresses, consul::Pace};
use mesh::tls::Tls;
use mesh::{Channel, Chassis, Log, RemoteLog, Speaker, discovery};
use queue::EventSource as _;
use std::{collections::BTreeMap, sync::Arc};

/// See the module.
pub(super) struct Peers {
    here: Channel,
    elsewhere: BTreeMap<Room, Channel>,
    speaker: Speaker,
}

impl Peers {
    pub(super) fn new(chassis: &Chassis, settings: &Settings, tls: Option<&Tls>) -> Self {
        let elsewhere = Room::services().map(|(room, _)| room).filter(|room| !settings.rooms.has(*room));
        let channel = |room: Room| {
            let addresses = source(chassis, settings, room)?;
            let channel = match &settings.network {
                Some(network) => Channel::to_replicas_over(network.clone(), room.as_str(), addresses),
                None => Channel::to_replicas(room.as_str(), addresses, tls.cloned()),
            };
            Some((room, channel))
        };
        Self { here: chassis.channel(), elsewhere: elsewhere.filter_map(channel).collect(), speaker: chassis.speaker() }
    }

    /// The way to a service, `here` saying whether this process runs it; `None` when nobody said where it is.
    pub(super) fn channel(&self, room: Room, here: bool) -> Option<&Channel> {
        if here { Some(&self.here) } else { self.elsewhere.get(&room) }
    }

    /// The log of a service as `consumer` reads it: its book, when this process has it.
    pub(super) fn log(&self, consumer: &Casebook, producer: Room, book: Option<&Casebook>) -> Option<Log> {
        if let Some(book) = book {
            return Some(Log::Here(book.clone()));
        }
        let channel = self.elsewhere.get(&producer)?;
        let (asks, asked) = (consumer.service(), producer.as_str());
        let log = RemoteLog::new(channel, self.speaker.clone(), asks, asked, super::PARTITIONS);
        Some(Log::There(Arc::new(log)))
    }

    /// Those elsewhere.
    pub(super) fn elsewhere(&self) -> Vec<(&'static str, Channel)> {
        self.elsewhere.iter().map(|(room, channel)| (room.as_str(), channel.clone())).collect()
    }

    /// Where the gateway finds everything: the packages of services elsewhere, and this process for the rest.
    pub(super) fn upstreams(&self, chassis: &Chassis) -> gateway::Upstreams {
        let here = gateway::Upstreams::single(chassis.at_edge(&self.here));
        self.elsewhere.iter().fold(here, |upstreams, (room, channel)| {
            let packages = room.service().map_or(&[][..], |service| service.packages);
            packages.iter().fold(upstreams, |upstreams, package| upstreams.with(package, chassis.at_edge(channel)))
        })
    }
}

/// Refuses a service that is named twice: by a name, which stands for all its replicas, and otherwise.
pub(super) fn check(settings: &Settings) -> anyhow::Result<()> {
    for (room, service) in Room::services() {
        let places = || settings.peers.iter().filter(|peer| peer.room == room).map(|peer| &peer.place);
        if places().count() > 1 && places().any(|place| matches!(place, Place::Dns { .. })) {
            bail!("--peer names {} by dns: and otherwise: a name stands for all its replicas", service.name);
        }
    }
    Ok(())
}

/// The source of a service's addresses: the settings' before Consul, of those a name before a list; `None` when nobody says.
fn source(chassis: &Chassis, settings: &Settings, room: Room) -> Option<Addresses> {
    let mut list = Vec::new();
    for peer in settings.peers.iter().filter(|peer| peer.room == room) {
        match &peer.place {
            Place::Address(address) => list.push(address.clone()),
            Place::Dns { name, port } => {
                let (addresses, keep) = discovery::dns::watch(name.clone(), *port);
                chassis.tasks().spawn_aside("discovery.dns", keep);
                return Some(addresses);
            }
        }
    }
    if !list.is_empty() {
        return Some(discovery::fixed(list));
    }
    let (addresses, keep) = settings.consul.as_ref()?.watch(room.as_str(), Pace::default(), chassis.rng());
    chassis.tasks().spawn_aside("discovery.consul", keep);
    Some(addresses)
}
