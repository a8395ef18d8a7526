//! The multi-row writes of one transaction.

use super::{
    SqlStore,
    appended::Appended,
    commit::Gained,
    conn::{Tx, Value},
    newest::Newest,
    rows::{case_values, event_values, id_value},
    schema::REQUEST_TABLES,
    statement::{Form, Shape, chunks},
};
use crate::{
    batch::{Armed, CaseWrite, LeaseKey, RequestRow, UniqueRow, Writes},
    case::{Row, Tag},
    error::StoreError,
    store::{EventRow, ParkedEvent, Placed},
};
use civic::CaseId;
use queue::Position;
use std::collections::{BTreeMap, HashMap};

const CASES: &str = "INSERT INTO cases (id, kind, version, schema, state, owner, epoch, open, st, urgency, category, district, town, \
    village, grid, unit, place, yellow_at, red_at, lamp, flagged, tags, sealed_by)";
/// No column that an index looks at has changed: only the row itself is touched.
const STATE_ONLY: &str = "ON CONFLICT (id) DO UPDATE SET version = excluded.version, schema = excluded.schema, state = excluded.state, \
    owner = excluded.owner, epoch = excluded.epoch, yellow_at = excluded.yellow_at, red_at = excluded.red_at, \
    sealed_by = excluded.sealed_by";
/// Only the state number and the lamp among them.
const STATE_NUMBER: &str = "ON CONFLICT (id) DO UPDATE SET version = excluded.version, schema = excluded.schema, state = excluded.state, \
    owner = excluded.owner, epoch = excluded.epoch, yellow_at = excluded.yellow_at, red_at = excluded.red_at, st = excluded.st, \
    sealed_by = excluded.sealed_by";
const ALL: &str = "ON CONFLICT (id) DO UPDATE SET version = excluded.version, schema = excluded.schema, state = excluded.state, \
    owner = excluded.owner, epoch = excluded.epoch, open = excluded.open, st = excluded.st, urgency = excluded.urgency, \
    category = excluded.category, district = excluded.district, town = excluded.town, village = excluded.village, \
    grid = excluded.grid, unit = excluded.unit, place = excluded.place, yellow_at = excluded.yellow_at, \
    red_at = excluded.red_at, lamp = excluded.lamp, flagged = excluded.flagged, \
    tags = excluded.tags, sealed_by = excluded.sealed_by";
const NEW: &str = "";
const EVENTS: &str = "INSERT INTO events (case_id, version, kind, type, at, actor, place, traceparent, payload)";
const TIMERS: &str = "INSERT INTO timers (case_id, name, kind, due, generation)";
const TIMERS_SET: &str =
    "ON CONFLICT (case_id, name) DO UPDATE SET due = excluded.due, generation = excluded.generation";
const TIMERS_GONE: &str = "DELETE FROM timers WHERE (case_id, name) IN (";
const TAGGED: &str = "INSERT INTO tagged (tag, is_open, case_id)";
const TAGGED_GONE: &str = "DELETE FROM tagged WHERE (tag, is_open, case_id) IN (";
const PARKED_GONE: &str = "DELETE FROM parked WHERE (producer, subject, position) IN (";
const UNIQUES: &str = "INSERT INTO uniques (name, content, case_id, version)";
const REQUESTS: [&str; REQUEST_TABLES] = [
    "INSERT INTO requests_0 (key, body, case_id, version)",
    "INSERT INTO requests_1 (key, body, case_id, version)",
    "INSERT INTO requests_2 (key, body, case_id, version)",
    "INSERT INTO requests_3 (key, body, case_id, version)",
    "INSERT INTO requests_4 (key, body, case_id, version)",
    "INSERT INTO requests_5 (key, body, case_id, version)",
    "INSERT INTO requests_6 (key, body, case_id, version)",
    "INSERT INTO requests_7 (key, body, case_id, version)",
    "INSERT INTO requests_8 (key, body, case_id, version)",
];

const APPENDED: [&str; REQUEST_TABLES] = [
    "INSERT INTO requests_0 (n, key, body, case_id, version)",
    "INSERT INTO requests_1 (n, key, body, case_id, version)",
    "INSERT INTO requests_2 (n, key, body, case_id, version)",
    "INSERT INTO requests_3 (n, key, body, case_id, version)",
    "INSERT INTO requests_4 (n, key, body, case_id, version)",
    "INSERT INTO requests_5 (n, key, body, case_id, version)",
    "INSERT INTO requests_6 (n, key, body, case_id, version)",
    "INSERT INTO requests_7 (n, key, body, case_id, version)",
    "INSERT INTO requests_8 (n, key, body, case_id, version)",
];

