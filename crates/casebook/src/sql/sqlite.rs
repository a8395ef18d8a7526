//! SQLite, through rusqlite: a statement runs on the thread that asks for it (docs/adr/0016). One connection writes, because SQLite
//! has one writer per file; several read.
//!
//! Reads and rare writes are handed to the runtime's pool for blocking work. The committer has a thread of its own and hands nothing
//! over: its dozen statements follow each other without a switch of threads.

mod moving;
mod rows;

use super::{conn::Value, statement::PREPARED};
use crate::{blocking::blocking, error::StoreError};
use rusqlite::{
    CachedStatement, Connection, OpenFlags, ToSql,
    types::{ToSqlOutput, ValueRef},
};
use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedMutexGuard, Semaphore};

use moving::Mover;
pub(super) use rows::Rows;

/// Readers beside the one writer: more than two cores' worth is of no use, fewer lets a list wait for a get.
const READERS: usize = 4;
/// A file has one process. Whoever else holds its lock is a person with a tool.
const BUSY: Duration = Duration::from_secs(5);
/// Nearly everything is appended, so larger pages hold rows more densely, and a commit writes the last page of each table and index
/// whole: measured for a report with its order, 12.6 KB with pages of 1,024 bytes, 11.3 with 2,048, 13.3 with 4,096.
const PAGE_SIZE: &str = "PRAGMA page_size = 2048";
/// The size of pages is settled before the first page is written, and WAL writes it. With `synchronous=FULL` a commit that was answered
/// survives power loss. Who moves the log into the file, and when: [`moving`].
const WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; \
    PRAGMA cache_size = -8000; PRAGMA secure_delete = FAST";

/// A file. Readers stand first, so that they are closed first: whoever closes last moves the write-ahead log into the file, and a
/// reader may not.
pub(super) struct Sqlite {
    idle: Mutex<Vec<Connection>>,
    write: Arc<tokio::sync::Mutex<Writer>>,
    seats: Arc<Semaphore>,
    mover: Arc<Mover>,
    path: PathBuf,
}

/// The one connection that writes.
struct Writer {
    connection: Connection,
    mover: Arc<Mover>,
}

impl Deref for Writer {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// The writer inside a transaction, begun and ended by our own statements.
pub(super) struct Writing {
    /// Away while a statement runs elsewhere, and for ever when that ended badly.
    writer: Option<OwnedMutexGuard<Writer>>,
    here: bool,
}

impl Sqlite {
    pub(super) async fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        let path = path.to_owned();
        let opened = blocking(move || writer(&path).map(|connection| (connection, path))).await?;
        let (connection, path) = opened.map_err(store_error)?;
        let mover = Arc::new(Mover::new(path.clone()));
        let writer = Writer { connection, mover: Arc::clone(&mover) };
        Ok(Arc::new(Self {
            idle: Mutex::default(),
            write: Arc::new(tokio::sync::Mutex::new(writer)),
            seats: Arc::new(Semaphore::new(READERS)),
            mover,
            path,
        }))
    }

    /// Takes the write lock at once, not at the first write: two writers never find out at commit. `here`: on this thread, which
    /// then waits for the disk.
    pub(super) async fn begin(&self, here: bool) -> Result<Writing, StoreError> {
        let writer = Arc::clone(&self.write).lock_owned().await;
        let mut writing = Writing { writer: Some(writer), here };
        writing.with(|writer| begin(writer)).await?;
        Ok(writing)
    }

    pub(super) async fn query(self: &Arc<Self>, sql: Arc<str>, values: Vec<Value>) -> Result<Arc<Rows>, StoreError> {
        let seat = Arc::clone(&self.seats).acquire_owned().await.expect("the seats are never closed");
        let file = Arc::clone(self);
        let read = move || {
            let _seat = seat;
            let reader = file.reader()?;
            let rows = query(&reader, &sql, &values);
            file.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            rows
        };
        blocking(read).await?.map(Arc::new).map_err(store_error)
    }

    /// The reader used last, which has most prepared, or a new one.
    fn reader(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY), Ok)
    }

    /// Ends when nobody has the file open any more; from then on a copy of it is a backup.
    pub(super) fn closed(&self) -> impl Future<Output = ()> + use<> {
        self.mover.closed()
    }

    /// A quota for the file: beyond it writes are refused as on a full disk.
    pub(super) async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        let writer = Arc::clone(&self.write).lock_owned().await;
        let limit = move || writer.execute_batch(&format!("PRAGMA max_page_count = {pages}"));
        blocking(limit).await?.map_err(store_error)
    }
}

