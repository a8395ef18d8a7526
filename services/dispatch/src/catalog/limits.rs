//! How long accepting, the unit's work and closing may take, by urgency, and how long the citizen may come back.

use civic::{Limit, Measure};
use serde::Deserialize;

use super::error::{CatalogError, Problem};
use super::table::{at, rows};
use crate::domain::urgency::Urgency;

const FILE: &str = "limits.csv";
pub(crate) const LARGEST: u32 = 100_000;
/// For lists that were written before there were parts.
const REPORT_IN: [Limit; 4] = [
    Limit::new(30, Measure::Minute),
    Limit::new(4, Measure::Hour),
    Limit::new(4, Measure::Hour),
    Limit::new(4, Measure::Hour),
];
pub(crate) const MEASURES: [Measure; 4] = [Measure::Minute, Measure::Hour, Measure::CalendarDay, Measure::WorkingDay];

/// For lists that were written before there were daily tasks: at five in the morning.
const TASKS_HOUR: u32 = 5;

/// Limits by urgency. The yellow lamp's 70 % are civic's: part of what a clock is, not of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    accept: [Limit; 4],
    closing: [Limit; 4],
    unit: [Limit; 4],
    report_in: [Limit; 4],
    window: Limit,
    tasks_hour: i64,
}

#[derive(Deserialize)]
struct Row {
    limit: String,
    urgency: String,
    amount: u32,
    measure: String,
}

impl Limits {
    pub(super) fn parse(text: &str) -> Result<Self, CatalogError> {
        let mut found = Found::default();
        for (line, row) in rows::<Row>(FILE, text)? {
            found.take(row).map_err(|problem| at(FILE, line, problem))?;
        }
        found.finish().map_err(|problem| CatalogError::Whole { file: FILE, problem })
    }

    /// From assignment to acceptance.
    #[must_use]
    pub const fn accept(&self, urgency: Urgency) -> Limit {
        self.accept[urgency.index()]
    }

    /// From intake's commit to closing.
    #[must_use]
    pub const fn closing(&self, urgency: Urgency) -> Limit {
        self.closing[urgency.index()]
    }

    /// From assignment to the unit's answer.
    #[must_use]
    pub const fn unit(&self, urgency: Urgency) -> Limit {
        self.unit[urgency.index()]
    }

    /// From a call (吹哨, 协办) to reporting in.
    #[must_use]
    pub const fn report_in(&self, urgency: Urgency) -> Limit {
        self.report_in[urgency.index()]
    }

    /// In which the citizen may rate and the order be reopened.
    #[must_use]
    pub const fn window(&self) -> Limit {
        self.window
    }

    /// Hours after midnight at which the lists of a day's tasks are made.
    #[must_use]
    pub const fn tasks_hour(&self) -> i64 {
        self.tasks_hour
    }
}

#[derive(Default)]
struct Found {
    accept: [Option<Limit>; 4],
    closing: [Option<Limit>; 4],
    unit: [Option<Limit>; 4],
    report_in: [Option<Limit>; 4],
    window: Option<Limit>,
    tasks: Option<Limit>,
}

impl Found {
    fn take(&mut self, row: Row) -> Result<(), Problem> {
        let measure = MEASURES.into_iter().find(|measure| measure.as_str() == row.measure).ok_or(Problem::Amount)?;
        if !(1..=LARGEST).contains(&row.amount) {
            return Err(Problem::Amount);
        }
        let slot = self.slot(&row.limit, &row.urgency)?;
        if slot.replace(Limit::new(row.amount, measure)).is_some() {
            return Err(Problem::LimitCount(format!("{} {}", row.limit, row.urgency)));
        }
        Ok(())
    }

    fn slot(&mut self, limit: &str, urgency: &str) -> Result<&mut Option<Limit>, Problem> {
        if let Some(slot) = match limit {
            "window" => Some(&mut self.window),
            "tasks" => Some(&mut self.tasks),
            _ => None,
        } {
            return if urgency.is_empty() { Ok(slot) } else { Err(Problem::Limit) };
        }
        let by_urgency = match limit {
            "accept" => &mut self.accept,
            "closing" => &mut self.closing,
            "unit" => &mut self.unit,
            "reportIn" => &mut self.report_in,
            _ => return Err(Problem::Limit),
        };
        let urgency: Urgency = urgency.parse().map_err(|_| Problem::Urgency)?;
        Ok(&mut by_urgency[urgency.index()])
    }

    fn finish(self) -> Result<Limits, Problem> {
        Ok(Limits {
            accept: all("accept", self.accept)?,
            closing: all("closing", self.closing)?,
            unit: all("unit", self.unit)?,
            report_in: std::array::from_fn(|level| self.report_in[level].unwrap_or(REPORT_IN[level])),
            window: self.window.ok_or_else(|| Problem::LimitCount("window".to_owned()))?,
            tasks_hour: i64::from(tasks_hour(self.tasks)?),
        })
    }
}

/// An hour of the day at which a list is made: 1 to 23.
fn tasks_hour(given: Option<Limit>) -> Result<u32, Problem> {
    match given {
        None => Ok(TASKS_HOUR),
        Some(limit) if limit.measure == Measure::Hour && limit.amount < 24 => Ok(limit.amount),
        Some(_) => Err(Problem::Hour),
    }
}

fn all(name: &str, limits: [Option<Limit>; 4]) -> Result<[Limit; 4], Problem> {
    let missing = |urgency: Urgency| Problem::LimitCount(format!("{name} {}", urgency.as_str()));
    let [one, two, three, four] = limits;
    Ok([
        one.ok_or_else(|| missing(Urgency::LevelOne))?,
        two.ok_or_else(|| missing(Urgency::LevelTwo))?,
        three.ok_or_else(|| missing(Urgency::LevelThree))?,
        four.ok_or_else(|| missing(Urgency::LevelFour))?,
    ])
}
