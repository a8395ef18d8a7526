//! `cargo xtask new-service NAME`: a service with one kind of case and its place in workspace, contract, cluster and tests
//! (docs/adding-a-service.md).
//!
//! Whatever a service has for itself is a file of `xtask/templates/service`, which holds one called "specimen" and lies there as it will
//! lie in the repository. Whatever others must know of it is a line at an anchor: a comment with `new-service:` in an existing file.
//! Nothing is written before every file and every anchor was looked at.

mod joints;
mod name;

use anyhow::{Context, bail};
use joints::JOINTS;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the files of a service are, below the root of the repository.
const TEMPLATES: &str = "xtask/templates/service";
/// What the service in the templates is called, as a name and as a type.
const SPECIMEN: [&str; 2] = ["specimen", "Specimen"];

/// A file as it will be.
struct Written {
    path: PathBuf,
    text: String,
}

/// Makes the service and says what to do next.
pub(crate) fn run(root: &Path, name: &str) -> anyhow::Result<()> {
    name::judge(name, &fs::read_to_string(root.join("Cargo.lock"))?)?;
    let files = files(root, name)?;
    let joined = joined(root, name)?;
    for Written { path, text } in files.iter().chain(&joined) {
        let folder = path.parent().context("a file lies in a folder")?;
        fs::create_dir_all(folder)?;
        fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?;
    }
    // The names of the specimen break lines elsewhere than this one's, and Cargo.lock has to know the new crate.
    for args in [&["fmt", "--all"][..], &["metadata", "--offline", "--format-version", "1"]] {
        let output = Command::new(env!("CARGO")).args(args).current_dir(root).output()?;
        if !output.status.success() {
            bail!("cargo {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
        }
    }
    for Written { path, .. } in &files {
        println!("{}", path.strip_prefix(root).unwrap_or(path).display());
    }
    let mut touched = JOINTS.map(|joint| joint.file).to_vec();
    touched.dedup();
    println!("and lines at `new-service:` in {}", touched.join(", "));
    println!("next: cargo test -p {name}, then docs/adding-a-service.md");
    Ok(())
}

/// Every file of the templates under its own name. One that is there already is somebody's work.
fn files(root: &Path, name: &str) -> anyhow::Result<Vec<Written>> {
    let templates = root.join(TEMPLATES);
    let mut found = Vec::new();
    walk(&templates, &mut found)?;
    found.sort();
    let written = |template: &PathBuf| {
        let text = fs::read_to_string(template).with_context(|| format!("failed to read {}", template.display()))?;
        let below = template.strip_prefix(&templates)?.to_str().context("templates have plain names")?;
        let path = root.join(named(below, name));
        if path.exists() {
            bail!("{} is there already: take another name", named(below, name));
        }
        Ok(Written { path, text: named(&text, name) })
    };
    found.iter().map(written).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("failed to read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// The existing files with their new lines.
fn joined(root: &Path, name: &str) -> anyhow::Result<Vec<Written>> {
    let mut joined: Vec<Written> = Vec::new();
    for joint in JOINTS {
        let path = root.join(joint.file);
        if joined.last().is_none_or(|last| last.path != path) {
            let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", joint.file))?;
            joined.push(Written { path, text });
        }
        let last = joined.last_mut().context("a file was put in above")?;
        last.text = joint.put(&last.text, &named(joint.line, name))?;
    }
    Ok(joined)
}

/// A text of the specimen with another name in it.
fn named(text: &str, name: &str) -> String {
    let [lower, upper] = SPECIMEN;
    let (first, rest) = name.split_at(1);
    text.replace(lower, name).replace(upper, &format!("{}{rest}", first.to_uppercase()))
}

#[cfg(test)]
mod tests;
