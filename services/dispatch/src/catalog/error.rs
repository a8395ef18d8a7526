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
    #[error(
        "the limit must be accept, closing, unit, reportIn, window or tasks; the last two for no urgency, the others for each"
    )]
    Limit,
    #[error("the amount must be 1 to 100,000, the measure minute, hour, calendarDay or workingDay")]
    Amount,
    #[error("tasks is an hour of the day, 1 to 23")]
    Hour,
    #[error(
        "selects is grid, or care/<purpose> with a purpose of care.csv: no task selects people by a trait otherwise"
    )]
    Selection,
    #[error(
        "names people by what they did, asked for, believe or suffer from, or where they come from: care lists are for visits, and no list controls people"
    )]
    Control,
    #[error("days are 1 to 366, of a care list 1 to 1,100")]
    Days,
    #[error("has no such duty that holds then")]
    NoSuchDuty,
    #[error("the code stands in the file already, or is not of small letters, digits and dashes")]
    Code,
    #[error(transparent)]
    Plan(#[from] PlanProblem),
    #[error("the limit {0} is missing or given twice")]
    LimitCount(String),
}

/// What is wrong with an emergency plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    #[error("a plan has a code of its own: lowercase letters, digits and dashes")]
    Code,
    #[error("the plan's place does not exist today")]
    Place,
    #[error("another plan has this category in this place")]
    Overlap,
    #[error("a plan has at most 32 steps, a chain at most 16 parties")]
    TooLarge,
    #[error("the step's plan is not in plans.csv")]
    StepPlan,
    #[error("a step has a code of its own in its plan: lowercase letters, digits and dashes")]
    StepCode,
    #[error("a plan needs a step, and a step a text and somebody to call")]
    StepEmpty,
    #[error("the step comes after one that the plan does not have")]
    After,
    #[error("the step would come after itself")]
    StepLoop,
    #[error("the minutes must be 1 to 1440")]
    Minutes,
    #[error("the role is unknown, or answers for no unit")]
    Role,
    #[error("a party is written [role@]<tier>/<slug>, with a slug that units.csv has at that tier")]
    Party,
    #[error("the chain comes back to a party that was called before")]
    FallbackLoop,
    #[error("a plan has a name")]
    Name,
    #[error("the category is not in the taxonomy")]
    Category,
}

impl PlanProblem {
    /// The word clients match on.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Role => "ROLE_UNKNOWN",
            Self::Party => "UNIT_UNKNOWN",
            Self::FallbackLoop => "FALLBACK_LOOP",
            Self::StepLoop => "STEP_LOOP",
            Self::StepEmpty => "STEP_EMPTY",
            Self::Minutes => "LIMIT_INVALID",
            Self::Place => "DIVISION_UNKNOWN",
            Self::Category => "CATEGORY_UNKNOWN",
            Self::Code
            | Self::Overlap
            | Self::TooLarge
            | Self::StepPlan
            | Self::StepCode
            | Self::After
            | Self::Name => "PLAN_INVALID",
        }
    }
}
