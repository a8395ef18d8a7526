//! `cargo xtask sbom`: what is in the binary `jiewang`, as CycloneDX. The same commit, target and SOURCE_DATE_EPOCH give the same bytes: no serial
//! number is drawn and no clock is read (docs/adr/0052).

mod document;
mod tree;

use anyhow::{Context, bail};
use rustsec::Lockfile;
use std::{env, path::Path, process::Command};

/// The package whose binary is shipped.
const SHIPPED: &str = "jiewang";

pub(crate) fn print(root: &Path) -> anyhow::Result<()> {
    println!("{}", made(root, env::var("SOURCE_DATE_EPOCH").ok())?);
    Ok(())
}

fn made(root: &Path, epoch: Option<String>) -> anyhow::Result<String> {
    let lock = Lockfile::load(root.join("Cargo.lock")).context("failed to read Cargo.lock")?;
    // What a build script or a macro brings takes part in what is built, too; tests' crates do not.
    let graph = tree::read(&cargo_tree(root, &["-e", "normal,build", "--prefix", "depth", "--format", tree::FORMAT])?)?;
    let document = document::of(SHIPPED, &graph, &tree::checksums(&lock), epoch.as_deref().map(instant).transpose()?)?;
    Ok(serde_json::to_string_pretty(&document)?)
}

fn cargo_tree(root: &Path, how: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(env!("CARGO"));
    let output = command.current_dir(root).args(["tree", "--locked", "-p", SHIPPED]).args(how).output()?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Seconds since 1970, as builds that can be repeated are told their time.
fn instant(epoch: &str) -> anyhow::Result<String> {
    let seconds = epoch.trim().parse().with_context(|| format!("SOURCE_DATE_EPOCH is {epoch}"))?;
    Ok(jiff::Timestamp::from_second(seconds)?.to_string())
}

#[cfg(test)]
mod tests;
