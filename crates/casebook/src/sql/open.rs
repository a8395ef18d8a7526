//! Opening a database: pragmas, migrations, identity, request tables.

use super::{
    SqlStore,
    appended::Cursor,
    conn::{Db, Tx, Value},
    load::RequestTexts,
    schema::{META, MIGRATIONS, Migration, REQUEST_TABLES, VERSION, for_postgres, requests_table},
    server::Server,
    sqlite::Sqlite,
    statement::{Mark, PREPARED, Statements},
};
use crate::{error::StoreError, kinds::Kinds, store::Identity};
use civic::{Clock, Micros};
use sqlx::postgres::PgConnectOptions;
use std::{
    path::Path,
    str::FromStr as _,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

/// Held by whoever changes tables; any number will do.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(7403)";
/// As long as a gateway waits for an answer. What was asked of the server ends then, too, and holds neither a lock nor a connection any
/// longer.
const STATEMENT: &str = "15s";
/// A replica that stops in the middle of a commit holds its cases and the heads of its partitions, and others wait for them.
const IDLE: &str = "5s";
/// A reform of the tables may take as long as it takes.
const MIGRATION_TIME: &str = "SET LOCAL statement_timeout = 0";
/// What the store must know that is not in the database.
pub struct Setting {
    pub kinds: Arc<Kinds>,
    pub clock: Arc<dyn Clock>,
    pub cluster: String,
    pub partitions: u16,
}

/// One file in WAL mode with `synchronous=FULL`: a commit that was answered survives power loss.
pub async fn open_sqlite(path: &Path, setting: Setting) -> Result<SqlStore, StoreError> {
    finish(Db::Sqlite(Sqlite::open(path).await?), setting).await
}

/// A database on a PostgreSQL server or its distributed kin.
pub async fn open_postgres(url: &str, connections: usize, setting: Setting) -> Result<SqlStore, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|e| StoreError::Mismatch(format!("the database address is not usable: {e}")))?
        .statement_cache_capacity(PREPARED)
        .options([("statement_timeout", STATEMENT), ("idle_in_transaction_session_timeout", IDLE)]);
    finish(Db::Postgres(Box::new(Server::new(options, connections))), setting).await
}

async fn finish(db: Db, setting: Setting) -> Result<SqlStore, StoreError> {
    let Setting { kinds, clock, cluster, partitions } = setting;
    let mark = if db.is_sqlite() { Mark::Sqlite } else { Mark::Postgres };
    let store = SqlStore {
        db,
        kinds,
        clock,
        cluster,
        partitions,
        statements: Statements::new(mark),
        request_texts: RequestTexts::default(),
        requests_day: AtomicI64::new(-1),
        newest: tokio::sync::Mutex::new(None),
        hot: std::sync::Mutex::default(),
        open_cases: std::sync::RwLock::new(None),
        cursors: std::sync::Mutex::new(vec![Cursor::default(); usize::from(partitions)]),
        published: std::sync::Mutex::new(vec![0; usize::from(partitions)]),
        listener: tokio::sync::Mutex::default(),
    };
    store.migrate().await?;
    store.publish_sqlite_heads().await?;
    store.free_sqlite_leases().await?;
    store.remember_open().await?;
    Ok(store)
}

