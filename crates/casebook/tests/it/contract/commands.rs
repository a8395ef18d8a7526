//! One command at a time.

use crate::{
    kinds::{Command, Depot, Labels, Parcel, Refused, What},
    world::World,
};
use casebook::{
    Ask, Error, OnTaken, PlaceColumn, Scope, StoreError, Unique,
    batch::{Change, Outcome, Step, StepVerdict, Submission, Work},
    store::CaseRow,
};
use civic::{CaseId, Micros};
use std::any::Any;

fn town(town: &str) -> Labels {
    Labels { town: Some(town.to_owned()), ..Labels::default() }
}

pub(super) async fn a_created_case_is_read_back_with_its_timeline(w: &World) {
    let id = w.id();
    let done = w.run(id, Command::Open(town("a"))).await.unwrap();
    assert_eq!((done.id, done.version, done.state.weight), (id, 1, 0));
    w.run(id, Command::Weigh(5)).await.unwrap();
    let found = w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await;
    assert_eq!((found.version, found.state.weight), (2, 5));
    let timeline = w.sure(async || w.book.timeline::<Parcel>(&Scope::All, id).await).await;
    let what: Vec<_> = timeline.into_iter().map(|(version, event)| (version, event.what)).collect();
    assert_eq!(what, [(1, Some(What::Opened(town("a")))), (2, Some(What::Weighed(5)))]);
    let unknown = w.until(async || w.book.get::<Parcel>(&Scope::All, w.id()).await).await;
    assert_eq!(unknown.unwrap_err(), StoreError::NotFound);
}

pub(super) async fn a_refused_command_changes_nothing(w: &World) {
    let id = w.parcel().await;
    let refused = w.run(id, Command::Weigh(-1)).await;
    assert!(matches!(refused, Err(Error::Refused(Refused::TooLight))), "{refused:?}");
    let missing = w.id();
    assert!(matches!(w.run(missing, Command::Close).await, Err(Error::Refused(Refused::Missing))));
    assert_eq!(w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.version, 1);
    assert!(w.sure(async || w.store.load(missing).await).await.is_none());
}

pub(super) async fn a_command_without_events_answers_with_the_state_as_it_is(w: &World) {
    let id = w.parcel().await;
    let done = w.run(id, Command::Look).await.unwrap();
    assert_eq!((done.version, done.state.open), (1, true));
    assert_eq!(w.sure(async || w.store.events(id, i64::MAX).await).await.len(), 1);
}

pub(super) async fn the_same_request_is_answered_as_it_was_at_that_version(w: &World) {
    let id = w.parcel().await;
    let request = w.request("five");
    let ask = || Ask::new(id, Command::Weigh(5), w.now()).with_request(request.clone());
    assert_eq!(w.retry(ask).await.unwrap().version, 2);
    w.run(id, Command::Weigh(7)).await.unwrap();
    let again = w.retry(ask).await.unwrap();
    assert_eq!((again.version, again.state.weight, again.replayed), (2, 5, true));
    let now = w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await;
    assert_eq!((now.version, now.state.weight), (3, 12));
}

pub(super) async fn the_same_request_twice_in_one_batch_has_one_effect(w: &World) {
    let id = w.parcel().await;
    let request = w.request("five");
    let ask = || Ask::new(id, Command::Weigh(5), w.now()).with_request(request.clone());
    let both = futures_util::future::join_all((0..8).map(|_| w.retry(ask))).await;
    assert!(both.iter().all(|done| done.as_ref().is_ok_and(|d| d.version == 2 && d.state.weight == 5)));
    assert_eq!(w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.version, 2);
}

pub(super) async fn another_body_under_the_same_request_is_a_conflict(w: &World) {
    let id = w.parcel().await;
    let request = w.request("five");
    w.retry(|| Ask::new(id, Command::Weigh(5), w.now()).with_request(request.clone())).await.unwrap();
    let other = casebook::RequestKey { body: [9; 16], ..request };
    let reused = w.retry(|| Ask::new(id, Command::Weigh(6), w.now()).with_request(other.clone())).await;
    assert!(matches!(reused, Err(Error::RequestReused)), "{reused:?}");
    assert_eq!(w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.state.weight, 5);
}

