//! What clients saw, recorded under load, against what is stored in the end (I1 to I3), and the orders that must have come of it.

use crate::{
    client::{self, Client},
    matters::{Crew, LIGHTS, id_of, key_of, report, steps},
};
use http::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use testkit::{
    Seed,
    history::{Answer, History, Stored, Submission},
};
use tokio::{task::JoinSet, time::Instant};

/// Between two attempts of a writer.
const AGAIN: Duration = Duration::from_millis(30);

impl Seen {
    /// What others saw, too.
    pub fn add(&mut self, other: Self) {
        self.history.merge(other.history);
        self.steps.extend(other.steps);
        self.doubtful += other.doubtful;
        self.longest = self.longest.max(other.longest);
    }

    /// One attempt at a report, recorded; the problem when it was not accepted.
    ///
    /// # Errors
    /// The answer that was no success.
    ///
    /// # Panics
    /// When no answer came.
    pub async fn file(&mut self, crew: &Crew, key: &str) -> Result<Value, client::Answer> {
        let body = report(key, LIGHTS);
        let answer = crew.citizen.post("v1/reports", &body).await.expect("an answer");
        let told = match answer.status {
            200 => Answer::Ok(id_of(&answer.text("name")).to_owned()),
            // "Try again" leaves open what became of this attempt.
            _ => Answer::Indeterminate,
        };
        self.history.record(Submission { key: key.to_owned(), content: content(&body), answer: told });
        if answer.status == 200 { Ok(answer.json) } else { Err(answer) }
    }
}

/// Several writers at work, until they are told to finish.
pub struct Load {
    writers: JoinSet<Seen>,
    accepted: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

/// What writers saw.
#[derive(Debug, Default)]
pub struct Seen {
    pub history: History,
    /// Steps that were answered with success, by order.
    pub steps: BTreeMap<String, Vec<&'static str>>,
    /// Attempts at a report that were left without a last word.
    pub doubtful: usize,
    /// The longest from the first attempt at a report to its acceptance.
    pub longest: Duration,
}

impl Load {
    /// Each writer files reports, and takes some of their orders on.
    #[must_use]
    pub fn start(crew: &Crew, writers: usize, seed: &Seed) -> Self {
        Self::start_paced(crew, writers, Duration::ZERO, seed)
    }

    /// The same with a pause after each report: what goes on for an hour must be read again in the end.
    #[must_use]
    pub fn start_paced(crew: &Crew, writers: usize, pause: Duration, seed: &Seed) -> Self {
        let mut load = Self { writers: JoinSet::new(), accepted: Arc::default(), stop: Arc::default() };
        for number in 0..writers {
            let writer = Writer {
                crew: crew.alone(),
                name: format!("{number}-{:x}", seed.next()),
                seed: Seed::new(seed.next()),
                accepted: load.accepted.clone(),
                pause,
                seen: Seen::default(),
            };
            load.writers.spawn(writer.run(load.stop.clone()));
        }
        load
    }

    /// Reports that were answered with success so far.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Whether a writer has given up: then there is nothing more to wait for.
    #[must_use]
    pub fn has_given_up(&mut self) -> bool {
        self.writers.try_join_next().is_some()
    }

    /// Waits for so many more accepted reports.
    pub async fn more(&self, count: usize) {
        let goal = self.accepted() + count;
        crate::until("reports are accepted", || async { (self.accepted() >= goal).then_some(()) }).await;
    }

    /// Every writer ends what it has in hand.
    ///
    /// # Panics
    /// When a writer did.
    pub async fn finish(mut self) -> Seen {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Seen::default();
        while let Some(seen) = self.writers.join_next().await {
            let seen = seen.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            all.add(seen);
        }
        all
    }
}

struct Writer {
    crew: Crew,
    name: String,
    seed: Seed,
    accepted: Arc<AtomicUsize>,
    pause: Duration,
    seen: Seen,
}

impl Writer {
    async fn run(mut self, stop: Arc<AtomicBool>) -> Seen {
        let mut number = 0;
        while !stop.load(Ordering::SeqCst) {
            number += 1;
            let order = self.file(format!("{}-{number}", self.name)).await;
            if self.seed.per_mille(500) {
                self.step(&order, "accept").await;
                if self.seed.per_mille(500) {
                    self.step(&order, "start").await;
                }
            }
            if !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
        }
        self.seen
    }

