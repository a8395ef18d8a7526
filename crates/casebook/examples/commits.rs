//! How fast a SQLite casebook takes report-like cases, and how much it writes for them:
//! `cargo run -p casebook --example commits -- [cases] [in flight] [cases seeded before]`.
//!
//! Prints, asserts nothing: numbers belong to the machine they were taken on.

#![allow(clippy::disallowed_methods, reason = "an example has no chassis")]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/kinds.rs"]
mod kinds;

use casebook::{
    Ask, Casebook, ClusterKey, Kinds, OnTaken, Opening, Unique,
    sql::{Setting, open_sqlite},
};
use civic::{CaseId, Clock, Micros, Rng, SeededRng, SystemClock};
use kinds::{Command, Labels, Parcel};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

const PARTITIONS: u16 = 64;
const ARMED_FOR: i64 = 5 * Micros::DAY;

struct Load {
    book: Casebook,
    rng: SeededRng,
    number: AtomicU64,
}

impl Load {
    fn labels(&self) -> Labels {
        let village = self.rng.below(11_270);
        let (town, district) = (village % 1_031, village % 1_031 % 38);
        Labels {
            district: Some(format!("5001{district:02}")),
            town: Some(format!("5001{district:02}{town:04}")),
            village: Some(format!("5001{district:02}{town:04}{village:05}")),
            unit: Some(format!("5001{district:02}{town:04}-pingan")),
            category: Some(format!("{:04}", self.rng.below(150))),
            state: 1,
            urgency: i64::try_from(self.rng.below(4)).unwrap_or(0) + 1,
            lamp: 1,
            text: "x".repeat(300),
            ..Labels::default()
        }
    }

    async fn one(&self) {
        let now = SystemClock.now();
        let id = CaseId::new(now, &self.rng);
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let request = self.book.request_key("loader", "file", &format!("{:032x}", u128::from(self.rng.u64())), b"body");
        let unique = Unique { key: format!("track/{number:014}"), content: [0; 16], on_taken: OnTaken::Refuse };
        let ask = Ask::<Parcel>::new(id, Command::Open(self.labels()), now).with_request(request).with_unique(unique);
        self.book.execute(ask).await.expect("opens");
        let _ = ARMED_FOR;
    }
}

async fn run(load: &Arc<Load>, cases: u64, in_flight: u64) {
    let left = Arc::new(AtomicU64::new(cases));
    let workers = (0..in_flight).map(|_| {
        let (load, left) = (load.clone(), left.clone());
        tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                load.one().await;
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.expect("no panic");
    }
}

fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|l| l.strip_prefix("write_bytes: ")).unwrap_or("0");
    line.parse().unwrap_or(0)
}

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> = stat.split(' ').skip(13).take(2).filter_map(|f| f.parse().ok()).collect();
    fields.iter().sum::<u64>() as f64 / 100.0
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let (cases, in_flight) = (arguments.next().unwrap_or(50_000), arguments.next().unwrap_or(256));
    let seeded = arguments.next().unwrap_or(0);
    let folder = std::env::var("FOLDER").unwrap_or_else(|_| "commits-example".to_owned());
    std::fs::create_dir_all(&folder).expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let kinds = Arc::new(Kinds::default().with::<Parcel>());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let setting =
            Setting { kinds: kinds.clone(), clock: clock.clone(), cluster: "city".to_owned(), partitions: PARTITIONS };
        let store = open_sqlite(&std::path::Path::new(&folder).join("case.db"), setting).await.expect("opens");
        let opening = Opening {
            store: Arc::new(store),
            kinds,
            cluster: "city".to_owned(),
            service: "intake",
            partitions: PARTITIONS,
            key: ClusterKey::new(&[7; 32]),
            clock,
            rng: Arc::new(SeededRng::new(1)),
        };
        let (book, committer) = Casebook::open(opening).await.expect("ours");
        let committer = tokio::spawn(committer.run());
        let now = u64::try_from(SystemClock.now().0).unwrap_or(0);
        let load = Arc::new(Load { book, rng: SeededRng::new(now), number: AtomicU64::new(now) });
        run(&load, seeded, 1024).await;
        let (started, before, cpu_before) = (Instant::now(), written(), cpu());
        run(&load, cases, in_flight).await;
        let seconds = started.elapsed().as_secs_f64();
        let (bytes, cpu) = (written() - before, cpu() - cpu_before);
        println!(
            "{:.0} cases/s, {:.1} KB written a case, {:.0} CPU-µs a case",
            cases as f64 / seconds,
            bytes as f64 / 1024.0 / cases as f64,
            cpu * 1e6 / cases as f64
        );
        drop(load);
        committer.await.expect("no panic").expect("no disk failure");
    });
}
