//! A gateway as its users stand before it.

use crate::{client::Client, process::verb};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Where the gateway listens, and the folder whose key signs its tokens.
#[derive(Debug)]
pub struct Door {
    pub address: SocketAddr,
    folder: PathBuf,
    tokens: Mutex<BTreeMap<String, String>>,
}

impl Door {
    #[must_use]
    pub fn new(address: SocketAddr, folder: &Path) -> Self {
        Self { address, folder: folder.to_owned(), tokens: Mutex::default() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Somebody without a token.
    #[must_use]
    pub fn citizen(&self) -> Client {
        Client::new(self.address, None)
    }

    /// A member of a unit, with a token of `jiewang token`.
    ///
    /// # Panics
    /// When no token is given.
    #[must_use]
    pub fn member(&self, role: &str, unit: &str) -> Client {
        Client::new(self.address, Some(self.token(&["--role", role, "--unit", unit])))
    }

    /// A head of a unit, another person than its member.
    #[must_use]
    pub fn head(&self, role: &str, unit: &str) -> Client {
        Client::new(self.address, Some(self.token(&["--role", role, "--unit", unit, "--head", "--subject", "head"])))
    }

    fn token(&self, args: &[&str]) -> String {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let minted = tokens.entry(args.join(" ")).or_insert_with(|| {
            let folder = self.folder.to_string_lossy().into_owned();
            let out = verb(["token"].iter().chain(args).copied().chain(["--cluster", folder.as_str()]));
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            String::from_utf8_lossy(&out.stdout).lines().last().expect("a token is printed").to_owned()
        });
        minted.clone()
    }
}