impl Writing {
    pub(super) async fn execute(&mut self, sql: Arc<str>, values: Vec<Value>) -> Result<u64, StoreError> {
        let written = self.with(move |writer| prepare(writer, &sql, &values)?.raw_execute()).await?;
        Ok(u64::try_from(written).unwrap_or(u64::MAX))
    }

    pub(super) async fn query(&mut self, sql: Arc<str>, values: Vec<Value>) -> Result<Arc<Rows>, StoreError> {
        self.with(move |writer| query(writer, &sql, &values)).await.map(Arc::new)
    }

    pub(super) async fn batch(&mut self, sql: String) -> Result<(), StoreError> {
        self.with(move |writer| writer.execute_batch(&sql)).await
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.with(|writer| {
            let done = writer.mover.watch(writer, || command(writer, "COMMIT"));
            if done.is_err() {
                // The commit's own error says more than the rollback's.
                drop(roll_back(writer));
            }
            done
        })
        .await
    }

    pub(super) async fn rollback(mut self) -> Result<(), StoreError> {
        self.with(|writer| roll_back(writer)).await
    }

    async fn with<T, F>(&mut self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Writer) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let lost = || StoreError::Unavailable("the transaction was lost".to_owned());
        let writer = self.writer.take().ok_or_else(lost)?;
        let work = move || {
            let done = work(&writer);
            (writer, done)
        };
        let (writer, done) = if self.here { work() } else { blocking(work).await? };
        self.writer = Some(writer);
        done.map_err(store_error)
    }
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

fn writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.execute_batch(PAGE_SIZE)?;
    connection.execute_batch(WRITER)?;
    moving::count_pages(&connection);
    Ok(connection)
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    // A transaction that was dropped half-way is still open on the one connection that writes.
    roll_back(connection)?;
    command(connection, "BEGIN IMMEDIATE")
}

/// Nothing when no transaction is open: a full disk makes SQLite roll back by itself.
fn roll_back(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() { Ok(()) } else { command(connection, "ROLLBACK") }
}

fn command(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// `?` has no name and takes the values in their order. `$2` is a name to SQLite, which numbers names as they come: the value is the
/// one that the name says.
fn prepare<'a>(connection: &'a Connection, sql: &str, values: &[Value]) -> rusqlite::Result<CachedStatement<'a>> {
    let mut statement = connection.prepare_cached(sql)?;
    for index in 1..=statement.parameter_count() {
        let number = match statement.parameter_name(index) {
            None => Some(index),
            Some(name) => name.get(1..).and_then(|number| number.parse().ok()),
        };
        let value = number.and_then(|number| values.get(number.checked_sub(1)?));
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), index))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(statement)
}

