//! What must hold in the end, over what lies on the disks.

use super::World;
use crate::wired::client::Told;
use casebook::verify::{Bounds, Report};
use casebook::{Casebook, ClusterKey, Opening, Store, Suite};
use civic::{CaseId, Micros, SeededRng};
use guard::vault::{KeyRing, Vault};
use jiewang::cluster::{PARTITIONS, folder};
use jiewang::room::Room;
use jiewang::verb::verify::inspect;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

impl World {
    /// What does not hold, and a digest of all that is stored and was answered.
    pub(super) async fn audit(&self, told: &Told) -> (Vec<String>, u64) {
        let mut books = Vec::new();
        for (room, disk) in &self.disks {
            let store = disk.lock().unwrap().clone();
            books.push(self.book(*room, store).await);
        }
        let bounds = Bounds {
            since: Micros(i64::MIN),
            until: None,
            late: 600 * Micros::SECOND,
            partitions: PARTITIONS,
            heads: BTreeMap::new(),
        };
        let mut wrong = Vec::new();
        let mut digest = DefaultHasher::new();
        told.trace.hash(&mut digest);
        for (service, report) in inspect(&books, bounds).await.unwrap() {
            let Report { violations, parked, .. } = report;
            wrong.extend(violations.iter().map(|violation| format!("{service}: {violation}")));
            wrong
                .extend(parked.iter().map(|event| format!("{service}: {} is parked: {}", event.subject, event.reason)));
        }
        let acknowledged: BTreeSet<CaseId> =
            told.reports.values().map(|name| name.trim_start_matches("reports/").parse().unwrap()).collect();
        for (book, kind) in books.iter().zip(["report", "workOrder"]) {
            let cases = book.store().scan(None, 10_000).await.unwrap();
            let ids: Vec<CaseId> = cases.iter().filter(|case| case.kind == kind).map(|case| case.id).collect();
            if ids != acknowledged.iter().copied().collect::<Vec<_>>() {
                let missing = acknowledged.iter().filter(|id| !ids.contains(id)).count();
                wrong.push(format!(
                    "{kind}: {} are stored, {missing} of {} are missing",
                    ids.len(),
                    acknowledged.len()
                ));
            }
            for case in cases {
                for event in book.store().events(case.id, i64::MAX).await.unwrap() {
                    (case.id.to_string(), event.version, event.event_type, event.time.0).hash(&mut digest);
                }
            }
        }
        (wrong, digest.finish())
    }

    async fn book(&self, room: Room, store: Arc<dyn Store>) -> Casebook {
        let service = room.service().unwrap();
        let secret = folder::read_secret(self.folders[0].path()).unwrap();
        let opening = Opening {
            store,
            kinds: Arc::new((service.kinds)()),
            cluster: self.cluster.clone(),
            service: service.name,
            partitions: PARTITIONS,
            key: ClusterKey::new(Suite::Aes, &secret),
            sealer: Arc::new(Vault::new(
                Suite::Aes,
                KeyRing::derived(Suite::Aes, &secret),
                Arc::new(SeededRng::new(0)),
            )),
            clock: Arc::new(self.time.clone()),
        };
        let (book, _committer) = Casebook::open(opening).await.unwrap();
        book
    }
}
