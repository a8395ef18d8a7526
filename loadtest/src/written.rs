//! What a report costs the disk: everything on, both services, random request ids, through the final checkpoint.
//!
//! The figure is the kernel's (`write_bytes` of `/proc/self/io`). Its shares by table are found otherwise: a second, smaller run is
//! stopped before its write-ahead logs are moved into the files; every frame of the logs names its page, `dbstat` names the table
//! or index of every page, and a page of the log is written once more at the checkpoint. What the kernel counts beyond that is
//! pages of 4,096 bytes that a commit touches in part.

use crate::{
    accept::over_http_at_most,
    corpus::Corpus,
    disk,
    figures::{Asked, Sheet},
    flight::Usage,
    local::Local,
    seed::Seeded,
};
use anyhow::Context;
use jiewang::cluster::Rooms;
use sqlx::Row as _;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

const AT_MOST: f64 = 12_288.0;
/// Reports of the run that is attributed: its logs must not reach the size at which they are moved.
const ATTRIBUTED: usize = 4_000;
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// Shares below this are put together.
const SMALL: f64 = 0.005;

/// Files `reports` into the seeded folder.
pub async fn run(sheet: &mut Sheet, seeded: &Seeded, reports: usize) -> anyhow::Result<()> {
    let (folder, _dir) = seeded.fresh().await?;
    let corpus = Arc::new(Corpus::load()?);
    // What came due while the folder lay there is no report's.
    file(&folder, &corpus, 0).await?.stopped().await?;
    disk::checkpoint(&folder).await?;
    let filed = file(&folder, &corpus, reports).await?;
    let (done, before, starting) = (filed.done, filed.before, filed.starting);
    filed.stopped().await?;
    disk::checkpoint(&folder).await?;
    let measured = (Usage::now().written - before) as f64 / done as f64;
    let name = format!("written per report, both services, with {} cases", seeded.cases);
    sheet.row(name, measured, "bytes", Asked::AtMost(AT_MOST));
    sheet.note(format!("{done} reports filed over HTTP, 256 in flight; /proc/self/io through the final checkpoint"));
    sheet.row("written by the start before it", starting as f64 / 1e6, "MB", Asked::Nothing);
    attribute(sheet, &folder, &corpus, measured).await
}

/// A cluster into which so many reports were filed and consumed.
struct Filed {
    local: Local,
    done: usize,
    /// What this process had written when the first report was filed, and how much of it while the cluster started.
    before: u64,
    starting: u64,
}

impl Filed {
    async fn stopped(self) -> anyhow::Result<usize> {
        self.local.stop().await?;
        Ok(self.done)
    }
}

async fn file(folder: &Path, corpus: &Arc<Corpus>, reports: usize) -> anyhow::Result<Filed> {
    let (before, idle) = (reports_in(folder).await?, Usage::now().written);
    let local = Local::start(folder, Rooms::ALL).await?;
    local.settled().await?;
    let started = Usage::now().written;
    // A kept folder remembers the request ids of earlier runs: no number of reports comes twice.
    let flown = over_http_at_most(corpus, &local, reports, 5000 + before).await?;
    anyhow::ensure!(flown.failed == 0, "{} reports failed", flown.failed);
    local.drained().await?;
    let gained = reports_in(folder).await? - before;
    anyhow::ensure!(gained == flown.done, "{} reports were answered and {gained} are new", flown.done);
    Ok(Filed { local, done: flown.done, before: started, starting: started - idle })
}

async fn reports_in(folder: &Path) -> anyhow::Result<usize> {
    let mut connection = disk::open(&jiewang::cluster::folder::database(folder, intake::NAME)).await?;
    let counted: i64 = sqlx::query_scalar("SELECT count(*) FROM cases").fetch_one(&mut connection).await?;
    Ok(usize::try_from(counted)?)
}

