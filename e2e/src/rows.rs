//! `jiewang load` of a file through a gateway, beside whatever else is going on.

use crate::{door::Door, process::verb};
use serde_json::Value;
use std::{path::Path, process::Output};
use tokio::task::JoinHandle;

/// Rows on their way.
#[derive(Debug)]
pub struct Rows(JoinHandle<Output>);

impl Rows {
    /// So many rows a second, 0 for as fast as it goes; each is tried again for ten minutes.
    #[must_use]
    pub fn start(file: &Path, rate: f64, door: &Door) -> Self {
        let mut args = vec!["load".to_owned(), file.display().to_string(), "-o".to_owned(), "json".to_owned()];
        args.extend(["--patience".to_owned(), "600".to_owned(), "--rate".to_owned(), rate.to_string()]);
        args.extend(["--gateway".to_owned(), format!("http://{}", door.address)]);
        args.extend(["--cluster".to_owned(), door.folder().display().to_string()]);
        Self(tokio::task::spawn_blocking(move || verb(args)))
    }

    #[must_use]
    pub fn have_ended(&self) -> bool {
        self.0.is_finished()
    }

    /// What became of them, as `jiewang load -o json` tells it.
    ///
    /// # Panics
    /// When a row was skipped.
    pub async fn finish(self) -> Value {
        let out = self.0.await.expect("it does not panic");
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{}{said}", String::from_utf8_lossy(&out.stdout));
        serde_json::from_slice(&out.stdout).expect("JSON")
    }
}
