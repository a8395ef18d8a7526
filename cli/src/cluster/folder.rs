//! The data folder: who the cluster is, its key, one database file per service. One process at a time.

use crate::folder::{KEY_FILE, parse_key};
use anyhow::{Context, bail};
use casebook::{ClusterKey, KEY_BYTES, Suite};
use civic::{CaseId, Clock, Micros, Rng};
use guard::vault::KeySource;
use mesh::TokenKey;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const ID_FILE: &str = "cluster.id";
/// Further keys of the vault, when they are not given from elsewhere.
pub const VAULT_FILE: &str = "vault.keys";
const LOCK_FILE: &str = "lock";
/// When the process that used the folder last was at work, and where its gateway listened.
const RUN_FILE: &str = "run.json";

/// An opened data folder; the lock on it lasts as long as this value.
pub struct Folder {
    path: PathBuf,
    pub cluster: String,
    secret: [u8; KEY_BYTES],
    _lock: Lock,
}

impl Folder {
    /// Opens the folder, making what a new one needs. A folder with data but without its key is refused: a new key would make
    /// everything sealed unreadable for ever.
    pub fn open(path: &Path, place: &str, clock: &dyn Clock, rng: &dyn Rng) -> anyhow::Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("failed to make the data folder {}", path.display()))?;
        let lock = lock(path)?;
        let key_file = path.join(KEY_FILE);
        let id_file = path.join(ID_FILE);
        if !key_file.exists() {
            has_no_data(&id_file, &key_file)?;
            write_new(&key_file, &fresh_key(rng), 0o600)?;
        }
        if !id_file.exists() {
            write_new(&id_file, &format!("{place}-{}", CaseId::new(clock.now(), rng)), 0o644)?;
        }
        let cluster = fs::read_to_string(&id_file)?.trim().to_owned();
        is_of(&cluster, place)?;
        Ok(Self { path: path.to_owned(), cluster, secret: read_secret(path)?, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn cluster_key(&self, suite: Suite) -> ClusterKey {
        ClusterKey::new(suite, &self.secret)
    }

    /// Where the vault's keys come from when nothing else is said.
    pub fn vault_keys(&self) -> KeySource {
        KeySource::Folder { file: self.path.join(VAULT_FILE), secret: self.secret }
    }

    /// For keys that are derived elsewhere.
    pub(super) const fn secret(&self) -> [u8; KEY_BYTES] {
        self.secret
    }

    pub fn token_key(&self) -> TokenKey {
        token_key(&self.secret)
    }

    /// Notes that a cluster has begun to work here.
    pub fn begin(&self, now: Micros, http: Option<SocketAddr>) -> anyhow::Result<()> {
        self.note(&Run { since: now, until: None, http })
    }

    /// Notes that it has ended in order: after a crash nobody does.
    pub fn end(&self, now: Micros) -> anyhow::Result<()> {
        let Some(run) = read_run(&self.path) else { return Ok(()) };
        self.note(&Run { until: Some(now), ..run })
    }

    /// Renamed into place, and not synced: whoever reads it after a power failure judges by the data alone.
    fn note(&self, run: &Run) -> anyhow::Result<()> {
        let (file, beside) = (self.path.join(RUN_FILE), self.path.join(format!("{RUN_FILE}.new")));
        fs::write(&beside, serde_json::to_vec(run)?)?;
        Ok(fs::rename(beside, file)?)
    }

    /// Database file of a service.
    pub fn database(&self, service: &str) -> PathBuf {
        database(&self.path, service)
    }
}

/// What [`Folder::open`] would refuse, but for its lock; changes nothing. The name of the cluster, if it has one already.
pub fn check(path: &Path, place: &str) -> anyhow::Result<Option<String>> {
    let (key_file, id_file) = (path.join(KEY_FILE), path.join(ID_FILE));
    if path.exists() && !path.is_dir() {
        bail!("the data folder {} is no folder", path.display());
    }
    if key_file.exists() {
        read_secret(path)?;
    } else {
        has_no_data(&id_file, &key_file)?;
    }
    if !id_file.exists() {
        return Ok(None);
    }
    let cluster = read_cluster(path)?;
    is_of(&cluster, place)?;
    Ok(Some(cluster))
}

fn has_no_data(id_file: &Path, key_file: &Path) -> anyhow::Result<()> {
    if id_file.exists() {
        bail!("{} is missing, but the folder has data: put the key file back from your backup", key_file.display());
    }
    Ok(())
}

fn is_of(cluster: &str, place: &str) -> anyhow::Result<()> {
    let home = cluster.split('-').next().unwrap_or_default();
    if home != place {
        bail!(
            "the folder belongs to the cluster of place {home}, not {place}: start with --place {home} or another --data-dir"
        );
    }
    Ok(())
}

/// The last time a cluster was at work in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub since: Micros,
    /// `None`: it is at work, or it has crashed.
    pub until: Option<Micros>,
    pub http: Option<SocketAddr>,
}

