//! Why a catalog cannot be loaded: always the file, and the line where there is one.

use civic::TaxonomyError;

/// A catalog cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    #[error("failed to read {file}: {why}")]
    Unreadable { file: &'static str, why: String },
    #[error("the file VERSION must be there, with one line")]
    Version,
    #[error(transparent)]
    Taxonomy(#[from] TaxonomyError),
    #[error("{file}, line {line}: {problem}")]
    Line { file: &'static str, line: u64, problem: Problem },
    #[error("{file}: {problem}")]
    Whole { file: &'static str, problem: Problem },
}

/// What is wrong with a line, or with the whole file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("not readable as CSV with the documented columns: {0}")]
    Csv(String),
    #[error("the category is not in the taxonomy")]
    Category,
    #[error("the tier must be city, district, town, village or grid")]
    Tier,
    #[error("a unit is written <tier>/<slug>, at this tier or above, with a slug that units.csv has at that tier")]
    Unit,
    #[error("the urgency must be LEVEL_ONE to LEVEL_FOUR")]
    Urgency,
    #[error("true or false is needed")]
    Flag,
    #[error("a law needs its article, and an article its law")]
    Basis,
    #[error("a date is written 2026-01-31, and the end lies after the beginning")]
    Date,
    #[error("overlaps another duty of the same category and tier")]
    Overlap,
    #[error("the slug stands in the file already, or is none")]
    Slug,
    #[error("a name is missing")]
    Name,
    #[error("the limit must be accept, closing, unit, reportIn or window; window for no urgency, the others for each")]
    Limit,
    #[error("the amount must be 1 to 100,000, the measure minute, hour, calendarDay or workingDay")]
    Amount,
    #[error("the limit {0} is missing or given twice")]
    LimitCount(String),
}
