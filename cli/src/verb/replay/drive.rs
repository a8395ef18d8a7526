//! The replay itself: window after window of things that happen, everything in a window side by side, each at its own instant.
//!
//! ```text
//! window: file what is filed ─► wait until dispatch has opened the orders ─► fire the timers that come due ─► close what is closed
//! ```
//! A timer belongs before a closing when it is due before it, so an order that closes in this window has only such timers fired;
//! closing takes the others away. Orders do not touch each other, and no order's steps change places: the windows' length changes
//! nothing but the time that it takes.

use super::acts::{Refused, Troupe};
use super::progress::Progress;
use super::script::{Happening, Scene, Script, Turn};
use super::stage::Stage;
use crate::cluster::simulated::at;
use crate::exit::Failure;
use casebook::{Casebook, DueTimer, StoreError};
use civic::{CaseId, Micros, SystemRng};
use futures_util::future::join_all;
use queue::EventSource as _;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// As many as casebook commits at once.
const WINDOW: usize = 1024;
/// Due timers read at once.
const TIMERS: usize = 1024;
/// An order has two lamps and a few timers more, each of which may arm the next one.
const ROUNDS: usize = 64;
/// One service hears of another within milliseconds: so long means that it hears nothing any more.
const PATIENCE: Duration = Duration::from_secs(120);

/// What became of the scenes.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// The order of each scene that was filed.
    pub(super) orders: HashMap<CaseId, usize>,
    /// By the reason of intake, rows that it did not take.
    pub(super) refused: BTreeMap<String, u64>,
    /// Scenes whose closing was refused, with the words.
    pub(super) left_open: BTreeMap<usize, String>,
}

/// Plays all of it, and lets the timers run until the last instant of the file.
pub(super) async fn drive(script: &Script, stage: &Stage, progress: &Progress) -> Result<Played, Failure> {
    let place = stage.place.clone();
    let mut player = Player {
        script,
        stage,
        progress,
        troupe: Troupe::new(&stage.hands, &place, &SystemRng),
        ids: HashMap::new(),
        played: Played::default(),
    };
    for scene in &script.backwards {
        player.leave_open(*scene, "closed before it was created".to_owned());
    }
    for window in script.happenings.chunks(WINDOW) {
        player.window(window).await?;
    }
    player.fire(script.end + 1, &HashMap::new()).await?;
    stage.clock.set(script.end);
    heard_out(&stage.hands.reports, &stage.hands.orders).await?;
    Ok(player.played)
}

struct Player<'s> {
    script: &'s Script,
    stage: &'s Stage,
    progress: &'s Progress,
    troupe: Troupe<'s>,
    /// The order of each scene that is open.
    ids: HashMap<usize, CaseId>,
    played: Played,
}

impl Player<'_> {
    async fn window(&mut self, window: &[Happening]) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (window.first(), window.last()) else { return Ok(()) };
        self.stage.clock.set(first.at);
        self.file(window).await;
        consumed(&self.stage.hands.orders, &self.stage.hands.reports).await?;
        let closing: Vec<(CaseId, Happening)> = window
            .iter()
            .filter(|happening| happening.turn == Turn::Closed)
            .filter_map(|happening| Some((self.ids.remove(&happening.scene)?, *happening)))
            .collect();
        self.fire(last.at, &closing.iter().map(|(id, happening)| (*id, happening.at)).collect()).await?;
        self.close(closing).await;
        self.progress.step(window.len(), last.at);
        Ok(())
    }

    async fn file(&mut self, window: &[Happening]) {
        let filed = window.iter().filter(|happening| happening.turn == Turn::Filed);
        let filing = filed.map(|happening| {
            let history = &self.script.scenes[happening.scene].history;
            at(happening.at, self.troupe.file(history))
        });
        let answers = join_all(filing).await;
        let filed = window.iter().filter(|happening| happening.turn == Turn::Filed);
        for (happening, answer) in filed.zip(answers) {
            match answer {
                Ok(id) => {
                    self.ids.insert(happening.scene, id);
                    self.played.orders.insert(id, happening.scene);
                }
                Err(Refused { reason, words }) => {
                    self.complain(happening.scene, &format!("not filed: {words}"));
                    *self.played.refused.entry(reason).or_default() += 1;
                }
            }
        }
    }

    async fn close(&mut self, closing: Vec<(CaseId, Happening)>) {
        let steps = closing.iter().map(|(id, happening)| {
            let number = &self.script.scenes[happening.scene].history.filing.request_id;
            at(happening.at, self.troupe.close(*id, number))
        });
        for ((_, happening), answer) in closing.iter().zip(join_all(steps).await) {
            if let Err(Refused { words, .. }) = answer {
                self.leave_open(happening.scene, words);
            }
        }
    }

    /// Fires what is due before `end`, and of an order that is about to close what is due before its closing.
    async fn fire(&self, end: Micros, closing: &HashMap<CaseId, Micros>) -> Result<(), Failure> {
        for _ in 0..ROUNDS {
            if self.fire_round(end, closing).await? == 0 {
                return Ok(());
            }
        }
        Err(Failure::Cluster(format!("timers before {end} come due again and again")))
    }

    async fn fire_round(&self, end: Micros, closing: &HashMap<CaseId, Micros>) -> Result<usize, StoreError> {
        let (store, timers) = (self.stage.hands.orders.store(), &self.stage.hands.timers);
        let before_closing = |timer: &DueTimer| closing.get(&timer.case).is_none_or(|at| timer.due < *at);
        let (mut after, mut fired) = (None, 0);
        loop {
            let page = store.due_timers(end - 1, after.as_ref(), TIMERS).await?;
            let full = page.len() == TIMERS;
            after = page.last().cloned();
            let firing = page.into_iter().filter(before_closing).map(|timer| at(timer.due, timers.fire(timer)));
            for done in join_all(firing).await {
                done?;
                fired += 1;
            }
            if !full {
                return Ok(fired);
            }
        }
    }

    fn leave_open(&mut self, scene: usize, words: String) {
        self.complain(scene, &format!("closing refused: {words}"));
        self.played.left_open.insert(scene, words);
    }

    fn complain(&self, scene: usize, words: &str) {
        let Scene { line, history } = &self.script.scenes[scene];
        self.progress.complain(&format!("line {line} ({}): {words}", history.filing.request_id));
    }
}

/// What one service hears makes it tell something: until both have heard all of it.
async fn heard_out(reports: &Casebook, orders: &Casebook) -> Result<(), Failure> {
    loop {
        let told = (reports.store().heads().await?, orders.store().heads().await?);
        consumed(reports, orders).await?;
        consumed(orders, reports).await?;
        if told == (reports.store().heads().await?, orders.store().heads().await?) {
            return Ok(());
        }
    }
}

/// Waits until one service has taken in everything that the other has committed so far.
async fn consumed(consumer: &Casebook, producer: &Casebook) -> Result<(), Failure> {
    let heads = producer.store().heads().await?;
    for (partition, head) in (0..).zip(heads) {
        if !consumer.wait_consumed(producer.service(), partition, head, PATIENCE).await? {
            let words = format!("{} does not hear of {}", consumer.service(), producer.service());
            return Err(Failure::Cluster(words));
        }
    }
    Ok(())
}
