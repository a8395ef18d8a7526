//! Intake in a process of the cluster.

use super::{Given, Hearing, Runs};
use crate::cluster::{books, catalog_of, settings::Settings};
use crate::room::Room;
use anyhow::Context;
use casebook::Casebook;
use intake::peers::{Dispatch, NoDispatch, WorkOrders};
use intake::{NAME, Seams, Service, config::Config, kinds};
use mesh::{Channel, Chassis, Sight};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// How long a look-up waits for dispatch before it answers without the reply.
const REPLY_WAIT: Duration = Duration::from_secs(1);

pub(super) async fn open(given: &Given<'_>) -> anyhow::Result<(Service, Casebook)> {
    let Given { chassis, folder, settings, peers, tree, policies } = given;
    let cases = books::open(chassis, folder, settings, NAME, kinds()).await?;
    let config = Config {
        place: settings.place.to_string(),
        catalog: catalog_of(&settings.data_dir, NAME),
        polygons: map_file(settings, "polygons.geojson"),
        points: map_file(settings, "points.csv"),
        guesses: settings.limits.intake.guesses,
        ..Config::default()
    };
    let seams = Seams {
        cases: cases.clone(),
        tree: Arc::clone(tree),
        clock: chassis.clock(),
        rng: chassis.rng(),
        orders: orders(chassis, peers.channel(Room::Dispatch, settings.rooms.has(Room::Dispatch))),
        positions: chassis.position_key().clone(),
        policies: Arc::clone(policies),
    };
    let service = Service::open(&config, seams).context("failed to open intake")?;
    Ok((service, cases))
}

/// How intake asks dispatch.
fn orders(chassis: &Chassis, dispatch: Option<&Channel>) -> Arc<dyn WorkOrders> {
    match dispatch {
        Some(channel) => Arc::new(Dispatch::new(channel.clone(), chassis.speaker(), REPLY_WAIT)),
        None => Arc::new(NoDispatch),
    }
}

/// What an operator laid into the data folder's `map/`: polygons of divisions with their code in the property `code`, and points.
fn map_file(settings: &Settings, name: &str) -> Option<PathBuf> {
    let file = settings.data_dir.join("map").join(name);
    file.is_file().then_some(file)
}

impl Runs for Service {
    fn serve(&self, chassis: &mut Chassis, sight: &Sight) {
        chassis.add_service(sight.before(self.server()));
        chassis.add_service(sight.before(self.suggestions_server()));
    }

    fn hears(&self) -> Option<Hearing> {
        Some(Hearing { of: Room::Dispatch, effects: self.effects() })
    }

    fn keep(&self, chassis: &Chassis) {
        let (drain, places) = (chassis.drain(), self.clone());
        chassis.tasks().spawn_worker("intake.places", async move { places.keep_places(drain.begun()).await });
        let (drain, likeness) = (chassis.drain(), self.clone());
        chassis.tasks().spawn_worker("intake.likeness", async move { likeness.keep_likeness(drain.begun()).await });
    }
}