pub(super) const fn values(head: &'static str, columns: usize, tail: &'static str) -> Shape {
    Shape { head, columns, tail, form: Form::Values }
}

impl SqlStore {
    pub(super) async fn write(
        &self,
        tx: &mut Tx,
        writes: Writes,
        newest: Option<&Newest>,
    ) -> Result<(Placed, Option<Gained>), StoreError> {
        let requests = self.write_requests(tx, writes.requests, newest).await?;
        self.write_uniques(tx, writes.uniques).await?;
        self.write_cases(tx, writes.cases).await?;
        self.write_events(tx, &writes.events).await?;
        self.write_timers(tx, writes.timers).await?;
        self.write_consumed(tx, writes.consumed).await?;
        self.write_parked(tx, writes.parked, writes.unparked).await?;
        let Some(newest) = newest else {
            return Ok((self.place(tx, writes.events).await?, None));
        };
        let Appended { heads, log, placed } = self.append_log(tx, writes.events, newest).await?;
        Ok((placed, Some(Gained { heads, log, requests })))
    }

    /// Rows of `columns` values each, in chunks. Number written.
    pub(super) async fn insert(&self, tx: &mut Tx, shape: Shape, all: Vec<Value>) -> Result<u64, StoreError> {
        let mut written = 0;
        let rows = all.len() / shape.columns;
        let mut all = all.into_iter();
        for size in chunks(rows) {
            let chunk: Vec<Value> = all.by_ref().take(size * shape.columns).collect();
            written += tx.execute(self.statements.text(shape, size), chunk).await?;
        }
        Ok(written)
    }

    /// Sorted where several replicas write, so that they do not wait for each other in a circle. A key that another one took since we
    /// looked makes the batch run again: it is found then. Answers with the keys in the order of their rows.
    async fn write_requests(
        &self,
        tx: &mut Tx,
        mut requests: Vec<([u8; 16], RequestRow)>,
        newest: Option<&Newest>,
    ) -> Result<Vec<[u8; 16]>, StoreError> {
        let slot = self.request_slot();
        let numbers = newest.map(|newest| newest.next_request(slot)..);
        let (shape, expected) = match &numbers {
            Some(_) => (values(APPENDED[slot], 5, ""), requests.len()),
            None => (values(REQUESTS[slot], 4, "ON CONFLICT DO NOTHING"), requests.len()),
        };
        if numbers.is_none() {
            requests.sort_unstable_by_key(|(key, _)| *key);
        }
        let keys = requests.iter().map(|(key, _)| *key).collect();
        let mut numbers = numbers.into_iter().flatten();
        let mut all = Vec::with_capacity(requests.len() * shape.columns);
        for (key, row) in requests {
            all.extend(numbers.next().map(|n| Value::Int(n.into())));
            all.extend([
                Value::Blob(key.to_vec()),
                Value::Blob(row.body.to_vec()),
                id_value(row.case),
                Value::Int(row.version),
            ]);
        }
        let written = self.insert(tx, shape, all).await?;
        all_or_rerun(written, expected).map(|()| keys)
    }

    async fn write_uniques(&self, tx: &mut Tx, mut uniques: Vec<(String, UniqueRow)>) -> Result<(), StoreError> {
        let expected = uniques.len();
        uniques.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut all = Vec::with_capacity(expected * 4);
        for (name, row) in uniques {
            all.extend([
                Value::Text(name),
                Value::Blob(row.content.to_vec()),
                id_value(row.case),
                Value::Int(row.version),
            ]);
        }
        let written = self.insert(tx, values(UNIQUES, 4, "ON CONFLICT DO NOTHING"), all).await?;
        all_or_rerun(written, expected)
    }

    async fn write_cases(&self, tx: &mut Tx, cases: HashMap<CaseId, CaseWrite>) -> Result<(), StoreError> {
        let mut cases: Vec<CaseWrite> = cases.into_values().collect();
        cases.sort_unstable_by_key(|w| w.case.id);
        let mut by_tail: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
        self.write_tags(tx, &cases).await?;
        for write in cases {
            let tail = conflict_tail(write.stored.as_ref(), &write.case.row);
            case_values(write.case, by_tail.entry(tail).or_default());
        }
        for (tail, all) in by_tail {
            self.insert(tx, values(CASES, 23, tail), all).await?;
        }
        Ok(())
    }

