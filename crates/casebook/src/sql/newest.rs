//! What the one writer of a SQLite file knows without asking: the last position of every partition, and which requests were
//! committed in the last days.
//!
//! Request ids are random. A B-tree over them would have every request change a page of its own, a third of all that is written
//! for a report, so on SQLite the tables of requests are only appended to and this index over them lives in memory: eight bytes of
//! the key and four of the row, some 25 bytes a request as the map lies. It is read from the tables at open. PostgreSQL has
//! several writers and keeps the index in the table.

use super::{
    SqlStore,
    conn::{Tx, Value},
    read::count,
    rows::{hash_of, id_of},
    schema::REQUEST_TABLES,
};
use crate::{batch::RequestRow, error::StoreError};
use queue::Position;
use std::collections::{BTreeSet, HashMap};
use tokio::sync::MutexGuard;

/// Rows read at once while the index is built.
const PAGE: usize = 8192;

/// See the module.
#[derive(Default)]
pub(super) struct Newest {
    pub(super) heads: Vec<Position>,
    /// Number of the log's last row.
    pub(super) log: i64,
    tables: [Table; REQUEST_TABLES],
}

/// One day's requests.
#[derive(Default)]
struct Table {
    /// Row by the first eight bytes of the key. Where two keys have these in common, the later one stands at the next free number.
    rows: HashMap<u64, u32>,
    last: u32,
}

impl Table {
    fn note(&mut self, key: &[u8; 16], row: u32) {
        let mut at = prefix(key);
        while self.rows.contains_key(&at) {
            at = at.wrapping_add(1);
        }
        self.rows.insert(at, row);
        self.last = self.last.max(row);
    }

    /// Rows that may have the key: hardly ever more than one, and mostly none.
    fn candidates(&self, key: &[u8; 16]) -> impl Iterator<Item = u32> {
        let first = prefix(key);
        (0..).map_while(move |n| self.rows.get(&first.wrapping_add(n)).copied())
    }
}

fn prefix(key: &[u8; 16]) -> u64 {
    u64::from_be_bytes(*key.first_chunk().expect("sixteen bytes begin with eight"))
}

impl Newest {
    /// Number of the next row of a day's table.
    pub(super) fn next_request(&self, slot: usize) -> u32 {
        self.tables[slot].last + 1
    }

    /// Rows just committed, in the order in which they were numbered.
    pub(super) fn note_requests(&mut self, slot: usize, keys: &[[u8; 16]]) {
        for key in keys {
            let row = self.next_request(slot);
            self.tables[slot].note(key, row);
        }
    }

    /// A new day has begun in this table.
    pub(super) fn forget_requests(&mut self, slot: usize) {
        self.tables[slot] = Table::default();
    }
}

pub(super) type Held<'a> = MutexGuard<'a, Option<Newest>>;

impl SqlStore {
    /// Inside the writer's transaction. Nothing on PostgreSQL.
    pub(super) async fn newest(&self, tx: &mut Tx) -> Result<Option<Held<'_>>, StoreError> {
        if !self.db.is_sqlite() {
            return Ok(None);
        }
        let mut held = self.newest.lock().await;
        if held.is_none() {
            *held = Some(self.read_newest(tx).await?);
        }
        Ok(Some(held))
    }

    async fn read_newest(&self, tx: &mut Tx) -> Result<Newest, StoreError> {
        let (heads, log) = self.appended_heads(tx).await?;
        let mut newest = Newest { heads, log, ..Newest::default() };
        for (slot, table) in newest.tables.iter_mut().enumerate() {
            let sql = format!("SELECT n, key FROM requests_{slot} WHERE n > $1 ORDER BY n LIMIT $2");
            loop {
                let rows = tx.query(sql.as_str().into(), vec![Value::Int(table.last.into()), count(PAGE)]).await?;
                for r in &rows {
                    let row = u32::try_from(r.int(0)?);
                    let row = row.map_err(|_| StoreError::Corrupt { table: "requests", row: "number".to_owned() })?;
                    table.note(&hash_of(&r.blob(1)?, "requests")?, row);
                }
                if rows.len() < PAGE {
                    break;
                }
            }
        }
        Ok(newest)
    }

    /// Those of the keys that were committed. New requests, which is nearly all, ask the database nothing.
    pub(super) async fn find_requests(
        &self,
        tx: &mut Tx,
        newest: &Newest,
        keys: &BTreeSet<[u8; 16]>,
    ) -> Result<Vec<([u8; 16], RequestRow)>, StoreError> {
        let mut found = Vec::new();
        for key in keys {
            for (slot, table) in newest.tables.iter().enumerate() {
                for row in table.candidates(key) {
                    let sql = format!("SELECT key, body, case_id, version FROM requests_{slot} WHERE n = $1");
                    for r in tx.query(sql.into(), vec![Value::Int(row.into())]).await? {
                        if hash_of(&r.blob(0)?, "requests")? == *key {
                            let (body, case) = (hash_of(&r.blob(1)?, "requests")?, id_of(&r.blob(2)?, "requests")?);
                            found.push((*key, RequestRow { body, case, version: r.int(3)? }));
                        }
                    }
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_begin_alike_are_all_candidates_and_others_are_not() {
        let (mut one, mut two, mut last) = ([7; 16], [7; 16], [0xff; 16]);
        (one[15], two[15], last[15]) = (1, 2, 3);
        let mut newest = Newest::default();
        newest.note_requests(3, &[one, two, last, [0xff; 16]]);
        let rows = |key: &[u8; 16]| newest.tables[3].candidates(key).collect::<Vec<_>>();
        assert!(rows(&one).starts_with(&[1, 2]) && rows(&two).contains(&2));
        assert!(rows(&last).starts_with(&[3, 4]), "numbers go round");
        assert!(rows(&[9; 16]).is_empty());
        assert_eq!(newest.next_request(3), 5);
        newest.forget_requests(3);
        assert!(newest.tables[3].candidates(&one).next().is_none());
    }
}
