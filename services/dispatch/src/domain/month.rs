//! Months, over which ratings and totals are told.

use civic::Micros;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A month in China's civil time, written 2026-11.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Month(i32);

/// The text is no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a month is written 2026-11")]
pub struct MonthError;

impl Month {
    #[must_use]
    pub fn of(at: Micros) -> Self {
        let date = at.local_date();
        Self(i32::from(date.year()) * 100 + i32::from(date.month()))
    }

    /// Its first instant.
    #[must_use]
    pub fn start(self) -> Micros {
        let (year, month) = (i16::try_from(self.0 / 100), i8::try_from(self.0 % 100));
        // Whoever made it has looked that there is such a month.
        let first = year.ok().zip(month.ok()).and_then(|(year, month)| Date::new(year, month, 1).ok());
        first.map_or(Micros(0), Micros::start_of_day)
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 % 100 == 12 { Self(self.0 + 89) } else { Self(self.0 + 1) }
    }

    /// As it was stored.
    pub(super) const fn of_number(number: i32) -> Self {
        Self(number)
    }

    /// 202611 for November 2026: the column that summaries ask for.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Only the one spelling that [`fmt::Display`] gives.
impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let (year, month) = text.split_once('-').ok_or(MonthError)?;
        let (year, month): (i32, i32) = (year.parse().map_err(|_| MonthError)?, month.parse().map_err(|_| MonthError)?);
        let read = Self(year.checked_mul(100).and_then(|year| year.checked_add(month)).ok_or(MonthError)?);
        if (1..=12).contains(&month) && (1..=9999).contains(&year) && read.to_string() == text {
            Ok(read)
        } else {
            Err(MonthError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let month: Month = "2026-11".parse().unwrap();
        assert_eq!(month.start().to_string(), "2026-11-01T00:00:00+08:00");
        assert_eq!(month.next().start().to_string(), "2026-12-01T00:00:00+08:00");
        assert_eq!(month.next().next().to_string(), "2027-01");
        assert_eq!(Month::of(month.start()), month);
        assert_ne!(Month::of(Micros(month.start().0 - 1)), month);
        for text in ["2026-13", "2026-1", "202611", "0000-01", "-2026-11"] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_month_is_chinas_and_has_one_spelling() {
        // 2026-11-30 16:00 UTC is midnight in China.
        assert_eq!(Month::of(Micros(1_796_054_400_000_000)).to_string(), "2026-12");
        assert_eq!(Month::of(Micros(1_796_054_399_000_000)).to_string(), "2026-11");
        assert_eq!("2026-11".parse::<Month>(), Ok(Month(202_611)));
        for text in ["", "2026", "2026-13", "2026-00", "2026-1", "26-11", "+026-11", "2026-11-01"] {
            assert_eq!(text.parse::<Month>(), Err(MonthError), "{text}");
        }
    }
}
