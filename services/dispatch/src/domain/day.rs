//! A day in China's civil time, as lists of tasks count them.

use std::fmt;
use std::str::FromStr;

use civic::Micros;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970-01-01. Written as the date.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(i32);

/// The text is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a date is written 2026-01-31")]
pub struct DayError;

impl Day {
    /// The day on which this instant lies.
    #[must_use]
    pub fn of(at: Micros) -> Self {
        Self::from_date(at.local_date())
    }

    /// 00:00 in China.
    #[must_use]
    pub fn start(self) -> Micros {
        Micros::start_of_day(self.date())
    }

    /// So many days later.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from `earlier` to this one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i32 {
        self.0.saturating_sub(earlier.0)
    }

    fn from_date(date: Date) -> Self {
        let days = (Micros::start_of_day(date) - Micros::start_of_day(EPOCH)) / Micros::DAY;
        Self(i32::try_from(days).expect("the years -9999 to 9999 have less than 2^31 days"))
    }

    /// The civil date; clamped to those there are.
    #[must_use]
    pub fn date(self) -> Date {
        (Micros::start_of_day(EPOCH) + i64::from(self.0).saturating_mul(Micros::DAY)).local_date()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

/// Only the one spelling that [`fmt::Display`] gives.
impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let date: Date = text.parse().map_err(|_| DayError)?;
        let day = Self::from_date(date);
        if day.to_string() == text { Ok(day) } else { Err(DayError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china_and_is_written_as_its_date() {
        let day: Day = "2026-11-22".parse().unwrap();
        assert_eq!(day.start(), Micros::from_secs(1_795_276_800));
        assert_eq!((Day::of(day.start()), Day::of(day.start() - 1)), (day, day.plus(-1)));
        assert_eq!((day.plus(9).to_string(), day.plus(9).since(day)), ("2026-12-01".to_owned(), 9));
        for text in ["", "2026-11-31", "2026-1-1", "20261122", "2026-11-22T00:00"] {
            assert_eq!(text.parse::<Day>(), Err(DayError), "{text}");
        }
    }
}
