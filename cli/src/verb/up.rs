//! `up` and `serve`: a cluster's process, from the first address bound to the last call drained.

use crate::{
    args::{ClusterArgs, Collector, ConsulArgs, LogFormat, ServeArgs, ToldArgs, UpArgs},
    cluster::{Cluster, Rooms, Settings},
    exit::{Exit, Failure},
    memory,
    output::{Finding, Printer},
};
use mesh::telemetry::{self, Format, Telemetry};
use serde_json::json;
use std::time::Instant;

/// Everything in this process.
pub async fn up(args: &UpArgs, printer: &Printer) -> Result<Exit, Failure> {
    let settings = Settings::new(&args.cluster, Rooms::ALL).with_sign_in(args.sign_in);
    run(settings, &args.cluster, &ConsulArgs::default(), "jiewang", printer).await
}

/// One room alone.
pub async fn serve(args: &ServeArgs, printer: &Printer) -> Result<Exit, Failure> {
    let settings = Settings::new(&args.cluster, Rooms::only(args.room)).with_consul(&args.consul);
    let settings = settings.map_err(|error| Failure::Configuration(error.to_string()))?;
    run(settings, &args.cluster, &args.consul, args.room.as_str(), printer).await
}

async fn run(
    settings: Settings,
    args: &ClusterArgs,
    consul: &ConsulArgs,
    name: &str,
    printer: &Printer,
) -> Result<Exit, Failure> {
    if args.print_config {
        return print(args, &settings, consul, printer);
    }
    settings.limits.validate().map_err(|error| Failure::Configuration(error.to_string()))?;
    let telemetry = telemetry_of(&args.told, name);
    telemetry.check().map_err(|error| Failure::Configuration(chain(&error.into())))?;
    if args.check_config {
        Cluster::check(&settings).map_err(|error| Failure::Configuration(chain(&error)))?;
        eprintln!("jiewang: the configuration is usable");
        return Ok(Exit::Ok);
    }
    let _telemetry = telemetry::init(&telemetry).map_err(|e| Failure::Configuration(chain(&e.into())))?;
    if let Err(error) = memory::keep_private() {
        tracing::warn!(%error, "jiewang.memory.may_be_dumped");
    }
    let began = Instant::now();
    let cluster = Cluster::start(settings).await.map_err(|e| Failure::Configuration(chain(&e)))?;
    cluster.stop_on_signals().map_err(|source| Failure::Io { doing: "listen for signals".to_owned(), source })?;
    announce(&cluster, began);
    let drained = cluster.serve().await.map_err(|e| Failure::Cluster(chain(&e)))?;
    if !drained.is_clean() {
        tracing::warn!(cut = drained.cut, stopped = drained.stopped.join(", "), "jiewang.drain.bounded");
    }
    Ok(Exit::Ok)
}

fn announce(cluster: &Cluster, began: Instant) {
    let (ready, grpc, http, sign_in) = (cluster.ready(), cluster.grpc_address, cluster.http, cluster.sign_in);
    cluster.tasks().spawn_aside("announce", async move {
        ready.await;
        let seconds = began.elapsed().as_secs_f64();
        eprintln!("jiewang: ready after {seconds:.1} s, gRPC on {grpc}");
        if let Some(http) = http {
            eprintln!("jiewang: http://{http}/docs");
        }
        if let Some(address) = sign_in {
            eprintln!("jiewang: sign in at http://{address}/");
        }
    });
}

fn telemetry_of(told: &ToldArgs, name: &str) -> Telemetry {
    Telemetry {
        service: name.to_owned(),
        format: match told.log_format {
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::Json,
        },
        filter: told.log.clone().unwrap_or_default(),
        otlp: told.otlp.as_ref().map(|collector| collector.0.clone()),
    }
}

/// The settings as they would be used; what may hold a password is masked.
fn print(args: &ClusterArgs, settings: &Settings, consul: &ConsulArgs, printer: &Printer) -> Result<Exit, Failure> {
    let databases: Vec<String> = args.database.iter().map(|d| format!("{}=***", d.room.as_str())).collect();
    let value = json!({
        "place": args.place.to_string(),
        "dataDir": args.data_dir.display().to_string(),
        "http": args.http.to_string(),
        "grpc": args.grpc.to_string(),
        "admin": args.admin.to_string(),
        "databases": databases,
        "peers": args.peer.iter().map(|peer| format!("{}={}", peer.room.as_str(), peer.place)).collect::<Vec<_>>(),
        "redis": args.redis.as_ref().map(|_| "***"),
        "auditDir": args.audit_dir.as_ref().map(|folder| folder.display().to_string()),
        "journalDays": args.journal_days,
        "vaultKeys": args.vault.vault_keys.as_ref().map(ToString::to_string),
        "suite": args.vault.suite.as_str(),
        "issuer": args.identity.issuer.as_ref().map(ToString::to_string),
        "signIn": settings.sign_in.as_ref().map(|door| door.address.to_string()),
        "audience": args.identity.audience,
        "policies": args.identity.policies.as_ref().map(|folder| folder.display().to_string()),
        "strongAcr": args.identity.strong_acr,
        "tls": args.tls.as_ref().map(|folder| folder.display().to_string()),
        "otlp": args.told.otlp.as_ref().map(Collector::masked),
        "log": args.told.log,
        "logFormat": format!("{:?}", args.told.log_format).to_lowercase(),
        "consul": consul.consul,
        "consulToken": consul.consul_token.as_ref().map(|_| "***"),
        "advertise": consul.advertise.as_ref().map(ToString::to_string),
        "gateway": args.limits.gateway,
        "mesh": args.limits.mesh,
        "intake": args.limits.intake,
    });
    let cell = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rows = value.as_object().into_iter().flatten().map(|(key, value)| vec![key.clone(), cell(value)]).collect();
    printer.print(&Finding { head: vec!["SETTING", "VALUE"], rows, names: Vec::new(), value })?;
    Ok(Exit::Ok)
}

/// An error with its causes, outermost first.
fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}
