//! What only PostgreSQL can show: replicas, a killed server, a line cut after COMMIT.

use sqlx::{Connection as _, PgConnection};
use testkit::PostgresServer;

/// Address of a new database on the server.
pub(crate) async fn database(server: &PostgresServer, name: &str) -> String {
    let mut admin = PgConnection::connect(&server.url()).await.expect("the server runs");
    let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
    sqlx::query(sql).execute(&mut admin).await.expect("a new name");
    server.database_url(name)
}
