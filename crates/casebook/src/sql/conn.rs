//! One connection type over both databases: begin, execute, query, commit. SQLite through rusqlite ([`super::sqlite`]), PostgreSQL
//! through sqlx's own type, not `sqlx::Any`, which hides too much. Values are the four kinds that the schema has.

use super::{
    server::{Line, Server},
    sqlite::{Rows, Sqlite, Writing},
};
use crate::error::StoreError;
use deadpool::managed::Object;
use sqlx::{
    Arguments, AssertSqlSafe, PgConnection, Row as _,
    postgres::{PgArguments, PgRow},
};
use std::{future::Future, sync::Arc, time::Duration};

/// A server that has not answered by then is gone: it ends a statement after fifteen seconds itself. Where the line is dead and nobody said so
/// (a machine that lost its power, a table of addresses that was emptied between), a connection would wait for hours.
const ANSWER: Duration = Duration::from_secs(20);

pub(super) enum Db {
    Sqlite(Arc<Sqlite>),
    Postgres(Box<Server>),
}

pub(super) enum Tx {
    Sqlite(Writing),
    Postgres(PgTx),
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
    /// A row by its number.
    Sqlite(Arc<Rows>, usize),
    Postgres(PgRow),
}

fn arguments(values: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        let added = match value {
            Value::Int(v) => arguments.add(v),
            Value::OptInt(v) => arguments.add(v),
            Value::Text(v) => arguments.add(v),
            Value::OptText(v) => arguments.add(v),
            Value::Blob(v) => arguments.add(v),
        };
        added.map_err(|e| StoreError::Constraint(e.to_string()))?;
    }
    Ok(arguments)
}

fn of_sqlite(rows: Arc<Rows>) -> Vec<Record> {
    (0..rows.len()).map(|row| Record::Sqlite(Arc::clone(&rows), row)).collect()
}

fn of_postgres(rows: Result<Vec<PgRow>, sqlx::Error>) -> Result<Vec<Record>, StoreError> {
    Ok(rows.map_err(store_error)?.into_iter().map(Record::Postgres).collect())
}

impl Db {
    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// For whoever runs beside others: what holds a thread is done elsewhere.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        self.begin_on(false).await
    }

    /// For the committer: on SQLite this thread does everything and waits for the disk.
    pub(super) async fn begin_here(&self) -> Result<Tx, StoreError> {
        self.begin_on(true).await
    }

    async fn begin_on(&self, here: bool) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(file) => Tx::Sqlite(file.begin(here).await?),
            Self::Postgres(server) => Tx::Postgres(begin(server, here).await?),
        })
    }

    /// A read outside any transaction.
    pub(super) async fn query(&self, sql: Arc<str>, values: Vec<Value>) -> Result<Vec<Record>, StoreError> {
        match self {
            Self::Sqlite(file) => file.query(sql, values).await.map(of_sqlite),
            Self::Postgres(server) => read(server, &sql, &values).await.map(of_postgres)?,
        }
    }
}

/// Nothing was asked of a connection that turns out to be gone: another one is taken.
async fn begin(server: &Server, writes: bool) -> Result<PgTx, StoreError> {
    let begun = match PgTx::begin(server.line(writes).await?).await {
        Err(error) if is_gone(&error) => PgTx::begin(server.fresh_line(writes).await?).await,
        begun => begun,
    };
    begun.map_err(store_error)
}

/// A read may be asked again.
async fn read(
    server: &Server,
    sql: &Arc<str>,
    values: &[Value],
) -> Result<Result<Vec<PgRow>, sqlx::Error>, StoreError> {
    Ok(match PgTx::read(server.line(false).await?, sql, values).await? {
        Err(error) if is_gone(&error) => PgTx::read(server.fresh_line(false).await?, sql, values).await?,
        read => read,
    })
}

/// The server has started anew, or the line was cut. Not: it does not answer.
fn is_gone(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Io(error) = error {
        return error.kind() != std::io::ErrorKind::TimedOut;
    }
    // The last word of a server that ends.
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| ENDING.contains(&&*code))
}

/// A connection with something open on it. Let go of before that is over, for whatever reason, it is closed: nobody knows what it would
/// answer next.
pub(super) struct PgTx {
    /// There until it is dropped.
    conn: Option<Line>,
    open: bool,
}

