//! One connection type over both databases: begin, execute, query, commit. Typed pools in an enum, not `sqlx::Any`, which hides
//! too much. Values are the four kinds that the schema has.

use crate::error::StoreError;
use sqlx::{
    Arguments, AssertSqlSafe, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction,
    pool::PoolConnection,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};
use std::sync::Arc;

pub(super) enum Db {
    /// One connection writes, several read: SQLite has one writer per file.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

pub(super) enum Tx {
    /// Begun and ended by our own statements: a full disk makes SQLite roll back by itself, and sqlx, which counts, would then
    /// refuse to begin ever again.
    Sqlite(PoolConnection<Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A bound value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Int(i64),
    OptInt(Option<i64>),
    Text(String),
    OptText(Option<String>),
    Blob(Vec<u8>),
}

pub(super) enum Record {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! bind_all {
    ($arguments:expr, $values:expr) => {
        for value in $values {
            let added = match value {
                Value::Int(v) => $arguments.add(v),
                Value::OptInt(v) => $arguments.add(v),
                Value::Text(v) => $arguments.add(v),
                Value::OptText(v) => $arguments.add(v),
                Value::Blob(v) => $arguments.add(v),
            };
            added.map_err(|e| StoreError::Constraint(e.to_string()))?;
        }
    };
}

fn sqlite_arguments(values: Vec<Value>) -> Result<SqliteArguments, StoreError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    bind_all!(arguments, values);
    Ok(arguments)
}

fn postgres_arguments(values: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), 0);
    bind_all!(arguments, values);
    Ok(arguments)
}

impl Db {
    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// Takes SQLite's write lock at once, not at the first write: two writers never find out at commit.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(begin_immediate(write).await.map_err(store_error)?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await.map_err(store_error)?),
        })
    }

    /// A read outside any transaction.
    pub(super) async fn query(&self, sql: Arc<str>, values: Vec<Value>) -> Result<Vec<Record>, StoreError> {
        match self {
            Self::Sqlite { read, .. } => {
                let rows = sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(values)?).fetch_all(read).await;
                Ok(rows.map_err(store_error)?.into_iter().map(Record::Sqlite).collect())
            }
            Self::Postgres(pool) => {
                let rows = sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(values)?).fetch_all(pool).await;
                Ok(rows.map_err(store_error)?.into_iter().map(Record::Postgres).collect())
            }
        }
    }
}

async fn begin_immediate(write: &SqlitePool) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
    let mut connection = write.acquire().await?;
    if sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.is_err() {
        // A transaction that was dropped half-way is still open on the one connection that writes.
        drop(sqlx::query("ROLLBACK").execute(&mut *connection).await);
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    }
    Ok(connection)
}

impl Tx {
    pub(super) async fn execute(&mut self, sql: Arc<str>, values: Vec<Value>) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(tx) => {
                let done = sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(values)?).execute(&mut **tx).await;
                done.map(|d| d.rows_affected()).map_err(store_error)
            }
            Self::Postgres(tx) => {
                let done = sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(values)?).execute(&mut **tx).await;
                done.map(|d| d.rows_affected()).map_err(store_error)
            }
        }
    }

    pub(super) async fn query(&mut self, sql: Arc<str>, values: Vec<Value>) -> Result<Vec<Record>, StoreError> {
        match self {
            Self::Sqlite(tx) => {
                let rows = sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(values)?).fetch_all(&mut **tx).await;
                Ok(rows.map_err(store_error)?.into_iter().map(Record::Sqlite).collect())
            }
            Self::Postgres(tx) => {
                let rows = sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(values)?).fetch_all(&mut **tx).await;
                Ok(rows.map_err(store_error)?.into_iter().map(Record::Postgres).collect())
            }
        }
    }

    /// Several statements at once, without parameters: migrations.
    pub(super) async fn batch(&mut self, sql: String) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.map(drop),
            Self::Postgres(tx) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.map(drop),
        }
        .map_err(store_error)
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(mut connection) => {
                let done = sqlx::query("COMMIT").execute(&mut *connection).await;
                if done.is_err() {
                    drop(sqlx::query("ROLLBACK").execute(&mut *connection).await);
                }
                done.map(drop)
            }
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(store_error)
    }

    pub(super) async fn rollback(self) {
        // Nothing to do about a failed rollback: the database has undone it already, or the connection is dropped.
        drop(match self {
            Self::Sqlite(mut connection) => sqlx::query("ROLLBACK").execute(&mut *connection).await.map(drop),
            Self::Postgres(tx) => tx.rollback().await,
        });
    }
}

macro_rules! column {
    ($name:ident, $type:ty) => {
        pub(super) fn $name(&self, index: usize) -> Result<$type, StoreError> {
            match self {
                Self::Sqlite(row) => row.try_get(index),
                Self::Postgres(row) => row.try_get(index),
            }
            .map_err(|e| StoreError::Corrupt { table: "?", row: e.to_string() })
        }
    };
}

impl Record {
    column!(int, i64);
    column!(opt_int, Option<i64>);
    column!(text, String);
    column!(opt_text, Option<String>);
    column!(blob, Vec<u8>);
}

const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK: &str = "40P01";
const DISK_FULL: &str = "53100";
/// Marks an error after which the same batch may simply run again.
pub(super) const RERUN: &str = "serialization failure";

/// The database's word in the store's terms.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let sqlx::Error::Database(database) = &error else {
        return StoreError::Unavailable(error.to_string());
    };
    let code = database.code().unwrap_or_default();
    let said = database.message().to_owned();
    // SQLSTATE has five characters, a result code of SQLite at most four.
    if code.len() == 5 { sqlstate(&code, said) } else { result_code(&code, said) }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn sqlstate(code: &str, said: String) -> StoreError {
    match code {
        SERIALIZATION_FAILURE | DEADLOCK => StoreError::Unavailable(RERUN.to_owned()),
        DISK_FULL => StoreError::Full,
        _ if code.starts_with("23") => StoreError::Constraint(said),
        // Data or index corrupted.
        "XX001" | "XX002" => StoreError::Corrupt { table: "?", row: said },
        _ => StoreError::Unavailable(said),
    }
}

/// Primary result codes, <https://sqlite.org/rescode.html>.
fn result_code(code: &str, said: String) -> StoreError {
    match code.parse::<u32>().map(|c| c & 0xff) {
        Ok(13) => StoreError::Full,
        Ok(10) => StoreError::Disk(said),
        Ok(11 | 26) => StoreError::Corrupt { table: "?", row: said },
        Ok(19) => StoreError::Constraint(said),
        Ok(_) | Err(_) => StoreError::Unavailable(said),
    }
}
