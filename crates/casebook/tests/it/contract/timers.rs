//! What must happen later.

use crate::{
    kinds::{Command, Parcel},
    world::{BOUND, World},
};
use async_trait::async_trait;
use casebook::{Ask, Casebook, DueTimer, Error, Fire, Scope, StoreError, run_timers, store::Span};
use civic::{CaseId, Micros, SettableClock};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

async fn armed(w: &World, case: CaseId) -> Vec<(String, i64, i64)> {
    let all = w.sure(async || w.store.timers_between(Span { after: None, upto: None }).await).await;
    all.into_iter()
        .filter(|t| t.case == case)
        .map(|t| (t.name, t.due.0 - crate::world::START.0, t.generation))
        .collect()
}

async fn due(w: &World) -> Vec<DueTimer> {
    w.sure(async || w.store.due_timers(w.now(), None, 1000).await).await
}

fn arm(name: &'static str, after: i64) -> Command {
    Command::Arm(name, crate::world::START + after)
}

pub(super) async fn timers_follow_the_state(w: &World) {
    let id = w.parcel().await;
    w.run(id, arm("a", 10)).await.unwrap();
    w.run(id, arm("b", 5)).await.unwrap();
    w.run(id, Command::Weigh(1)).await.unwrap();
    assert_eq!(armed(w, id).await, [("b".to_owned(), 5, 3)], "the earliest, and kept over other events");
    assert_eq!(w.sure(async || w.store.next_due().await).await, Some(crate::world::START + 5));
    w.run(id, Command::Disarm("b")).await.unwrap();
    assert_eq!(armed(w, id).await, [("a".to_owned(), 10, 5)], "the next, once the earlier one is gone");
    w.run(id, arm("a", 20)).await.unwrap();
    assert_eq!(armed(w, id).await, [("a".to_owned(), 20, 6)], "cancelled, and armed for another time");
    assert!(due(w).await.is_empty(), "never early");
    w.clock.advance(19);
    assert!(due(w).await.is_empty(), "never early");
    w.clock.advance(1);
    assert_eq!(due(w).await.len(), 1);
    w.run(id, Command::Close).await.unwrap();
    assert_eq!((armed(w, id).await, due(w).await), (vec![], vec![]));
    assert_eq!(w.sure(async || w.store.next_due().await).await, None);
}

fn ring(w: &World, timer: &DueTimer) -> Ask<Parcel> {
    Ask::new(timer.case, Command::Ring(timer.name.clone()), w.now()).with_timer(timer.clone())
}

pub(super) async fn a_timer_fires_once_however_many_fire_it(w: &World) {
    let id = w.parcel().await;
    w.run(id, arm("a", 1)).await.unwrap();
    w.clock.advance(1);
    let timer = due(w).await.remove(0);
    let all = futures_util::future::join_all((0..6).map(|_| w.retry(|| ring(w, &timer)))).await;
    let gone = all.iter().filter(|done| matches!(done, Err(Error::TimerGone))).count();
    // When the answer of the one that fired was lost, its own retry finds the timer gone, too.
    assert!(gone == 5 || (w.is_faulty() && gone == 6), "{all:?}");
    assert_eq!(w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.state.rung, ["a"]);
    assert!(armed(w, id).await.is_empty());
}

pub(super) async fn what_a_timer_does_stands_in_the_trace_of_the_command_that_armed_it(w: &World) {
    let id = w.parcel().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    w.ask(id, arm("a", 1), |ask| ask.with_traceparent(trace.to_owned())).await.unwrap();
    w.ask(id, Command::Weigh(1), |ask| ask.with_traceparent("00-another".to_owned())).await.unwrap();
    w.clock.advance(1);
    let timer = due(w).await.remove(0);
    assert_eq!(timer.traceparent, trace);
    let fired = w.retry(|| ring(w, &timer)).await;
    assert!(fired.is_ok() || (w.is_faulty() && matches!(fired, Err(Error::TimerGone))));
    let events = w.sure(async || w.store.events(id, i64::MAX).await).await;
    assert_eq!(events.last().unwrap().traceparent, trace);
}

