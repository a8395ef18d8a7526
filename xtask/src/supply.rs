//! The rules of deny.toml about crates of others: licences, who may depend on what, bans, features, sources. Read from `cargo metadata`,
//! for every target and with the tests' dependencies, so it needs no other tool, and no network once the crates are here (docs/adr/0015).

mod licence;
mod rules;

use anyhow::Context;
use rules::{Ban, Rules};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

/// How Cargo writes that a crate comes from a registry; `cargo metadata` says nothing for our own folders.
const REGISTRY: &str = "registry+";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    req: String,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
    features: Vec<String>,
}

pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let output = Command::new(env!("CARGO")).args(["metadata", "--locked", "--format-version", "1"]).output()?;
    let metadata = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)))?;
    let rules = toml::from_str(&fs::read_to_string("deny.toml").context("failed to read deny.toml")?)
        .context("deny.toml has what xtask/src/supply does not hold anybody to")?;
    Ok(refused(&metadata, &rules))
}

fn refused(metadata: &Metadata, rules: &Rules) -> Vec<String> {
    let mut found: Vec<String> = metadata.packages.iter().flat_map(|package| strange(package, rules)).collect();
    found.extend(rules.bans.deny.iter().flat_map(|ban| banned(metadata, ban)));
    for ban in &rules.bans.features {
        let nodes = metadata.resolve.nodes.iter().filter(|node| name(metadata, &node.id) == ban.name);
        let denied = nodes.flat_map(|node| node.features.iter().filter(|feature| ban.deny.contains(feature)));
        found.extend(denied.map(|feature| format!("{} must not have the feature {feature}: {}", ban.name, ban.reason)));
    }
    found.extend(second_versions(metadata));
    found.extend(second_registries(metadata));
    found
}

/// All crates come from one registry, whichever Cargo is told to ask here: a dependency that names another one stands out.
fn second_registries(metadata: &Metadata) -> Vec<String> {
    let registries: BTreeSet<&str> = metadata
        .packages
        .iter()
        .filter_map(|package| package.source.as_deref())
        .filter(|s| s.starts_with(REGISTRY))
        .collect();
    let of = |registry: &&str| {
        let from = metadata.packages.iter().filter(|package| package.source.as_deref() == Some(*registry));
        format!("{} crates come from {registry}", from.count())
    };
    if registries.len() > 1 { registries.iter().map(of).collect() } else { Vec::new() }
}

/// Licence and origin of one crate.
fn strange(package: &Package, rules: &Rules) -> Vec<String> {
    let who = format!("{} {}", package.name, package.version);
    let mut found = Vec::new();
    match package.license.as_deref().map(|text| licence::is_allowed(text, &rules.licenses.allow)) {
        Some(Some(true)) => {}
        Some(Some(false)) => found.push(format!("{who}: none of its licences is allowed: {:?}", package.license)),
        Some(None) => found.push(format!("{who}: cannot read its licence {:?}", package.license)),
        None => found.push(format!("{who}: names no licence")),
    }
    if let Some(source) = package.source.as_deref().filter(|source| !source.starts_with(REGISTRY)) {
        found.push(format!("{who}: comes from {source}"));
    }
    found
}

fn banned(metadata: &Metadata, ban: &Ban) -> Vec<String> {
    let of_name = metadata.packages.iter().filter(|package| package.name == ban.name());
    let packages: Vec<&Package> = of_name.filter(|package| ban.is_about(&package.version)).collect();
    if ban.deny_multiple_versions {
        let versions: BTreeSet<&str> = packages.iter().map(|package| package.version.as_str()).collect();
        return if versions.len() > 1 { vec![format!("{} is there as {versions:?}", ban.name())] } else { Vec::new() };
    }
    let Some(wrappers) = &ban.wrappers else {
        return packages.iter().map(|p| format!("{} {} is not used here: {}", p.name, p.version, ban.why())).collect();
    };
    let uses = |node: &&Node| packages.iter().any(|package| node.dependencies.contains(&package.id));
    let users: BTreeSet<&str> = metadata.resolve.nodes.iter().filter(uses).map(|n| name(metadata, &n.id)).collect();
    let others = users.into_iter().filter(|user| !wrappers.iter().any(|wrapper| wrapper == user));
    others.map(|user| format!("{user} must not use {}: {}", ban.name(), ban.why())).collect()
}

/// A version of another's crate stands once, in the workspace.
fn second_versions(metadata: &Metadata) -> Vec<String> {
    let ours = metadata.packages.iter().filter(|package| package.source.is_none());
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for dependency in ours.flat_map(|package| &package.dependencies).filter(|dependency| dependency.path.is_none()) {
        versions.entry(&dependency.name).or_default().insert(&dependency.req);
    }
    let bad = versions.into_iter().filter(|(_, versions)| versions.len() > 1 || versions.contains("*"));
    bad.map(|(name, versions)| format!("{name} is wanted as {versions:?}: name one version in the workspace")).collect()
}

fn name<'a>(metadata: &'a Metadata, id: &str) -> &'a str {
    metadata.packages.iter().find(|package| package.id == id).map_or("", |package| &package.name)
}

#[cfg(test)]
mod tests;