async fn attribute(sheet: &mut Sheet, folder: &Path, corpus: &Arc<Corpus>, measured: f64) -> anyhow::Result<()> {
    let filed = file(folder, corpus, ATTRIBUTED).await?;
    let mut logs = Vec::new();
    for (service, file) in disk::databases(folder) {
        logs.push((service, file.clone(), Wal::read(&file)?));
    }
    let reports = filed.stopped().await? as f64;
    disk::checkpoint(folder).await?;
    let (mut shares, mut total) = (BTreeMap::<String, f64>::new(), 0.0);
    for (service, file, wal) in logs {
        if wal.restarted {
            sheet.note(format!("{service}: its log was moved during the run, the shares are of what came after"));
        }
        for (table, bytes) in wal.by_table(&owners(&file).await?) {
            *shares.entry(format!("{service} {table}")).or_default() += bytes / reports;
            total += bytes / reports;
        }
    }
    sheet.row("of these by frames of the logs and their checkpoint", total, "bytes", Asked::Nothing);
    sheet.row("not attributed: pages of the kernel touched in part", measured - total, "bytes", Asked::Nothing);
    let mut shares: Vec<(String, f64)> = shares.into_iter().collect();
    shares.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let (large, small): (Vec<_>, Vec<_>) = shares.into_iter().partition(|(_, bytes)| *bytes >= total * SMALL);
    for (table, bytes) in large {
        sheet.row(format!("  {table}"), bytes, "bytes", Asked::Nothing);
    }
    sheet.row("  all others", small.iter().map(|(_, bytes)| bytes).sum(), "bytes", Asked::Nothing);
    Ok(())
}

/// Table or index of every page, by its number.
async fn owners(file: &Path) -> anyhow::Result<HashMap<u32, String>> {
    let mut connection = disk::open(file).await?;
    let rows = sqlx::query("SELECT pageno, name FROM dbstat").fetch_all(&mut connection).await?;
    rows.iter().map(|row| Ok((u32::try_from(row.try_get::<i64, _>(0)?)?, row.try_get(1)?))).collect()
}

/// The frames of a write-ahead log, as many as are of its present round.
struct Wal {
    page_bytes: usize,
    pages: Vec<u32>,
    /// It was begun anew at least once since it was made empty.
    restarted: bool,
}

impl Wal {
    /// Of a database that is quiet at the moment.
    fn read(database: &Path) -> anyhow::Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        let bytes = std::fs::read(&name).context("the database has no write-ahead log")?;
        Self::parse(&bytes).context("the write-ahead log is cut short")
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        let page_bytes = usize::try_from(word(8)?).ok()?;
        let salts = (word(16)?, word(20)?);
        let mut pages = Vec::new();
        let mut at = WAL_HEADER;
        while let (Some(page), Some(one), Some(two)) = (word(at), word(at + 8), word(at + 12)) {
            if (one, two) != salts {
                break;
            }
            pages.push(page);
            at += FRAME_HEADER + page_bytes;
        }
        Some(Self { page_bytes, pages, restarted: word(12)? > 0 })
    }

    /// Bytes written for each table: every frame once into the log, every page once more into the file.
    fn by_table(&self, owners: &HashMap<u32, String>) -> BTreeMap<String, f64> {
        let mut moved = HashSet::new();
        let mut bytes = BTreeMap::<String, f64>::new();
        for page in &self.pages {
            let once_more = if moved.insert(*page) { self.page_bytes } else { 0 };
            let owner = owners.get(page).map_or("free pages", String::as_str);
            *bytes.entry(owner.to_owned()).or_default() += (FRAME_HEADER + self.page_bytes + once_more) as f64;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::Connection as _;

    #[tokio::test]
    async fn every_frame_of_a_log_is_given_to_its_table() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("some.sqlite3");
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .page_size(1024)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql("CREATE TABLE wide (a); CREATE TABLE narrow (a)").execute(&mut connection).await.unwrap();
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
        sqlx::raw_sql("INSERT INTO wide VALUES (zeroblob(900)); INSERT INTO wide VALUES (zeroblob(900))")
            .execute(&mut connection)
            .await
            .unwrap();
        let wal = Wal::read(&file).unwrap();
        let bytes = wal.by_table(&owners(&file).await.unwrap());
        assert_eq!(wal.page_bytes, 1024);
        assert!(bytes["wide"] >= (2 * (1024 + 24) + 1024) as f64, "{bytes:?}");
        assert!(!bytes.contains_key("narrow"), "{bytes:?}");
    }

    #[test]
    fn a_log_that_is_cut_short_is_none() {
        assert!(Wal::parse(&[0; 11]).is_none());
    }
}
