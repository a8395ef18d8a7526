//! Dispatch's configuration: one struct, defaults as functions, unknown keys refused.

use std::path::PathBuf;

use civic::DivisionCode;
use serde::Deserialize;

/// What an operator may set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Code of the territory.
    pub place: String,
    /// Folder whose files replace the shipped catalog's.
    pub catalog: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self { place: default_place(), catalog: None }
    }
}

/// The city of Chongqing.
fn default_place() -> String {
    "50".to_owned()
}

/// The configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("dispatch.place must be the code of a place, not {0}")]
    Place(String),
    #[error("dispatch.catalog is empty: leave it out for the shipped catalog")]
    Catalog,
}

impl Config {
    /// Checks what can be checked without reading files.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.place.parse::<DivisionCode>().map_err(|_| ConfigError::Place(self.place.clone()))?;
        if self.catalog.as_ref().is_some_and(|folder| folder.as_os_str().is_empty()) {
            return Err(ConfigError::Catalog);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_a_wrong_place_is_named() {
        assert_eq!(Config::default().validate(), Ok(()));
        let wrong = Config { place: "chongqing".into(), ..Config::default() };
        assert_eq!(wrong.validate(), Err(ConfigError::Place("chongqing".into())));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(serde_json::from_str::<Config>(r#"{"plase":"50"}"#).is_err());
        assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
    }
}
