//! Intake's configuration: one struct, defaults as functions, unknown keys refused.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// What an operator may set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Code of the territory.
    pub place: String,
    /// 0..=99, one for each replica: two replicas never draw the same tracking number.
    pub lane: u8,
    /// Folder whose files replace the shipped catalog's.
    pub catalog: Option<PathBuf>,
    /// GeoJSON FeatureCollection of divisions.
    pub polygons: Option<PathBuf>,
    /// Property of a feature that holds the division's code.
    pub polygon_code: String,
    /// CSV of points of divisions.
    pub points: Option<PathBuf>,
    /// A point answers for coordinates within this many metres.
    pub points_within_metres: u32,
    pub guesses: Guesses,
    /// Prints of open reports that are kept in memory to find duplicates by, 128 bytes each; 0 finds none.
    pub likeness_capacity: usize,
    /// Longest wait for dispatch while a citizen looks up a report; past it the reply is left out.
    pub reply_wait_millis: u64,
}

/// How often a tracking secret may be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Guesses {
    /// Wrong guesses at one tracking number before it is closed for a while.
    pub per_number: u32,
    /// After this many seconds one more is allowed. Four digits are 10,000: at one in 180 s half of them take ten days.
    pub number_seconds: u32,
    /// Wrong guesses from one address.
    pub per_address: u32,
    pub address_seconds: u32,
    /// Meters of each kind; a power of two is not needed. More make it rarer that two numbers share one.
    pub meters: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            place: default_place(),
            lane: 0,
            catalog: None,
            polygons: None,
            polygon_code: default_polygon_code(),
            points: None,
            points_within_metres: default_points_within_metres(),
            guesses: Guesses::default(),
            likeness_capacity: default_likeness_capacity(),
            reply_wait_millis: default_reply_wait_millis(),
        }
    }
}

impl Guesses {
    pub fn validate(&self) -> Result<(), ConfigError> {
        let refuse = |setting, range| Err(ConfigError { setting, range });
        if [self.per_number, self.per_address].iter().any(|count| !(1..=1_000).contains(count)) {
            return refuse("guesses.per-number and per-address", "1 to 1,000");
        }
        if [self.number_seconds, self.address_seconds].iter().any(|seconds| !(1..=86_400).contains(seconds)) {
            return refuse("guesses.number-seconds and address-seconds", "1 to 86,400");
        }
        if !(1..=16_777_216).contains(&self.meters) {
            return refuse("guesses.meters", "1 to 16,777,216");
        }
        Ok(())
    }
}

impl Default for Guesses {
    fn default() -> Self {
        Self { per_number: 5, number_seconds: 180, per_address: 20, address_seconds: 10, meters: 65_536 }
    }
}

fn default_place() -> String {
    "50".to_owned()
}

fn default_polygon_code() -> String {
    "code".to_owned()
}

/// Districts lie some 50 km apart; farther than this from every point nobody can say.
const fn default_points_within_metres() -> u32 {
    30_000
}

/// A month of a city of thirty million.
const fn default_likeness_capacity() -> usize {
    1_000_000
}

const fn default_reply_wait_millis() -> u64 {
    1_000
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("intake.{setting} must be {range}")]
pub struct ConfigError {
    pub setting: &'static str,
    pub range: &'static str,
}

impl Config {
    pub fn validate(&self) -> Result<(), ConfigError> {
        let refuse = |setting, range| Err(ConfigError { setting, range });
        if self.place.parse::<civic::DivisionCode>().is_err() {
            return refuse("place", "the code of a division: 2, 6, 9 or 12 digits");
        }
        if self.lane > 99 {
            return refuse("lane", "0 to 99");
        }
        self.guesses.validate()
    }

    pub const fn reply_wait(&self) -> Duration {
        Duration::from_millis(self.reply_wait_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_an_unknown_key_is_refused() {
        assert_eq!(Config::default().validate(), Ok(()));
        assert_eq!(toml::from_str::<Config>("lane = 3").unwrap(), Config { lane: 3, ..Config::default() });
        assert!(toml::from_str::<Config>("colour = 3").is_err());
        assert!(toml::from_str::<Config>("[guesses]\ncolour = 3").is_err());
    }

    #[test]
    fn a_setting_that_cannot_be_is_named() {
        let place = Config { place: "5001".into(), ..Config::default() };
        assert_eq!(place.validate().unwrap_err().setting, "place");
        let lane = Config { lane: 100, ..Config::default() };
        assert_eq!(lane.validate().unwrap_err().to_string(), "intake.lane must be 0 to 99");
        let guesses = Guesses { per_number: 0, ..Guesses::default() };
        assert!(Config { guesses, ..Config::default() }.validate().is_err());
    }
}
