//! Dispatch (分拨): the closed loop. A report becomes a work order, a unit answers for it, two clocks run, and it closes with the
//! citizen's word.
//!
//! Read [`grpc`] (the rpcs), [`app`] (the use cases), [`domain`] (the rules), in that order; [`events`] is how orders begin.

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
pub mod stream;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use app::{App, Parts};
use casebook::{Casebook, Effects, Fire, Kinds};
use catalog::{Catalog, CatalogError, Plans};
use civic::{Calendar, Clock, Rng, Tree};
use config::{Config, ConfigError};
pub use error::Error;
use grpc::Grpc;
use mesh::{Chassis, Policies, PositionKey};
use proto::dispatch::v1::arrangements_server::ArrangementsServer;
use proto::dispatch::v1::building_days_server::BuildingDaysServer;
use proto::dispatch::v1::care_lists_server::CareListsServer;
use proto::dispatch::v1::cooperation_server::CooperationServer;
use proto::dispatch::v1::duties_server::DutiesServer;
use proto::dispatch::v1::emergencies_server::EmergenciesServer;
use proto::dispatch::v1::evaluations_server::EvaluationsServer;
use proto::dispatch::v1::interviews_server::InterviewsServer;
use proto::dispatch::v1::rates_server::RatesServer;
use proto::dispatch::v1::task_forces_server::TaskForcesServer;
use proto::dispatch::v1::tasks_server::TasksServer;
use proto::dispatch::v1::warnings_server::WarningsServer;
use proto::dispatch::v1::work_orders_server::WorkOrdersServer;
use proto::events::v1::events_server::EventsServer;
use stream::Screens;

/// Name of the service in logs, positions and event sources.
pub const NAME: &str = "dispatch";

/// The kinds of case that dispatch's database holds.
#[must_use]
pub fn kinds() -> Kinds {
    Kinds::default()
        .with::<domain::work_order::WorkOrder>()
        .with::<domain::emergency::Emergency>()
        .with::<domain::warning::Warning>()
        .with::<domain::warning::place::WarningPlace>()
        .with::<domain::arrangement::Arrangement>()
        .with::<domain::roster::Roster>()
        .with::<domain::worklist::Worklist>()
        .with::<domain::care::CareEntry>()
        .with::<domain::duty::Duty>()
        .with::<domain::building_day::BuildingDay>()
        .with::<domain::interview::Interview>()
        .with::<domain::task_force::TaskForce>()
        .with::<domain::exclusion::Exclusion>()
        .with::<domain::evaluation::Evaluation>()
}

/// What dispatch is given by whoever starts it.
pub struct Seams {
    pub cases: Casebook,
    /// Shared with the other services of the process: it holds twelve thousand places.
    pub tree: Arc<Tree>,
    pub calendar: Arc<Calendar>,
    pub clock: Arc<dyn Clock>,
    /// For ids of what does not begin with a report: an order has the id of its own.
    pub rng: Arc<dyn Rng>,
    pub positions: PositionKey,
    pub policies: Arc<dyn Policies>,
}

/// Why dispatch cannot be opened: all of them are the configuration's.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("dispatch.place {0} is not in the division tree")]
    PlaceUnknown(String),
    #[error("catalog")]
    Catalog(#[from] CatalogError),
}

/// The service, ready to be served.
#[derive(Clone)]
pub struct Service {
    app: Arc<App>,
    screens: Screens,
    positions: PositionKey,
}

impl Service {
    /// Reads the catalog, checks the configuration. Reads files; call it before serving.
    ///
    /// # Errors
    /// What is wrong with the configuration or the catalog.
    pub fn open(config: &Config, seams: Seams) -> Result<Self, OpenError> {
        config.validate()?;
        let Seams { cases, tree, calendar, clock, rng, positions, policies } = seams;
        let unknown = || OpenError::PlaceUnknown(config.place.clone());
        let root = config.place.parse().map_err(|_| unknown())?;
        tree.today(clock.now()).get(&root).ok_or_else(unknown)?;
        let catalog = build_catalog(config.catalog.as_deref())?;
        let plans = Plans::builtin();
        let app = Arc::new(App::new(Parts { cases, catalog, plans, calendar, tree, root, policies, clock, rng }));
        Ok(Self { screens: Screens::new(Arc::clone(&app)), app, positions })
    }

    /// The work orders' gRPC server.
    #[must_use]
    pub fn server(&self) -> WorkOrdersServer<Grpc> {
        WorkOrdersServer::new(self.grpc())
    }

