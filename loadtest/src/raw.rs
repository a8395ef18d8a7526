//! The limit of storing: the rows of an accepted report, taken from a database that the product wrote, with fresh ids and random
//! request keys, in prepared multi-row batches of 1,024, one connection, the product's pragmas. Nothing is decided or checked.

use crate::flight::{Flown, Usage};
use anyhow::Context;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sqlx::{
    Connection, QueryBuilder, Row as _, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const SCHEMA: &str = include_str!("../reference.sql");
const BATCH: usize = 1024;
const PARTITIONS: usize = 64;

/// A case as the product stored it.
struct Template {
    kind: String,
    schema: i64,
    state: Vec<u8>,
    owner: String,
    open: i64,
    st: i64,
    urgency: i64,
    category: Option<String>,
    district: Option<String>,
    town: Option<String>,
    village: Option<String>,
    unit: Option<String>,
    place: Option<String>,
    flagged: i64,
    event: (String, i64, String, Vec<u8>),
    unique: String,
}

/// Rows to write, and where to.
pub struct Raw {
    templates: Vec<Template>,
    connection: SqliteConnection,
    heads: Vec<i64>,
    rng: StdRng,
    clock: u128,
}

impl Raw {
    /// Templates from `product` (a database of intake), rows into a fresh file.
    pub async fn open(product: &Path, file: &Path) -> anyhow::Result<Self> {
        let templates = read_templates(product).await?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .page_size(1024)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", "64000")
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", "-32000");
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        let clock = 1_764_000_000_000_u128 << 20;
        Ok(Self { templates, connection, heads: vec![0; PARTITIONS], rng: StdRng::seed_from_u64(7), clock })
    }

    /// Writes for so long.
    pub async fn run(&mut self, within: Duration) -> anyhow::Result<Flown> {
        let (before, began, mut done) = (Usage::now(), Instant::now(), 0);
        while began.elapsed() < within {
            self.batch().await?;
            done += BATCH;
        }
        let after = Usage::now();
        Ok(Flown {
            done,
            failed: 0,
            seconds: began.elapsed().as_secs_f64(),
            cpu_seconds: after.cpu - before.cpu,
            written: after.written - before.written,
        })
    }

    /// Ids in the order of time, as UUIDv7 are.
    fn ids(&mut self) -> Vec<[u8; 16]> {
        let mut next = || {
            self.clock += 1 << 8;
            ((self.clock << 60) | (self.rng.random::<u128>() >> 68)).to_be_bytes()
        };
        (0..BATCH).map(|_| next()).collect()
    }

    async fn batch(&mut self) -> anyhow::Result<()> {
        let ids = self.ids();
        let rows: Vec<(usize, [u8; 16])> = ids.into_iter().enumerate().collect();
        let mut tx = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let (templates, rng, heads) = (&self.templates, &mut self.rng, &mut self.heads);
        let of = |i: usize| &templates[i % templates.len()];
        cases(&rows, of).build().execute(&mut *tx).await?;
        events(&rows, of).build().execute(&mut *tx).await?;
        log(&rows, heads).build().execute(&mut *tx).await?;
        requests(&rows, rng).build().execute(&mut *tx).await?;
        uniques(&rows, of, rng).build().execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

type Rows = [(usize, [u8; 16])];

fn cases<'t>(rows: &Rows, of: impl Fn(usize) -> &'t Template) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(
        "INSERT INTO cases (id, kind, version, schema, state, owner, epoch, open, st, urgency, category, district, town, village, \
         unit, place, lamp, flagged) ",
    );
    query.push_values(rows, |mut row, (i, id)| {
        let t = of(*i);
        row.push_bind(id.to_vec())
            .push_bind(t.kind.clone())
            .push_bind(1_i64)
            .push_bind(t.schema)
            .push_bind(t.state.clone());
        row.push_bind(t.owner.clone()).push_bind(1_i64).push_bind(t.open).push_bind(t.st).push_bind(t.urgency);
        row.push_bind(t.category.clone())
            .push_bind(t.district.clone())
            .push_bind(t.town.clone())
            .push_bind(t.village.clone());
        row.push_bind(t.unit.clone()).push_bind(t.place.clone()).push_bind(0_i64).push_bind(t.flagged);
    });
    query
}

fn events<'t>(rows: &Rows, of: impl Fn(usize) -> &'t Template) -> QueryBuilder<Sqlite> {
    let mut query =
        QueryBuilder::new("INSERT INTO events (case_id, version, kind, type, at, actor, place, traceparent, payload) ");
    query.push_values(rows, |mut row, (i, id)| {
        let t = of(*i);
        let (event_type, at, actor, payload) = &t.event;
        row.push_bind(id.to_vec())
            .push_bind(1_i64)
            .push_bind(t.kind.clone())
            .push_bind(event_type.clone())
            .push_bind(*at);
        row.push_bind(actor.clone())
            .push_bind(t.place.clone().unwrap_or_default())
            .push_bind("")
            .push_bind(payload.clone());
    });
    query
}

