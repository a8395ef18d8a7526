//! What figures were taken on, and of what: they are worth nothing without.

use civic::{Clock as _, SystemClock};
use serde_json::{Value, json};
use std::process::Command;

/// See the module.
#[derive(Debug, Clone)]
pub struct Machine {
    pub cores: usize,
    pub memory_gib: f64,
    pub model: String,
    pub kernel: String,
    pub commit: String,
    pub date: String,
}

impl Machine {
    pub fn of_this_run() -> Self {
        let out = |program: &str, args: &[&str]| {
            let output = Command::new(program).args(args).output();
            output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
        };
        let line = |file: &str, name: &str| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let found = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            found.trim_start_matches(['\t', ':', ' ']).to_owned()
        };
        let kibibytes = line("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0);
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: kibibytes / 1_048_576.0,
            model: line("/proc/cpuinfo", "model name"),
            kernel: out("uname", &["-r"]),
            commit: Some(out("git", &["describe", "--always", "--dirty"]))
                .filter(|c| !c.is_empty())
                .unwrap_or("unknown".into()),
            date: SystemClock.now().to_string(),
        }
    }

    /// What results of this run are filed under: day and commit.
    pub fn stem(&self) -> String {
        let Self { date, commit, .. } = self;
        format!("{}-{commit}", date.get(..10).unwrap_or(date))
    }

    pub fn json(&self) -> Value {
        let Self { cores, model, kernel, .. } = self;
        json!({"cores": cores, "model": model, "kernel": kernel})
    }

    /// One line.
    pub fn words(&self) -> String {
        let Self { cores, memory_gib, model, kernel, commit, date } = self;
        format!("{cores} cores, {memory_gib:.0} GiB, {model}, Linux {kernel}, commit {commit}, {date}")
    }
}
