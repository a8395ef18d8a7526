//! The services of a process, opened and joined.

use super::{books, catalog_of, feeds, folder::Folder, parked::Parked, peers::Peers, settings::Settings, simulated};
use crate::args::Room;
use anyhow::Context;
use casebook::{Casebook, Effects, Fire, run_timers};
use civic::{Calendar, Tree};
use dispatch::domain::arrangement::Matter;
use intake::peers::{Dispatch, NoDispatch, WorkOrders};
use mesh::{Channel, Chassis, Log, Sight};
use std::{sync::Arc, time::Duration};

/// How long a look-up waits for dispatch before it answers without the reply.
const REPLY_WAIT: Duration = Duration::from_secs(1);

/// The rpcs of both services without the wire, their books, and what happens when a timer comes due.
pub struct Hands {
    pub filing: intake::grpc::Grpc,
    pub handling: dispatch::grpc::Grpc,
    pub timers: Arc<dyn Fire>,
    pub reports: Casebook,
    pub orders: Casebook,
}

/// Under a simulated clock an event takes effect at the instant that it tells of, however late it is read.
fn told(settings: &Settings, effects: Arc<dyn Effects>) -> Arc<dyn Effects> {
    if settings.simulated { Arc::new(simulated::AtItsInstant::new(effects)) } else { effects }
}

/// The services of this process, each with its casebook.
pub(super) struct Opened {
    intake: Option<(intake::Service, Casebook)>,
    dispatch: Option<(dispatch::Service, Casebook)>,
}

impl Opened {
    /// Opens the rooms that are asked for and adds their servers.
    pub(super) async fn open(
        chassis: &mut Chassis,
        folder: &Folder,
        settings: &Settings,
        peers: &Peers,
    ) -> anyhow::Result<Self> {
        let tree = Tree::chongqing();
        let mut opened = Self { intake: None, dispatch: None };
        if settings.rooms.intake {
            let orders = orders(chassis, peers.channel(Room::Dispatch, settings.rooms.dispatch));
            opened.intake = Some(open_intake(chassis, folder, settings, &tree, orders).await?);
        }
        if settings.rooms.dispatch {
            opened.dispatch = Some(open_dispatch(chassis, folder, settings, &tree).await?);
        }
        if let Some((service, book)) = &opened.intake {
            let sight = sight(chassis, book, opened.log_of(Room::Dispatch, book, peers));
            chassis.add_service(sight.before(service.server()));
            chassis.add_service(sight.before(service.suggestions_server()));
        }
        if let Some((service, book)) = &opened.dispatch {
            let sight = sight(chassis, book, opened.log_of(Room::Intake, book, peers));
            chassis.add_service(sight.before(service.server()));
            chassis.add_service(sight.before(service.cooperation_server()));
            chassis.add_service(sight.before(service.tasks_server()));
            chassis.add_service(sight.before(service.care_server()));
            chassis.add_service(sight.before(service.duties_server()));
            chassis.add_service(sight.before(service.building_days_server()));
            chassis.add_service(sight.before(service.interviews_server()));
            chassis.add_service(sight.before(service.task_forces_server()));
            chassis.add_service(sight.before(service.emergencies_server()));
            chassis.add_service(sight.before(service.warnings_server()));
            chassis.add_service(sight.before(service.rates_server()));
            chassis.add_service(sight.before(service.evaluations_server()));
            chassis.add_service(service.events_server());
            chassis.add_service(service.arrangements_server());
        }
        Ok(opened)
    }

    /// The log of another service as `consumer` reads it, unless nobody said where it is.
    fn log_of(&self, producer: Room, consumer: &Casebook, peers: &Peers) -> Option<Log> {
        let book = match producer {
            Room::Intake => self.intake.as_ref().map(|(_, book)| book),
            Room::Dispatch => self.dispatch.as_ref().map(|(_, book)| book),
            Room::Gateway => None,
        };
        peers.log(consumer, producer, book)
    }

    pub(super) fn books(&self) -> Vec<Casebook> {
        let intake = self.intake.iter().map(|(_, book)| book.clone());
        intake.chain(self.dispatch.iter().map(|(_, book)| book.clone())).collect()
    }

    /// Begins to fire timers, to publish and to consume.
    pub(super) fn join(&self, chassis: &Chassis, settings: &Settings, peers: &Peers) -> anyhow::Result<()> {
        for book in self.books() {
            feeds::relay(chassis, settings, &book)?;
        }
        if let Some((service, book)) = self.dispatch.as_ref().filter(|_| !settings.simulated) {
            let (drain, book, fire) = (chassis.drain(), book.clone(), service.timers());
            chassis.tasks().spawn_worker("dispatch.timers", async move { run_timers(book, fire, drain.begun()).await });
        }
        if let Some((service, _)) = &self.dispatch {
            let (drain, service) = (chassis.drain(), service.clone());
            chassis.tasks().spawn_worker("dispatch.places", async move { service.keep_places(drain.begun()).await });
        }
        if let Some((service, _)) = &self.dispatch {
            let (drain, service) = (chassis.drain(), service.clone());
            let keep = async move { service.keep_arranged(drain.begun()).await };
            chassis.tasks().spawn_worker("dispatch.arrangements", keep);
        }
        if let Some((service, _)) = &self.intake {
            let (drain, places) = (chassis.drain(), service.clone());
            chassis.tasks().spawn_worker("intake.places", async move { places.keep_places(drain.begun()).await });
            let (drain, likeness) = (chassis.drain(), service.clone());
            let keep = async move { likeness.keep_likeness(drain.begun()).await };
            chassis.tasks().spawn_worker("intake.likeness", keep);
        }
        if let Some((service, book)) = &self.dispatch
            && let Some(intake) = self.log_of(Room::Intake, book, peers)
        {
            feeds::consume(chassis, settings, book, &intake, told(settings, service.effects()))?;
        }
        if let Some((service, book)) = &self.intake
            && let Some(dispatch) = self.log_of(Room::Dispatch, book, peers)
        {
            feeds::consume(chassis, settings, book, &dispatch, service.effects())?;
        }
        Ok(())
    }