impl PgTx {
    async fn begin(conn: Line) -> Result<Self, sqlx::Error> {
        let mut tx = Self { conn: Some(conn), open: true };
        tx.word("BEGIN").await?;
        Ok(tx)
    }

    async fn read(conn: Line, sql: &Arc<str>, values: &[Value]) -> Result<Result<Vec<PgRow>, sqlx::Error>, StoreError> {
        let arguments = arguments(values.to_vec())?;
        let mut asked = Self { conn: Some(conn), open: true };
        let rows = answered(sqlx::query_with(AssertSqlSafe(sql.clone()), arguments).fetch_all(asked.line())).await;
        asked.open = rows.as_ref().is_err_and(|error| is_gone(error) || matches!(error, sqlx::Error::Io(_)));
        Ok(rows)
    }

    fn line(&mut self) -> &mut PgConnection {
        self.conn.as_mut().expect("until it is dropped")
    }

    async fn word(&mut self, word: &'static str) -> Result<(), sqlx::Error> {
        answered(sqlx::raw_sql(word).execute(self.line())).await.map(drop)
    }

    async fn end(mut self, word: &'static str) -> Result<(), StoreError> {
        self.word(word).await.map_err(store_error)?;
        self.open = false;
        Ok(())
    }
}

impl Drop for PgTx {
    fn drop(&mut self) {
        if self.open {
            drop(self.conn.take().map(Object::take));
        }
    }
}

async fn answered<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let gone =
        |_| Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database did not answer")));
    tokio::time::timeout(ANSWER, asked).await.unwrap_or_else(gone)
}

impl Tx {
    pub(super) async fn execute(&mut self, sql: Arc<str>, values: Vec<Value>) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.execute(sql, values).await,
            Self::Postgres(tx) => {
                let done = answered(sqlx::query_with(AssertSqlSafe(sql), arguments(values)?).execute(tx.line())).await;
                done.map(|d| d.rows_affected()).map_err(store_error)
            }
        }
    }

    pub(super) async fn query(&mut self, sql: Arc<str>, values: Vec<Value>) -> Result<Vec<Record>, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.query(sql, values).await.map(of_sqlite),
            Self::Postgres(tx) => of_postgres(
                answered(sqlx::query_with(AssertSqlSafe(sql), arguments(values)?).fetch_all(tx.line())).await,
            ),
        }
    }

    /// Several statements at once, without parameters, however long they take: migrations.
    pub(super) async fn batch(&mut self, sql: String) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.batch(sql).await,
            Self::Postgres(tx) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(tx.line()).await.map(drop).map_err(store_error)
            }
        }
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.end("COMMIT").await,
        }
    }

    pub(super) async fn rollback(self) {
        // Nothing to do about a failed rollback: the database has undone it already, or the connection is dropped.
        drop(match self {
            Self::Sqlite(tx) => tx.rollback().await,
            Self::Postgres(tx) => tx.end("ROLLBACK").await,
        });
    }
}

macro_rules! column {
    ($name:ident, $type:ty) => {
        pub(super) fn $name(&self, index: usize) -> Result<$type, StoreError> {
            match self {
                Self::Sqlite(rows, row) => rows.$name(*row, index),
                Self::Postgres(row) => {
                    row.try_get(index).map_err(|e| StoreError::Corrupt { table: "?", row: e.to_string() })
                }
            }
        }
    };
}

impl Record {
    column!(int, i64);
    column!(opt_int, Option<i64>);
    column!(text, String);
    column!(opt_text, Option<String>);
    column!(blob, Vec<u8>);
    column!(text_or_blob, Vec<u8>);
}

/// Shut down, crashed.
const ENDING: [&str; 2] = ["57P01", "57P02"];
const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK: &str = "40P01";
const DISK_FULL: &str = "53100";
/// Marks an error after which the same batch may simply run again.
pub(super) const RERUN: &str = "serialization failure";

/// PostgreSQL's word in the store's terms.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let sqlx::Error::Database(database) = &error else {
        return StoreError::Unavailable(error.to_string());
    };
    sqlstate(&database.code().unwrap_or_default(), database.message().to_owned())
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
