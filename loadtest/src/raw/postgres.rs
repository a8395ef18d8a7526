//! Storing alone on PostgreSQL: the same tables and rows, over one connection.

use super::{BATCH, Batches, SCHEMA, rows::inserts};
use crate::flight::{Flown, Usage};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres};
use std::time::{Duration, Instant};

inserts!(Postgres);

/// Rows to write, and where to.
pub struct RawPostgres {
    batches: Batches,
    connection: PgConnection,
}

impl RawPostgres {
    /// Rows like `templates` into an empty database.
    pub async fn open(templates: Vec<Template>, url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(AssertSqlSafe(dialect())).execute(&mut connection).await?;
        Ok(Self { batches: Batches::new(templates), connection })
    }

    /// Writes for so long. Processor time and bytes are those of this process, hence not the server's.
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
        let mut tx = self.connection.begin().await?;
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

/// As the product translates it; there its requests have their key as primary key, because several replicas write.
fn dialect() -> String {
    SCHEMA
        .replace("n INTEGER PRIMARY KEY, key BLOB NOT NULL", "key BLOB NOT NULL PRIMARY KEY")
        .replace("BLOB", "BYTEA")
        .replace(" WITHOUT ROWID", "")
}
