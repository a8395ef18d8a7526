//! Instants as microseconds, the clock that gives them, and the civil time of China.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// Asia/Shanghai. A fixed offset is exact for every instant this software handles: summer time was last kept in 1991.
const SHANGHAI_HOURS: i8 = 8;
const SHANGHAI_MICROS: i64 = SHANGHAI_HOURS as i64 * Micros::HOUR;

/// Microseconds since the Unix epoch, UTC. Adding and subtracting saturate: an instant out of range is a far one, never a panic.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl Micros {
    /// One second, in microseconds.
    pub const SECOND: i64 = 1_000_000;
    /// One minute, in microseconds.
    pub const MINUTE: i64 = 60 * Self::SECOND;
    /// One hour, in microseconds.
    pub const HOUR: i64 = 60 * Self::MINUTE;
    /// Twenty-four hours, in microseconds.
    pub const DAY: i64 = 24 * Self::HOUR;
    /// The last instant there is: "never" for a timer.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant of whole seconds since the epoch.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(Self::SECOND))
    }

    /// The instant of whole milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(Self::SECOND)
    }

    /// Whole milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The instant at which clocks in China show `civil`.
    #[must_use]
    pub fn from_local(civil: DateTime) -> Self {
        Self::start_of_day(civil.date()) + micros_of_day(civil)
    }

    /// 00:00 in China of `date`.
    #[must_use]
    pub fn start_of_day(date: Date) -> Self {
        Self::start_of_day_number(day_number(date))
    }

    /// The date in China at this instant; clamped to what a civil date can hold (years -9999 to 9999).
    #[must_use]
    pub fn local_date(self) -> Date {
        date_of_number(self.local_day())
    }

    /// Days since 1970-01-01 in China's civil time.
    pub(crate) const fn local_day(self) -> i64 {
        self.0.saturating_add(SHANGHAI_MICROS).div_euclid(Self::DAY)
    }

    pub(crate) const fn start_of_day_number(day: i64) -> Self {
        Self(day.saturating_mul(Self::DAY).saturating_sub(SHANGHAI_MICROS))
    }
}

fn micros_of_day(civil: DateTime) -> i64 {
    let whole = i64::from(civil.hour()) * Micros::HOUR
        + i64::from(civil.minute()) * Micros::MINUTE
        + i64::from(civil.second()) * Micros::SECOND;
    whole + i64::from(civil.subsec_nanosecond()) / 1_000
}

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970-01-01.
pub(crate) fn day_number(date: Date) -> i64 {
    let days = date.since((jiff::Unit::Day, EPOCH)).expect("a difference of two civil dates in days never overflows");
    i64::from(days.get_days())
}

/// The civil date of a day number, clamped to the dates there are.
pub(crate) fn date_of_number(day: i64) -> Date {
    let clamped = day.clamp(day_number(Date::MIN), day_number(Date::MAX));
    EPOCH.checked_add(jiff::Span::new().days(clamped)).expect("clamped to the range of civil dates")
}

impl Add<i64> for Micros {
    type Output = Self;
    fn add(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl Sub<i64> for Micros {
    type Output = Self;
    fn sub(self, micros: i64) -> Self {
        Self(self.0.saturating_sub(micros))
    }
}

impl Sub for Micros {
    type Output = i64;
    fn sub(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// RFC 3339 with China's offset: what a person here reads.
impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = Offset::constant(SHANGHAI_HOURS);
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{}", instant.display_with_offset(offset)),
            Err(_) => write!(f, "{} µs since the epoch", self.0),
        }
    }
}

/// Where the present comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Micros;
}

/// The machine's clock.
#[derive(Copy, Clone, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Micros {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is moved, for tests and replays. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct SettableClock(Arc<AtomicI64>);

impl SettableClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Micros) -> Self {
        Self(Arc::new(AtomicI64::new(now.0)))
    }

    /// Shows `now` from here on, also when that is earlier.
    pub fn set(&self, now: Micros) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves on by so many microseconds (backwards when negative) and says what it then shows.
    pub fn advance(&self, micros: i64) -> Micros {
        Micros(self.0.fetch_add(micros, Ordering::SeqCst).wrapping_add(micros))
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::SeqCst))
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Micros {
        (**self).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_civil_day_of_china_begins_at_sixteen_hours_utc() {
        let last_of_the_old_day: jiff::Timestamp = "2026-01-03T15:59:59.999999Z".parse().unwrap();
        let late = Micros(last_of_the_old_day.as_microsecond());
        assert_eq!(late.local_date(), date(2026, 1, 3));
        assert_eq!((late + 1).local_date(), date(2026, 1, 4));
        assert_eq!(Micros::start_of_day(date(2026, 1, 4)), late + 1);
        assert_eq!((late + 1).to_string(), "2026-01-04T00:00:00+08:00");
    }

    #[test]
    fn civil_time_goes_there_and_back_also_before_the_epoch() {
        for civil in [date(1969, 12, 31).at(23, 59, 59, 1_000), date(2026, 11, 22).at(7, 30, 0, 0)] {
            let instant = Micros::from_local(civil);
            assert_eq!(instant.local_date(), civil.date());
            assert_eq!(instant - Micros::start_of_day(civil.date()), micros_of_day(civil));
        }
    }

    #[test]
    fn arithmetic_saturates_and_extreme_instants_still_have_a_date() {
        assert_eq!(Micros::MAX + 1, Micros::MAX);
        assert_eq!(Micros(i64::MIN) - 1, Micros(i64::MIN));
        assert_eq!(Micros::MAX.local_date(), Date::MAX);
        assert!(!Micros::MAX.to_string().is_empty());
    }

    #[test]
    fn clones_of_a_settable_clock_show_the_same_time() {
        let clock = SettableClock::new(Micros(5));
        let other = clock.clone();
        assert_eq!(clock.advance(10), Micros(15));
        assert_eq!(other.now(), Micros(15));
        other.set(Micros(1));
        assert_eq!(clock.now(), Micros(1));
    }
}
