//! Specimen in a process of the cluster.

use super::{Given, Runs};
use crate::cluster::books;
use anyhow::Context;
use casebook::Casebook;
use mesh::{Chassis, Sight};
use specimen::{NAME, Seams, Service, config::Config, kinds};
use std::sync::Arc;

pub(super) async fn open(given: &Given<'_>) -> anyhow::Result<(Service, Casebook)> {
    let Given { chassis, folder, settings, tree, .. } = given;
    let cases = books::open(chassis, folder, settings, NAME, kinds()).await?;
    let config = Config { place: settings.place.to_string() };
    let seams = Seams {
        cases: cases.clone(),
        tree: Arc::clone(tree),
        clock: chassis.clock(),
        rng: chassis.rng(),
        positions: chassis.position_key().clone(),
    };
    let service = Service::open(&config, seams).context("failed to open specimen")?;
    Ok((service, cases))
}

impl Runs for Service {
    fn serve(&self, chassis: &mut Chassis, sight: &Sight) {
        chassis.add_service(sight.before(self.server()));
    }
}