    /// Only what changed, which for most cases is nothing. Those of open cases SQLite's one writer remembers.
    async fn write_tags(&self, tx: &mut Tx, cases: &[CaseWrite]) -> Result<(), StoreError> {
        let remembered = self.db.is_sqlite();
        let standing = |row: &Row| -> Vec<(Tag, bool)> {
            let written = !(row.open && remembered);
            row.tags.iter().filter(|_| written).map(|tag| (tag.clone(), row.open)).collect()
        };
        let (mut gone, mut added) = (Vec::new(), Vec::new());
        for CaseWrite { case, stored } in cases {
            let (had, has) = (stored.as_ref().map(standing).unwrap_or_default(), standing(&case.row));
            let row =
                |(tag, open): &(Tag, bool)| [Value::Text(tag.text()), Value::Int(i64::from(*open)), id_value(case.id)];
            gone.extend(had.iter().filter(|entry| !has.contains(entry)).flat_map(row));
            added.extend(has.iter().filter(|entry| !had.contains(entry)).flat_map(row));
        }
        self.insert(tx, values(TAGGED_GONE, 3, ")"), gone).await?;
        self.insert(tx, values(TAGGED, 3, "ON CONFLICT DO NOTHING"), added).await.map(drop)
    }

    async fn write_events(&self, tx: &mut Tx, events: &[EventRow]) -> Result<(), StoreError> {
        let mut all = Vec::with_capacity(events.len() * 9);
        for event in events {
            event_values(event.clone(), &mut all);
        }
        self.insert(tx, values(EVENTS, 9, ""), all).await.map(drop)
    }

    async fn write_timers(
        &self,
        tx: &mut Tx,
        timers: BTreeMap<(CaseId, String), Option<Armed>>,
    ) -> Result<(), StoreError> {
        let (mut armed, mut gone) = (Vec::new(), Vec::new());
        for ((case, name), arming) in timers {
            match arming {
                Some(Armed { kind, due, generation }) => armed.extend([
                    id_value(case),
                    Value::Text(name),
                    Value::Text(kind),
                    Value::Int(due.0),
                    Value::Int(generation),
                ]),
                None => gone.extend([id_value(case), Value::Text(name)]),
            }
        }
        self.insert(tx, values(TIMERS_GONE, 2, ")"), gone).await?;
        self.insert(tx, values(TIMERS, 5, TIMERS_SET), armed).await.map(drop)
    }

    /// The rows are there, because the leases hold: only the update happens.
    async fn write_consumed(&self, tx: &mut Tx, consumed: BTreeMap<LeaseKey, Position>) -> Result<(), StoreError> {
        let mut all = Vec::with_capacity(consumed.len() * 6);
        for ((producer, partition), position) in consumed {
            let (producer, holder) = (Value::Text(producer), Value::Text(String::new()));
            let zero = Value::Int(0);
            all.extend([producer, Value::Int(partition.into()), holder, zero.clone(), zero, Value::Int(position)]);
        }
        let head = "INSERT INTO leases (producer, part, holder, epoch, until, consumed)";
        let tail = "ON CONFLICT (producer, part) DO UPDATE SET consumed = excluded.consumed";
        self.insert(tx, values(head, 6, tail), all).await.map(drop)
    }

    async fn write_parked(
        &self,
        tx: &mut Tx,
        parked: Vec<ParkedEvent>,
        settled: Vec<ParkedEvent>,
    ) -> Result<(), StoreError> {
        let mut gone = Vec::with_capacity(settled.len() * 3);
        for event in settled {
            gone.extend([Value::Text(event.producer), Value::Text(event.subject), Value::Int(event.position)]);
        }
        self.insert(tx, values(PARKED_GONE, 3, ")"), gone).await?;
        let mut all = Vec::with_capacity(parked.len() * 7);
        for event in parked {
            all.extend([
                Value::Text(event.producer),
                Value::Text(event.subject),
                Value::Int(event.position),
                Value::Int(event.partition.into()),
                Value::Blob(event.envelope),
                Value::Text(event.reason),
                Value::Int(event.at.0),
            ]);
        }
        let head = "INSERT INTO parked (producer, subject, position, part, envelope, reason, at)";
        let tail = "ON CONFLICT (producer, subject, position) DO UPDATE SET reason = excluded.reason, at = excluded.at";
        self.insert(tx, values(head, 7, tail), all).await.map(drop)
    }
}

fn all_or_rerun(written: u64, expected: usize) -> Result<(), StoreError> {
    let all = usize::try_from(written).is_ok_and(|n| n == expected);
    all.then_some(()).ok_or_else(|| StoreError::Unavailable(super::conn::RERUN.to_owned()))
}

/// The narrowest update that is enough: every column in SET costs the indexes that look at it.
fn conflict_tail(stored: Option<&Row>, row: &Row) -> &'static str {
    let Some(stored) = stored else { return NEW };
    let narrowed = Row { yellow_at: row.yellow_at, red_at: row.red_at, ..stored.clone() };
    if narrowed == *row {
        return STATE_ONLY;
    }
    if (Row { state: row.state, ..narrowed }) == *row { STATE_NUMBER } else { ALL }
}
