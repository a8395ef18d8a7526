//! The limit of storing: the rows of an accepted report, taken from a database that the product wrote, with fresh ids and random
//! request keys, in prepared multi-row batches of 1,024, one connection, the product's pragmas. Nothing is decided or checked.
//!
//! The tables are those of `reference.sql`, which stays as it is when the product's change.

mod postgres;
mod rows;
mod sqlite;

pub use postgres::RawPostgres;
pub use sqlite::Raw;

use anyhow::Context;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::path::Path;

const SCHEMA: &str = include_str!("../reference.sql");
const BATCH: usize = 1024;
const PARTITIONS: usize = 64;
/// Rows of one report: case, event, place in the log, request, tracking number.
pub const ROWS: f64 = 5.0;

/// A report as the product stored it.
#[derive(Clone)]
pub struct Template {
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

/// What a batch is made of: ids in the order of time, as UUIDv7 are, chance, and the heads of the log.
struct Batches {
    templates: Vec<Template>,
    heads: Vec<i64>,
    rng: StdRng,
    clock: u128,
}

impl Batches {
    fn new(templates: Vec<Template>) -> Self {
        let clock = 1_764_000_000_000_u128 << 20;
        Self { templates, heads: vec![0; PARTITIONS], rng: StdRng::seed_from_u64(7), clock }
    }

    fn ids(&mut self) -> Vec<(usize, [u8; 16])> {
        let mut next = || {
            self.clock += 1 << 8;
            ((self.clock << 60) | (self.rng.random::<u128>() >> 68)).to_be_bytes()
        };
        (0..BATCH).map(|_| next()).enumerate().collect()
    }
}

/// A thousand reports of `product`, a database of intake.
pub async fn templates(product: &Path) -> anyhow::Result<Vec<Template>> {
    let options = SqliteConnectOptions::new().filename(product).read_only(true);
    let opened = SqliteConnection::connect_with(&options).await;
    let mut connection = opened.context("failed to open the product's database")?;
    let sql = "SELECT c.kind, c.schema, c.state, c.owner, c.open, c.st, c.urgency, c.category, c.district, c.town, c.village, \
         c.unit, c.place, c.flagged, e.type, e.at, e.actor, e.payload, u.name \
         FROM cases c JOIN events e ON e.case_id = c.id AND e.version = 1 \
         JOIN uniques u ON u.case_id = c.id GROUP BY c.id ORDER BY c.id LIMIT 1000";
    let rows = sqlx::query(sql).fetch_all(&mut connection).await?;
    anyhow::ensure!(!rows.is_empty(), "the product has stored no report to copy");
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
