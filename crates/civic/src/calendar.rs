//! The working calendar: which days people work, holidays and make-up days (调休) included.
//!
//! The State Council publishes each year's arrangement in the autumn before, so the calendar is data with a version, and a new year is loaded
//! at run time. A year nobody has loaded yet is Monday to Friday, and whatever is computed with it is marked provisional.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::civil::Date;

use crate::time::day_number;

/// Written by `scripts/working_calendar.py`; the first lines of the file name its source.
const CHINA: &str = include_str!("../data/calendar.csv");
const CHINA_VERSION: &str = "chinese-days-1.5.7";

/// What a listed day is.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum DayKind {
    /// Nobody works, whatever the weekday.
    Holiday,
    /// A Saturday or Sunday on which people work.
    MakeUpWorkday,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Listed {
    kind: DayKind,
    name: Box<str>,
}

/// Holidays and make-up workdays by date.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calendar {
    version: String,
    /// By day number: exceptions from Monday-to-Friday and the holidays that fall on a weekend.
    listed: BTreeMap<i64, Listed>,
    years: BTreeSet<i16>,
}

/// Why a calendar cannot be loaded. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error("line {line}: expected date,kind,name with a date like 2026-10-01 and a kind of holiday or workday")]
    Row { line: usize },
    #[error("line {line}: {date} is listed twice with different kinds")]
    Twice { line: usize, date: Date },
    #[error("line {line}: {date} is no Saturday or Sunday, so it cannot be a make-up workday")]
    NotWeekend { line: usize, date: Date },
    #[error("the calendar lists no whole year: none has its National Day, 1 October, as a holiday")]
    NoYear,
    #[error("a calendar needs a version")]
    NoVersion,
}

impl Calendar {
    /// The arrangements of the State Council as built in: 2004 to 2026.
    #[must_use]
    pub fn china() -> Self {
        Self::load_csv(CHINA_VERSION, CHINA).expect("the built-in calendar is checked by a test")
    }

    /// No year at all: Monday to Friday, everything provisional.
    #[must_use]
    pub fn empty() -> Self {
        Self { version: "monday-to-friday".to_owned(), listed: BTreeMap::new(), years: BTreeSet::new() }
    }

    /// Reads `date,kind,name` rows (`2026-10-01,holiday,国庆节`; kind `holiday` or `workday`; lines that begin with `#` and the header are passed over).
    ///
    /// A year counts as covered once its own National Day is listed: an arrangement may name a last December day of the year before, and that
    /// does not make it that year's calendar.
    ///
    /// # Errors
    /// [`CalendarError`] with the line.
    pub fn load_csv(version: &str, text: &str) -> Result<Self, CalendarError> {
        if version.trim().is_empty() {
            return Err(CalendarError::NoVersion);
        }
        let mut calendar = Self { version: version.trim().to_owned(), ..Self::empty() };
        for (index, row) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let row = row.trim();
            if !row.is_empty() && !row.starts_with('#') && row != "date,kind,name" {
                calendar.read(index + 1, row)?;
            }
        }
        if calendar.years.is_empty() { Err(CalendarError::NoYear) } else { Ok(calendar) }
    }

    fn read(&mut self, line: usize, row: &str) -> Result<(), CalendarError> {
        let mut columns = row.splitn(3, ',');
        let (Some(date), Some(kind), name) = (columns.next(), columns.next(), columns.next()) else {
            return Err(CalendarError::Row { line });
        };
        let date = Date::from_str(date).map_err(|_| CalendarError::Row { line })?;
        let day = day_number(date);
        let kind = match kind {
            "holiday" => DayKind::Holiday,
            "workday" if is_weekend(day) => DayKind::MakeUpWorkday,
            "workday" => return Err(CalendarError::NotWeekend { line, date }),
            _ => return Err(CalendarError::Row { line }),
        };
        let listed = Listed { kind, name: name.unwrap_or_default().into() };
        if self.listed.insert(day, listed).is_some_and(|earlier| earlier.kind != kind) {
            return Err(CalendarError::Twice { line, date });
        }
        if kind == DayKind::Holiday && (date.month(), date.day()) == (10, 1) {
            self.years.insert(date.year());
        }
        Ok(())
    }

    /// This calendar with another laid over it. Years the other covers are the other's alone (a corrected arrangement may take a day back);
    /// single days it lists elsewhere replace those days. The version names both.
    #[must_use]
    pub fn extended(&self, other: &Self) -> Self {
        let theirs = |day: i64| other.years.contains(&crate::time::date_of_number(day).year());
        let mut listed = self.listed.clone();
        listed.retain(|day, _| !theirs(*day));
        listed.extend(other.listed.iter().map(|(day, entry)| (*day, entry.clone())));
        let version =
            if self.years.is_empty() { other.version.clone() } else { format!("{}+{}", self.version, other.version) };
        Self { version, listed, years: self.years.union(&other.years).copied().collect() }
    }

    /// Lays another calendar over this one: see [`Calendar::extended`].
    pub fn extend(&mut self, other: &Self) {
        *self = self.extended(other);
    }

    /// What explanations and events name.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The year's arrangement is loaded.
    #[must_use]
    pub fn covers(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// The years loaded, ascending.
    pub fn years(&self) -> impl Iterator<Item = i16> + '_ {
        self.years.iter().copied()
    }

    /// People work on this day.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        self.works(day_number(date))
    }

    /// What the arrangement says of this day, and the festival's name.
    #[must_use]
    pub fn listed(&self, date: Date) -> Option<(DayKind, &str)> {
        self.listed.get(&day_number(date)).map(|entry| (entry.kind, &*entry.name))
    }

    pub(crate) fn works(&self, day: i64) -> bool {
        self.listed.get(&day).map_or(!is_weekend(day), |entry| entry.kind == DayKind::MakeUpWorkday)
    }
}

