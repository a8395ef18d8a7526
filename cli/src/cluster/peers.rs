//! The services that this process calls: in itself, or where the settings say.

use super::settings::Settings;
use crate::args::Room;
use casebook::Casebook;
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
    pub(super) fn new(chassis: &Chassis, settings: &Settings) -> Self {
        let mut addresses: BTreeMap<Room, Vec<String>> = BTreeMap::new();
        for peer in &settings.peers {
            addresses.entry(peer.room).or_default().push(peer.address.clone());
        }
        addresses.retain(|room, _| !settings.rooms.has(*room));
        let channel = |(room, addresses): (Room, Vec<String>)| {
            (room, Channel::to_replicas(room.as_str(), discovery::fixed(addresses)))
        };
        let elsewhere = addresses.into_iter().map(channel).collect();
        Self { here: chassis.channel(), elsewhere, speaker: chassis.speaker() }
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
            packages(*room)
                .iter()
                .fold(upstreams, |upstreams, package| upstreams.with(package, chassis.at_edge(channel)))
        })
    }
}

/// The proto packages that a service serves.
const fn packages(room: Room) -> &'static [&'static str] {
    match room {
        Room::Intake => &["jiewang.intake.v1"],
        // The stream of public events is cut by places and units, which dispatch knows.
        Room::Dispatch => &["jiewang.dispatch.v1", "jiewang.events.v1"],
        Room::Gateway => &[],
    }
}
