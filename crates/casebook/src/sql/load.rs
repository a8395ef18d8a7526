//! What a batch names, fetched before it is decided.

use super::{
    SqlStore,
    conn::{Record, Tx, Value},
    list::BY_ID,
    newest::Newest,
    rows::{case_row, event_row, hash_of, id_of, id_value},
    schema::REQUEST_TABLES,
    statement::{Form, Shape, chunks},
};
use crate::{
    batch::{LeaseKey, ParkedKey, Rebuilding, RequestRow, Submission, TimerKey, UniqueRow, Workspace},
    case::Timer,
    error::StoreError,
    store::CaseRow,
};
use civic::{CaseId, Micros};
use queue::{Partition, Position};
use std::{collections::BTreeSet, sync::Arc};

/// In the order of ids, so that two replicas cannot wait for each other in a circle.
const LOCKED: &str = "ORDER BY id FOR UPDATE";
const UNIQUES: &str = "SELECT name, content, case_id, version FROM uniques WHERE name IN";
const TIMERS: &str = "SELECT case_id, name, due, generation FROM timers WHERE case_id IN";

type Rebuilt = Vec<(CaseId, Rebuilding)>;

impl SqlStore {
    pub(super) async fn load_workspace(
        &self,
        tx: &mut Tx,
        batch: &[Submission],
        newest: Option<&Newest>,
    ) -> Result<Workspace, StoreError> {
        let works = || batch.iter().flat_map(|s| &s.works);
        let ids: BTreeSet<CaseId> = works().flat_map(|w| &w.steps).map(|s| s.case()).collect();
        let requests: BTreeSet<[u8; 16]> = works().filter_map(|w| w.request.as_ref()).map(|r| r.key).collect();
        let uniques: BTreeSet<&str> = works().flat_map(|w| &w.uniques).map(|u| u.key.as_str()).collect();
        let timed: BTreeSet<CaseId> = works().filter_map(|w| w.timer.as_ref()).map(|t| t.case).collect();
        let producers: BTreeSet<&str> =
            works().filter_map(|w| w.parked.as_ref()).map(|p| p.producer.as_str()).collect();
        let leases = self.load_leases(tx, batch).await?;
        let known = match newest {
            Some(newest) => self.find_requests(tx, newest, &requests).await?,
            None => self.load_requests(tx, &requests).await?,
        };
        let (cases, rebuilding) = self.load_cases(tx, &ids).await?;
        Ok(Workspace::new(&self.cluster, cases)
            .with_leases(leases)
            .with_rebuilding(rebuilding)
            .with_requests(known)
            .with_uniques(self.load_uniques(tx, &uniques).await?)
            .with_timers(self.load_timers(tx, &timed).await?)
            .with_parked(self.load_parked(tx, &producers).await?))
    }