pub(super) async fn a_refusal_is_not_remembered(w: &World) {
    let id = w.parcel().await;
    let request = w.request("lighter");
    let ask = || Ask::new(id, Command::Weigh(-3), w.now()).with_request(request.clone());
    assert!(w.retry(ask).await.is_err());
    w.run(id, Command::Weigh(10)).await.unwrap();
    assert_eq!(w.retry(ask).await.unwrap().state.weight, 7);
}

pub(super) async fn a_stale_etag_changes_nothing_and_names_the_current_version(w: &World) {
    let id = w.parcel().await;
    w.ask(id, Command::Weigh(1), |ask| ask.with_etag(Some(1))).await.unwrap();
    let stale = w.ask(id, Command::Weigh(1), |ask| ask.with_etag(Some(1))).await;
    assert!(matches!(stale, Err(Error::Conflict { current: 2 })), "{stale:?}");
    w.ask(id, Command::Weigh(1), |ask| ask.with_etag(Some(2))).await.unwrap();
}

pub(super) async fn a_case_out_of_scope_does_not_exist(w: &World) {
    let id = w.id();
    w.run(id, Command::Open(town("a"))).await.unwrap();
    let elsewhere = Scope::Place(PlaceColumn::Town, "b".to_owned());
    let foreign = w.ask(id, Command::Weigh(1), |ask| ask.with_scope(elsewhere.clone())).await;
    assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
    let missing = w.ask(w.id(), Command::Weigh(1), |ask| ask.with_scope(elsewhere.clone())).await;
    assert!(matches!(missing, Err(Error::NotFound)), "a case that is not and one that may not be known look the same");
    for scope in [elsewhere, Scope::Nothing, Scope::Case(w.id()), Scope::Unit("u".to_owned())] {
        let read = w.until(async || w.book.get::<Parcel>(&scope, id).await).await;
        assert_eq!(read.unwrap_err(), StoreError::NotFound);
        let timeline = w.until(async || w.book.timeline::<Parcel>(&scope, id).await).await;
        assert_eq!(timeline.unwrap_err(), StoreError::NotFound);
    }
    let own = Scope::Place(PlaceColumn::Town, "a".to_owned());
    assert_eq!(w.ask(id, Command::Weigh(1), |ask| ask.with_scope(own.clone())).await.unwrap().version, 2);
    assert!(w.until(async || w.book.get::<Parcel>(&Scope::Case(id), id).await).await.is_ok());
}

pub(super) async fn an_id_of_another_kind_does_not_exist(w: &World) {
    let id = w.parcel().await;
    let read = w.until(async || w.book.get::<Depot>(&Scope::All, id).await).await;
    assert_eq!(read.unwrap_err(), StoreError::NotFound);
    let other = w.retry_as(|| Ask::<Depot>::new(id, 1, ())).await;
    assert!(matches!(other, Err(Error::NotFound)), "{other:?}");
}

fn unique(content: u8, on_taken: OnTaken) -> Unique {
    Unique { key: "channel/hotline/42".to_owned(), content: [content; 16], on_taken }
}

pub(super) async fn a_unique_key_with_the_same_content_answers_with_the_first_case_as_created(w: &World) {
    let open = async |content| {
        let (id, labels) = (w.id(), town("a"));
        w.ask(id, Command::Open(labels), |ask| ask.with_unique(unique(content, OnTaken::FirstCase))).await
    };
    let first = open(1).await.unwrap();
    w.run(first.id, Command::Weigh(3)).await.unwrap();
    let second = open(1).await.unwrap();
    assert_eq!((second.id, second.version, second.state.weight, second.replayed), (first.id, 1, 0, true));
    assert_eq!(w.sure(async || w.book.find_unique("channel/hotline/42").await).await, Some(first.id));
    assert_eq!(w.sure(async || w.book.find_unique("channel/hotline/43").await).await, None);
}

