//! A cluster of separate processes, as `make cluster` starts it, for as long as it is needed.

use crate::process::binary;
use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
};

/// Dropping it ends the cluster.
#[derive(Debug)]
pub struct Standing(PathBuf);

impl Standing {
    /// Starts one in `folder` and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready; the script has said why.
    pub fn start(folder: &Path) -> io::Result<Self> {
        script("up", folder)?;
        Ok(Self(folder.to_owned()))
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        script("down", &self.0).expect("a cluster can be ended");
    }
}

fn script(verb: &str, folder: &Path) -> io::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/cluster.sh");
    let status =
        Command::new(script).arg(verb).env("JIEWANG_CLUSTER_DIR", folder).env("JIEWANG_BIN", binary()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("cluster.sh {verb}: {status}"))) }
}
