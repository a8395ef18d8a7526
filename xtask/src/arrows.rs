//! Which crate may use which (ARCHITECTURE, "Direction"). Any other arrow is refused.

use anyhow::Context;
use serde::Deserialize;
use std::process::Command;

/// What a service may depend on: every crate in `services/` has this row.
const SERVICE: &[&str] = &["proto", "civic", "casebook", "queue", "mesh"];

/// Any other crate, and those of ours that it may depend on; `*` are all services. Tests may use testkit and whatever stands below them as
/// well.
const ALLOWED: [(&str, &[&str]); 12] = [
    ("proto", &[]),
    ("civic", &[]),
    ("queue", &["civic", "proto"]),
    ("casebook", &["civic", "queue"]),
    ("guard", &["civic", "casebook", "queue", "mesh"]),
    ("mesh", &["proto", "civic", "casebook", "queue"]),
    ("gateway", &["proto", "civic", "mesh"]),
    ("jiewang", &["proto", "civic", "casebook", "queue", "guard", "mesh", "*", "gateway"]),
    ("loadtest", &["proto", "civic", "casebook", "queue", "guard", "mesh", "*", "gateway", "jiewang", "e2e"]),
    ("e2e", &["proto", "civic", "casebook", "queue", "guard", "mesh", "*", "gateway", "jiewang", "testkit"]),
    ("testkit", &["proto", "civic", "queue", "casebook"]),
    ("xtask", &[]),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

impl Package {
    fn is_service(&self) -> bool {
        is_in_services(self.manifest_path.trim_end_matches("/Cargo.toml"))
    }
}

impl Dependency {
    fn is_service(&self) -> bool {
        self.path.as_deref().is_some_and(is_in_services)
    }
}

fn is_in_services(folder: &str) -> bool {
    folder.rsplit('/').nth(1) == Some("services")
}

pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let output = Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("failed to read cargo metadata")?;
    Ok(metadata.packages.iter().flat_map(refused).collect())
}

fn refused(package: &Package) -> Vec<String> {
    let row = ALLOWED.iter().find(|(name, _)| *name == package.name).map(|(_, allowed)| *allowed);
    let Some(allowed) = row.or(package.is_service().then_some(SERVICE)) else {
        return vec![format!("{} has no row in xtask/src/arrows.rs: decide what it may depend on", package.name)];
    };
    let ours = package.dependencies.iter().filter(|d| d.path.is_some());
    let bad = ours.filter(|d| match d.kind.as_deref() {
        // A service must not know another service, in tests neither: they meet in e2e.
        Some("dev") => stands_before(package.is_service(), &package.name) && stands_before(d.is_service(), &d.name),
        Some(_) | None => !allowed.contains(&if d.is_service() { "*" } else { &d.name }),
    });
    bad.map(|d| format!("{} must not depend on {} (xtask/src/arrows.rs)", package.name, d.name)).collect()
}

/// A service, or the gateway, which knows them by their proto only.
fn stands_before(is_service: bool, name: &str) -> bool {
    is_service || name == "gateway"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, folder: &str, uses: &[(&str, &str, &str)]) -> Package {
        let dependency = |(name, folder, kind): &(&str, &str, &str)| Dependency {
            name: (*name).to_owned(),
            kind: (!kind.is_empty()).then(|| (*kind).to_owned()),
            path: Some(format!("/w/{folder}")),
        };
        let dependencies = uses.iter().map(dependency).collect();
        Package { name: name.to_owned(), manifest_path: format!("/w/{folder}/Cargo.toml"), dependencies }
    }

    #[test]
    fn every_folder_of_services_has_the_row_of_services() {
        let uses = [("mesh", "crates/mesh", ""), ("testkit", "crates/testkit", "dev")];
        assert_eq!(refused(&package("points", "services/points", &uses)), Vec::<String>::new());
        let wrong = [("gateway", "gateway", ""), ("intake", "services/intake", "dev"), ("civic", "crates/civic", "")];
        assert_eq!(refused(&package("points", "services/points", &wrong)).len(), 2);
    }

    #[test]
    fn the_binary_may_use_every_service_and_a_library_none() {
        let uses = [("points", "services/points", "")];
        assert_eq!(refused(&package("jiewang", "cli", &uses)), Vec::<String>::new());
        assert_eq!(refused(&package("mesh", "crates/mesh", &uses)).len(), 1);
    }

    #[test]
    fn a_crate_that_nobody_has_decided_about_is_refused() {
        let found = refused(&package("helpers", "crates/helpers", &[]));
        assert!(found[0].contains("has no row"), "{found:?}");
    }
}
