//! A report as it is posted, and why a row does not become one.

use civic::Micros;
use serde::Serialize;

/// Longest request id (docs/contract.md); intake's default for channel numbers is the same.
pub(super) const LONGEST_ID: usize = 64;

/// The body of `POST /v1/reports`. Fields that are empty are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filing {
    pub request_id: String,
    pub kind: String,
    pub channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub channel_number: String,
    pub text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub category_code: String,
    #[serde(skip_serializing_if = "Location::is_empty")]
    pub location: Location,
    #[serde(skip_serializing_if = "Reporter::is_empty")]
    pub reporter: Reporter,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub occur_time: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub urgency: String,
}

/// A request with everything that became of it, in China's civil time.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    pub city: String,
    pub filing: Filing,
    pub created: Micros,
    pub due: Option<Micros>,
    pub closed: Option<Micros>,
}

/// Where it is: one of the three ways.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub division_code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
}

impl Location {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Who says so.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reporter {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phone: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_reply: bool,
}

impl Reporter {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a row cannot be read. What a row contains is not repeated unless it is a word of a table: it may be personal.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    #[error("{found} columns where the header has {expected}")]
    Columns { found: usize, expected: usize },
    #[error("not UTF-8")]
    NotUtf8,
    #[error("the file breaks off here: {0}")]
    BrokenOff(csv::Error),
    #[error("column {0} is empty")]
    Empty(&'static str),
    #[error("neither requestId nor channelNumber: a repeated load could not tell the row again")]
    NoId,
    #[error("column {0} is longer than 64 characters")]
    IdTooLong(&'static str),
    #[error("column {column} holds no {what}")]
    Unreadable { column: &'static str, what: &'static str },
    #[error("no mapping for the city {0:?}")]
    City(String),
    #[error("no category for the type {kind:?} of {city} in open311-categories.csv")]
    Type { city: String, kind: String },
}

/// An id of at most 64 characters.
pub(super) fn id(text: String, column: &'static str) -> Result<String, RowError> {
    if text.chars().count() > LONGEST_ID { Err(RowError::IdTooLong(column)) } else { Ok(text) }
}