    async fn file(&mut self, key: String) -> String {
        let body = report(&key, LIGHTS);
        let began = Instant::now();
        loop {
            let answer = self.crew.citizen.post("v1/reports", &body).await;
            let (told, order) = match &answer {
                Ok(answer) if answer.status == 200 => {
                    (Answer::Ok(id_of(&answer.text("name")).to_owned()), Some(answer.text("workOrder")))
                }
                Ok(answer) if !matches!(answer.status, 429 | 503) => panic!("{key}: {answer:?}"),
                Ok(_) | Err(_) => (Answer::Indeterminate, None),
            };
            self.seen.doubtful += usize::from(told == Answer::Indeterminate);
            self.seen.history.record(Submission { key: key.clone(), content: content(&body), answer: told });
            if let Some(order) = order {
                self.accepted.fetch_add(1, Ordering::SeqCst);
                self.seen.longest = self.seen.longest.max(began.elapsed());
                return order;
            }
            assert!(began.elapsed() < crate::PATIENCE, "{key} is never answered: {answer:?}");
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn step(&mut self, order: &str, verb: &'static str) {
        self.crew.unit.step(order, verb, json!({})).await;
        self.seen.steps.entry(order.to_owned()).or_default().push(verb);
    }
}

impl Crew {
    /// The same people, who have seen nothing yet.
    fn alone(&self) -> Self {
        let citizen = self.citizen.unaware();
        let (unit, town) = (self.unit.clone().after(&citizen), self.town.clone().after(&citizen));
        Self { citizen, unit, town }
    }
}

/// What a report says, in the fields that a request and an answer share.
fn content(report: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    // A request names the category by its code, an answer with how it was found.
    let category = report["categoryCode"].as_str().or(report["category"]["code"].as_str());
    for said in [report["kind"].as_str(), report["channel"].as_str(), report["text"].as_str(), category] {
        said.hash(&mut hasher);
    }
    report["location"]["divisionCode"].as_str().hash(&mut hasher);
    hasher.finish()
}

/// Every report that `reader` may read and that has a key in its text: the others are of other people, who may work beside the load.
pub async fn stored(reader: &Client) -> Vec<Stored> {
    of_ours(&reader.all_reports().await)
}

fn of_ours(reports: &[Value]) -> Vec<Stored> {
    let stored = reports.iter().filter_map(|report| {
        let key = key_of(report["text"].as_str()?)?.to_owned();
        Some(Stored { case: id_of(report["name"].as_str()?).to_owned(), key, content: content(report) })
    });
    stored.collect()
}

fn ids(cases: &[Value]) -> BTreeSet<String> {
    cases.iter().map(|case| id_of(case["name"].as_str().unwrap_or_default()).to_owned()).collect()
}

/// I1 to I3, and then: every report has exactly its order, every step that was answered took effect once, nothing else happened.
///
/// # Panics
/// When any of it does not hold.
pub async fn check(seen: &Seen, reader: &Client) {
    let stored = reader.all_reports().await;
    assert_eq!(seen.history.check(&of_ours(&stored)), []);
    let orders = crate::until("every report has its order", || async {
        let orders = reader.list("workOrders", "").await;
        (orders.len() >= stored.len()).then_some(orders)
    })
    .await;
    assert_eq!(orders.len(), stored.len(), "as many orders as reports");
    assert_eq!(ids(&orders), ids(&stored));
    for (order, taken) in &seen.steps {
        let timeline = reader.insist(Method::GET, &format!("v1/{order}/timeline"), &Value::Null).await.ok();
        let took: Vec<String> =
            steps(&timeline).into_iter().filter(|step| step != "created" && step != "assigned").collect();
        let expected: Vec<&str> =
            taken.iter().map(|verb| if *verb == "accept" { "accepted" } else { "started" }).collect();
        assert_eq!(took, expected, "{order}");
    }
}
