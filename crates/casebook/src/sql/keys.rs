//! The wrapped keys in the rows of cases, and which keys they may be wrapped under.

use super::{
    SqlStore,
    conn::{Record, Tx, Value},
    read::count,
    rows::{id_of, id_value},
};
use crate::{
    error::StoreError,
    seal::{Keys, Rewrap, WrappingKey},
};
use civic::CaseId;
use std::sync::PoisonError;

impl SqlStore {
    pub(super) async fn read_keys(
        &self,
        after: Option<CaseId>,
        limit: usize,
    ) -> Result<Vec<(CaseId, Keys)>, StoreError> {
        let sql = "SELECT id, sealed_by FROM cases WHERE id > $1 ORDER BY id LIMIT $2";
        let after = after.map_or_else(|| Value::Blob(Vec::new()), id_value);
        let records = self.db.query(sql.into(), vec![after, count(limit)]).await?;
        records.iter().map(|r| Ok((id_of(&r.blob(0)?, "cases")?, Keys::from_bytes(r.text_or_blob(1)?)))).collect()
    }

    /// On SQLite under the lock that a commit holds, until what the writer remembers says the same as the table.
    pub(super) async fn write_keys(&self, all: &[Rewrap]) -> Result<usize, StoreError> {
        let mut tx = self.db.begin().await?;
        let writer = self.newest.lock().await;
        let written = match replace(&mut tx, all).await {
            Ok(written) => written,
            Err(error) => {
                tx.rollback().await;
                return Err(error);
            }
        };
        tx.commit().await?;
        let mut hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        for Rewrap { case, from, to } in all {
            hot.rewrap(*case, from, to);
        }
        drop(writer);
        Ok(written)
    }

    pub(super) async fn read_wrapping_keys(&self) -> Result<Vec<WrappingKey>, StoreError> {
        let sql = "SELECT number, fingerprint FROM wrapping_keys ORDER BY number";
        let records = self.db.query(sql.into(), Vec::new()).await?;
        let key = |r: &Record| {
            let (number, check) = (r.int(0)?, r.text(1)?);
            let corrupt = |_| StoreError::Corrupt { table: "wrapping_keys", row: number.to_string() };
            Ok(WrappingKey { number: u32::try_from(number).map_err(corrupt)?, check })
        };
        records.iter().map(key).collect()
    }

    pub(super) async fn write_wrapping_key(&self, key: &WrappingKey) -> Result<(), StoreError> {
        let sql = "INSERT INTO wrapping_keys (number, fingerprint) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.write_alone(sql, vec![Value::Int(key.number.into()), Value::Text(key.check.clone())]).await
    }

    pub(super) async fn delete_wrapping_key(&self, number: u32) -> Result<(), StoreError> {
        self.write_alone("DELETE FROM wrapping_keys WHERE number = $1", vec![Value::Int(number.into())]).await
    }
}

async fn replace(tx: &mut Tx, all: &[Rewrap]) -> Result<usize, StoreError> {
    let mut written = 0;
    for Rewrap { case, from, to } in all {
        let values = vec![Value::Blob(to.as_bytes().to_vec()), id_value(*case), Value::Blob(from.as_bytes().to_vec())];
        written +=
            tx.execute("UPDATE cases SET sealed_by = $1 WHERE id = $2 AND sealed_by = $3".into(), values).await?;
    }
    Ok(usize::try_from(written).unwrap_or(usize::MAX))
}
