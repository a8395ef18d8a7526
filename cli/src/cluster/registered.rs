//! This process in Consul: where others find what it runs.

use super::Settings;
use crate::args::Room;
use anyhow::bail;
use mesh::{Chassis, discovery::consul::Service};
use std::net::SocketAddr;

/// Registers the room that this process runs, when there is a Consul, until the drain begins.
///
/// A process is registered before it is ready: only who passes the health check is found.
pub(super) fn begin(chassis: &mut Chassis, settings: &Settings, listens: SocketAddr) -> anyhow::Result<()> {
    let Some(consul) = &settings.consul else { return Ok(()) };
    let (host, port) = match &settings.advertise {
        Some(at) => (at.host.clone(), at.port),
        None if listens.ip().is_unspecified() => {
            bail!("{listens} is no address that others can call: say with --advertise HOST:PORT which is")
        }
        None => (listens.ip().to_string(), listens.port()),
    };
    let mut farewells = Vec::new();
    for room in Room::all().iter().filter(|room| settings.rooms.has(**room)) {
        let service = Service { name: room.as_str(), host: host.clone(), port, tls: settings.tls.is_some() };
        let (registered, farewell) = consul.register(service);
        chassis.tasks().spawn_worker("discovery.registration", registered.keep(chassis.drain()));
        farewells.push(farewell);
    }
    chassis.before_closing(async move { drop(futures_util::future::join_all(farewells).await) });
    Ok(())
}
