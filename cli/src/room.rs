//! The rooms of a cluster: its services and the gateway. One table says what the binary knows of each service without opening it; how a
//! service is opened and run stands in `cluster/rooms`.

use casebook::Kinds;
use clap::ValueEnum;

/// What can be served by a process of its own.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub enum Room {
    Intake,
    Dispatch,
    // new-service: a room
    Gateway,
}

/// A service as the others know it.
pub struct Service {
    /// In paths, addresses, settings and event sources.
    pub name: &'static str,
    /// The proto packages that it serves.
    pub packages: &'static [&'static str],
    /// What its database holds.
    pub kinds: fn() -> Kinds,
}

impl Room {
    /// What is known of it; the gateway is no service.
    #[must_use]
    pub const fn service(self) -> Option<Service> {
        let (name, packages, kinds): (_, &[_], fn() -> _) = match self {
            Self::Intake => (intake::NAME, &["jiewang.intake.v1"], intake::kinds),
            // The stream of public events is cut by places and units, which dispatch knows; its journal has who broke a glass.
            Self::Dispatch => {
                (dispatch::NAME, &["jiewang.dispatch.v1", "jiewang.events.v1", "jiewang.guard.v1"], dispatch::kinds)
            }
            // new-service: a line of the table
            Self::Gateway => return None,
        };
        Some(Service { name, packages, kinds })
    }

    /// The name in paths, addresses and settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.service() {
            Some(service) => service.name,
            None => "gateway",
        }
    }

    /// Every room.
    #[must_use]
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Those that keep cases and are called by others.
    pub fn services() -> impl Iterator<Item = (Self, Service)> {
        Self::all().iter().filter_map(|room| Some((*room, room.service()?)))
    }

    /// The service of that name.
    #[must_use]
    pub fn of_service(name: &str) -> Option<Self> {
        Self::services().find(|(_, service)| service.name == name).map(|(room, _)| room)
    }

    /// All services in a sentence: "intake and dispatch".
    #[must_use]
    pub fn list_of_services() -> String {
        let names: Vec<&str> = Self::services().map(|(_, service)| service.name).collect();
        let (last, before) = names.split_last().expect("a cluster has services");
        if before.is_empty() { (*last).to_owned() } else { format!("{} and {last}", before.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_typed_as_it_is_named_everywhere_else() {
        for room in Room::all() {
            assert_eq!(room.to_possible_value().unwrap().get_name(), room.as_str());
        }
    }

    #[test]
    fn a_package_has_one_service_and_each_service_the_package_of_its_name() {
        let served: Vec<&str> = Room::services().flat_map(|(_, service)| service.packages).copied().collect();
        for package in &served {
            assert_eq!(served.iter().filter(|other| *other == package).count(), 1, "{package}");
        }
        for (room, service) in Room::services() {
            assert!(service.packages.contains(&&*format!("jiewang.{}.v1", service.name)), "{room:?}");
        }
    }
}