pub(super) async fn a_unique_key_with_other_content_or_that_refuses_is_taken(w: &World) {
    let open = async |content, on_taken| {
        let id = w.id();
        (id, w.ask(id, Command::Open(town("a")), |ask| ask.with_unique(unique(content, on_taken))).await)
    };
    let (first, done) = open(1, OnTaken::Refuse).await;
    done.unwrap();
    for (content, on_taken) in [(2, OnTaken::FirstCase), (1, OnTaken::Refuse), (2, OnTaken::Refuse)] {
        let (id, taken) = open(content, on_taken).await;
        assert!(matches!(&taken, Err(Error::UniqueTaken { case, .. }) if *case == first), "{taken:?}");
        assert!(w.sure(async || w.store.load(id).await).await.is_none());
    }
}

/// Puts a row as it is, past the rules.
pub(crate) struct Plant(pub(crate) CaseRow);

impl Step for Plant {
    fn case(&self) -> CaseId {
        self.0.id
    }

    fn decide(&mut self, _: Option<&CaseRow>, _: &str) -> StepVerdict {
        let change = Change { case: self.0.clone(), events: Vec::new(), timers_before: Vec::new(), timers: Vec::new() };
        StepVerdict::Change(Box::new(change))
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

pub(crate) async fn plant(w: &World, row: CaseRow) {
    w.sure(async || {
        let work = Work::new(vec![Box::new(Plant(row.clone()))]);
        let mut batch = [Submission::of(work)];
        w.store.commit(&mut batch).await?;
        assert!(matches!(batch[0].works[0].outcome, Outcome::Committed { .. }));
        Ok(())
    })
    .await;
}

pub(super) async fn a_case_of_another_owner_or_epoch_is_left_alone(w: &World) {
    let id = w.parcel().await;
    let fenced = w.ask(id, Command::Weigh(1), |ask| ask.with_epoch(2)).await;
    assert!(matches!(fenced, Err(Error::NotOwner { epoch: 1, .. })), "{fenced:?}");
    w.ask(id, Command::Weigh(1), |ask| ask.with_epoch(1)).await.unwrap();
    let row = w.sure(async || w.store.load(id).await).await.unwrap();
    plant(w, CaseRow { owner: "district".to_owned(), epoch: 2, ..row }).await;
    let foreign = w.run(id, Command::Weigh(1)).await;
    assert!(matches!(&foreign, Err(Error::NotOwner { owner, epoch: 2 }) if owner == "district"), "{foreign:?}");
    assert_eq!(w.sure(async || w.book.get::<Parcel>(&Scope::All, id).await).await.state.weight, 1);
}

pub(super) async fn requests_are_found_after_seven_days_and_forgotten_later(w: &World) {
    let id = w.parcel().await;
    let request = w.request("five");
    let ask = || Ask::new(id, Command::Weigh(5), w.now()).with_request(request.clone());
    let first = w.retry(ask).await.unwrap().version;
    for _ in 0..7 {
        w.clock.advance(Micros::DAY);
        w.run(id, Command::Weigh(100)).await.unwrap();
        assert!(w.retry(ask).await.unwrap().replayed);
    }
    for _ in 0..3 {
        w.clock.advance(Micros::DAY);
        w.run(id, Command::Weigh(100)).await.unwrap();
    }
    // Not asked for `replayed`: where the answer of a commit was lost, its own retry is a replay.
    let late = w.retry(ask).await.unwrap().version;
    assert!(late > first, "the tables of requests must not grow for ever");
    w.clock.advance(-Micros::HOUR);
    assert!(w.retry(ask).await.unwrap().replayed, "a clock set back forgets nothing");
}
