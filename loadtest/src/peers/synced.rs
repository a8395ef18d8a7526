//! What a process makes durable: its calls of fsync and fdatasync, counted by strace for each file.

use super::PATIENCE;
use crate::process::Process;
use std::{
    collections::BTreeMap,
    fmt, fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use tempfile::NamedTempFile;

/// Syncs of each file while so many reports were accepted.
pub(super) struct Synced {
    pub(super) accepted: usize,
    pub(super) seconds: f64,
    pub(super) files: BTreeMap<String, usize>,
}

impl Synced {
    /// Of all files.
    pub(super) fn a_second(&self) -> f64 {
        self.files.values().sum::<usize>() as f64 / self.seconds
    }

    /// Of the files whose path holds `place`, for a hundred reports.
    pub(super) fn per_hundred(&self, place: &str) -> f64 {
        let there = self.files.iter().filter(|(file, _)| file.contains(place)).map(|(_, count)| count);
        100.0 * there.sum::<usize>() as f64 / self.accepted.max(1) as f64
    }
}

impl fmt::Display for Synced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = self.files.iter().map(|(file, count)| format!("{file} {count}")).collect();
        f.write_str(&files.join(", "))
    }
}

/// strace on a process.
pub(super) struct Strace {
    process: Process,
    log: NamedTempFile,
}

impl Strace {
    /// Answers when every thread is watched.
    pub(super) async fn attach(to: u32) -> anyhow::Result<Self> {
        let log = NamedTempFile::new()?;
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o"]).arg(log.path());
        let process = Process::start(command.args(["-p", &to.to_string()]))?;
        let until = Instant::now() + PATIENCE;
        while !is_watched(to)? {
            anyhow::ensure!(Instant::now() < until, "strace does not attach");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { process, log })
    }

    /// Lets the process go and answers with what was counted, paths below `folder`.
    pub(super) async fn end(mut self, folder: &Path) -> anyhow::Result<BTreeMap<String, usize>> {
        self.process.end_by("-INT").await?;
        let mut files = BTreeMap::new();
        for path in fs::read_to_string(self.log.path())?.lines().filter_map(synced) {
            *files.entry(short(path, folder)).or_default() += 1;
        }
        Ok(files)
    }
}

fn is_watched(process: u32) -> anyhow::Result<bool> {
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may have ended meanwhile.
        let status = fs::read_to_string(thread?.path().join("status")).unwrap_or_default();
        if status.lines().any(|line| line.split_whitespace().eq(["TracerPid:", "0"])) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The file that a line of strace says was synced. A call in two lines is counted by its first, one that failed is not.
fn synced(line: &str) -> Option<&str> {
    let (_, arguments) = line.split_once("sync(")?;
    let (_, path) = arguments.split_once('<')?;
    let (path, result) = path.split_once('>')?;
    (!result.contains("= -1")).then_some(path)
}

/// Below the folder; files that are numbered count as one.
fn short(path: &str, folder: &Path) -> String {
    let path = Path::new(path);
    let below = path.strip_prefix(folder).unwrap_or(path);
    if below.as_os_str().is_empty() {
        return "the folder".to_owned();
    }
    let is_numbered = below.file_stem().is_some_and(|stem| stem.to_string_lossy().chars().all(|c| c.is_ascii_digit()));
    let named = match below.extension() {
        Some(extension) if is_numbered => below.with_file_name("*").with_extension(extension),
        _ => below.to_owned(),
    };
    named.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_is_counted_once_and_by_its_file() {
        let lines = [
            "71 fdatasync(12</d/a.db-wal>) = 0",
            "72 fsync(8</d/b.db> <unfinished ...>",
            "72 <... fsync resumed>)  = 0",
            "73 fsync(9</d/c.db>) = -1 EIO (Input/output error)",
            "74 +++ exited with 0 +++",
        ];
        let files: Vec<_> = lines.into_iter().filter_map(synced).collect();
        assert_eq!(files, ["/d/a.db-wal", "/d/b.db"]);
    }

    #[test]
    fn files_of_a_log_that_are_numbered_count_as_one() {
        let folder = Path::new("/d");
        assert_eq!(short("/d/log/000012.log", folder), "log/*.log");
        assert_eq!(short("/d/a.sqlite3-wal", folder), "a.sqlite3-wal");
        assert_eq!(short("/elsewhere/x", folder), "/elsewhere/x");
    }

    #[test]
    fn syncs_are_told_for_a_hundred_accepted_and_for_a_place() {
        let files = BTreeMap::from([("intake-wal".to_owned(), 30), ("dispatch-wal".to_owned(), 10)]);
        let synced = Synced { accepted: 1000, seconds: 2.0, files };
        assert_eq!((synced.a_second(), synced.per_hundred("intake")), (20.0, 3.0));
    }
}