pub(super) async fn a_timer_armed_again_has_another_generation(w: &World) {
    let id = w.parcel().await;
    w.run(id, arm("a", 1)).await.unwrap();
    w.clock.advance(1);
    let old = due(w).await.remove(0);
    w.run(id, Command::Disarm("a")).await.unwrap();
    w.run(id, arm("a", 1)).await.unwrap();
    assert!(matches!(w.retry(|| ring(w, &old)).await, Err(Error::TimerGone)), "cancelled, not fired");
    let new = due(w).await.remove(0);
    assert!(new.generation > old.generation);
    let fired = w.retry(|| ring(w, &new)).await;
    assert!(fired.is_ok() || (w.is_faulty() && matches!(fired, Err(Error::TimerGone))));
    assert_eq!(w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.state.rung, ["a"]);
}

pub(super) async fn a_timer_that_fires_early_stays_armed(w: &World) {
    let id = w.parcel().await;
    w.run(id, arm("a", 100)).await.unwrap();
    w.clock.advance(100);
    let timer = due(w).await.remove(0);
    w.clock.set(crate::world::START);
    let early = w.retry(|| ring(w, &timer)).await.unwrap();
    assert_eq!((early.version, early.state.rung), (2, vec![]));
    assert_eq!(armed(w, id).await.len(), 1, "the rules did not let it ring, so it is still to come");
    w.clock.advance(100);
    let late = w.retry(|| ring(w, &timer)).await;
    assert!(late.is_ok() || w.is_faulty());
    assert_eq!(w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.state.rung, ["a"]);
}

pub(super) async fn due_timers_are_walked_in_order_past_those_that_stay(w: &World) {
    for i in 0..9 {
        let id = w.parcel().await;
        w.run(id, arm("a", i / 3)).await.unwrap();
    }
    w.clock.advance(10);
    let mut walked: Vec<DueTimer> = Vec::new();
    loop {
        let page = w.sure(async || w.store.due_timers(w.now(), walked.last(), 2).await).await;
        if page.is_empty() {
            break;
        }
        walked.extend(page);
    }
    assert_eq!(walked.len(), 9);
    assert!(walked.is_sorted_by_key(|t| (t.due, t.case)));
}

/// Rings, but fails for cases it was told to.
struct Bell {
    book: Casebook,
    clock: SettableClock,
    broken: Mutex<Option<CaseId>>,
    fired: AtomicUsize,
}

#[async_trait]
impl Fire for Bell {
    async fn fire(&self, timer: DueTimer) -> Result<(), StoreError> {
        if *self.broken.lock().unwrap() == Some(timer.case) {
            return Err(StoreError::Unavailable("broken on purpose".to_owned()));
        }
        assert!(timer.due <= civic::Clock::now(&self.clock), "never early");
        let now = civic::Clock::now(&self.clock);
        let ask = Ask::<Parcel>::new(timer.case, Command::Ring(timer.name.clone()), now).with_timer(timer);
        match self.book.execute(ask).await {
            Ok(_) => drop(self.fired.fetch_add(1, Ordering::SeqCst)),
            Err(Error::TimerGone) => {}
            Err(Error::Store(error)) => return Err(error),
            Err(other) => panic!("{other}"),
        }
        Ok(())
    }
}

pub(super) async fn the_loop_fires_what_is_due_and_goes_past_what_fails(w: &World) {
    let broken = w.parcel().await;
    w.run(broken, arm("a", 1)).await.unwrap();
    let bell = Arc::new(Bell {
        book: w.book.clone(),
        clock: w.clock.clone(),
        broken: Mutex::new(Some(broken)),
        fired: AtomicUsize::new(0),
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let loops = tokio::spawn(run_timers(w.book.clone(), bell.clone(), async move { drop(stopped.await) }));
    let mut ids = Vec::new();
    for i in 0..20 {
        let id = w.parcel().await;
        w.run(id, arm("b", 1 + i)).await.unwrap();
        ids.push(id);
    }
    w.clock.advance(Micros::SECOND);
    let rung = async |id| w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.state.rung.len();
    let all = async {
        for id in &ids {
            while rung(*id).await == 0 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(rung(broken).await, 0);
        *bell.broken.lock().unwrap() = None;
        while rung(broken).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, all).await.expect("everything that is due fires");
    drop(stop);
    loops.await.unwrap();
    for id in ids {
        assert_eq!(rung(id).await, 1, "once");
    }
}
