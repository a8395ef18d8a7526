//! Storing alone on SQLite: WAL, `synchronous=FULL`.

use super::{BATCH, Batches, SCHEMA, rows::inserts};
use crate::flight::{Flown, Usage};
use sqlx::{
    Connection as _, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

inserts!(Sqlite);

/// Rows to write, and where to.
pub struct Raw {
    batches: Batches,
    connection: SqliteConnection,
}

impl Raw {
    /// Rows like `templates` into a fresh file.
    pub async fn open(templates: Vec<Template>, file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .page_size(2048)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", "32000")
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", "-8000");
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        Ok(Self { batches: Batches::new(templates), connection })
    }

    /// Writes for so long.
    pub async fn run(&mut self, within: Duration) -> anyhow::Result<Flown> {
        let (before, began, mut done) = (Usage::now(), Instant::now(), 0);
        while began.elapsed() < within {
            self.batch().await?;
            done += BATCH;
        }
        Ok(Flown::since(&before, began, done))
    }

    async fn batch(&mut self) -> anyhow::Result<()> {
        let ids = self.batches.ids();
        let mut tx = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let Batches { templates, rng, heads, .. } = &mut self.batches;
        let of = |i: usize| &templates[i % templates.len()];
        cases(&ids, of).build().execute(&mut *tx).await?;
        events(&ids, of).build().execute(&mut *tx).await?;
        log(&ids, heads).build().execute(&mut *tx).await?;
        requests(&ids, rng).build().execute(&mut *tx).await?;
        uniques(&ids, of, rng).build().execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
