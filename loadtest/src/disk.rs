//! The databases of a cluster at rest: what lies in which table, and the final checkpoint.

use anyhow::Context;
use jiewang::cluster::folder;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::path::{Path, PathBuf};

/// Both services' names, in the order in which a report meets them.
pub const SERVICES: [&str; 2] = [intake::NAME, dispatch::NAME];

/// Database files of a data folder that are there.
pub fn databases(folder_path: &Path) -> Vec<(&'static str, PathBuf)> {
    let file = |service| (service, folder::database(folder_path, service));
    SERVICES.map(file).into_iter().filter(|(_, file)| file.is_file()).collect()
}

pub async fn open(file: &Path) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file);
    SqliteConnection::connect_with(&options).await.with_context(|| format!("failed to open {}", file.display()))
}

/// Moves both write-ahead logs into their files: what a run still owes the disk is paid within its figures.
pub async fn checkpoint(folder_path: &Path) -> anyhow::Result<()> {
    for (_, file) in databases(folder_path) {
        let mut connection = open(&file).await?;
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
        anyhow::ensure!(row.try_get::<i64, _>(0)? == 0, "{} is still in use", file.display());
        connection.close().await?;
    }
    Ok(())
}

/// Rows of every table that has any.
pub async fn rows(file: &Path) -> anyhow::Result<Vec<(String, i64)>> {
    let mut connection = open(file).await?;
    let tables = sqlx::query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .fetch_all(&mut connection)
        .await?;
    let mut counted = Vec::new();
    for table in tables {
        let name: String = table.try_get(0)?;
        let count = sqlx::query(AssertSqlSafe(format!("SELECT count(*) FROM \"{name}\""))).fetch_one(&mut connection);
        let count: i64 = count.await?.try_get(0)?;
        if count > 0 {
            counted.push((name, count));
        }
    }
    connection.close().await?;
    Ok(counted)
}

/// Rows that so many reports have gained since `before`, a report, with the tables they lie in.
pub fn gained(before: &[(String, i64)], after: &[(String, i64)], reports: usize) -> (f64, String) {
    let had = |name: &str| before.iter().find(|(n, _)| n == name).map_or(0, |(_, count)| *count);
    let gains: Vec<(&str, f64)> = after
        .iter()
        .map(|(name, count)| (name.as_str(), (count - had(name)) as f64 / reports.max(1) as f64))
        .filter(|(_, gain)| *gain >= 0.005)
        .collect();
    let total = gains.iter().map(|(_, gain)| gain).sum();
    (total, gains.iter().map(|(name, gain)| format!("{name} {gain:.2}")).collect::<Vec<_>>().join(", "))
}
