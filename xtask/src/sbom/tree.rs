//! What `cargo tree` prints, as a graph. It knows the features that one package is built with; `cargo metadata` only those of the whole workspace.

use anyhow::Context;
use rustsec::Lockfile;
use std::collections::{BTreeMap, BTreeSet};

/// Behind the depth: name, version and origin, then the licence.
pub(super) const FORMAT: &str = "{p}|{l}";

/// Name and version: one of each in Cargo.lock.
pub(super) type Key = (String, String);

#[derive(Debug, Default, PartialEq)]
pub(super) struct Package {
    pub(super) licence: String,
    /// A crate of this workspace.
    pub(super) is_ours: bool,
    pub(super) uses: BTreeSet<Key>,
}

pub(super) fn read(printed: &str) -> anyhow::Result<BTreeMap<Key, Package>> {
    let mut found: BTreeMap<Key, Package> = BTreeMap::new();
    // From the root down to the line before.
    let mut path: Vec<Key> = Vec::new();
    for line in printed.lines().filter(|line| !line.is_empty()) {
        let (depth, key, package) = entry(line).with_context(|| format!("cargo tree says {line:?}"))?;
        path.truncate(depth);
        if let Some(user) = path.last().and_then(|user| found.get_mut(user)) {
            user.uses.insert(key.clone());
        }
        found.entry(key.clone()).or_insert(package);
        path.push(key);
    }
    Ok(found)
}

/// `2syn v3.0.9 (proc-macro)|MIT OR Apache-2.0 (*)`: whatever was printed before ends with a star.
fn entry(line: &str) -> Option<(usize, Key, Package)> {
    let (depth, rest) = line.split_at(line.find(|c: char| !c.is_ascii_digit())?);
    let (who, licence) = rest.strip_suffix(" (*)").unwrap_or(rest).split_once('|')?;
    let mut words = who.split(' ');
    let key = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
    let is_ours = who.contains(" (/");
    Some((depth.parse().ok()?, key, Package { licence: licence.to_owned(), is_ours, uses: BTreeSet::new() }))
}

/// SHA-256 of each crate's archive, as the registry gave it out.
pub(super) fn checksums(lock: &Lockfile) -> BTreeMap<Key, String> {
    let known = lock.packages.iter().filter_map(|package| Some((package, package.checksum.as_ref()?)));
    known.map(|(package, sum)| ((package.name.to_string(), package.version.to_string()), sum.to_string())).collect()
}
