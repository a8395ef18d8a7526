//! CSV files whose every complaint names the line.

use jiff::civil::Date;
use serde::de::DeserializeOwned;

use super::error::{CatalogError, Problem};

/// Rows with their line numbers, the header being line 1.
pub(super) fn rows<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<(u64, T)>, CatalogError> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().map_err(|error| unreadable(file, &error))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(file, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = record.deserialize(Some(&headers));
        rows.push((line, row.map_err(|error| at(file, line, Problem::Csv(error.to_string())))?));
    }
    Ok(rows)
}

/// A complaint about a line.
pub(super) const fn at(file: &'static str, line: u64, problem: Problem) -> CatalogError {
    CatalogError::Line { file, line, problem }
}

fn unreadable(file: &'static str, error: &csv::Error) -> CatalogError {
    let line = error.position().map_or(0, csv::Position::line);
    at(file, line, Problem::Csv(error.to_string()))
}

/// `true` or `false`.
pub(super) fn flag(text: &str) -> Result<bool, Problem> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Problem::Flag),
    }
}

/// `2026-01-31`.
pub(super) fn date(text: &str) -> Result<Date, Problem> {
    text.parse().map_err(|_| Problem::Date)
}
