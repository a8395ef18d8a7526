//! One short life, failed at every single call, before and after its effect: it always ends the same.

use crate::{
    kinds::{Command, Labels, Parcel},
    verifying::check,
    world::{Backend, START, World},
};
use casebook::{Ask, Error, Filter, Page, Scope};
use std::sync::Arc;
use testkit::{Fault, Faults};

/// Create, weigh, arm, fire, list: what is left at the end.
async fn life(w: &World) -> (i64, i64, Vec<String>, usize) {
    let id = w.id();
    w.run(id, Command::Open(Labels::default())).await.unwrap();
    w.run(id, Command::Weigh(5)).await.unwrap();
    w.run(id, Command::Arm("a", START + 1)).await.unwrap();
    w.clock.advance(2);
    let due = w.sure(async || w.store.due_timers(w.now(), None, 10).await).await;
    for timer in due {
        let ring = || Ask::<Parcel>::new(id, Command::Ring(timer.name.clone()), w.now()).with_timer(timer.clone());
        let rung = w.retry(ring).await;
        assert!(matches!(rung, Ok(_) | Err(Error::TimerGone)), "{rung:?}");
    }
    let page = Page { size: 10, after: None };
    let listed = w.sure(async || w.book.list::<Parcel>(&Scope::All, &Filter::default(), &page).await).await;
    let found = &listed[0];
    (found.version, found.state.weight, found.state.rung.clone(), listed.len())
}

#[tokio::test]
async fn a_fault_at_any_call_changes_nothing_about_the_end() {
    for backend in [Backend::Memory, Backend::Sqlite] {
        let calm = Arc::new(Faults::never());
        let expected = life(&World::with(&backend, Some(calm.clone())).await).await;
        assert_eq!(expected, (4, 5, vec!["a".to_owned()], 1));
        for fault in [Fault::Before, Fault::After] {
            for nth in 1..=calm.calls() {
                let faults = Arc::new(Faults::once(nth, fault));
                let w = World::with(&backend, Some(faults.clone())).await;
                assert_eq!(life(&w).await, expected, "{fault:?} at call {nth}");
                assert_eq!(faults.injected(), 1);
                assert!(check(&w).await.is_clean(), "{fault:?} at call {nth}");
            }
        }
    }
}
