//! Intake (受理): many doors, one list. A report is validated, placed, classified, sealed and committed; then it has a tracking
//! number that a person can read aloud, and from there on it is never lost.
//!
//! Read [`grpc`] (the rpcs), [`app`] (the use cases), [`domain`] (the rules), in that order.

pub mod app;
pub mod catalog;
pub mod config;
pub mod convert;
pub mod domain;
pub mod error;
pub mod events;
#[doc(hidden)]
pub mod fuzzing;
pub mod grpc;
pub mod guesses;
pub mod peers;
mod rulings;

use app::{App, Map, Parts};
use casebook::{Casebook, Effects, Kinds};
use catalog::{Catalog, CatalogError};
use civic::taxonomy::Taxonomy;
use civic::{Atlas, AtlasError, Clock, Gazetteer, Rng, Tree};
use config::{Config, ConfigError};
pub use domain::likeness;
pub use error::Error;
use grpc::Grpc;
use mesh::{Policies, PositionKey};
use peers::WorkOrders;
use proto::intake::v1::reports_server::ReportsServer;
use proto::intake::v1::suggestions_server::SuggestionsServer;
pub use rulings::rulings;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

/// Name of the service in logs, positions and event sources.
pub const NAME: &str = "intake";

/// The kinds of case that intake's database holds.
pub fn kinds() -> Kinds {
    Kinds::default().with::<domain::Report>().with::<domain::selection::Selection>()
}

/// What intake is given by whoever starts it.
pub struct Seams {
    pub cases: Casebook,
    /// Shared with the other services of the process: it holds twelve thousand places.
    pub tree: Arc<Tree>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub orders: Arc<dyn WorkOrders>,
    pub positions: PositionKey,
    pub policies: Arc<dyn Policies>,
}

/// Why intake cannot be opened: all of them are the configuration's.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("intake.place {0} is not in the division tree")]
    PlaceUnknown(String),
    #[error("catalog")]
    Catalog(#[from] CatalogError),
    #[error("failed to read {path}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("map {path}")]
    Map { path: String, source: AtlasError },
}

/// The service, ready to be served.
#[derive(Clone)]
pub struct Service {
    app: Arc<App>,
    positions: PositionKey,
}

impl Service {
    /// Reads catalog and map, checks the configuration. Reads files; call it before serving.
    pub fn open(config: &Config, seams: Seams) -> Result<Self, OpenError> {
        config.validate()?;
        let map = build_map(config, &seams)?;
        let catalog = build_catalog(config.catalog.as_deref())?;
        let Seams { cases, clock, rng, orders, positions, policies, tree: _ } = seams;
        let app = App::new(Parts { cases, catalog, map, clock, rng, orders, policies }, config);
        Ok(Self { app: Arc::new(app), positions })
    }

    /// The gRPC server, to be added to the chassis.
    pub fn server(&self) -> ReportsServer<Grpc> {
        ReportsServer::new(self.rpcs())
    }

    /// The gRPC server of suggestions and their quarterly choice.
    pub fn suggestions_server(&self) -> SuggestionsServer<Grpc> {
        SuggestionsServer::new(self.rpcs())
    }

    /// The rpcs without a connection before them: for whoever calls in the same process and says who asks.
    pub fn rpcs(&self) -> Grpc {
        Grpc::new(Arc::clone(&self.app), self.positions.clone())
    }

    /// What intake does about dispatch's events.
    pub fn effects(&self) -> Arc<dyn Effects> {
        Arc::new(events::FollowOrders)
    }

    /// Puts open reports where their places lie after each reform of the divisions, until `stop`.
    pub async fn keep_places(&self, stop: impl Future<Output = ()> + Send) {
        self.app.keep_places(stop).await;
    }

    /// Keeps what likely duplicates are found by, until `stop`.
    pub async fn keep_likeness(&self, stop: impl Future<Output = ()> + Send) {
        self.app.keep_likeness(stop).await;
    }

    /// Puts an operator's catalog in force without a restart.
    pub fn load_catalog(&self, folder: &Path) -> Result<String, CatalogError> {
        let catalog = Catalog::load(folder, Taxonomy::builtin())?;
        let version = catalog.version().to_owned();
        self.app.replace_catalog(catalog);
        Ok(version)
    }

    pub fn app(&self) -> &App {
        &self.app
    }
}

fn build_catalog(folder: Option<&Path>) -> Result<Catalog, CatalogError> {
    folder.map_or_else(|| Ok(Catalog::builtin()), |folder| Catalog::load(folder, Taxonomy::builtin()))
}

fn build_map(config: &Config, seams: &Seams) -> Result<Map, OpenError> {
    let tree = Arc::clone(&seams.tree);
    let view = tree.today(seams.clock.now());
    let unknown = || OpenError::PlaceUnknown(config.place.clone());
    let root = config.place.parse().map_err(|_| unknown())?;
    view.get(&root).ok_or_else(unknown)?;
    Ok(Map { root, atlas: build_atlas(config)?, gazetteer: Gazetteer::new(&view), tree })
}

fn build_atlas(config: &Config) -> Result<Atlas, OpenError> {
    let mut atlas = Atlas::empty();
    if let Some(path) = &config.polygons {
        let loaded = atlas.load_geojson(&read(path)?, &config.polygon_code);
        loaded.map_err(|source| OpenError::Map { path: path.display().to_string(), source })?;
    }
    if let Some(path) = &config.points {
        let loaded = atlas.load_points_csv(&read(path)?, f64::from(config.points_within_metres));
        loaded.map_err(|source| OpenError::Map { path: path.display().to_string(), source })?;
    }
    Ok(atlas)
}

fn read(path: &Path) -> Result<String, OpenError> {
    std::fs::read_to_string(path).map_err(|source| OpenError::Unreadable { path: path.display().to_string(), source })
}