impl SqlStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        if !self.db.is_sqlite() {
            // Replicas that start together must not migrate together.
            tx.execute(MIGRATION_TIME.into(), Vec::new()).await?;
            tx.batch(MIGRATION_LOCK.to_owned()).await?;
        }
        tx.batch(META.to_owned()).await?;
        let have = meta(&mut tx, "schema").await?.map_or(Ok(0), |v| v.parse()).unwrap_or(i64::MAX);
        if have > VERSION {
            return Err(StoreError::Mismatch(format!(
                "the data has schema {have}, this program knows up to {VERSION}: start the newer program, or restore a backup from before it"
            )));
        }
        for Migration { version, both, sqlite, postgres } in MIGRATIONS.iter().filter(|m| m.version > have) {
            tx.batch(self.dialect(both)).await?;
            tx.batch(if self.db.is_sqlite() { sqlite } else { postgres }.to_string()).await?;
            set_meta(&mut tx, "schema", &version.to_string()).await?;
        }
        if have < 2 {
            for slot in 0..REQUEST_TABLES {
                tx.batch(self.dialect(&self.requests_table(slot))).await?;
            }
        }
        if have == 0 {
            self.first_rows(&mut tx).await?;
        }
        tx.commit().await
    }

    async fn first_rows(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for part in 0..self.partitions {
            tx.execute("INSERT INTO heads (part, position) VALUES ($1, 0)".into(), vec![Value::Int(part.into())])
                .await?;
        }
        Ok(())
    }

    /// A quota for the file, in pages: beyond it writes are refused as on a full disk. Nothing on PostgreSQL.
    pub async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        match &self.db {
            Db::Sqlite(file) => file.limit_pages(pages).await,
            Db::Postgres(_) => Ok(()),
        }
    }

    fn dialect(&self, sql: &str) -> String {
        if self.db.is_sqlite() { sql.to_owned() } else { for_postgres(sql) }
    }

    async fn publish_sqlite_heads(&self) -> Result<(), StoreError> {
        if !self.db.is_sqlite() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let heads = match self.newest(&mut tx).await {
            Ok(held) => Ok(held.and_then(|held| held.as_ref().map(|n| n.heads.clone())).unwrap_or_default()),
            Err(error) => Err(error),
        };
        tx.rollback().await;
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = heads?;
        Ok(())
    }

    /// A file has one process, so whoever holds a lease in it when it is opened has died: nobody waits for it to run out, which
    /// would take an hour if the clock was set back by one. Were somebody alive after all, the epochs would fence them off.
    async fn free_sqlite_leases(&self) -> Result<(), StoreError> {
        if !self.db.is_sqlite() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        tx.execute("UPDATE leases SET until = 0, holder = ''".into(), Vec::new()).await?;
        tx.commit().await
    }

    /// Writes who the database belongs to when it is new, compares when it is not.
    pub(super) async fn check_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        let wanted = [
            ("cluster", identity.cluster.clone(), "point --data-dir at this cluster's own folder"),
            ("service", identity.service.clone(), "point the service at its own database"),
            (
                "partitions",
                identity.partitions.to_string(),
                "the number of partitions is fixed when the data is created",
            ),
            ("key", identity.key_check.clone(), "put back the key file that belongs to this data"),
        ];
        let mut tx = self.db.begin().await?;
        for (name, value, advice) in wanted {
            match meta(&mut tx, name).await? {
                Some(found) if found == value => {}
                Some(found) => {
                    tx.rollback().await;
                    let found = if name == "key" { "another".to_owned() } else { found };
                    return Err(StoreError::Mismatch(format!("the data's {name} is {found}, not {value}: {advice}")));
                }
                None => set_meta(&mut tx, name, &value).await?,
            }
        }
        tx.commit().await
    }

    pub(super) fn request_slot(&self) -> usize {
        slot_of(self.requests_day.load(Ordering::Acquire))
    }

    fn requests_table(&self, slot: usize) -> String {
        requests_table(slot, self.db.is_sqlite())
    }

    /// At the first commit of a day: its table is dropped and made anew when it still holds the requests of nine days before.
    pub(super) async fn rotate_requests(&self, now: Micros) -> Result<(), StoreError> {
        let day = now.0.div_euclid(Micros::DAY);
        if self.requests_day.load(Ordering::Acquire) == day {
            return Ok(());
        }
        let mut tx = self.db.begin_here().await?;
        match self.rotate_in(&mut tx, day).await {
            Ok(anew) => {
                tx.commit().await?;
                if let Some(newest) = self.newest.lock().await.as_mut().filter(|_| anew) {
                    newest.forget_requests(slot_of(day));
                }
            }
            Err(error) => {
                tx.rollback().await;
                return Err(error);
            }
        }
        self.requests_day.store(day, Ordering::Release);
        Ok(())
    }

    /// Whether the table was made anew.
    async fn rotate_in(&self, tx: &mut Tx, day: i64) -> Result<bool, StoreError> {
        if !self.db.is_sqlite() {
            // The second replica must not drop what the first one has begun to fill.
            tx.execute(MIGRATION_LOCK.into(), Vec::new()).await?;
        }
        let name = format!("requests_{}", slot_of(day));
        let holds: Option<i64> = meta(tx, &name).await?.and_then(|v| v.parse().ok());
        // A clock that was set back must not drop a later day.
        if holds.is_some_and(|held| held >= day) {
            return Ok(false);
        }
        tx.batch(self.dialect(&self.requests_table(slot_of(day)))).await?;
        set_meta(tx, &name, &day.to_string()).await?;
        Ok(true)
    }
}

fn slot_of(day: i64) -> usize {
    let tables = i64::try_from(REQUEST_TABLES).unwrap_or(1);
    usize::try_from(day.rem_euclid(tables)).unwrap_or(0)
}

async fn meta(tx: &mut Tx, name: &str) -> Result<Option<String>, StoreError> {
    let records = tx.query("SELECT value FROM meta WHERE name = $1".into(), vec![Value::Text(name.to_owned())]).await?;
    records.first().map(|r| r.text(0)).transpose()
}

async fn set_meta(tx: &mut Tx, name: &str, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(sql.into(), vec![Value::Text(name.to_owned()), Value::Text(value.to_owned())]).await.map(drop)
}
