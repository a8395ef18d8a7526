//! Medians, ratios, and what a figure is worth nothing without: machine and commit.

use std::process::Command;

/// Median of a few runs.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// What two stages in a row can do at most when they share the same cores.
pub fn bound(raw: f64, echo: f64) -> f64 {
    1.0 / (1.0 / raw + 1.0 / echo)
}

/// One line about where and on what the figures were taken.
pub fn machine() -> String {
    let out = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output();
        output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .unwrap_or_default()
        .trim_start_matches(['\t', ':', ' ']);
    let commit = out("git", &["describe", "--always", "--dirty"]);
    format!("{cores} cores, {model}, Linux {}, commit {commit}", out("uname", &["-r"]))
}

/// A table row: name, value, what it is measured against.
pub fn row(name: &str, value: f64, unit: &str, against: &str) {
    println!("{name:<52} {value:>12.2} {unit:<10} {against}");
}
