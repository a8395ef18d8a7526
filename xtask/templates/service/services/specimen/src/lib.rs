//! Specimen: matters of a place, opened and closed. What it is for, say here in two sentences.
//!
//! Read [`grpc`] (the rpcs), [`app`] (the use cases), [`domain`] (the rules), in that order.

pub mod app;
pub mod config;
pub mod convert;
pub mod domain;
pub mod error;
pub mod grpc;

use app::App;
use casebook::{Casebook, Kinds};
use civic::{Clock, Rng, Tree};
use config::{Config, ConfigError};
pub use error::Error;
use grpc::Grpc;
use mesh::PositionKey;
use proto::specimen::v1::matters_server::MattersServer;
use std::sync::Arc;

/// Name of the service in logs, positions and event sources.
pub const NAME: &str = "specimen";

/// The kinds of case that its database holds.
#[must_use]
pub fn kinds() -> Kinds {
    Kinds::default().with::<domain::matter::Matter>()
}

/// What it is given by whoever starts it.
pub struct Seams {
    pub cases: Casebook,
    /// Shared with the other services of the process: it holds twelve thousand places.
    pub tree: Arc<Tree>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub positions: PositionKey,
}

/// Why it cannot be opened: all of them are the configuration's.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("specimen.place {0} is not in the division tree")]
    PlaceUnknown(String),
}

/// The service, ready to be served.
#[derive(Clone)]
pub struct Service {
    app: Arc<App>,
    positions: PositionKey,
}

impl Service {
    /// Checks the configuration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(config: &Config, seams: Seams) -> Result<Self, OpenError> {
        config.validate()?;
        let Seams { cases, tree, clock, rng, positions } = seams;
        let unknown = || OpenError::PlaceUnknown(config.place.clone());
        let root = config.place.parse().map_err(|_| unknown())?;
        tree.today(clock.now()).get(&root).ok_or_else(unknown)?;
        Ok(Self { app: Arc::new(App::new(cases, tree, root, clock, rng)), positions })
    }

    /// The gRPC server, to be added to the chassis.
    #[must_use]
    pub fn server(&self) -> MattersServer<Grpc> {
        MattersServer::new(Grpc::new(Arc::clone(&self.app), self.positions.clone()))
    }
}
