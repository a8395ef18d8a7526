//! The services of a process, opened and joined.

use super::{books, catalog_of, feeds, folder::Folder, settings::Settings};
use anyhow::Context;
use casebook::{Casebook, Consume, StoreError, run_timers};
use civic::{Calendar, Tree};
use intake::peers::{Dispatch, NoDispatch, WorkOrders};
use mesh::{Chassis, Sight};
use std::{sync::Arc, time::Duration};

/// How long a look-up waits for dispatch before it answers without the reply.
const REPLY_WAIT: Duration = Duration::from_secs(1);

/// The services of this process, each with its casebook.
pub(super) struct Opened {
    intake: Option<(intake::Service, Casebook)>,
    dispatch: Option<(dispatch::Service, Casebook)>,
}

impl Opened {
    /// Opens the rooms that are asked for and adds their servers.
    pub(super) async fn open(chassis: &mut Chassis, folder: &Folder, settings: &Settings) -> anyhow::Result<Self> {
        let tree = Tree::chongqing();
        let mut opened = Self { intake: None, dispatch: None };
        if settings.rooms.intake {
            opened.intake = Some(open_intake(chassis, folder, settings, &tree).await?);
        }
        if settings.rooms.dispatch {
            opened.dispatch = Some(open_dispatch(chassis, folder, settings, &tree).await?);
        }
        if let Some((service, book)) = &opened.intake {
            let sight = sight(chassis, book, opened.dispatch.as_ref().map(|(_, book)| book));
            chassis.add_service(sight.before(service.server()));
        }
        if let Some((service, book)) = &opened.dispatch {
            let sight = sight(chassis, book, opened.intake.as_ref().map(|(_, book)| book));
            chassis.add_service(sight.before(service.server()));
            chassis.add_service(service.events_server());
        }
        Ok(opened)
    }

    pub(super) fn books(&self) -> Vec<Casebook> {
        let intake = self.intake.iter().map(|(_, book)| book.clone());
        intake.chain(self.dispatch.iter().map(|(_, book)| book.clone())).collect()
    }

    /// Begins to fire timers, to publish and to consume.
    pub(super) fn join(&self, chassis: &Chassis, settings: &Settings) -> anyhow::Result<()> {
        for book in self.books() {
            feeds::relay(chassis, settings, &book)?;
        }
        if let Some((service, book)) = &self.dispatch {
            let (drain, book, fire) = (chassis.drain(), book.clone(), service.timers());
            chassis.tasks().spawn_worker("dispatch.timers", async move { run_timers(book, fire, drain.begun()).await });
        }
        self.recalculate(chassis, settings);
        if let (Some((intake, intake_book)), Some((dispatch, dispatch_book))) = (&self.intake, &self.dispatch) {
            feeds::consume(chassis, settings, dispatch_book, intake_book, dispatch.effects())?;
            feeds::consume(chassis, settings, intake_book, dispatch_book, intake.effects())?;
        }
        Ok(())
    }

    /// Open clocks that ran beyond the calendar are computed anew when an operator has laid years over it.
    fn recalculate(&self, chassis: &Chassis, settings: &Settings) {
        let loaded = crate::folder::read_calendars(&settings.data_dir).is_ok_and(|years| !years.is_empty());
        let Some((service, _)) = self.dispatch.as_ref().filter(|_| loaded) else { return };
        let service = service.clone();
        chassis.tasks().spawn("dispatch.calendar", async move {
            match service.app().recalculate().await {
                Ok(moved) => tracing::info!(moved, "dispatch.clocks.recalculated"),
                Err(error) => tracing::error!(%error, "dispatch.clocks.recalculation_failed"),
            }
        });
    }

    /// See [`Consume::replay`]. Nothing when this process does not run the service.
    pub(super) async fn replay(&self, service: &str, producer: &str, subject: &str) -> Result<usize, StoreError> {
        let consume = match (service, &self.intake, &self.dispatch) {
            (intake::NAME, Some((intake, book)), _) => Consume::new(book.clone(), intake.effects()),
            (dispatch::NAME, _, Some((dispatch, book))) => Consume::new(book.clone(), dispatch.effects()),
            (_, _, _) => return Ok(0),
        };
        consume.replay(producer, subject).await
    }
}

fn sight(chassis: &Chassis, own: &Casebook, producer: Option<&Casebook>) -> Sight {
    Sight::new(own.clone(), producer.cloned().into_iter().collect(), chassis.position_key().clone())
}

async fn open_intake(
    chassis: &Chassis,
    folder: &Folder,
    settings: &Settings,
    tree: &Arc<Tree>,
) -> anyhow::Result<(intake::Service, Casebook)> {
    let cases = books::open(chassis, folder, &settings.databases, intake::NAME, intake::kinds()).await?;
    let config = intake::config::Config {
        place: settings.place.to_string(),
        catalog: catalog_of(&settings.data_dir, intake::NAME),
        polygons: map_file(settings, "polygons.geojson"),
        points: map_file(settings, "points.csv"),
        ..intake::config::Config::default()
    };
    let orders: Arc<dyn WorkOrders> = match settings.rooms.dispatch {
        true => Arc::new(Dispatch::new(chassis.channel(), chassis.token_key().clone(), chassis.clock(), REPLY_WAIT)),
        false => Arc::new(NoDispatch),
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
    let cases = books::open(chassis, folder, &settings.databases, dispatch::NAME, dispatch::kinds()).await?;
    let config = dispatch::config::Config {
        place: settings.place.to_string(),
        catalog: catalog_of(&settings.data_dir, dispatch::NAME),
    };
    let seams = dispatch::Seams {
        cases: cases.clone(),
        tree: tree.clone(),
        calendar: calendar(settings)?,
        clock: chassis.clock(),
        positions: chassis.position_key().clone(),
    };
    let service = dispatch::Service::open(&config, seams).context("failed to open dispatch")?;
    Ok((service, cases))
}

/// What an operator laid into the data folder's `map/`: polygons of divisions with their code in the property `code`, and points.
fn map_file(settings: &Settings, name: &str) -> Option<std::path::PathBuf> {
    let file = settings.data_dir.join("map").join(name);
    file.is_file().then_some(file)
}

/// The built-in calendar with the operator's years laid over it.
fn calendar(settings: &Settings) -> anyhow::Result<Arc<Calendar>> {
    let mut calendar = Calendar::china();
    for (version, text) in crate::folder::read_calendars(&settings.data_dir)? {
        let loaded =
            Calendar::load_csv(&version, &text).with_context(|| format!("the calendar {version} cannot be read"))?;
        calendar.extend(&loaded);
    }
    Ok(Arc::new(calendar))
}
