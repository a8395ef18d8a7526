//! The document: CycloneDX 1.6, as far as a graph of crates needs it.

use super::tree::{Key, Package};
use anyhow::Context;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// In the order of names, so that two documents can be compared line by line.
pub(super) fn of(
    shipped: &str,
    graph: &BTreeMap<Key, Package>,
    checksums: &BTreeMap<Key, String>,
    made_at: Option<String>,
) -> anyhow::Result<Value> {
    let (mut subject, mut components) = (None, Vec::new());
    for (key, package) in graph {
        let component = component(key, package, checksums)?;
        if package.is_ours && key.0 == shipped { subject = Some(component) } else { components.push(component) }
    }
    let mut subject = subject.with_context(|| format!("{shipped} is not in its own graph"))?;
    subject["type"] = json!("application");
    let mut metadata = json!({"component": subject});
    if let Some(at) = made_at {
        metadata["timestamp"] = json!(at);
    }
    let dependencies: Vec<Value> = graph.iter().map(|(key, package)| uses(key, package, graph)).collect();
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(key: &Key, package: &Package, checksums: &BTreeMap<Key, String>) -> anyhow::Result<Value> {
    let (name, version) = key;
    let licence = expression(&package.licence);
    let mut component = json!({
        "type": "library", "bom-ref": reference(key, package), "name": name, "version": version,
        "licenses": [{"expression": licence}],
    });
    if package.is_ours {
        component["properties"] = json!([{"name": "jiewang:origin", "value": "workspace"}]);
        return Ok(component);
    }
    let sum = checksums.get(key).with_context(|| format!("{name} {version} has no checksum in Cargo.lock"))?;
    component["purl"] = json!(purl(key));
    component["hashes"] = json!([{"alg": "SHA-256", "content": sum}]);
    Ok(component)
}

fn uses(key: &Key, package: &Package, graph: &BTreeMap<Key, Package>) -> Value {
    let on = package.uses.iter().filter_map(|used| Some(reference(used, graph.get(used)?)));
    json!({"ref": reference(key, package), "dependsOn": on.collect::<Vec<_>>()})
}

/// A crate of ours is not in the registry, where its name may be somebody else's.
fn reference(key: &Key, package: &Package) -> String {
    if package.is_ours { format!("workspace:{}@{}", key.0, key.1) } else { purl(key) }
}

fn purl((name, version): &Key) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// Older crates write `A/B` for a choice.
fn expression(licence: &str) -> String {
    licence.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}