    /// The rpcs and the timers, for whoever is in the same process and moves the time.
    pub(super) fn hands(&self) -> Option<Hands> {
        let ((intake, reports), (dispatch, orders)) = self.intake.as_ref().zip(self.dispatch.as_ref())?;
        Some(Hands {
            filing: intake.rpcs(),
            handling: dispatch.rpcs(),
            timers: dispatch.timers(),
            reports: reports.clone(),
            orders: orders.clone(),
        })
    }

    /// Takes in what operators laid into the data folder while nothing ran. A file that cannot be taken in is named in the log, and the
    /// cluster runs on with what it knows: an old calendar is no reason to turn reports away.
    pub(super) async fn import(&self, settings: &Settings) -> anyhow::Result<()> {
        let Some((service, _)) = &self.dispatch else { return Ok(()) };
        for (version, text) in crate::folder::read_calendars(&settings.data_dir)? {
            Calendar::load_csv(&version, &text)
                .with_context(|| format!("the calendar {version} of the data folder cannot be read"))?;
            let files = vec![(dispatch::domain::arrangement::DAYS.to_owned(), text)];
            import(service, Matter::Calendar, &version, files).await;
        }
        if let Some((version, files)) = crate::folder::read_duty_list(&settings.data_dir)? {
            import(service, Matter::DutyList, &version, files).await;
        }
        if let Some((version, files)) = crate::folder::read_plans(&crate::folder::dispatch_catalog(&settings.data_dir))?
        {
            import(service, Matter::EmergencyPlans, &version, files).await;
        }
        Ok(())
    }

    /// The parked cases of these services.
    pub(super) fn parked(&self) -> Parked {
        let intake = self.intake.iter().map(|(service, book)| (book.clone(), service.effects()));
        let dispatch = self.dispatch.iter().map(|(service, book)| (book.clone(), service.effects()));
        Parked::new(intake.chain(dispatch))
    }
}

async fn import(service: &dispatch::Service, matter: Matter, version: &str, files: Vec<(String, String)>) {
    match service.app().import(matter, version, files).await {
        Ok(true) => tracing::info!(version, "jiewang.arrangement.imported"),
        Ok(false) => {}
        Err(error) => tracing::error!(version, error = %mesh::Chain(&error), "jiewang.arrangement.not_imported"),
    }
}

fn sight(chassis: &Chassis, own: &Casebook, producer: Option<Log>) -> Sight {
    Sight::new(own.clone(), producer.into_iter().collect(), chassis.position_key().clone())
}

/// How intake asks dispatch.
fn orders(chassis: &Chassis, dispatch: Option<&Channel>) -> Arc<dyn WorkOrders> {
    match dispatch {
        Some(channel) => Arc::new(Dispatch::new(channel.clone(), chassis.speaker(), REPLY_WAIT)),
        None => Arc::new(NoDispatch),
    }
}

async fn open_intake(
    chassis: &Chassis,
    folder: &Folder,
    settings: &Settings,
    tree: &Arc<Tree>,
    orders: Arc<dyn WorkOrders>,
) -> anyhow::Result<(intake::Service, Casebook)> {
    let cases = books::open(chassis, folder, settings, intake::NAME, intake::kinds()).await?;
    let config = intake::config::Config {
        place: settings.place.to_string(),
        catalog: catalog_of(&settings.data_dir, intake::NAME),
        polygons: map_file(settings, "polygons.geojson"),
        points: map_file(settings, "points.csv"),
        ..intake::config::Config::default()
    };
    let seams = intake::Seams {
        cases: cases.clone(),
        tree: tree.clone(),
        clock: chassis.clock(),
        rng: chassis.rng(),
        orders,
        positions: chassis.position_key().clone(),
    };
    let service = intake::Service::open(&config, seams).context("failed to open intake")?;
    Ok((service, cases))
}

async fn open_dispatch(
    chassis: &Chassis,
    folder: &Folder,
    settings: &Settings,
    tree: &Arc<Tree>,
) -> anyhow::Result<(dispatch::Service, Casebook)> {
    let cases = books::open(chassis, folder, settings, dispatch::NAME, dispatch::kinds()).await?;
    let config = dispatch::config::Config {
        place: settings.place.to_string(),
        catalog: catalog_of(&settings.data_dir, dispatch::NAME),
    };
    let seams = dispatch::Seams {
        cases: cases.clone(),
        tree: tree.clone(),
        calendar: Arc::new(Calendar::china()),
        clock: chassis.clock(),
        rng: chassis.rng(),
        positions: chassis.position_key().clone(),
    };
    let service = dispatch::Service::open(&config, seams).context("failed to open dispatch")?;
    service.app().refresh().await.context("dispatch cannot read what operators loaded")?;
    Ok((service, cases))
}

/// What an operator laid into the data folder's `map/`: polygons of divisions with their code in the property `code`, and points.
fn map_file(settings: &Settings, name: &str) -> Option<std::path::PathBuf> {
    let file = settings.data_dir.join("map").join(name);
    file.is_file().then_some(file)
}