fn query(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<Rows> {
    let mut statement = prepare(connection, sql, values)?;
    let mut found = Rows::new(statement.column_count());
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        found.take(row)?;
    }
    Ok(found)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Int(v) => ValueRef::Integer(*v),
            Self::OptInt(v) => v.map_or(ValueRef::Null, ValueRef::Integer),
            Self::Text(v) => ValueRef::Text(v.as_bytes()),
            Self::OptText(v) => v.as_ref().map_or(ValueRef::Null, |v| ValueRef::Text(v.as_bytes())),
            Self::Blob(v) => ValueRef::Blob(v),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// Primary result codes, <https://sqlite.org/rescode.html>.
fn store_error(error: rusqlite::Error) -> StoreError {
    let said = error.to_string();
    match error.sqlite_error().map(|code| code.extended_code & 0xff) {
        Some(13) => StoreError::Full,
        Some(10) => StoreError::Disk(said),
        Some(11 | 26) => StoreError::Corrupt { table: "?", row: said },
        Some(19) => StoreError::Constraint(said),
        Some(_) | None => StoreError::Unavailable(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn open(folder: &tempfile::TempDir) -> Arc<Sqlite> {
        let file = Sqlite::open(&folder.path().join("a file?.db")).await.unwrap();
        let mut tx = file.begin(false).await.unwrap();
        tx.batch("CREATE TABLE t (n BIGINT NOT NULL PRIMARY KEY, said TEXT, what BLOB)".to_owned()).await.unwrap();
        tx.commit().await.unwrap();
        file
    }

    async fn insert(tx: &mut Writing, n: i64) -> Result<u64, StoreError> {
        let values = vec![Value::OptText(Some("x".to_owned())), Value::Int(n), Value::Blob(vec![7])];
        tx.execute("INSERT INTO t (n, said, what) VALUES ($2, $1, $3)".into(), values).await
    }

    async fn count(file: &Arc<Sqlite>) -> i64 {
        file.query("SELECT COUNT(*) FROM t".into(), Vec::new()).await.unwrap().int(0, 0).unwrap()
    }

    #[tokio::test]
    async fn a_parameter_takes_the_value_that_its_name_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = open(&folder).await;
        let mut tx = file.begin(true).await.unwrap();
        assert_eq!(insert(&mut tx, 5).await.unwrap(), 1);
        assert_eq!(insert(&mut tx, 6).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let sql = "SELECT n, said, what, NULL FROM t WHERE said = $2 AND n >= $1 AND n <= $1 ORDER BY n";
        let rows = file.query(sql.into(), vec![Value::Int(6), Value::Text("x".to_owned())]).await.unwrap();
        assert_eq!((rows.len(), rows.int(0, 0), rows.text(0, 1)), (1, Ok(6), Ok("x".to_owned())));
        assert_eq!((rows.blob(0, 2), rows.opt_int(0, 3), rows.opt_text(0, 3)), (Ok(vec![7]), Ok(None), Ok(None)));
        for wrong in [rows.int(0, 1).err(), rows.int(0, 3).err(), rows.int(0, 4).err(), rows.blob(0, 1).err()] {
            assert!(matches!(wrong, Some(StoreError::Corrupt { .. })), "{wrong:?}");
        }
        let few = file.query(sql.into(), vec![Value::Int(6)]).await.map(drop);
        assert!(matches!(few, Err(StoreError::Unavailable(_))), "{few:?}");
    }

    #[tokio::test]
    async fn a_transaction_dropped_half_way_is_undone_and_the_next_one_begins() {
        let folder = tempfile::tempdir().unwrap();
        let file = open(&folder).await;
        for (n, here) in [(1, true), (2, false)] {
            let mut tx = file.begin(here).await.unwrap();
            insert(&mut tx, 10).await.unwrap();
            drop(tx);
            let mut tx = file.begin(here).await.unwrap();
            insert(&mut tx, n).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(count(&file).await, n);
        }
        let mut tx = file.begin(false).await.unwrap();
        let twice = insert(&mut tx, 1).await;
        assert!(matches!(twice, Err(StoreError::Constraint(_))), "{twice:?}");
        tx.rollback().await.unwrap();
        assert_eq!(count(&file).await, 2);
    }

    #[tokio::test]
    async fn a_long_log_is_moved_into_the_file_while_the_writer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = open(&folder).await;
        let moved = || std::fs::metadata(folder.path().join("a file?.db")).unwrap().len() > 40_000_000;
        let write = async {
            let mut written = 0;
            while !moved() {
                written += 1;
                let mut tx = file.begin(written % 2 == 0).await.unwrap();
                let values = vec![Value::Int(written), Value::Blob(vec![7; 200_000])];
                tx.execute("INSERT INTO t (n, what) VALUES ($1, $2)".into(), values).await.unwrap();
                tx.commit().await.unwrap();
            }
            written
        };
        let written = tokio::time::timeout(Duration::from_secs(60), write).await.expect("the log is moved");
        assert_eq!(count(&file).await, written);
    }

    #[tokio::test]
    async fn it_is_closed_when_a_transaction_that_nobody_waits_for_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = open(&folder).await;
        let mut tx = file.begin(false).await.unwrap();
        let series = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 200000) INSERT INTO t (n) SELECT n FROM s";
        let given_up = tokio::time::timeout(Duration::ZERO, tx.batch(series.to_owned())).await;
        assert!(given_up.is_err(), "it takes longer than nothing");
        drop(tx);
        let closed = file.closed();
        drop(file);
        closed.await;
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the log was moved, nobody has the file");
    }

    #[tokio::test]
    async fn a_reader_writes_nothing_and_the_last_close_leaves_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = open(&folder).await;
        let refused = file.query("DELETE FROM t".into(), Vec::new()).await.map(drop);
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert_eq!(count(&file).await, 0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
        let closed = file.closed();
        drop(file);
        closed.await;
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
