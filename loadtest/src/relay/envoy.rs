//! Envoy with its transcoder from JSON to gRPC, which reads the same annotations as the gateway out of the same descriptor set: one worker
//! thread, no access log.

use super::Relay;
use crate::process::{Process, find, free_address};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

const SERVICE: &str = "jiewang.intake.v1.Reports";

/// `None` where Envoy can neither be found nor brought.
pub(super) async fn start(folder: &Path, upstream: SocketAddr) -> anyhow::Result<Option<Relay>> {
    let Some(program) = program() else { return Ok(None) };
    let (address, file, descriptors) = (free_address()?, folder.join("envoy.json"), folder.join("descriptors.pb"));
    std::fs::write(&descriptors, proto::DESCRIPTORS)?;
    std::fs::write(&file, configuration(address, upstream, &descriptors).to_string())?;
    let mut command = Command::new(program);
    command.arg("--config-path").arg(&file).args([
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--log-level",
        "error",
    ]);
    let mut process = Process::start(&mut command)?;
    process.listens(address).await?;
    Ok(Some(Relay::new("Envoy", process, address)))
}

/// The one that is named, else the one on PATH, else what the script of the repository brings: it is started in its root.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("JIEWANG_ENVOY_BIN") {
        return Some(named.into());
    }
    let brought = || {
        let output = Command::new("scripts/envoy.sh").output().ok().filter(|output| output.status.success())?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
    };
    find("envoy").or_else(brought)
}

fn configuration(address: SocketAddr, upstream: SocketAddr, descriptors: &Path) -> Value {
    let transcoder = typed(
        "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        json!({"proto_descriptor": descriptors, "services": [SERVICE], "auto_mapping": true}),
    );
    let manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "edge",
            "codec_type": "HTTP1",
            "route_config": {"virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "reports", "timeout": "15s"}}],
            }]},
            "http_filters": [
                {"name": "envoy.filters.http.grpc_json_transcoder", "typed_config": transcoder},
                {"name": "envoy.filters.http.router", "typed_config": typed("envoy.extensions.filters.http.router.v3.Router", json!({}))},
            ],
        }),
    );
    let http2 = typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        json!({"explicit_http_config": {"http2_protocol_options": {}}}),
    );
    json!({"static_resources": {
        "listeners": [{
            "name": "edge",
            "address": socket(address),
            "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}],
        }],
        "clusters": [{
            "name": "reports",
            "type": "STATIC",
            "connect_timeout": "5s",
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2},
            "load_assignment": {
                "cluster_name": "reports",
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket(upstream)}}]}],
            },
        }],
    }})
}

/// A configuration of one of Envoy's own kinds.
fn typed(kind: &str, mut fields: Value) -> Value {
    fields["@type"] = json!(format!("type.googleapis.com/{kind}"));
    fields
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip(), "port_value": address.port()}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_where_it_is_told_and_transcodes_before_it_routes() {
        let (address, upstream) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let all = &configuration(address, upstream, Path::new("d.pb"))["static_resources"];
        let manager = &all["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
        let filters = manager["http_filters"].as_array().unwrap();
        assert_eq!(filters[0]["typed_config"]["proto_descriptor"], "d.pb");
        assert_eq!(filters.last().unwrap()["name"], "envoy.filters.http.router", "the router is the last");
        let endpoint = &all["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        assert_eq!(all["listeners"][0]["address"]["socket_address"]["port_value"], 1);
        assert_eq!(endpoint["address"]["socket_address"], json!({"address": "127.0.0.1", "port_value": 2}));
    }
}
