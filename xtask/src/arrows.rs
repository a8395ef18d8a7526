//! Which crate may use which (ARCHITECTURE, "Direction"). Any other arrow is refused.

use anyhow::Context;
use serde::Deserialize;
use std::process::Command;

/// Crate, and those of ours that it may depend on. Tests may use testkit and whatever stands below them as well.
const ALLOWED: [(&str, &[&str]); 13] = [
    ("proto", &[]),
    ("civic", &[]),
    ("queue", &["civic", "proto"]),
    ("casebook", &["civic", "queue"]),
    ("mesh", &["proto", "civic", "casebook", "queue"]),
    ("intake", &["proto", "civic", "casebook", "queue", "mesh"]),
    ("dispatch", &["proto", "civic", "casebook", "queue", "mesh"]),
    ("gateway", &["proto", "civic", "mesh"]),
    ("jiewang", &["proto", "civic", "casebook", "queue", "mesh", "intake", "dispatch", "gateway"]),
    ("loadtest", &["proto", "civic", "casebook", "queue", "mesh", "intake", "dispatch", "gateway", "jiewang"]),
    ("e2e", &["proto", "civic", "casebook", "queue", "mesh", "intake", "dispatch", "gateway", "jiewang", "testkit"]),
    ("testkit", &["proto", "civic", "casebook", "queue"]),
    ("xtask", &[]),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let output = Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("failed to read cargo metadata")?;
    Ok(metadata.packages.iter().flat_map(refused).collect())
}

fn refused(package: &Package) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!("{} has no row in xtask/src/arrows.rs: decide what it may depend on", package.name)];
    };
    let ours = package.dependencies.iter().filter(|d| d.path.is_some());
    // A service must not know another service, in tests neither: they meet in e2e.
    let is_service = |name: &str| matches!(name, "intake" | "dispatch" | "gateway");
    let bad = ours.filter(|d| match d.kind.as_deref() {
        Some("dev") => is_service(&package.name) && is_service(&d.name),
        Some(_) | None => !allowed.contains(&d.name.as_str()),
    });
    bad.map(|d| format!("{} must not depend on {} (xtask/src/arrows.rs)", package.name, d.name)).collect()
}
