//! House rules about files: modules open with `//!`, `foo.rs` beside `foo/` instead of `mod.rs`, no file over 500 lines.

use anyhow::Context;
use std::{fs, process::Command};

const LONGEST: usize = 500;

pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let output = Command::new("git").args(["ls-files", "--", "*.rs"]).output().context("failed to list files")?;
    let mut found = Vec::new();
    for path in String::from_utf8(output.stdout)?.lines() {
        let Ok(text) = fs::read_to_string(path) else { continue };
        found.extend(refused(path, &text));
    }
    Ok(found)
}

fn refused(path: &str, text: &str) -> Vec<String> {
    let is_test = path.contains("/tests/");
    let mut found = Vec::new();
    if path.ends_with("/mod.rs") {
        found.push(format!("{path}: write foo.rs beside foo/, not foo/mod.rs"));
    }
    if !text.lines().take(5).any(|line| line.starts_with("//!")) {
        found.push(format!("{path}: a module opens with //! and says what it is for"));
    }
    let lines = text.lines().count();
    if lines > LONGEST && !is_test {
        found.push(format!("{path}: {lines} lines, more than {LONGEST}: split it by meaning"));
    }
    found
}
