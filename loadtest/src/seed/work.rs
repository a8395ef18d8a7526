//! The seeded days, in portions: while one portion's orders are worked on, the next is filed.

use super::{
    people::{Filed, People},
    plan::{Fate, Plan},
};
use civic::SettableClock;
use futures_util::future::try_join_all;
use std::{future::Future, time::Duration};
use tokio::sync::mpsc;

/// Cases of a portion, which share transactions; small ones have small portions, or their days would pass in leaps.
const LARGEST: usize = 2048;
const PORTIONS: usize = 400;

pub(super) async fn live(plan: &Plan, people: &People, clock: &SettableClock) -> anyhow::Result<()> {
    let (hand, taken) = mpsc::channel(1);
    tokio::try_join!(file_all(plan, people, clock, hand), work_off(plan, people, taken))?;
    Ok(())
}

async fn file_all(
    plan: &Plan,
    people: &People,
    clock: &SettableClock,
    hand: mpsc::Sender<Vec<Filed>>,
) -> anyhow::Result<()> {
    let portion = (plan.cases / PORTIONS).clamp(32, LARGEST);
    for from in (0..plan.cases).step_by(portion) {
        let numbers = from..(from + portion).min(plan.cases);
        let filed = try_join_all(numbers.map(|n| people.file(n, plan.life(n), clock))).await?;
        if hand.send(filed).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn work_off(plan: &Plan, people: &People, mut taken: mpsc::Receiver<Vec<Filed>>) -> anyhow::Result<()> {
    let (mut done, mut told) = (0, 0);
    while let Some(portion) = taken.recv().await {
        people.opened().await?;
        steps(&portion, Fate::Accepted, |filed| people.unit(filed, Fate::Accepted)).await?;
        // Those that stay in progress have begun; the others answer without saying that they began.
        let begun: Vec<_> = portion.iter().filter(|f| f.life.fate == Fate::InProgress).collect();
        try_join_all(begun.into_iter().map(|filed| people.unit(filed, Fate::InProgress))).await?;
        steps(&portion, Fate::Resolved, |filed| people.unit(filed, Fate::Resolved)).await?;
        steps(&portion, Fate::Closed, |filed| people.rate(filed)).await?;
        done += portion.len();
        if done * 10 / plan.cases > told {
            told = done * 10 / plan.cases;
            println!("  seeded {done} of {}", plan.cases);
        }
    }
    Ok(())
}

/// The step that leads to `fate`, for all that get so far.
async fn steps<'f, F: Future<Output = anyhow::Result<()>>>(
    portion: &'f [Filed],
    fate: Fate,
    step: impl Fn(&'f Filed) -> F,
) -> anyhow::Result<()> {
    try_join_all(portion.iter().filter(|f| f.life.fate >= fate).map(step)).await?;
    Ok(())
}

impl People {
    /// Waits until dispatch has opened the order of everything that was filed before.
    async fn opened(&self) -> anyhow::Result<()> {
        let heads = self.intake().store().heads().await?;
        loop {
            let consumed = self.dispatch().store().consumed(intake::NAME).await?;
            if heads.iter().zip(&consumed).all(|(head, at)| at >= head) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
