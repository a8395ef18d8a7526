//! docs/metrics.md names every metric there is, and no other.

use anyhow::Context;
use std::{collections::BTreeSet, fs, process::Command};

const DOCUMENT: &str = "docs/metrics.md";
const MACROS: [&str; 3] = ["counter!(\"", "gauge!(\"", "histogram!(\""];

pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "--", "crates/*.rs", "gateway/*.rs", "services/*.rs", "cli/*.rs"])
        .output()
        .context("failed to list files")?;
    let paths = String::from_utf8(listed.stdout)?;
    let sources: Vec<String> = paths.lines().filter_map(|path| fs::read_to_string(path).ok()).collect();
    Ok(compare(&fs::read_to_string(DOCUMENT)?, &sources))
}

fn compare(document: &str, sources: &[String]) -> Vec<String> {
    let documented = documented(document);
    let made: BTreeSet<&str> = sources.iter().flat_map(|source| made(source)).collect();
    let quoted = |name: &str| sources.iter().any(|source| source.contains(&format!("\"{name}\"")));
    let missing = made.difference(&documented).map(|name| format!("{DOCUMENT}: {name} is missing"));
    let gone = documented.iter().filter(|name| !quoted(name)).map(|name| format!("{DOCUMENT}: nothing makes {name}"));
    missing.chain(gone).collect()
}

/// In backticks in the first cell of a row.
fn documented(document: &str) -> BTreeSet<&str> {
    let cells = document.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

fn made(source: &str) -> impl Iterator<Item = &str> {
    MACROS.iter().flat_map(move |name| source.split(name).skip(1)).filter_map(|rest| rest.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_without_a_row_and_a_row_without_a_metric_are_found() {
        let document = "| Metric | |\n|---|---|\n| `a_total`, `b_seconds` | `label` |\n| `gone` | |\n";
        let sources = [
            r#"counter!("a_total").increment(1); gauge!("new", "label" => x)"#.to_owned(),
            r#"const B: &str = "b_seconds";"#.to_owned(),
        ];
        let found = compare(document, &sources);
        assert_eq!(found, ["docs/metrics.md: new is missing", "docs/metrics.md: nothing makes gone"]);
    }
}
