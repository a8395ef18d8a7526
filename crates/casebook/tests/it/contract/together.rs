//! Many commands at once.

use super::{commands::plant, consuming::Desk};
use crate::{
    kinds::{Command, Depot, Labels, Parcel, Refused},
    world::World,
};
use casebook::{Ask, Bundle, Error, Scope, StoreError, store::CaseRow};
use futures_util::future::join_all;
use queue::{EventSource as _, Position};

pub(super) async fn commands_on_one_case_in_one_batch_follow_each_other(w: &World) {
    let id = w.parcel().await;
    let all = join_all((0..100).map(|_| w.run(id, Command::Weigh(1)))).await;
    let mut versions: Vec<i64> = all.into_iter().map(|done| done.unwrap().version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=101).collect::<Vec<_>>());
    let found = w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await;
    assert_eq!((found.version, found.state.weight), (101, 100));
}

pub(super) async fn one_refused_command_does_not_fail_its_neighbours(w: &World) {
    let id = w.parcel().await;
    let all = join_all((0..60).map(|i| w.run(id, Command::Weigh(if i % 3 == 0 { -1000 } else { 1 })))).await;
    let refused = all.iter().filter(|done| matches!(done, Err(Error::Refused(Refused::TooLight)))).count();
    assert_eq!((refused, all.iter().filter(|done| done.is_ok()).count()), (20, 40));
    assert_eq!(w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.state.weight, 40);
}

pub(super) async fn hundreds_of_commands_leave_dense_versions_and_positions(w: &World) {
    let ids: Vec<_> = (0..700).map(|_| w.id()).collect();
    let opened = join_all(ids.iter().map(|id| w.run(*id, Command::Open(Labels::default())))).await;
    assert!(opened.iter().all(Result::is_ok));
    join_all(ids.iter().map(|id| w.run(*id, Command::Weigh(2)))).await;
    let heads = w.sure(async || w.store.heads().await).await;
    assert_eq!(heads.iter().sum::<Position>(), 1400);
    for id in ids {
        let row = w.sure(async || w.store.load(id).await).await.unwrap();
        let versions: Vec<i64> = w.sure(async || w.store.events(id, 9).await).await.iter().map(|e| e.version).collect();
        assert_eq!((row.version, versions), (2, vec![1, 2]));
    }
}

pub(super) async fn commands_of_one_bundle_commit_together_or_not_at_all(w: &World) {
    let (from, to) = (w.id(), w.id());
    let desk = Desk::new(w, move |event| {
        let amount = event.case_version;
        Ok(Some(Bundle::of(Ask::<Depot>::new(to, amount, ())).and(Ask::<Depot>::new(from, -amount, ()))))
    })
    .await;
    desk.apply(&[desk.event("a", 1)]).await;
    let stock = async |id| match w.until(async || w.book.get::<Depot>(&Scope::All, id).await).await {
        Ok(found) => Some(found.state.stock),
        Err(StoreError::NotFound) => None,
        Err(other) => panic!("{other}"),
    };
    assert_eq!((stock(from).await, stock(to).await), (None, None), "the second refused, so the first did not happen");
    w.retry_as(|| Ask::<Depot>::new(from, 10, ()).with_request(fixed())).await.unwrap();
    desk.apply(&[desk.event("b", 4)]).await;
    assert_eq!((stock(from).await, stock(to).await), (Some(6), Some(4)));
}

pub(super) async fn commands_executed_together_commit_together_or_not_at_all(w: &World) {
    let (one, two) = (w.parcel().await, w.parcel().await);
    let weight = async |id| w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.state.weight;
    let together = async |by: [i64; 2], request: &casebook::RequestKey| loop {
        let ask = |id, by| Ask::<Parcel>::new(id, Command::Weigh(by), w.now());
        let first = ask(one, by[0]).with_request(request.clone());
        match w.book.execute_together(first, vec![ask(two, by[1])]).await {
            Err(Error::Store(StoreError::Unavailable(_))) if w.is_faulty() => {}
            answer => return answer,
        }
    };
    let (refused, taken) = (w.request("a"), w.request("b"));
    for by in [[5, -1], [-1, 5]] {
        let answer = together(by, &refused).await;
        assert!(matches!(answer, Err(Error::Refused(Refused::TooLight))), "{answer:?}");
    }
    assert_eq!((weight(one).await, weight(two).await), (0, 0), "whichever refused, neither happened");
    let done = together([5, 7], &taken).await.unwrap();
    assert_eq!((done.id, done.version, done.state.weight), (one, 2, 5));
    let again = together([5, 7], &taken).await.unwrap();
    assert_eq!((again.version, weight(one).await, weight(two).await), (2, 5, 7), "once, by the request");
}

fn fixed() -> casebook::RequestKey {
    casebook::RequestKey { key: [3; 16], body: [4; 16] }
}

pub(super) async fn a_corrupt_case_refuses_alone(w: &World) {
    let (bad, good) = (w.parcel().await, w.parcel().await);
    let row = w.sure(async || w.store.load(bad).await).await.unwrap();
    plant(w, CaseRow { state: vec![0xff; 3], ..row }).await;
    let (refused, fine) = futures_util::join!(w.run(bad, Command::Weigh(1)), w.run(good, Command::Weigh(1)));
    assert!(matches!(&refused, Err(Error::Store(StoreError::Corrupt { table: "cases", .. }))), "{refused:?}");
    assert_eq!(fine.unwrap().state.weight, 1);
    let read = w.until(async || w.book.get::<Parcel>(&Scope::All, bad).await).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })));
    let partition = bad.partition(w.book.partitions());
    let events = loop {
        match w.book.read(partition, 0, 100).await {
            Err(_) if w.is_faulty() => {}
            other => break other.unwrap(),
        }
    };
    assert!(events.iter().any(|e| e.subject == format!("parcels/{bad}")), "its events are still there");
}