    /// Rows for keys, in chunks.
    async fn by_keys(&self, tx: &mut Tx, shape: Shape, keys: Vec<Value>) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::with_capacity(keys.len());
        let mut keys = keys.into_iter();
        for size in chunks(keys.len()) {
            let chunk: Vec<Value> = keys.by_ref().take(size).collect();
            records.extend(tx.query(self.statements.text(shape, size), chunk).await?);
        }
        Ok(records)
    }

    async fn load_cases(&self, tx: &mut Tx, ids: &BTreeSet<CaseId>) -> Result<(Vec<CaseRow>, Rebuilt), StoreError> {
        let tail = if self.db.is_sqlite() { "" } else { LOCKED };
        let shape = Shape { head: BY_ID, columns: 1, tail, form: Form::Keys };
        let (mut cases, others) = self.hot_cases(ids);
        let records = self.by_keys(tx, shape, others.into_iter().map(id_value).collect()).await?;
        let mut rebuilding = Vec::new();
        for record in &records {
            let case = case_row(record)?;
            if !self.kinds.is_stale(&case) {
                cases.push(case);
                continue;
            }
            rebuilding.push((case.id, self.as_it_lies(tx, &case).await?));
            cases.push(self.rebuild(tx, case).await?);
        }
        Ok((cases, rebuilding))
    }

    /// Row and timers of a case of an older schema: what is written is the difference from these, not from what they should be.
    async fn as_it_lies(&self, tx: &mut Tx, case: &CaseRow) -> Result<Rebuilding, StoreError> {
        let shape = Shape { head: TIMERS, columns: 1, tail: "", form: Form::Keys };
        let records = self.by_keys(tx, shape, vec![id_value(case.id)]).await?;
        let timer = |r: &Record| Ok(Timer { name: r.text(1)?, due: Micros(r.int(2)?) });
        Ok(Rebuilding { row: case.row.clone(), timers: records.iter().map(timer).collect::<Result<_, StoreError>>()? })
    }

    /// A row of an older state schema is rebuilt from its events. If they do not allow it the row stays as it is, and whoever
    /// asks for it is told that it is corrupt; its neighbours in the batch are not.
    async fn rebuild(&self, tx: &mut Tx, case: CaseRow) -> Result<CaseRow, StoreError> {
        let records = tx.query(super::read::EVENTS.into(), vec![id_value(case.id), Value::Int(case.version)]).await?;
        let events = records.iter().map(|r| event_row(r, 0)).collect::<Result<Vec<_>, _>>()?;
        let Some(rebuilt) = self.kinds.rebuild(&case.kind, &events) else {
            return Ok(case);
        };
        Ok(CaseRow { state: rebuilt.state, schema: rebuilt.schema, row: rebuilt.row, ..case })
    }

    async fn load_requests(
        &self,
        tx: &mut Tx,
        keys: &BTreeSet<[u8; 16]>,
    ) -> Result<Vec<([u8; 16], RequestRow)>, StoreError> {
        let mut rows = Vec::new();
        let mut keys = keys.iter().map(|k| Value::Blob(k.to_vec()));
        for size in chunks(keys.len()) {
            let chunk: Vec<Value> = keys.by_ref().take(size).collect();
            for r in tx.query(self.request_texts.lookup(size), chunk).await? {
                let row = RequestRow {
                    body: hash_of(&r.blob(1)?, "requests")?,
                    case: id_of(&r.blob(2)?, "requests")?,
                    version: r.int(3)?,
                };
                rows.push((hash_of(&r.blob(0)?, "requests")?, row));
            }
        }
        Ok(rows)
    }

    async fn load_uniques(&self, tx: &mut Tx, keys: &BTreeSet<&str>) -> Result<Vec<(String, UniqueRow)>, StoreError> {
        let shape = Shape { head: UNIQUES, columns: 1, tail: "", form: Form::Keys };
        let records = self.by_keys(tx, shape, keys.iter().map(|k| Value::Text((*k).to_owned())).collect()).await?;
        let row = |r: &Record| {
            let row = UniqueRow {
                content: hash_of(&r.blob(1)?, "uniques")?,
                case: id_of(&r.blob(2)?, "uniques")?,
                version: r.int(3)?,
            };
            Ok((r.text(0)?, row))
        };
        records.iter().map(row).collect()
    }

    async fn load_timers(&self, tx: &mut Tx, cases: &BTreeSet<CaseId>) -> Result<Vec<TimerKey>, StoreError> {
        let shape = Shape { head: TIMERS, columns: 1, tail: "", form: Form::Keys };
        let records = self.by_keys(tx, shape, cases.iter().copied().map(id_value).collect()).await?;
        records.iter().map(|r| Ok((id_of(&r.blob(0)?, "timers")?, r.text(1)?, r.int(3)?))).collect()
    }

    async fn load_parked(&self, tx: &mut Tx, producers: &BTreeSet<&str>) -> Result<Vec<ParkedKey>, StoreError> {
        let mut keys = Vec::new();
        for producer in producers {
            let sql = "SELECT DISTINCT subject FROM parked WHERE producer = $1";
            for r in tx.query(sql.into(), vec![Value::Text((*producer).to_owned())]).await? {
                keys.push(((*producer).to_owned(), r.text(0)?));
            }
        }
        Ok(keys)
    }

    /// Epoch and consumed position of all partitions of the producers whose leases are claimed.
    async fn load_leases(
        &self,
        tx: &mut Tx,
        batch: &[Submission],
    ) -> Result<Vec<(LeaseKey, (i64, Position))>, StoreError> {
        let claims = batch.iter().flat_map(|s| &s.leases);
        let producers: BTreeSet<&str> = claims.map(|c| c.producer.as_str()).collect();
        let lock = if self.db.is_sqlite() { "" } else { "ORDER BY part FOR UPDATE" };
        let sql = format!("SELECT part, epoch, consumed FROM leases WHERE producer = $1 {lock}");
        let mut leases = Vec::new();
        for producer in producers {
            for r in tx.query(sql.as_str().into(), vec![Value::Text(producer.to_owned())]).await? {
                let part = Partition::try_from(r.int(0)?);
                let part = part.map_err(|_| StoreError::Corrupt { table: "leases", row: producer.to_owned() })?;
                leases.push(((producer.to_owned(), part), (r.int(1)?, r.int(2)?)));
            }
        }
        Ok(leases)
    }
}

/// Texts that look a request up in the tables of all days at once.
#[derive(Default)]
pub(super) struct RequestTexts(std::sync::Mutex<std::collections::HashMap<usize, Arc<str>>>);

impl RequestTexts {
    fn lookup(&self, keys: usize) -> Arc<str> {
        let mut texts = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        texts.entry(keys).or_insert_with(|| lookup_text(keys)).clone()
    }
}

fn lookup_text(keys: usize) -> Arc<str> {
    let list: Vec<String> = (1..=keys).map(|n| format!("${n}")).collect();
    let list = list.join(",");
    let select = |slot| format!("SELECT key, body, case_id, version FROM requests_{slot} WHERE key IN ({list})");
    (0..REQUEST_TABLES).map(select).collect::<Vec<_>>().join(" UNION ALL ").into()
}