/// `None` where no cluster was ever at work, and where the note cannot be read.
pub fn read_run(folder: &Path) -> Option<Run> {
    serde_json::from_slice(&fs::read(folder.join(RUN_FILE)).ok()?).ok()
}

/// A process uses the folder now.
pub fn is_in_use(folder: &Path) -> bool {
    File::open(folder.join(LOCK_FILE)).is_ok_and(|file| file.try_lock_shared().map(|()| Lock(file)).is_err())
}

/// The key of development tokens, derived from the secret so that neither serves the other's purpose.
pub fn token_key(secret: &[u8; KEY_BYTES]) -> TokenKey {
    TokenKey::from_bytes(*secret).derive("jiewang tokens 1")
}

/// Database file of a service in a folder.
pub fn database(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("{service}.sqlite3"))
}

/// The secret of a folder that exists, for verbs that only mint tokens or read.
pub fn read_secret(folder: &Path) -> anyhow::Result<[u8; KEY_BYTES]> {
    let file = folder.join(KEY_FILE);
    let bytes = fs::read(&file).with_context(|| format!("failed to read the key file {}", file.display()))?;
    parse_key(&bytes).with_context(|| format!("{} is no key file: it must hold 64 hexadecimal digits", file.display()))
}

/// Name of the cluster that a folder belongs to.
pub fn read_cluster(folder: &Path) -> anyhow::Result<String> {
    let file = folder.join(ID_FILE);
    let text = fs::read_to_string(&file)
        .with_context(|| format!("failed to read {}: is it a data folder?", file.display()))?;
    Ok(text.trim().to_owned())
}

/// Given back by word, not only by closing: a child of this process that has not yet become another program holds the file too.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "folder.unlock.failed");
        }
    }
}

fn lock(path: &Path) -> anyhow::Result<Lock> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK_FILE))?;
    if file.try_lock().is_err() {
        bail!("another process uses the data folder {}: stop it, or give this one its own --data-dir", path.display());
    }
    Ok(Lock(file))
}

fn fresh_key(rng: &dyn Rng) -> String {
    let mut key = [0; KEY_BYTES];
    rng.fill(&mut key);
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Written beside and renamed, so that a crash leaves either no file or a whole one; the folder is synced as well.
fn write_new(file: &Path, content: &str, mode: u32) -> anyhow::Result<()> {
    let beside = file.with_extension("new");
    let mut new = OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(&beside)?;
    writeln!(new, "{content}")?;
    new.sync_all()?;
    fs::rename(&beside, file)?;
    File::open(file.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use civic::{SystemClock, SystemRng};

    fn open(path: &Path, place: &str) -> anyhow::Result<Folder> {
        Folder::open(path, place, &SystemClock, &SystemRng)
    }

    #[test]
    fn a_folder_keeps_its_cluster_and_key() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), "50").unwrap();
        let (cluster, secret) = (first.cluster.clone(), first.secret);
        drop(first);
        let second = open(dir.path(), "50").unwrap();
        assert_eq!((second.cluster.clone(), second.secret), (cluster, secret));
    }

    #[test]
    fn two_processes_cannot_share_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let _first = open(dir.path(), "50").unwrap();
        assert!(open(dir.path(), "50").err().unwrap().to_string().contains("another process"));
    }

    #[test]
    fn a_folder_is_free_at_once_although_a_child_that_was_just_forked_holds_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), "50").unwrap();
        let of_the_child = first._lock.0.try_clone().unwrap();
        drop(first);
        open(dir.path(), "50").unwrap();
        drop(of_the_child);
    }

    #[test]
    fn a_folder_without_its_key_or_of_another_place_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), "50").unwrap());
        assert!(open(dir.path(), "500151").err().unwrap().to_string().contains("--place 50"));
        fs::write(dir.path().join(KEY_FILE), "abc").unwrap();
        assert!(open(dir.path(), "50").err().unwrap().to_string().contains("64 hexadecimal"));
        fs::remove_file(dir.path().join(KEY_FILE)).unwrap();
        assert!(open(dir.path(), "50").err().unwrap().to_string().contains("backup"));
    }
}
