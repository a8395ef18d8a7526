//! The running cluster that is asked, and the twin towns in it.

use super::asked::Heard;
use super::cases::{Made, Maker, Of, SelectionStage};
use super::orders::Stage;
use super::people::{HERE, People, THERE, Town};
use civic::Role;
use e2e::matters::PAY;
use e2e::process::{Jiewang, Start};
use std::collections::BTreeSet;
use std::sync::Mutex;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

pub(super) struct Running {
    pub(super) world: World,
    jiewang: Jiewang,
    _folder: tempfile::TempDir,
}

/// What the walk through the cells needs.
pub(super) struct World {
    pub(super) people: People,
    pub(super) maker: Maker,
    pub(super) grpc: Channel,
    /// Open streams: column, what it must not hear, what it has heard.
    pub(super) streams: Mutex<Vec<(String, Vec<String>, Heard)>>,
    pub(super) readers: Mutex<JoinSet<()>>,
    pub(super) leaks: Mutex<Vec<String>>,
    /// Words of this town that somebody was shown.
    pub(super) seen: Mutex<BTreeSet<&'static str>>,
    /// Reports of the towns for tokens of citizens: here, there.
    pub(super) reports: (String, String),
    /// Names of the twin's cases.
    pub(super) twin: Vec<String>,
}

/// The policies that come with the program, and one file more.
pub(super) fn policies(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/guard/policies");
    for name in ["acts.cedar", "groups.json", "know.cedar"] {
        std::fs::copy(format!("{ours}/{name}"), folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("more.cedar"), more).unwrap();
    folder
}

impl Running {
    pub(super) async fn start(flags: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Every role shows a wrong secret once.
        let guesses = ["--set", "intake.guesses.per-number=1000,intake.guesses.per-address=1000"].map(str::to_owned);
        let start = Start::new(folder.path()).with(guesses).with(flags.iter().cloned());
        let jiewang = start.start().await;
        let people = People::of(&jiewang);
        let mut maker = Maker::of(people.clone());
        let grpc = Endpoint::from_shared(format!("http://{}", jiewang.grpc())).unwrap().connect_lazy();
        let (here, there) = (found_town(&mut maker, &HERE).await, found_town(&mut maker, &THERE).await);
        let twin = fill(&maker, &THERE).await;
        let world = World {
            people,
            maker,
            grpc,
            streams: Mutex::default(),
            readers: Mutex::default(),
            leaks: Mutex::default(),
            seen: Mutex::default(),
            reports: (here.report, there.report),
            twin: twin.into_iter().map(|made| made.name).collect(),
        };
        Self { world, jiewang, _folder: folder }
    }

    /// What went where it does not belong.
    pub(super) async fn end(&mut self) -> Vec<String> {
        let mut found = std::mem::take(&mut *self.world.leaks.lock().unwrap());
        found.extend(self.heard().await);
        let said = self.jiewang.said();
        let words = [&HERE, &THERE].into_iter().flat_map(|town| [&town.words()[..], &[town.name, town.phone]].concat());
        found.extend(words.filter(|word| said.contains(word)).map(|word| format!("the log has {word}")));
        found
    }

    /// What streams have that their callers may not hear of. One event of either town is the last of its town.
    async fn heard(&self) -> Vec<String> {
        const HEARS: [&str; 3] = ["city-dispatcher", "town-dispatcher", "department-handler"];
        let World { maker, streams, .. } = &self.world;
        let twins = maker.order(Stage::Assigned, &THERE, &THERE.section()).await.name;
        let last = maker.order(Stage::Assigned, &HERE, &HERE.section()).await.name;
        let streams = std::mem::take(&mut *streams.lock().unwrap());
        let mut found = Vec::new();
        for (column, mut forbidden, heard) in streams {
            let city = column == "city-dispatcher";
            if HEARS.contains(&column.as_str()) {
                e2e::until("the stream has what came last", || async {
                    let heard = heard.lock().unwrap();
                    (contains(&heard, &last) && (!city || contains(&heard, &twins))).then_some(())
                })
                .await;
            }
            if !city {
                forbidden.push(twins.clone());
            }
            let heard = heard.lock().unwrap();
            let words = forbidden.iter().filter(|word| contains(&heard, word));
            found.extend(words.map(|word| format!("the stream of {column} has {word}")));
        }
        found
    }
}

pub(super) fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// What every town has: a roster, a matter of another unit in no village, and an order that others are merged into.
async fn found_town(maker: &mut Maker, town: &Town) -> Made {
    let dispatcher = maker.member(Role::TownDispatcher, town);
    let beside = [
        ("text", town.beside.into()),
        ("location", serde_json::json!({"divisionCode": town.code, "address": town.beside})),
    ];
    let (citizen, filed) = maker.file(town, PAY, &beside).await;
    dispatcher.after(&citizen).read(&format!("v1/{}", filed["workOrder"].as_str().unwrap())).await;
    maker.roster(town).await;
    let into = maker.order(Stage::Assigned, town, &town.section()).await;
    maker.into.insert(town.code, into.name.clone());
    into
}

/// One of everything.
async fn fill(maker: &Maker, town: &Town) -> Vec<Made> {
    let kinds = [
        Of::Order(Stage::Full),
        Of::Order(Stage::ExclusionAsked),
        Of::Order(Stage::Leads),
        Of::Report,
        Of::Warning,
        Of::Emergency { taken_on: true },
        Of::Care,
        Of::Interview,
        Of::Force,
        Of::BuildingDay,
        Of::Selection(SelectionStage::Nominated),
        Of::Task,
    ];
    let holder = town.section();
    futures_util::future::join_all(kinds.map(|of| maker.make(of, town, &holder))).await
}