    /// The gRPC server of those who work on an order beside its unit.
    #[must_use]
    pub fn cooperation_server(&self) -> CooperationServer<Grpc> {
        CooperationServer::new(self.grpc())
    }

    /// The daily tasks' gRPC server.
    #[must_use]
    pub fn tasks_server(&self) -> TasksServer<Grpc> {
        TasksServer::new(self.grpc())
    }

    /// The care lists' gRPC server.
    #[must_use]
    pub fn care_server(&self) -> CareListsServer<Grpc> {
        CareListsServer::new(self.grpc())
    }

    /// The duties' gRPC server.
    #[must_use]
    pub fn duties_server(&self) -> DutiesServer<Grpc> {
        DutiesServer::new(self.grpc())
    }

    /// The building days' gRPC server.
    #[must_use]
    pub fn building_days_server(&self) -> BuildingDaysServer<Grpc> {
        BuildingDaysServer::new(self.grpc())
    }

    /// The interviews' gRPC server.
    #[must_use]
    pub fn interviews_server(&self) -> InterviewsServer<Grpc> {
        InterviewsServer::new(self.grpc())
    }

    /// The task forces' gRPC server.
    #[must_use]
    pub fn task_forces_server(&self) -> TaskForcesServer<Grpc> {
        TaskForcesServer::new(self.grpc())
    }

    /// The gRPC server of emergencies and their plans.
    #[must_use]
    pub fn emergencies_server(&self) -> EmergenciesServer<Grpc> {
        EmergenciesServer::new(self.grpc())
    }

    /// The gRPC server of call-and-response warnings.
    #[must_use]
    pub fn warnings_server(&self) -> WarningsServer<Grpc> {
        WarningsServer::new(self.grpc())
    }

    /// The gRPC server of what the three rates are counted from.
    #[must_use]
    pub fn rates_server(&self) -> RatesServer<Grpc> {
        RatesServer::new(self.grpc())
    }

    /// The gRPC server of evaluations upwards.
    #[must_use]
    pub fn evaluations_server(&self) -> EvaluationsServer<Grpc> {
        EvaluationsServer::new(self.grpc())
    }

    /// The live stream's gRPC server.
    #[must_use]
    pub fn events_server(&self) -> EventsServer<Grpc> {
        EventsServer::new(self.grpc())
    }

    /// The operators' gRPC server.
    #[must_use]
    pub fn arrangements_server(&self) -> ArrangementsServer<Grpc> {
        ArrangementsServer::new(self.grpc())
    }

    /// The rpcs without a connection before them: for whoever calls in the same process and says who asks.
    #[must_use]
    pub fn rpcs(&self) -> Grpc {
        self.grpc()
    }

    fn grpc(&self) -> Grpc {
        Grpc::new(Arc::clone(&self.app), self.screens.clone(), self.positions.clone())
    }

    /// Adds its servers to a chassis.
    pub fn register(&self, chassis: &mut Chassis) {
        chassis.add_service(self.server());
        chassis.add_service(self.cooperation_server());
        chassis.add_service(self.tasks_server());
        chassis.add_service(self.care_server());
        chassis.add_service(self.duties_server());
        chassis.add_service(self.building_days_server());
        chassis.add_service(self.interviews_server());
        chassis.add_service(self.task_forces_server());
        chassis.add_service(self.emergencies_server());
        chassis.add_service(self.warnings_server());
        chassis.add_service(self.rates_server());
        chassis.add_service(self.evaluations_server());
        chassis.add_service(self.events_server());
        chassis.add_service(self.arrangements_server());
    }

    /// What dispatch does about intake's events.
    #[must_use]
    pub fn effects(&self) -> Arc<dyn Effects> {
        Arc::new(events::OpenOrders::new(Arc::clone(&self.app)))
    }

    /// What dispatch does about timers that come due.
    #[must_use]
    pub fn timers(&self) -> Arc<dyn Fire> {
        Arc::clone(&self.app) as Arc<dyn Fire>
    }

    /// Puts open orders where their places lie after each reform of the divisions, until `stop`.
    pub async fn keep_places(&self, stop: impl Future<Output = ()> + Send) {
        self.app.keep_places(stop).await;
    }

    /// Keeps up with what operators load at any replica, until `stop`.
    pub async fn keep_arranged(&self, stop: impl Future<Output = ()> + Send) {
        self.app.keep_arranged(stop).await;
    }

    /// The use cases.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }
}

fn build_catalog(folder: Option<&Path>) -> Result<Catalog, CatalogError> {
    folder.map_or_else(|| Ok(Catalog::builtin()), Catalog::load)
}
