//! Dispatch in a process of the cluster, and what operators lay into the data folder for it.

use super::{Given, Hearing, Runs};
use crate::cluster::{books, catalog_of, settings::Settings};
use crate::room::Room;
use anyhow::Context;
use casebook::{Casebook, Fire};
use civic::Calendar;
use dispatch::domain::arrangement::{DAYS, Matter};
use dispatch::{NAME, Seams, Service, config::Config, kinds};
use mesh::{Chassis, Sight};
use std::sync::Arc;

pub(super) async fn open(given: &Given<'_>) -> anyhow::Result<(Service, Casebook)> {
    let Given { chassis, folder, settings, tree, policies, .. } = given;
    let cases = books::open(chassis, folder, settings, NAME, kinds()).await?;
    let config = Config { place: settings.place.to_string(), catalog: catalog_of(&settings.data_dir, NAME) };
    let seams = Seams {
        cases: cases.clone(),
        tree: Arc::clone(tree),
        calendar: Arc::new(Calendar::china()),
        clock: chassis.clock(),
        rng: chassis.rng(),
        positions: chassis.position_key().clone(),
        policies: Arc::clone(policies),
    };
    let service = Service::open(&config, seams).context("failed to open dispatch")?;
    service.app().refresh().await.context("dispatch cannot read what operators loaded")?;
    Ok((service, cases))
}

/// Takes in what operators laid into the data folder while nothing ran. A file that cannot be taken in is named in the log, and the
/// cluster runs on with what it knows: an old calendar is no reason to turn reports away.
pub(super) async fn import(service: &Service, settings: &Settings) -> anyhow::Result<()> {
    for (version, text) in crate::folder::read_calendars(&settings.data_dir)? {
        Calendar::load_csv(&version, &text)
            .with_context(|| format!("the calendar {version} of the data folder cannot be read"))?;
        take_in(service, Matter::Calendar, &version, vec![(DAYS.to_owned(), text)]).await;
    }
    if let Some((version, files)) = crate::folder::read_duty_list(&settings.data_dir)? {
        take_in(service, Matter::DutyList, &version, files).await;
    }
    if let Some((version, files)) = crate::folder::read_plans(&crate::folder::dispatch_catalog(&settings.data_dir))? {
        take_in(service, Matter::EmergencyPlans, &version, files).await;
    }
    Ok(())
}

async fn take_in(service: &Service, matter: Matter, version: &str, files: Vec<(String, String)>) {
    match service.app().import(matter, version, files).await {
        Ok(true) => tracing::info!(version, "jiewang.arrangement.imported"),
        Ok(false) => {}
        Err(error) => tracing::error!(version, error = %mesh::Chain(&error), "jiewang.arrangement.not_imported"),
    }
}

impl Runs for Service {
    fn serve(&self, chassis: &mut Chassis, sight: &Sight) {
        chassis.add_service(sight.before(self.server()));
        chassis.add_service(sight.before(self.cooperation_server()));
        chassis.add_service(sight.before(self.tasks_server()));
        chassis.add_service(sight.before(self.care_server()));
        chassis.add_service(sight.before(self.duties_server()));
        chassis.add_service(sight.before(self.building_days_server()));
        chassis.add_service(sight.before(self.interviews_server()));
        chassis.add_service(sight.before(self.task_forces_server()));
        chassis.add_service(sight.before(self.emergencies_server()));
        chassis.add_service(sight.before(self.warnings_server()));
        chassis.add_service(sight.before(self.rates_server()));
        chassis.add_service(sight.before(self.evaluations_server()));
        chassis.add_service(self.events_server());
        chassis.add_service(self.arrangements_server());
    }

    fn hears(&self) -> Option<Hearing> {
        Some(Hearing { of: Room::Intake, effects: self.effects() })
    }

    fn timers(&self) -> Option<Arc<dyn Fire>> {
        Some(Self::timers(self))
    }

    fn keep(&self, chassis: &Chassis) {
        let (drain, places) = (chassis.drain(), self.clone());
        chassis.tasks().spawn_worker("dispatch.places", async move { places.keep_places(drain.begun()).await });
        let (drain, arranged) = (chassis.drain(), self.clone());
        let keep = async move { arranged.keep_arranged(drain.begun()).await };
        chassis.tasks().spawn_worker("dispatch.arrangements", keep);
    }
}
