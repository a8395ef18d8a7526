//! `jiewang up`, both services. Intake's answer says that the report and its event are durable; the timers are those of the order that
//! dispatch makes of the event.

use super::server::{Door, Server};
use crate::{
    disk,
    process::{Jiewang, token},
};
use jiewang::cluster::folder;
use serde_json::Value;
use sqlx::Row as _;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub(super) async fn start(folder: TempDir) -> anyhow::Result<Server> {
    let Jiewang { mut process, http, .. } = Jiewang::start(folder.path(), &["up"], None)?;
    process.answers(&format!("http://{http}/readyz")).await?;
    let door = Door { base: format!("http://{http}").into(), token: token(folder.path())?.into(), said };
    let timers = Timers(folder::database(folder.path(), dispatch::NAME));
    let told = "jiewang up: gateway, intake, dispatch; SQLite with a write-ahead log, synchronous=FULL".to_owned();
    Ok(Server { door, process, timers: Some(timers), told, folder })
}

fn said(base: &str, _id: &str, report: Value) -> (String, Value) {
    (format!("{base}/v1/reports"), report)
}

/// The timers of work orders on dispatch's disk. Of an order's timers the earliest is armed.
pub(super) struct Timers(PathBuf);

impl Timers {
    pub(super) async fn armed(&self) -> anyhow::Result<usize> {
        let mut connection = disk::open(&self.0).await?;
        let row =
            sqlx::query("SELECT count(*) FROM timers WHERE kind = 'workOrder'").fetch_one(&mut connection).await?;
        Ok(usize::try_from(row.try_get::<i64, _>(0)?)?)
    }

    pub(super) async fn reach(&self, wanted: usize, patience: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + patience;
        loop {
            let armed = self.armed().await?;
            if armed >= wanted {
                return Ok(());
            }
            anyhow::ensure!(Instant::now() < until, "{armed} timers are armed, {wanted} should be");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
