//! How long something may take, and the lamp that shows how much of that is left.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a limit counts.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Measure {
    /// Minutes on the clock.
    Minute,
    /// Hours on the clock.
    Hour,
    /// Days, each of them counting.
    CalendarDay,
    /// Days of the State Council's calendar on which people work.
    WorkingDay,
}

impl Measure {
    /// The word outside: `minute`, `hour`, `calendarDay`, `workingDay`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::CalendarDay => "calendarDay",
            Self::WorkingDay => "workingDay",
        }
    }
}

/// So many minutes, hours, calendar days or working days.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Limit {
    pub amount: u32,
    #[serde(rename = "unit")]
    pub measure: Measure,
}

impl Limit {
    /// So many of the measure.
    #[must_use]
    pub const fn new(amount: u32, measure: Measure) -> Self {
        Self { amount, measure }
    }

    /// Minutes on the clock.
    #[must_use]
    pub const fn minutes(amount: u32) -> Self {
        Self::new(amount, Measure::Minute)
    }

    /// Hours on the clock.
    #[must_use]
    pub const fn hours(amount: u32) -> Self {
        Self::new(amount, Measure::Hour)
    }

    /// Calendar days.
    #[must_use]
    pub const fn calendar_days(amount: u32) -> Self {
        Self::new(amount, Measure::CalendarDay)
    }

    /// Working days.
    #[must_use]
    pub const fn working_days(amount: u32) -> Self {
        Self::new(amount, Measure::WorkingDay)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.measure {
            Measure::Minute => "min",
            Measure::Hour => "h",
            Measure::CalendarDay => "d",
            Measure::WorkingDay => "working d",
        };
        write!(f, "{} {unit}", self.amount)
    }
}

/// The lamp (灯) of a clock.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lamp {
    Green,
    /// From 70 % of the limit.
    Yellow,
    /// When the limit is past.
    Red,
}

impl Lamp {
    /// `green`, `yellow`, `red`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

impl fmt::Display for Lamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_the_shape_of_the_contract() {
        let json = serde_json::to_string(&Limit::working_days(5)).unwrap();
        assert_eq!(json, r#"{"amount":5,"unit":"workingDay"}"#);
        for measure in [Measure::Minute, Measure::Hour, Measure::CalendarDay, Measure::WorkingDay] {
            assert_eq!(serde_json::to_string(&measure).unwrap(), format!("\"{}\"", measure.as_str()));
        }
    }

    #[test]
    fn lamps_order_from_green_to_red() {
        assert!(Lamp::Green < Lamp::Yellow && Lamp::Yellow < Lamp::Red);
    }
}