/// 1970-01-01 was a Thursday.
const fn is_weekend(day: i64) -> bool {
    (day + 3).rem_euclid(7) >= 5
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_built_in_calendar_knows_the_arrangement_of_2026() {
        let china = Calendar::china();
        let make_up = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)];
        for (month, day) in make_up {
            assert!(china.is_working_day(date(2026, month, day)), "{month}-{day}");
        }
        // New Year to 3 January, Spring Festival 15 to 23 February, National Day 1 to 7 October.
        let off =
            [(1, 1), (1, 2), (1, 3), (2, 15), (2, 16), (2, 23), (4, 6), (5, 5), (6, 19), (9, 25), (10, 1), (10, 7)];
        for (month, day) in off {
            assert!(!china.is_working_day(date(2026, month, day)), "{month}-{day}");
        }
        let working =
            (1..=365).filter(|d| china.is_working_day(date(2026, 1, 1) + jiff::Span::new().days(d - 1))).count();
        assert_eq!(working, 248);
        assert_eq!(china.listed(date(2026, 10, 10)), Some((DayKind::MakeUpWorkday, "国庆节")));
    }

    #[test]
    fn the_built_in_calendar_covers_2004_to_2026_and_no_more() {
        let china = Calendar::china();
        assert!(china.years().eq(2004..=2026));
        assert!(!china.covers(2027));
        assert_eq!(china.version(), CHINA_VERSION);
        assert!(CHINA.contains(CHINA_VERSION.trim_start_matches("chinese-days-")));
    }

    #[test]
    fn a_new_year_is_laid_over_and_replaces_what_was_known_of_it() {
        let next = Calendar::load_csv(
            "sc-2027",
            "2026-12-31,holiday,元旦\n2027-01-01,holiday,元旦\n2027-10-01,holiday,国庆节\n2027-10-09,workday,国庆节\n",
        )
        .unwrap();
        assert!(!next.covers(2026));
        let mut both = Calendar::china();
        both.extend(&next);
        assert!(both.covers(2026) && both.covers(2027));
        assert!(!both.is_working_day(date(2026, 12, 31)) && !both.is_working_day(date(2026, 10, 1)));
        assert!(both.is_working_day(date(2027, 10, 9)));
        assert_eq!(both.version(), "chinese-days-1.5.7+sc-2027");
        let corrected = both.extended(&Calendar::load_csv("sc-2027b", "2027-10-01,holiday,国庆节").unwrap());
        assert!(!corrected.is_working_day(date(2027, 10, 9)));
    }

    #[test]
    fn an_unknown_year_is_monday_to_friday() {
        let empty = Calendar::empty();
        assert!(empty.is_working_day(date(2030, 10, 1)) && !empty.is_working_day(date(2030, 10, 5)));
    }

    #[test]
    fn a_bad_row_is_named_by_its_line() {
        let load = |text| Calendar::load_csv("x", text).unwrap_err();
        assert_eq!(load("date,kind,name\n2026-10-01"), CalendarError::Row { line: 2 });
        assert_eq!(load("2026-13-01,holiday,x"), CalendarError::Row { line: 1 });
        assert_eq!(load("2026-10-01,fest,x"), CalendarError::Row { line: 1 });
        assert_eq!(load("2026-10-01,workday,x"), CalendarError::NotWeekend { line: 1, date: date(2026, 10, 1) });
        assert_eq!(
            load("2026-10-10,holiday,x\n2026-10-10,workday,x"),
            CalendarError::Twice { line: 2, date: date(2026, 10, 10) }
        );
        assert_eq!(load("2026-01-01,holiday,元旦"), CalendarError::NoYear);
        assert_eq!(Calendar::load_csv(" ", "").unwrap_err(), CalendarError::NoVersion);
    }
}
