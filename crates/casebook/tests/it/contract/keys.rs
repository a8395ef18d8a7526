//! The wrapped keys that lie with a case.

use crate::{
    kinds::{Command, ERASES, Labels},
    sealing::{MARK, Marker, wrapping_key},
    world::{World, opening},
};
use casebook::{Casebook, Keys, Rewrap, StoreError};
use civic::CaseId;
use std::sync::Arc;

fn keys(text: &str) -> Keys {
    Keys::from_bytes(text.as_bytes().to_vec())
}

async fn lie(w: &World, id: CaseId) -> Keys {
    w.sure(async || w.store.load(id).await).await.unwrap().keys
}

async fn marked(w: &World) -> CaseId {
    let id = w.id();
    w.run(id, Command::Open(Labels { text: MARK.to_owned(), ..Labels::default() })).await.unwrap();
    id
}

pub(super) async fn keys_are_committed_with_what_was_sealed_and_stay_until_they_are_destroyed(w: &World) {
    let (plain, id) = (w.parcel().await, marked(w).await);
    assert_eq!((lie(w, plain).await, lie(w, id).await), (Keys::default(), keys("key")));
    w.run(id, Command::Weigh(1)).await.unwrap();
    let labels = Labels { text: MARK.to_owned(), unit: Some("u".to_owned()), ..Labels::default() };
    w.run(id, Command::Label(labels.clone())).await.unwrap();
    assert_eq!(lie(w, id).await, keys("keykey"));
    w.run(id, Command::Weigh(ERASES)).await.unwrap();
    assert!(lie(w, id).await.are_destroyed());
    w.run(id, Command::Label(labels)).await.unwrap();
    assert!(lie(w, id).await.are_destroyed(), "nothing brings them back");
    let all = w.sure(async || w.store.keys_after(None, 10).await).await;
    let mut expected = [(plain, Keys::default()), (id, Keys::destroyed())];
    expected.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(all, expected);
    assert_eq!(w.sure(async || w.store.keys_after(Some(all[0].0), 10).await).await, all[1..]);
}

pub(super) async fn keys_are_wrapped_anew_only_where_they_are_as_they_were(w: &World) {
    let (one, two) = (marked(w).await, marked(w).await);
    let anew = |case, from, to| Rewrap { case, from: keys(from), to: keys(to) };
    let all = [anew(one, "key", "new"), anew(two, "other", "new")];
    w.sure(async || w.store.rewrap(&all).await).await;
    assert_eq!((lie(w, one).await, lie(w, two).await), (keys("new"), keys("key")));
    assert_eq!(w.sure(async || w.store.rewrap(&all).await).await, 0);
    w.run(one, Command::Weigh(1)).await.unwrap();
    assert_eq!(lie(w, one).await, keys("new"), "the next command finds the new ones");
}

pub(super) async fn data_is_not_opened_without_a_key_that_something_may_be_wrapped_under(w: &World) {
    let open = async |numbers: &[(u32, &str)]| {
        let all: Vec<_> = numbers.iter().map(|(number, check)| wrapping_key(*number, check)).collect();
        let sealer = || Arc::new(Marker { keys: all.clone() });
        let again = async || {
            let opening = casebook::Opening { sealer: sealer(), ..opening(w.store.clone(), &w.clock) };
            Casebook::open(opening).await.map(drop)
        };
        w.until(again).await
    };
    open(&[(1, "a")]).await.unwrap();
    open(&[(1, "a"), (2, "b")]).await.unwrap();
    for wrong in [&[(2, "b")][..], &[(1, "a")], &[(1, "other"), (2, "b")], &[]] {
        let refused = open(wrong).await;
        assert!(matches!(&refused, Err(StoreError::Mismatch(why)) if why.contains("put it back")), "{refused:?}");
    }
    w.sure(async || w.store.forget_wrapping_key(1).await).await;
    open(&[(2, "b")]).await.unwrap();
    assert_eq!(w.sure(async || w.store.wrapping_keys().await).await, [wrapping_key(2, "b")]);
}
