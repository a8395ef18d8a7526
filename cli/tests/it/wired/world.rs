//! Four machines, two for each service, the hotline, what happens to the network between them, and what must hold when it has healed.

mod audit;

use super::client::{Hotline, Told};
use super::faulty::Faulty;
use super::network::{Listening, PORT, SimulatedTime, network};
use casebook::{Store, memory::MemoryStore};
use civic::SeededRng;
use futures_util::FutureExt as _;
use jiewang::args::{Peer, Place};
use jiewang::cluster::{Cluster, PARTITIONS, Rooms, Settings, folder};
use jiewang::room::Room;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use testkit::{Faults, Seed};
use turmoil::Sim;

const ROOMS: [Room; 2] = [Room::Intake, Room::Dispatch];
/// Two replicas of a service share its disk, as they share a database.
const MACHINES: [(Room, &str); 4] = [
    (Room::Intake, "intake"),
    (Room::Dispatch, "dispatch"),
    (Room::Intake, "intake-2"),
    (Room::Dispatch, "dispatch-2"),
];
const HOTLINE: &str = "hotline";
pub(super) const REPORTS: usize = 24;
/// Strikes come once in so many ticks on average, so about each second.
const STRIKE_EACH: u64 = 200;
/// Of a thousand questions to a store so many fail, half of them after they were carried out.
const FAILING: u32 = 30;
/// A service that could not start is started again, as systemd or Kubernetes does.
const RESTART: Duration = Duration::from_secs(1);
/// A machine whose address is still told, and on which nobody listens any more: channels must leave it out.
pub(super) const GONE: &str = "gone";
/// Of which a strike takes one.
const LINES: [(&str, &str); 6] = [
    ("intake", "dispatch"),
    (HOTLINE, "intake"),
    ("intake", "dispatch-2"),
    ("intake-2", "dispatch"),
    ("intake-2", "dispatch-2"),
    (HOTLINE, "intake-2"),
];
const TICK: Duration = Duration::from_millis(5);
/// After the network has healed: leases run out, connections that died silently are noticed.
const QUIET_WITHIN: Duration = Duration::from_secs(120);
const LONGEST: Duration = Duration::from_secs(1200);

/// What goes wrong in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// Only that messages take their time.
    Fair,
    /// Lines are cut, held and lossy, machines crash.
    Foul,
    /// As foul, but messages of a line all take the same time, which a strike changes, and none is lost by itself: what happens does not
    /// hang on the order in which tasks that are ready at once are run, which no seed decides.
    Even,
    /// Foul, and intake's disk forgets everything at each crash: a fault that must be found.
    Forgetful,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) told: Told,
    pub(super) struck: Vec<String>,
    /// Questions to the stores that failed.
    pub(super) failed: u64,
    pub(super) wrong: Vec<String>,
    /// Of everything that was answered and that is stored.
    pub(super) digest: u64,
}

type Disk = Arc<Mutex<Arc<dyn Store>>>;

struct World {
    weather: Weather,
    seed: Seed,
    time: SimulatedTime,
    cluster: String,
    folders: Vec<TempDir>,
    disks: Vec<(Room, Disk)>,
    /// What the services hear of their disks now and then, in the wrong: that nothing was done, or that nobody knows.
    faults: Arc<Faults>,
    /// Why a service ended by itself.
    ended: Arc<Mutex<Vec<String>>>,
    settings: Vec<(Room, &'static str, Settings)>,
    key: mesh::TokenKey,
}

/// One seed from its beginning to its end.
pub(super) fn run(seed: u64, weather: Weather) -> Outcome {
    let world = World::new(seed, weather);
    let told = Arc::new(Mutex::new(Told::default()));
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(TICK)
        .simulation_duration(LONGEST)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(if weather == Weather::Even { 1 } else { 60 }))
        .tcp_capacity(4096)
        .build();
    world.boot(&mut sim);
    let (key, time, filing) = (world.key.clone(), world.time.clone(), Arc::clone(&told));
    sim.client(HOTLINE, async move {
        Hotline::new(key, &time, seed, filing).file_all(REPORTS).await;
        Ok(())
    });
    let (struck, mut wrong) = world.play(&mut sim);
    drop(sim);
    let told = std::mem::take(&mut *told.lock().unwrap());
    wrong.extend(told.faults.iter().cloned());
    wrong.extend(world.ended.lock().unwrap().drain(..));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (found, digest) = runtime.block_on(world.audit(&told));
    wrong.extend(found);
    Outcome { told, struck, failed: world.faults.injected(), wrong, digest }
}

