//! The services of a process, opened and joined. What is particular to one stands in a module of its own; which packages and kinds of
//! case it has, in [`crate::room`].

mod dispatch;
mod intake;
// new-service: a module

use super::{feeds, folder::Folder, glasses, parked::Parked, peers::Peers, settings::Settings, simulated};
use crate::room::Room;
use casebook::{Casebook, Effects, Fire, run_timers};
use civic::Tree;
use mesh::{Chassis, Glass, Log, Policies, Sight, TracedTimers};
use queue::EventSource as _;
use std::sync::Arc;

/// The rpcs of both services without the wire, their books, and what happens when a timer comes due.
pub struct Hands {
    pub filing: ::intake::grpc::Grpc,
    pub handling: ::dispatch::grpc::Grpc,
    pub timers: Arc<dyn Fire>,
    pub reports: Casebook,
    pub orders: Casebook,
}

/// A service as the cluster runs it, once it is opened. What a service does not have, it leaves out.
trait Runs: Send + Sync {
    /// Adds its servers. Those of rpcs that depend on what others have written stand behind the sight.
    fn serve(&self, chassis: &mut Chassis, sight: &Sight);

    /// What it does about the events of other services.
    fn hears(&self) -> Option<Hearing> {
        None
    }

    /// What it does about timers that come due.
    fn timers(&self) -> Option<Arc<dyn Fire>> {
        None
    }

    /// Begins what it does besides answering: workers that last until the drain.
    fn keep(&self, chassis: &Chassis) {
        let _ = chassis;
    }
}

/// Whose events a service hears, and what it does about them.
struct Hearing {
    of: Room,
    effects: Arc<dyn Effects>,
}

/// What a service is opened with.
struct Given<'a> {
    chassis: &'a Chassis,
    folder: &'a Folder,
    settings: &'a Settings,
    peers: &'a Peers,
    tree: Arc<Tree>,
    policies: Arc<dyn Policies>,
}

/// One service with its casebook.
struct Member {
    room: Room,
    book: Casebook,
    service: Arc<dyn Runs>,
}

/// The services of this process, each with its casebook.
#[derive(Default)]
pub(super) struct Opened {
    members: Vec<Member>,
    /// The same once more by name, for whoever must know which it is.
    intake: Option<::intake::Service>,
    dispatch: Option<::dispatch::Service>,
}

impl Opened {
    /// Opens the rooms that are asked for and adds their servers.
    pub(super) async fn open(
        chassis: &mut Chassis,
        folder: &Folder,
        settings: &Settings,
        peers: &Peers,
        policies: Arc<dyn Policies>,
    ) -> anyhow::Result<Self> {
        let given = Given { chassis, folder, settings, peers, tree: Tree::chongqing(), policies };
        let mut opened = Self::default();
        for room in Room::all().iter().filter(|room| settings.rooms.has(**room)) {
            opened.open_room(*room, &given).await?;
        }
        for Member { book, service, .. } in &opened.members {
            let producer = service.hears().and_then(|hearing| opened.log_of(hearing.of, book, peers));
            let sight = Sight::new(book.clone(), producer.into_iter().collect(), chassis.position_key().clone());
            service.serve(chassis, &sight);
        }
        Ok(opened)
    }

    async fn open_room(&mut self, room: Room, given: &Given<'_>) -> anyhow::Result<()> {
        match room {
            Room::Intake => {
                let opened = intake::open(given).await?;
                self.intake = Some(opened.0.clone());
                self.add(room, opened);
            }
            Room::Dispatch => {
                let opened = dispatch::open(given).await?;
                self.dispatch = Some(opened.0.clone());
                self.add(room, opened);
            }
            // new-service: how it is opened
            Room::Gateway => {}
        }
        Ok(())
    }

    fn add(&mut self, room: Room, (service, book): (impl Runs + 'static, Casebook)) {
        self.members.push(Member { room, book, service: Arc::new(service) });
    }

    /// The casebook of a service of this process.
    fn book(&self, room: Room) -> Option<&Casebook> {
        self.members.iter().find(|member| member.room == room).map(|member| &member.book)
    }

    /// The log of another service as `consumer` reads it, unless nobody said where it is.
    fn log_of(&self, producer: Room, consumer: &Casebook, peers: &Peers) -> Option<Log> {
        peers.log(consumer, producer, self.book(producer))
    }

    pub(super) fn books(&self) -> Vec<Casebook> {
        self.members.iter().map(|member| member.book.clone()).collect()
    }

    /// Begins to fire timers, to publish and to consume.
    pub(super) fn join(&self, chassis: &Chassis, settings: &Settings, peers: &Peers) -> anyhow::Result<()> {
        for Member { book, service, .. } in &self.members {
            feeds::relay(chassis, settings, book)?;
            if let Some(fire) = service.timers().filter(|_| !settings.simulated) {
                let (name, drain, book) = (format!("{}.timers", book.service()), chassis.drain(), book.clone());
                let fire = Arc::new(TracedTimers::new(fire));
                chassis.tasks().spawn_worker(name, async move { run_timers(book, fire, drain.begun()).await });
            }
            service.keep(chassis);
            if let Some(Hearing { of, effects }) = service.hears()
                && let Some(log) = self.log_of(of, book, peers)
            {
                feeds::consume(chassis, settings, book, &log, told(settings, effects))?;
            }
        }
        Ok(())
    }

    /// The rpcs and the timers, for whoever is in the same process and moves the time.
    pub(super) fn hands(&self) -> Option<Hands> {
        let (intake, dispatch) = self.intake.as_ref().zip(self.dispatch.as_ref())?;
        Some(Hands {
            filing: intake.rpcs(),
            handling: dispatch.rpcs(),
            timers: dispatch.timers(),
            reports: self.book(Room::Intake)?.clone(),
            orders: self.book(Room::Dispatch)?.clone(),
        })
    }

    /// Takes in what operators laid into the data folder while nothing ran.
    pub(super) async fn import(&self, settings: &Settings) -> anyhow::Result<()> {
        match &self.dispatch {
            Some(service) => dispatch::import(service, settings).await,
            None => Ok(()),
        }
    }

    /// Asking and agreeing to see a case: with dispatch, in whose journal they stand.
    pub(super) fn serve_glass(&self, chassis: &mut Chassis, glass: Glass, settings: &Settings) {
        if let Some(book) = self.book(Room::Dispatch) {
            chassis.add_service(glasses::server(glass, book.clone(), settings.clock.clone()));
        }
    }

    /// The parked cases of these services.
    pub(super) fn parked(&self) -> Parked {
        let desk = |member: &Member| Some((member.book.clone(), member.service.hears()?.effects));
        Parked::new(self.members.iter().filter_map(desk))
    }
}

/// Under a simulated clock an event takes effect at the instant that it tells of, however late it is read.
fn told(settings: &Settings, effects: Arc<dyn Effects>) -> Arc<dyn Effects> {
    if settings.simulated { Arc::new(simulated::AtItsInstant::new(effects)) } else { effects }
}
