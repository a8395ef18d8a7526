//! A city's week: how its reports are spread over the hours from Monday 00:00, measured on a file at run time.

use anyhow::{Context, ensure};
use civic::Micros;
use csv::{ByteRecord, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;
use jiff::civil::DateTime;
use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read},
    path::Path,
};

pub const HOURS: usize = 7 * 24;
/// 1970-01-01 was a Thursday, three days after its Monday.
const EPOCH_HOURS: i64 = 3 * 24;
const SHANGHAI_HOURS: i64 = 8;
/// First bytes of every gzip file (RFC 1952); its name does not matter.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// What tells when a report was: in open 311 tables and petition archives, and in the table of `jiewang load`.
const COLUMNS: [&str; 2] = ["created_at", "occurTime"];

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
    /// Of a CSV with one of the [`COLUMNS`], plain or gzip. A time without an offset is one of the city's own clock, so it is read
    /// as China's: nine in the morning is nine in the morning.
    ///
    /// # Errors
    /// When it is no such table, or no row tells its time.
    pub fn measure(path: &Path) -> anyhow::Result<(Self, Measured)> {
        let (instants, unreadable) = instants(path).with_context(|| path.display().to_string())?;
        let (hours, days) = count(&instants);
        let measured = Measured { rows: instants.len(), by_day: days.iter().sum::<f64>() as usize, unreadable };
        let week = Self::of_counts(spread(hours, days)).with_context(|| path.display().to_string())?;
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

/// When the rows were, and how many do not say so.
fn instants(path: &Path) -> anyhow::Result<(Vec<Micros>, usize)> {
    let mut bytes = BufReader::new(File::open(path)?);
    let gzip = bytes.fill_buf()?.starts_with(&GZIP);
    let plain: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) };
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(plain);
    let header = reader.headers()?;
    let column = COLUMNS.iter().find_map(|name| header.iter().position(|column| column.trim() == *name));
    let column = column.with_context(|| format!("no column tells when a row was ({})", COLUMNS.join(" or ")))?;
    let (mut instants, mut unreadable, mut record) = (Vec::new(), 0, ByteRecord::new());
    while reader.read_byte_record(&mut record).context("the file breaks off")? {
        match record.get(column).and_then(instant) {
            Some(at) => instants.push(at),
            None => unreadable += 1,
        }
    }
    Ok((instants, unreadable))
}

fn instant(text: &[u8]) -> Option<Micros> {
    let text = std::str::from_utf8(text).ok()?.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Micros(at.as_microsecond()));
    }
    text.parse::<DateTime>().ok().map(Micros::from_local)
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

    fn measured(bytes: &[u8]) -> anyhow::Result<(Week, Measured)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("reports.csv");
        std::fs::write(&file, bytes).unwrap();
        Week::measure(&file)
    }

    #[test]
    fn a_table_of_reports_and_an_archive_are_measured_by_their_own_columns() {
        let ours = "requestId,text,occurTime\n1,灯,2026-11-23T09:15:00+08:00\n2,灯,\n3,灯,2026-11-23T01:15:00Z\n";
        let (week, told) = measured(ours.as_bytes()).unwrap();
        assert_eq!((week.at(9.0), told), (168.0, Measured { rows: 2, by_day: 0, unreadable: 1 }));
        let archive = "id,created_at\n1,2026-11-23T09:15:00\n2,2026-11-24\n3,yesterday\n4\n";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, archive.as_bytes()).unwrap();
        let (week, told) = measured(&gzip.finish().unwrap()).unwrap();
        assert_eq!((week.at(9.0), week.at(33.0)), (84.0, 84.0));
        assert_eq!(told, Measured { rows: 2, by_day: 1, unreadable: 2 });
    }

    #[test]
    fn what_tells_no_time_is_refused_with_what_is_missing() {
        for (text, says) in
            [("a,b\n1,2\n", "created_at or occurTime"), ("", "created_at"), ("created_at\nnever\n", "no row tells")]
        {
            let refused = format!("{:#}", measured(text.as_bytes()).unwrap_err());
            assert!(refused.contains(says), "{text:?}: {refused}");
        }
    }
}
