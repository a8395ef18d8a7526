//! A graph that breaks one rule after the other.

use super::{Metadata, refused};
use serde_json::{Value, json};

const RULES: &str = r#"
    graph = {}
    advisories = {}
    sources = {}
    [licenses]
    allow = ["MIT", "Apache-2.0", "ISC"]
    confidence-threshold = 0.9
    [bans]
    multiple-versions = "warn"
    wildcards = "deny"
    allow-wildcard-paths = true
    workspace-dependencies = {}
    deny = [
      { crate = "sqlx", wrappers = ["casebook"], reason = "through casebook" },
      { crate = "openssl", use-instead = "ring" },
      { crate = "h2:<0.4.16" },
      { crate = "tonic", deny-multiple-versions = true },
    ]
    features = [{ crate = "tokio", deny = ["full"], reason = "name what is used" }]
"#;

fn package(name: &str, version: &str, more: Value) -> Value {
    let mut package = json!({
        "id": format!("{name}@{version}"), "name": name, "version": version, "license": "MIT",
        "source": super::REGISTRY, "dependencies": [],
    });
    package.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    package
}

fn found(packages: Value, nodes: Value) -> Vec<String> {
    let graph: Metadata = serde_json::from_value(json!({"packages": packages, "resolve": {"nodes": nodes}})).unwrap();
    refused(&graph, &toml::from_str(RULES).unwrap())
}

fn node(id: &str, dependencies: &[&str], features: &[&str]) -> Value {
    json!({"id": id, "dependencies": dependencies, "features": features})
}

#[test]
fn a_graph_that_keeps_every_rule_passes() {
    let wants = json!({"source": null, "dependencies": [{"name": "sqlx", "req": "^0.9", "path": null}]});
    let packages = json!([
        package("casebook", "0.1.0", wants),
        package("sqlx", "0.9.1", json!({"license": "LGPL-3.0 OR MIT"})),
        package("h2", "0.4.16", json!({"license": "(MIT OR GPL-2.0) AND ISC"})),
        package("tonic", "0.14.9", json!({})),
        package("tokio", "1.54.0", json!({"license": "MIT/Apache-2.0"})),
    ]);
    let nodes = json!([node("casebook@0.1.0", &["sqlx@0.9.1"], &[]), node("tokio@1.54.0", &[], &["rt"])]);
    assert_eq!(found(packages, nodes), Vec::<String>::new());
}

#[test]
fn whoever_breaks_a_rule_is_named() {
    let wants = |req: &str| json!({"source": null, "dependencies": [{"name": "sqlx", "req": req, "path": null}]});
    let packages = json!([
        package("casebook", "0.1.0", wants("^0.9")),
        package("intake", "0.1.0", wants("^0.8")),
        package("sqlx", "0.9.1", json!({})),
        package("openssl", "0.10.0", json!({})),
        package("h2", "0.4.9", json!({})),
        package("tonic", "0.14.9", json!({})),
        package("tonic", "0.13.0", json!({})),
        package("tokio", "1.54.0", json!({})),
        package("gpl", "1.0.0", json!({"license": "GPL-3.0"})),
        package("both", "1.0.0", json!({"license": "MIT AND GPL-3.0"})),
        package("exception", "1.0.0", json!({"license": "Apache-2.0 WITH LLVM-exception"})),
        package("odd", "1.0.0", json!({"license": "MIT OR"})),
        package("silent", "1.0.0", json!({"license": null})),
        package("forked", "1.0.0", json!({"source": "git+https://example.org/forked"})),
    ]);
    let nodes = json!([
        node("casebook@0.1.0", &["sqlx@0.9.1"], &[]),
        node("intake@0.1.0", &["sqlx@0.9.1"], &[]),
        node("tokio@1.54.0", &[], &["full"]),
    ]);
    let found = found(packages, nodes);
    let expected = [
        "gpl 1.0.0: none",
        "both 1.0.0: none",
        "exception 1.0.0: none",
        "odd 1.0.0: cannot read",
        "silent 1.0.0: names no",
        "forked 1.0.0: comes from git",
        "intake must not use sqlx: through casebook",
        "openssl 0.10.0 is not used here: use ring",
        "h2 0.4.9 is not used here",
        "tonic is there as",
        "tokio must not have the feature full",
        "sqlx is wanted as",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for words in expected {
        assert!(found.iter().any(|line| line.starts_with(words)), "{words} is not in {found:#?}");
    }
}

#[test]
fn a_rule_that_nobody_holds_is_refused() {
    let unknown = RULES.replace("wildcards = \"deny\"", "wildcards = \"deny\"\n    highlight = \"all\"");
    assert!(toml::from_str::<super::Rules>(&unknown).is_err());
}

#[test]
fn a_crate_of_another_registry_stands_out() {
    let elsewhere = json!({"source": format!("{}https://example.org/index", super::REGISTRY)});
    let packages = json!([
        package("tonic", "0.14.9", json!({})),
        package("tokio", "1.54.0", json!({})),
        package("foreign", "1.0.0", elsewhere),
    ]);
    let found = found(packages, json!([]));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().any(|line| line.starts_with("1 crates come from")), "{found:#?}");
}
