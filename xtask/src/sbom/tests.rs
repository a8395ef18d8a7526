//! The document of this very workspace, compared with what Cargo says in another way, and a graph made by hand.

use super::{SHIPPED, cargo_tree, document, instant, made, tree};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn written() -> Value {
    serde_json::from_str(&made(root(), None).unwrap()).unwrap()
}

fn components(document: &Value) -> &Vec<Value> {
    document["components"].as_array().unwrap()
}

fn named(component: &Value) -> (String, String) {
    (component["name"].as_str().unwrap().to_owned(), component["version"].as_str().unwrap().to_owned())
}

#[test]
fn every_crate_of_others_in_the_binary_stands_there_once_with_address_hash_and_licence() {
    let document = written();
    let listed = cargo_tree(root(), &["-e", "normal", "--prefix", "none", "--format", "{p}"]).unwrap();
    let theirs: BTreeSet<&str> = listed.lines().filter(|line| !line.contains(" (/")).collect();
    assert!(theirs.len() > 100, "{}", theirs.len());
    for line in theirs {
        let (name, version) =
            (line.split(' ').next().unwrap(), line.split(" v").nth(1).unwrap().split(' ').next().unwrap());
        let here: Vec<&Value> =
            components(&document).iter().filter(|one| named(one) == (name.to_owned(), version.to_owned())).collect();
        let [one] = here[..] else { panic!("{line} stands there {} times", here.len()) };
        assert!(one["purl"].as_str().unwrap().starts_with(&format!("pkg:cargo/{name}@")), "{one}");
        assert_eq!(one["hashes"][0]["content"].as_str().unwrap().len(), 64, "{one}");
        assert!(!one["licenses"][0]["expression"].as_str().unwrap().is_empty(), "{one}");
    }
}

#[test]
fn crates_of_the_workspace_are_told_from_the_registrys() {
    let document = written();
    let subject = &document["metadata"]["component"];
    assert_eq!((&subject["name"], &subject["type"]), (&json!(SHIPPED), &json!("application")));
    let is_ours = |one: &&Value| one["properties"] == json!([{"name": "jiewang:origin", "value": "workspace"}]);
    let ours: BTreeSet<_> = components(&document).iter().filter(is_ours).map(|one| named(one).0).collect();
    for name in ["civic", "casebook", "intake", "dispatch", "gateway", "proto"] {
        assert!(ours.contains(name), "{name} is not in {ours:?}");
    }
    // Tests' and chores' crates are not shipped.
    assert!(ours.is_disjoint(&BTreeSet::from(["testkit", "e2e", "loadtest", "xtask"].map(str::to_owned))), "{ours:?}");
    assert!(components(&document).iter().filter(is_ours).all(|one| one.get("purl").is_none()));
}

#[test]
fn every_reference_is_made_once_and_leads_somewhere() {
    let document = written();
    let all = components(&document).iter().chain([&document["metadata"]["component"]]);
    let references: Vec<&Value> = all.map(|one| &one["bom-ref"]).collect();
    let once: BTreeSet<&str> = references.iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(once.len(), references.len());
    let dependencies = document["dependencies"].as_array().unwrap();
    assert_eq!(dependencies.len(), once.len());
    let used: BTreeSet<&str> = dependencies
        .iter()
        .flat_map(|one| one["dependsOn"].as_array().unwrap())
        .map(|one| one.as_str().unwrap())
        .collect();
    let subject = document["metadata"]["component"]["bom-ref"].as_str().unwrap();
    assert_eq!(once.difference(&used).copied().collect::<Vec<_>>(), [subject]);
    assert_eq!(used.difference(&once).count(), 0);
}

#[test]
fn the_same_commit_gives_the_same_bytes_and_a_time_only_when_told_one() {
    assert_eq!(made(root(), None).unwrap(), made(root(), None).unwrap());
    let at = |epoch: &str| {
        let document: Value = serde_json::from_str(&made(root(), Some(epoch.to_owned())).unwrap()).unwrap();
        document["metadata"]["timestamp"].clone()
    };
    assert_eq!(at("1796054400"), json!("2026-11-30T16:00:00Z"));
    assert_eq!(written()["metadata"].get("timestamp"), None);
    assert!(instant("yesterday").is_err());
}

#[test]
fn a_graph_is_read_back_from_what_is_printed() {
    let printed = "0jiewang v0.1.0 (/home/jiewang/cli)|Apache-2.0\n1toml v0.9.1+spec-1|MIT/Apache-2.0\n2old v1.0.0 (proc-macro)|Apache-2.0 / MIT\n\
                   1old v1.0.0 (proc-macro)|Apache-2.0 / MIT (*)\n";
    let graph = tree::read(printed).unwrap();
    let key = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    let (toml, old) = (key("toml", "0.9.1+spec-1"), key("old", "1.0.0"));
    assert_eq!(graph[&key("jiewang", "0.1.0")].uses, BTreeSet::from([toml.clone(), old.clone()]));
    assert_eq!(graph[&toml].uses, BTreeSet::from([old.clone()]));
    let sums = BTreeMap::from([(toml, "a".repeat(64)), (old.clone(), "b".repeat(64))]);
    let document = document::of(SHIPPED, &graph, &sums, None).unwrap();
    assert_eq!(document["components"][0]["licenses"][0]["expression"], json!("Apache-2.0 OR MIT"));
    assert_eq!(document["components"][1]["purl"], json!("pkg:cargo/toml@0.9.1%2Bspec-1"));
    // A crate that nobody vouches for is not listed as if somebody did.
    let without = BTreeMap::from([(old, "b".repeat(64))]);
    assert!(document::of(SHIPPED, &graph, &without, None).is_err());
    assert!(tree::read("jiewang v0.1.0").is_err());
}
