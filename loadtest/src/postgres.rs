//! The same pair on PostgreSQL: storing alone, and reports accepted by intake over gRPC and HTTP, in turn.

use crate::{
    accept::{Runs, over_grpc, over_http, warm},
    corpus::Corpus,
    echo,
    figures::Sheet,
    local::Local,
    raw::{self, RawPostgres},
    server::PostgresServer,
};
use jiewang::{
    args::{Database, Room},
    cluster::{Rooms, Settings, folder},
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use std::{sync::Arc, time::Duration};

/// Rounds of product and limit in turn. A note where there is no PostgreSQL.
pub async fn run(sheet: &mut Sheet, rounds: usize, within: Duration) -> anyhow::Result<()> {
    let Some(server) = PostgresServer::start().await? else {
        sheet.note("no PostgreSQL is installed: not measured");
        return Ok(());
    };
    describe(sheet, &server).await?;
    let corpus = Arc::new(Corpus::load()?);
    let templates = templates(&corpus).await?;
    let mut raw = RawPostgres::open(templates, &server.url("raw")).await?;
    let dir = tempfile::tempdir()?;
    let rooms = Rooms::ALL.without(Room::Dispatch);
    let mut settings = Settings::local(dir.path().to_owned(), rooms);
    settings.databases = vec![Database { room: Room::Intake, url: server.url("intake") }];
    let local = Local::start_with(settings).await?;
    let echo = echo::serve(warm(&corpus, &local).await?).await?;
    let mut runs = Runs::default();
    for round in 0..rounds {
        runs.raws.push(raw.run(within).await?);
        runs.echoes.push(over_grpc(&corpus, echo, "", within, round).await?);
        runs.grpcs.push(over_grpc(&corpus, local.grpc, &local.token, within, round).await?);
        runs.https.push(over_http(&corpus, &local, within, round).await?);
    }
    local.stop().await?;
    runs.report(sheet, "PostgreSQL");
    sheet.note("processor time and bytes are those of the bench's process: the server's are not in them");
    Ok(())
}

async fn describe(sheet: &mut Sheet, server: &PostgresServer) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(&server.url("postgres")).await?;
    let mut said = Vec::new();
    for setting in ["server_version", "fsync", "synchronous_commit", "shared_buffers"] {
        let row = sqlx::query(AssertSqlSafe(format!("SHOW {setting}"))).fetch_one(&mut connection).await?;
        said.push(format!("{setting} {}", row.try_get::<String, _>(0)?));
    }
    for database in ["raw", "intake"] {
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {database}"))).execute(&mut connection).await?;
    }
    sheet.note(format!("PostgreSQL on loopback, its own server: {}", said.join(", ")));
    Ok(())
}

/// What the product stores of a report is the same on both databases.
async fn templates(corpus: &Corpus) -> anyhow::Result<Vec<raw::Template>> {
    let dir = tempfile::tempdir()?;
    let local = Local::start(dir.path(), Rooms::ALL.without(Room::Dispatch)).await?;
    warm(corpus, &local).await?;
    local.stop().await?;
    raw::templates(&folder::database(dir.path(), intake::NAME)).await
}
