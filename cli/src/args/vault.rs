//! What personal data is sealed with.

use casebook::Suite;
use clap::{Args, ValueEnum};
use guard::vault::KeySource;

/// See the module.
#[derive(Args, Debug, Clone, Default)]
pub struct VaultArgs {
    /// Keys that wrap the keys of personal data, as file:PATH, env:NAME, or exec:PROGRAM for one that asks a key management service [default: one derived from cluster.key, and those of vault.keys in the data folder]
    #[arg(long, global = true, env = "JIEWANG_VAULT_KEYS", value_name = "SOURCE")]
    pub vault_keys: Option<KeySource>,
    /// Algorithms that data is sealed and hashed with, the same as when it was created
    #[arg(long, global = true, env = "JIEWANG_SUITE", value_enum, default_value_t, value_name = "SUITE")]
    pub suite: SuiteName,
}

/// As it is typed.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SuiteName {
    /// AES-256-GCM and HMAC-SHA-256
    #[default]
    Aes,
    /// SM4-GCM and HMAC-SM3
    Sm,
}

impl SuiteName {
    /// As it is typed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aes => "aes",
            Self::Sm => "sm",
        }
    }
}

impl From<SuiteName> for Suite {
    fn from(name: SuiteName) -> Self {
        match name {
            SuiteName::Aes => Self::Aes,
            SuiteName::Sm => Self::Sm,
        }
    }
}
