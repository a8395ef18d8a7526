//! A city's week: how its reports are spread over the hours from Monday 00:00, measured on a file at run time.

use anyhow::{Context, ensure};
use civic::Micros;
use jiewang::verb::load::source::Rows;
use std::path::Path;

pub const HOURS: usize = 7 * 24;
/// 1970-01-01 was a Thursday, three days after its Monday.
const EPOCH_HOURS: i64 = 3 * 24;
/// China's civil time, which the files are read in (`jiewang load`).
const SHANGHAI_HOURS: i64 = 8;

/// Each hour's share; the mean of all is 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Week([f64; HOURS]);

/// How a week was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    pub rows: usize,
    /// Of them those that tell the day only.
    pub by_day: usize,
    pub unreadable: usize,
}

impl Week {
    /// Of the rows of a file that `jiewang load` takes, by the time of occurrence.
    ///
    /// # Errors
    /// When it is none, or too few rows tell their time.
    pub fn measure(path: &Path) -> anyhow::Result<(Self, Measured)> {
        let mut instants = Vec::new();
        let mut unreadable = 0;
        for row in Rows::open(path)? {
            let filing = row.filing.ok();
            match filing.and_then(|filing| filing.occur_time.parse::<jiff::Timestamp>().ok()) {
                Some(at) => instants.push(Micros(at.as_microsecond())),
                None => unreadable += 1,
            }
        }
        let (hours, days) = count(&instants);
        let measured = Measured { rows: instants.len(), by_day: days.iter().sum::<f64>() as usize, unreadable };
        let week = Self::of_counts(spread(hours, days)).with_context(|| format!("{}: no week", path.display()))?;
        Ok((week, measured))
    }

    /// # Errors
    /// When nothing was counted.
    pub fn of_counts(counts: [f64; HOURS]) -> anyhow::Result<Self> {
        let mean = counts.iter().sum::<f64>() / HOURS as f64;
        ensure!(mean > 0.0, "no row tells when it was");
        Ok(Self(counts.map(|count| count / mean)))
    }

    /// The share at an hour of the week, which goes on after Sunday.
    #[must_use]
    pub fn at(&self, hour: f64) -> f64 {
        self.0[hour.rem_euclid(HOURS as f64) as usize % HOURS]
    }

    /// The mean between two hours.
    #[must_use]
    pub fn mean(&self, from: f64, until: f64) -> f64 {
        if until <= from {
            return self.at(from);
        }
        let (mut at, mut area) = (from, 0.0);
        while at < until {
            let next = (at.floor() + 1.0).min(until);
            area += self.at(at) * (next - at);
            at = next;
        }
        area / (until - from)
    }

    #[must_use]
    pub fn most(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }
}

/// By hour of the week, and by weekday those that tell the day only: the first moment of a day is what a date becomes.
fn count(instants: &[Micros]) -> ([f64; HOURS], [f64; 7]) {
    let (mut hours, mut days) = ([0.0; HOURS], [0.0; 7]);
    for at in instants {
        let hour = (at.0.div_euclid(Micros::HOUR) + SHANGHAI_HOURS + EPOCH_HOURS).rem_euclid(HOURS as i64) as usize;
        let midnight = hour.is_multiple_of(24) && at.0.rem_euclid(Micros::HOUR) == 0;
        if midnight { days[hour / 24] += 1.0 } else { hours[hour] += 1.0 }
    }
    (hours, days)
}

/// Spreads those of a day over its hours as the others of all days are spread: few files tell enough of one weekday.
fn spread(mut hours: [f64; HOURS], days: [f64; 7]) -> [f64; HOURS] {
    let total: f64 = hours.iter().sum();
    let of_day: [f64; 24] = std::array::from_fn(|hour| match total > 0.0 {
        true => hours.iter().skip(hour).step_by(24).sum::<f64>() / total,
        false => 1.0 / 24.0,
    });
    for (hour, count) in hours.iter_mut().enumerate() {
        *count += days[hour / 24] * of_day[hour % 24];
    }
    hours
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        Micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn an_instant_counts_in_its_hour_of_chinas_week() {
        // Monday 2026-11-23, 09:15; Sunday 2026-11-29, 23:59.
        let (hours, days) = count(&[at("2026-11-23T09:15:00+08:00"), at("2026-11-29T23:59:59+08:00")]);
        assert_eq!((hours[9], hours[167], hours.iter().sum::<f64>()), (1.0, 1.0, 2.0));
        assert_eq!(days, [0.0; 7]);
    }

    #[test]
    fn a_bare_date_is_spread_over_its_day_as_the_others_are() {
        let timed = ["2026-11-23T09:15:00+08:00", "2026-11-24T09:30:00+08:00", "2026-11-24T20:00:01+08:00"];
        let mut instants = timed.map(at).to_vec();
        instants.extend([at("2026-11-25T00:00:00+08:00"); 3]);
        let (hours, days) = count(&instants);
        assert_eq!(days, [0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
        let counts = spread(hours, days);
        assert_eq!((counts[48], counts[48 + 9], counts[48 + 20]), (0.0, 2.0, 1.0), "Wednesday");
        assert_eq!((counts[9], counts[24 + 9]), (1.0, 1.0));
    }

    #[test]
    fn a_week_goes_on_after_sunday() {
        let week = Week::of_counts(std::array::from_fn(|hour| if hour == 0 { 168.0 } else { 0.0 })).unwrap();
        assert_eq!((week.at(0.5), week.at(168.0), week.at(1.0), week.most()), (168.0, 168.0, 0.0, 168.0));
        assert_eq!((week.mean(0.0, 168.0), week.mean(167.5, 168.5)), (1.0, 84.0));
        assert!(Week::of_counts([0.0; HOURS]).is_err());
    }

    #[test]
    fn a_table_of_ours_is_measured_and_what_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("reports.csv");
        let rows = "requestId,kind,channel,text,occurTime\n1,HELP,HOTLINE_12345,灯,2026-11-23T09:15:00+08:00\n2,HELP,HOTLINE_12345,灯,\n";
        std::fs::write(&file, rows).unwrap();
        let (week, measured) = Week::measure(&file).unwrap();
        assert_eq!(measured, Measured { rows: 1, by_day: 0, unreadable: 1 });
        assert_eq!(week.at(9.0), 168.0);
        std::fs::write(&file, "a,b\n1,2\n").unwrap();
        assert!(Week::measure(&file).is_err());
    }
}
