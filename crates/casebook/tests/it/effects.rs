//! The verifier over two services: what was consumed shows its effect, and nothing waits for ever.

use crate::{
    kinds::Depot,
    verifying::bounds,
    world::{Backend, PARTITIONS, World},
};
use casebook::effects::Parking;
use casebook::verify::{Expects, verify_effects};
use casebook::{Ask, Bundle, Consume, Effects, EventRow, GiveUp, Invariant, Report};
use civic::{CaseId, Micros};
use queue::{Apply as _, Batch, Envelope, EventSource as _, Slice};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use std::{sync::Arc, time::Duration};

const LONG: Duration = Duration::from_secs(3600);

/// A depot for every parcel that was opened, but for the one that cannot be understood.
struct OpenDepots(CaseId);

fn parcel(event: &Envelope) -> Option<CaseId> {
    let opened = event.r#type.starts_with("parcel.opened");
    opened.then(|| event.subject.rsplit('/').next().unwrap().parse().unwrap())
}

impl Effects for OpenDepots {
    fn effect(&self, event: &Envelope) -> Result<Option<Bundle>, GiveUp> {
        match parcel(event) {
            Some(id) if id == self.0 => Err(GiveUp("not understood".to_owned())),
            Some(id) => Ok(Some(Bundle::of(Ask::<Depot>::new(id, 1, ())))),
            None => Ok(None),
        }
    }
}

struct Depots;

impl Expects for Depots {
    fn case(&self, event: &Envelope) -> Option<CaseId> {
        parcel(event)
    }

    fn shown(&self, _: &Envelope, history: &[EventRow]) -> bool {
        !history.is_empty()
    }
}

/// Two services: parcels are opened in one, depots in the other.
struct Pair {
    producer: World,
    consumer: World,
    consume: Consume,
    ids: Vec<CaseId>,
}

impl Pair {
    async fn new() -> Self {
        let (producer, consumer) = (World::new(&Backend::Memory).await, World::new(&Backend::Sqlite).await);
        let mut ids = Vec::new();
        for _ in 0..50 {
            ids.push(producer.parcel().await);
        }
        let consume = Consume::new(consumer.book.clone(), Arc::new(OpenDepots(ids[7])));
        Self { producer, consumer, consume, ids }
    }

    async fn consume_all(&self) {
        let partitions: Vec<u16> = (0..PARTITIONS).collect();
        let leases = self.consumer.store.acquire("intake", "me", &partitions, LONG).await.unwrap();
        for lease in leases {
            let events = self.producer.book.read(lease.partition, lease.consumed, 1000).await.unwrap();
            let slice = Slice { partition: lease.partition, epoch: lease.epoch, from: lease.consumed, events };
            self.consume.apply(Batch { producer: "intake".to_owned(), slices: vec![slice] }).await.unwrap();
        }
    }

    async fn check(&self, late: i64) -> Report {
        let mut report = Report::default();
        let bounds = bounds(self.producer.now() + late);
        let (consumer, producer) = (&self.consumer.book, &self.producer.book);
        verify_effects(consumer, producer, &Depots, &bounds, &mut report).await.unwrap();
        report
    }

    async fn plant(&self, sql: &str, id: CaseId) {
        let hex: String = id.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        let file = format!("sqlite:{}", self.consumer.file().display());
        let mut file = SqliteConnection::connect(&file).await.unwrap();
        let sql = AssertSqlSafe(sql.replace("ID", &format!("X'{hex}'")));
        assert!(sqlx::query(sql).execute(&mut file).await.unwrap().rows_affected() > 0);
    }
}

#[tokio::test]
async fn an_event_that_is_consumed_without_its_effect_is_found() {
    let pair = Pair::new().await;
    pair.consume_all().await;
    let clean = pair.check(Micros::HOUR).await;
    assert!(clean.is_clean(), "one is parked, all others took effect: {:#?}", clean.violations);
    pair.plant("DELETE FROM events WHERE case_id = ID", pair.ids[3]).await;
    let report = pair.check(Micros::HOUR).await;
    let [violation] = report.violations.as_slice() else { panic!("{:#?}", report.violations) };
    assert_eq!((violation.invariant, violation.case), (Invariant::I5, Some(pair.ids[3])));
    assert!(violation.found.contains("shows no effect"), "{violation}");
}

#[tokio::test]
async fn a_parked_event_that_vanishes_is_found_unless_somebody_gave_it_up() {
    for given_up in [false, true] {
        let pair = Pair::new().await;
        pair.consume_all().await;
        let subject = format!("parcels/{}", pair.ids[7]);
        if given_up {
            let by = Parking { actor: "operator", reason: "it can never be" };
            assert!(pair.consume.give_up("intake", &subject, by).await.unwrap().is_some());
        } else {
            pair.plant("DELETE FROM parked WHERE producer = 'intake' AND ID = ID", pair.ids[7]).await;
        }
        let report = pair.check(0).await;
        let found: Vec<_> = report.violations.iter().map(|v| (v.invariant, v.case)).collect();
        let expected = if given_up { vec![] } else { vec![(Invariant::I5, Some(pair.ids[7]))] };
        assert_eq!(found, expected, "given up: {given_up}");
    }
}

#[tokio::test]
async fn an_event_that_nobody_consumes_is_late_after_the_bound() {
    let pair = Pair::new().await;
    pair.consume_all().await;
    let late = pair.producer.parcel().await;
    let part = late.partition(PARTITIONS);
    assert!(pair.check(Micros::MINUTE).await.is_clean(), "it may still come");
    let report = pair.check(2 * Micros::MINUTE).await;
    let [violation] = report.violations.as_slice() else { panic!("{:#?}", report.violations) };
    assert_eq!(violation.invariant, Invariant::I7);
    assert!(violation.found.contains(&format!("1 events of partition {part} of intake")), "{violation}");
    pair.consume_all().await;
    assert!(pair.check(2 * Micros::MINUTE).await.is_clean());
}
