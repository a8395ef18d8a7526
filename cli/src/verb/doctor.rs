//! `jiewang doctor`: is this machine fit to run a cluster, and does one run here. Looks, and changes nothing.

mod checks;
mod cluster;

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output::{Finding, Printer};
use clap::Args;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `jiewang doctor`
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Folder of the cluster
    #[arg(long, env = "JIEWANG_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    /// Where the gateway listens, or would
    #[arg(long, env = "JIEWANG_HTTP", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub http: SocketAddr,
    /// Where gRPC is served, or would be
    #[arg(long, env = "JIEWANG_GRPC", default_value = "127.0.0.1:50051", value_name = "ADDRESS")]
    pub grpc: SocketAddr,
    /// Where metrics are served, or would be
    #[arg(long, env = "JIEWANG_ADMIN", default_value = "127.0.0.1:9464", value_name = "ADDRESS")]
    pub admin: SocketAddr,
}

/// How a check ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    Ok,
    /// Works, or may be meant so.
    Warn,
    /// A cluster would not start, or not be safe.
    Fail,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    pub verdict: Verdict,
    pub found: String,
    /// What to do about it; empty when there is nothing to do.
    pub advice: String,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, found: found.into(), advice: String::new() }
    }

    fn warn(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warn, found: found.into(), advice: advice.into() }
    }

    fn fail(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Fail, found: found.into(), advice: advice.into() }
    }
}

/// Checks and prints; 1 when something failed.
///
/// # Errors
/// When the report cannot be written.
pub async fn run(args: &DoctorArgs, printer: &Printer) -> Result<Exit, Failure> {
    let checks = examine(args).await?;
    let failed = checks.iter().any(|check| check.verdict == Verdict::Fail);
    printer.print(&finding(&checks))?;
    Ok(if failed { Exit::Error } else { Exit::Ok })
}

/// All checks, in the order in which they are to be mended.
///
/// # Errors
/// When the gateway's address is none.
pub async fn examine(args: &DoctorArgs) -> Result<Vec<Check>, Failure> {
    let client = Client::new(&format!("http://{}", args.http), None)?;
    let gateway = checks::gateway(&client).await;
    let ours = gateway.verdict != Verdict::Warn || gateway.found != checks::NOT_RUNNING;
    let running = cluster::client(&args.data_dir, args.http);
    let mut all = vec![
        checks::folder(&args.data_dir),
        checks::key(&args.data_dir),
        checks::space(&args.data_dir),
        checks::clock(&args.data_dir),
        checks::port("port of HTTP", args.http, "JIEWANG_HTTP", ours).await,
        checks::port("port of gRPC", args.grpc, "JIEWANG_GRPC", ours).await,
        checks::port("port of metrics", args.admin, "JIEWANG_ADMIN", ours).await,
        gateway,
        cluster::working_days(&args.data_dir, running.as_ref()).await,
    ];
    all.extend(cluster::last_run(&args.data_dir));
    all.extend(cluster::databases(&args.data_dir));
    if let Some(client) = &running {
        all.extend(cluster::parked(client).await);
    }
    Ok(all)
}

fn finding(checks: &[Check]) -> Finding {
    let value = checks.iter().map(|check| {
        json!({"check": check.name, "verdict": check.verdict.as_str(), "found": check.found, "advice": check.advice})
    });
    let rows = checks.iter().map(|check| {
        vec![check.verdict.as_str().to_owned(), check.name.to_owned(), check.found.clone(), check.advice.clone()]
    });
    let names = checks.iter().filter(|check| check.verdict != Verdict::Ok).map(|check| check.name.to_owned());
    Finding {
        value: value.collect(),
        head: vec!["", "CHECK", "FOUND", "DO"],
        rows: rows.collect(),
        names: names.collect(),
    }
}
