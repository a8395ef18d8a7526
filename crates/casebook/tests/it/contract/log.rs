//! The event log.

use crate::{
    kinds::{Command, Labels, ParcelEvent},
    world::{PARTITIONS, World},
};
use prost::Message as _;
use queue::{Envelope, EventSource as _, Partition, Position, SourceError};
use std::collections::BTreeMap;

async fn read(w: &World, partition: Partition, after: Position, limit: usize) -> Vec<Envelope> {
    insist(w, async || w.book.read(partition, after, limit).await).await
}

async fn insist(w: &World, read: impl AsyncFn() -> Result<Vec<Envelope>, SourceError>) -> Vec<Envelope> {
    loop {
        match read().await {
            Err(_) if w.is_faulty() => {}
            other => return other.unwrap(),
        }
    }
}

pub(super) async fn events_have_dense_positions_in_the_order_of_each_case(w: &World) {
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(w.parcel().await);
        for id in &ids {
            w.run(*id, Command::Weigh(1)).await.unwrap();
        }
    }
    let heads = w.sure(async || w.store.heads().await).await;
    let mut seen = 0;
    for partition in 0..PARTITIONS {
        let head = heads[usize::from(partition)];
        let all = read(w, partition, 0, 1000).await;
        assert_eq!(all.iter().map(|e| e.position).collect::<Vec<_>>(), (1..=head).collect::<Vec<_>>());
        let mut versions: BTreeMap<&str, i64> = BTreeMap::new();
        for event in &all {
            let version = versions.entry(&event.subject).or_default();
            *version += 1;
            assert_eq!(event.case_version, *version, "{}", event.subject);
        }
        seen += all.len();
        let stored = w.sure(async || w.store.log(partition, 0, 1000).await).await;
        assert_eq!(stored.iter().map(|(p, _)| *p).collect::<Vec<_>>(), (1..=head).collect::<Vec<_>>());
        let middle = head / 2;
        let rest = read(w, partition, middle, 3).await;
        assert_eq!(rest, all[usize::try_from(middle).unwrap()..].iter().take(3).cloned().collect::<Vec<_>>());
    }
    assert_eq!(seen, 12 + (1..=12).sum::<usize>());
    let wants: Vec<_> = (0..PARTITIONS).map(|p| (p, heads[usize::from(p)] / 2)).collect();
    let mut alone = Vec::new();
    for (partition, after) in &wants {
        alone.extend(read(w, *partition, *after, 3).await);
    }
    let mut together = insist(w, async || w.book.read_several(&wants, 3).await).await;
    together.sort_by_key(|event| (event.partition, event.position));
    assert_eq!(together, alone, "asked in one question as in one for each");
    assert!(w.book.read(PARTITIONS, 0, 10).await.is_err());
    for id in &ids {
        let at = w.sure(async || w.store.position(*id, 1).await).await.unwrap();
        let events = read(w, id.partition(PARTITIONS), 0, 1000).await;
        let own = events.iter().find(|e| e.subject == format!("parcels/{id}")).unwrap().position;
        assert!(own <= at && at <= heads[usize::from(id.partition(PARTITIONS))], "at or after the event itself");
    }
}

pub(super) async fn only_what_is_published_leaves_the_service(w: &World) {
    let id = w.id();
    let labels = Labels { village: Some("v".to_owned()), ..Labels::default() };
    w.ask(id, Command::Open(labels), |ask| ask.with_traceparent("00-ab-cd-01".to_owned())).await.unwrap();
    w.run(id, Command::Close).await.unwrap();
    let events = read(w, id.partition(PARTITIONS), 0, 10).await;
    let opened = &events[0];
    assert_eq!((opened.r#type.as_str(), opened.place.as_str()), ("parcel.opened.v1", "v"));
    assert_eq!((opened.source.as_str(), opened.actor.as_str()), ("city/intake", "clerk"));
    assert_eq!(opened.traceparent, "00-ab-cd-01");
    assert_eq!(opened.time_us, w.now().0);
    assert!(ParcelEvent::decode(opened.data.as_ref()).is_ok());
    let closed = &events[1];
    assert!(closed.r#type.is_empty() && closed.data.is_empty(), "an internal event keeps its place and nothing else");
    assert_ne!(opened.id, closed.id);
}