fn log(rows: &Rows, heads: &mut [i64]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("INSERT INTO event_log (part, position, case_id, version) ");
    query.push_values(rows, |mut row, (_, id)| {
        let part = usize::from(id[15]) % heads.len();
        heads[part] += 1;
        row.push_bind(i64::try_from(part).unwrap_or(0)).push_bind(heads[part]).push_bind(id.to_vec()).push_bind(1_i64);
    });
    query
}

fn requests(rows: &Rows, rng: &mut StdRng) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("INSERT INTO requests_0 (key, body, case_id, version) ");
    query.push_values(rows, |mut row, (_, id)| {
        let (key, body): ([u8; 16], [u8; 16]) = (rng.random(), rng.random());
        row.push_bind(key.to_vec()).push_bind(body.to_vec()).push_bind(id.to_vec()).push_bind(1_i64);
    });
    query
}

fn uniques<'t>(rows: &Rows, of: impl Fn(usize) -> &'t Template, rng: &mut StdRng) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("INSERT INTO uniques (name, content, case_id, version) ");
    query.push_values(rows, |mut row, (i, id)| {
        // As long as the product's, in the order of time, as tracking numbers are.
        let stem = of(*i).unique.split('/').next().unwrap_or_default();
        let number = u128::from_be_bytes(*id) >> 40;
        let content: [u8; 16] = rng.random();
        row.push_bind(format!("{stem}/{number:014}"))
            .push_bind(content.to_vec())
            .push_bind(id.to_vec())
            .push_bind(1_i64);
    });
    query
}

async fn read_templates(product: &Path) -> anyhow::Result<Vec<Template>> {
    let options = SqliteConnectOptions::new().filename(product).read_only(true);
    let mut connection =
        SqliteConnection::connect_with(&options).await.context("failed to open the product's database")?;
    let sql = "SELECT c.kind, c.schema, c.state, c.owner, c.open, c.st, c.urgency, c.category, c.district, c.town, c.village, \
         c.unit, c.place, c.flagged, e.type, e.at, e.actor, e.payload, u.name \
         FROM cases c JOIN events e ON e.case_id = c.id AND e.version = 1 \
         JOIN uniques u ON u.case_id = c.id GROUP BY c.id ORDER BY c.id LIMIT 1000";
    let rows = sqlx::query(sql).fetch_all(&mut connection).await?;
    rows.iter().map(template).collect()
}

fn template(row: &sqlx::sqlite::SqliteRow) -> anyhow::Result<Template> {
    Ok(Template {
        kind: row.try_get(0)?,
        schema: row.try_get(1)?,
        state: row.try_get(2)?,
        owner: row.try_get(3)?,
        open: row.try_get(4)?,
        st: row.try_get(5)?,
        urgency: row.try_get(6)?,
        category: row.try_get(7)?,
        district: row.try_get(8)?,
        town: row.try_get(9)?,
        village: row.try_get(10)?,
        unit: row.try_get(11)?,
        place: row.try_get(12)?,
        flagged: row.try_get(13)?,
        event: (row.try_get(14)?, row.try_get(15)?, row.try_get(16)?, row.try_get(17)?),
        unique: row.try_get(18)?,
    })
}