impl World {
    fn new(seed: u64, weather: Weather) -> Self {
        let time = SimulatedTime::new();
        let folders: Vec<TempDir> = MACHINES.iter().map(|_| tempfile::tempdir().unwrap()).collect();
        let first = folder::Folder::open(folders[0].path(), "50", &time, &SeededRng::new(seed)).unwrap();
        let (cluster, key) = (first.cluster.clone(), first.token_key());
        drop(first);
        folders[1..].iter().for_each(|folder| copy(folders[0].path(), folder.path()));
        let disk = |room| (room, Arc::new(Mutex::new(blank(&time, &cluster))) as Disk);
        let disks = ROOMS.map(disk).to_vec();
        let settings = |(number, (room, name)): (usize, (Room, &'static str))| {
            let mut settings = Settings::local(folders[number].path().to_owned(), Rooms::only(room));
            let rng = Arc::new(SeededRng::new(seed ^ (number as u64 + 1) << 32));
            settings.clock = Arc::new(time.clone());
            settings.network = Some(network(rng.clone()));
            settings.rng = rng;
            settings.http = None;
            let others = MACHINES.into_iter().filter(|(other, _)| *other != room);
            let peer = |(room, host)| Peer { room, place: Place::Address(format!("{host}:{PORT}")) };
            settings.peers = others.chain([(other_than(room), GONE)]).map(peer).collect();
            (room, name, settings)
        };
        let settings = MACHINES.into_iter().enumerate().map(settings).collect();
        let faults = Arc::new(if weather == Weather::Fair { Faults::never() } else { Faults::chance(seed, FAILING) });
        Self {
            weather,
            seed: Seed::new(seed),
            faults,
            ended: Arc::default(),
            time,
            cluster,
            folders,
            disks,
            settings,
            key,
        }
    }

    fn disk(&self, room: Room) -> Disk {
        let (_, disk) = self.disks.iter().find(|(of, _)| *of == room).unwrap();
        Arc::clone(disk)
    }

    /// Each machine runs its service as `jiewang serve` does; what is on its disk is there again after a crash.
    fn boot(&self, sim: &mut Sim<'_>) {
        sim.host(GONE, std::future::pending);
        for (room, name, settings) in &self.settings {
            let (room, name, settings, disk) = (*room, *name, settings.clone(), self.disk(*room));
            let (faults, ended) = (Arc::clone(&self.faults), Arc::clone(&self.ended));
            sim.host(name, move || {
                let mut settings = settings.clone();
                let store = Faulty::new(Arc::clone(&disk.lock().unwrap()), Arc::clone(&faults));
                settings.stores = vec![(room, Arc::new(store))];
                let ended = Arc::clone(&ended);
                async move {
                    let cluster = loop {
                        let (listener, address) = Listening::begin().await?;
                        match Cluster::start_behind(settings.clone(), listener, address).await {
                            Ok(cluster) => break cluster,
                            Err(_) => tokio::time::sleep(RESTART).await,
                        }
                    };
                    // Nobody asks it to.
                    let how = cluster.serve().await;
                    ended.lock().unwrap().push(format!("{name} ended: {how:?}"));
                    Ok(())
                }
            });
        }
    }

    /// Until the hotline has had its answers and nothing is left to be done. Says what was struck and what stayed undone.
    fn play(&self, sim: &mut Sim<'_>) -> (Vec<String>, Vec<String>) {
        let mut struck = Vec::new();
        loop {
            match sim.step() {
                Ok(true) => break,
                Ok(false) => {}
                Err(error) => return (struck, vec![format!("the simulation ended: {error}")]),
            }
            if self.weather != Weather::Fair && self.seed.below(STRIKE_EACH) == 0 {
                struck.push(format!("{} {}", sim.elapsed().as_millis(), self.strike(sim)));
            }
        }
        heal(sim);
        self.faults.heal();
        let healed = sim.elapsed();
        while !self.is_quiet() {
            if sim.elapsed() - healed > QUIET_WITHIN {
                return (struck, vec!["something is still undone".to_owned()]);
            }
            if let Err(error) = sim.step() {
                return (struck, vec![format!("the simulation ended: {error}")]);
            }
        }
        (struck, Vec::new())
    }

    fn strike(&self, sim: &mut Sim<'_>) -> String {
        let (one, other) = LINES[usize::try_from(self.seed.below(LINES.len() as u64)).unwrap()];
        let (room, machine) = MACHINES[usize::try_from(self.seed.below(MACHINES.len() as u64)).unwrap()];
        match self.seed.below(8) {
            0 => {
                sim.partition(one, other);
                format!("cut {one} {other}")
            }
            1 => {
                sim.partition_oneway(one, other);
                format!("cut {one} > {other}")
            }
            2 => {
                sim.hold(one, other);
                format!("held {one} {other}")
            }
            3 => {
                sim.crash(machine);
                if self.weather == Weather::Forgetful && room == Room::Intake {
                    *self.disk(room).lock().unwrap() = blank(&self.time, &self.cluster);
                }
                sim.bounce(machine);
                format!("crashed {machine}")
            }
            4 if self.weather == Weather::Even => {
                let slow = Duration::from_millis(1 + self.seed.below(150));
                sim.set_link_latency(one, other, slow);
                format!("slowed {one} {other} {slow:?}")
            }
            4 => {
                sim.set_link_fail_rate(one, other, 0.02);
                format!("lossy {one} {other}")
            }
            _ => {
                heal(sim);
                "healed".to_owned()
            }
        }
    }

    /// Everything that either has told was consumed by the other.
    fn is_quiet(&self) -> bool {
        let store = |room| self.disk(room).lock().unwrap().clone();
        let (intake, dispatch) = (store(Room::Intake), store(Room::Dispatch));
        let level = |producer: &Arc<dyn Store>, name: &str, consumer: &Arc<dyn Store>| {
            let heads = producer.heads().now_or_never().unwrap().unwrap();
            consumer.consumed(name).now_or_never().unwrap().unwrap() == heads
        };
        level(&intake, "intake", &dispatch) && level(&dispatch, "dispatch", &intake)
    }
}

fn other_than(room: Room) -> Room {
    if room == Room::Intake { Room::Dispatch } else { Room::Intake }
}

fn heal(sim: &mut Sim<'_>) {
    for (one, other) in LINES {
        sim.repair(one, other);
        sim.release(one, other);
        sim.set_link_fail_rate(one, other, 0.0);
    }
}

fn blank(time: &SimulatedTime, cluster: &str) -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(time.clone()), cluster.to_owned(), PARTITIONS))
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
