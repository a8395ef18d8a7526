//! Its configuration: one struct, defaults as functions, unknown keys refused.

use civic::DivisionCode;
use serde::Deserialize;

/// What an operator may set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Code of the territory.
    pub place: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { place: default_place() }
    }
}

/// The city of Chongqing.
fn default_place() -> String {
    "50".to_owned()
}

/// The configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("specimen.place must be the code of a place, not {0}")]
    Place(String),
}

impl Config {
    /// Checks what can be checked without reading files.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.place.parse::<DivisionCode>().map_err(|_| ConfigError::Place(self.place.clone()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_a_wrong_place_is_named_and_an_unknown_key_refused() {
        assert_eq!(Config::default().validate(), Ok(()));
        let wrong = Config { place: "chongqing".into() };
        assert_eq!(wrong.validate(), Err(ConfigError::Place("chongqing".into())));
        assert!(serde_json::from_str::<Config>(r#"{"plase":"50"}"#).is_err());
    }
}
