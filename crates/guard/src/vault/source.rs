//! Where the ring of keys comes from.

use super::keyring::{KeyRing, RingError};
use casebook::{KEY_BYTES, Suite};
use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
};

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub enum KeySource {
    /// Key 1 is derived from the cluster's secret, and what stands in a file beside it is added, when there is one.
    Folder { file: PathBuf, secret: [u8; KEY_BYTES] },
    /// A file, such as a mounted secret. Read again when it changes.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
    /// A program that writes the ring to its output, such as one that lets a key management service decrypt it.
    Program(PathBuf),
}

/// Why there is no ring.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("keys are given as file:PATH, env:NAME or exec:PROGRAM")]
    Shape,
    #[error("the file of the vault's keys {path} cannot be read: {source}")]
    File { path: String, source: io::Error },
    #[error("there is no variable {0} with the vault's keys")]
    Environment(String),
    #[error("the program {path} that gives the vault's keys cannot be run: {source}")]
    Program { path: String, source: io::Error },
    #[error("the program {path} that gives the vault's keys ended with {status}")]
    Status { path: String, status: std::process::ExitStatus },
    #[error("what the program {0} gives is no text")]
    NoText(String),
    #[error("the vault's keys of {of}: {source}")]
    Ring { of: String, source: RingError },
}

impl FromStr for KeySource {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let (kind, rest) = text.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or(SourceError::Shape)?;
        match kind {
            "file" => Ok(Self::File(rest.into())),
            "env" => Ok(Self::Environment(rest.to_owned())),
            "exec" => Ok(Self::Program(rest.into())),
            _ => Err(SourceError::Shape),
        }
    }
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder { file, .. } | Self::File(file) => write!(f, "file:{}", file.display()),
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::Program(path) => write!(f, "exec:{}", path.display()),
        }
    }
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl KeySource {
    /// The ring as it is now. Blocks.
    ///
    /// # Errors
    /// Why it cannot be had. Never what stands in it.
    pub fn ring(&self, suite: Suite) -> Result<KeyRing, SourceError> {
        let parse = |text: &str| {
            KeyRing::parse(suite, text).map_err(|source| SourceError::Ring { of: self.to_string(), source })
        };
        match self {
            Self::Folder { file, secret } => {
                let first = KeyRing::derived(suite, secret);
                match std::fs::read_to_string(file) {
                    Ok(text) => Ok(parse(&text)?.and(first)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(first),
                    Err(source) => Err(SourceError::File { path: file.display().to_string(), source }),
                }
            }
            Self::File(path) => {
                let text = std::fs::read_to_string(path);
                parse(&text.map_err(|source| SourceError::File { path: path.display().to_string(), source })?)
            }
            Self::Environment(name) => parse(&std::env::var(name).map_err(|_| SourceError::Environment(name.clone()))?),
            Self::Program(path) => parse(&output_of(path)?),
        }
    }

    /// Whether it may change while the process runs.
    #[must_use]
    pub const fn changes(&self) -> bool {
        matches!(self, Self::Folder { .. } | Self::File(_))
    }
}

fn output_of(path: &Path) -> Result<String, SourceError> {
    let shown = || path.display().to_string();
    let output = Command::new(path).output();
    let output = output.map_err(|source| SourceError::Program { path: shown(), source })?;
    if !output.status.success() {
        return Err(SourceError::Status { path: shown(), status: output.status });
    }
    String::from_utf8(output.stdout).map_err(|_| SourceError::NoText(shown()))
}
