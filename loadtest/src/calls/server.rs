//! The process that answers: one echo behind four doors.

use super::{CLUSTER, KEY, encrypted};
use crate::{
    echo,
    role::serve_until_dismissed,
    spans::{Spans, UNTIL_SENT},
};
use anyhow::Context;
use civic::SystemClock;
use mesh::{Chassis, Config, TokenKey, tls::Tls};
use prost::Message as _;
use proto::intake::v1::Report;
use serde_json::json;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::net::TcpListener;

/// Name of the file with the message that is answered.
pub(super) const ANSWER: &str = "answer.pb";

/// Plays the role: the folder of certificate and answer, and where spans go.
pub(crate) async fn serve(given: &[String]) -> anyhow::Result<()> {
    let [folder, otlp] = given else { anyhow::bail!("a folder and an address are needed") };
    let folder = Path::new(folder);
    let answer = Report::decode(&std::fs::read(folder.join(ANSWER))?[..])?;
    let telemetry =
        mesh::telemetry::Telemetry { service: CLUSTER.into(), otlp: Some(otlp.clone()), ..Default::default() };
    let guard = mesh::telemetry::init(&telemetry)?;
    let told = json!({
        "bare": echo::serve(answer.clone()).await?.to_string(),
        "bareEncrypted": encrypted::serve(answer.clone(), folder).await?.to_string(),
        "plain": chassis(answer.clone(), None).await?.to_string(),
        "whole": chassis(answer, Some(folder)).await?.to_string(),
    });
    serve_until_dismissed(&told).await?;
    tokio::time::sleep(UNTIL_SENT).await;
    let Spans { ended, sent, refused } = Spans::in_metrics(&mesh::metrics::recorder().render());
    println!("{}", json!({"ended": ended, "sent": sent, "refused": refused}));
    drop(guard);
    Ok(())
}

/// Served as every service of ours is.
async fn chassis(answer: Report, certificate: Option<&Path>) -> anyhow::Result<SocketAddr> {
    let opened = certificate.map(|folder| Tls::open(folder, Arc::new(SystemClock))).transpose()?;
    let (tls, follow) = opened.map_or((None, None), |(tls, follow)| (Some(tls), Some(follow)));
    let mut chassis = Chassis::builder(TokenKey::from_bytes(KEY)).config(Config::default()).tls(tls).build();
    if let Some(follow) = follow {
        chassis.tasks().spawn_aside("certificates", follow);
    }
    chassis.add_service(echo::service(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.context("failed to listen")?;
    let address = listener.local_addr()?;
    #[expect(clippy::disallowed_methods, reason = "it lasts as long as the process")]
    tokio::spawn(chassis.serve(listener));
    Ok(address)
}
