//! Adding up time in a measure: what of a stretch counts, and where so much of it ends.

use crate::calendar::Calendar;
use crate::limit::{Limit, Measure};
use crate::time::{Micros, date_of_number};

/// A hundred years of days. Past that a limit is as good as none, and walking day by day must end.
const MOST_DAYS: i64 = 36_525;

/// A measure, the instant from which it counts, and the calendar it counts by.
pub(super) struct Measuring<'a> {
    calendar: &'a Calendar,
    measure: Measure,
    /// The start; for days the 00:00 that follows it.
    origin: Micros,
}

impl<'a> Measuring<'a> {
    pub(super) const fn new(calendar: &'a Calendar, started: Micros, measure: Measure) -> Self {
        let origin = match measure {
            Measure::Minute | Measure::Hour => started,
            Measure::CalendarDay | Measure::WorkingDay => Micros::start_of_day_number(started.local_day() + 1),
        };
        Self { calendar, measure, origin }
    }

    /// A limit as microseconds of running time.
    pub(super) fn length(&self, limit: Limit) -> i64 {
        let amount = i64::from(limit.amount);
        match self.measure {
            Measure::Minute => (amount * Micros::MINUTE).min(MOST_DAYS * Micros::DAY),
            Measure::Hour => amount.min(MOST_DAYS * 24) * Micros::HOUR,
            Measure::CalendarDay | Measure::WorkingDay => amount.min(MOST_DAYS) * Micros::DAY,
        }
    }

    /// How much of a stretch counts, pauses aside.
    pub(super) fn between(&self, from: Micros, to: Micros) -> i64 {
        let from = from.max(self.origin);
        if to <= from {
            return 0;
        }
        match self.measure {
            Measure::Minute | Measure::Hour | Measure::CalendarDay => to - from,
            Measure::WorkingDay => self.working(from, to),
        }
    }

    /// The first instant from `start` on by which so much running time has passed; the pauses come in order and do not overlap.
    ///
    /// Each pause that begins before the end found so far moves it on by what of the pause counts.
    pub(super) fn end(&self, start: Micros, length: i64, pauses: &[(Micros, Micros)]) -> Micros {
        let mut end = if length == 0 { start } else { self.after(start.max(self.origin), length) };
        for (from, to) in pauses {
            if *from >= end {
                break;
            }
            let stood_still = self.between(*from, *to);
            if stood_still > 0 {
                end = self.after(end.max(self.origin), stood_still);
            }
        }
        end
    }

    /// The end lies in, or was reached through, a year whose arrangement is not loaded.
    pub(super) fn is_provisional(&self, end: Micros) -> bool {
        match self.measure {
            Measure::Minute | Measure::Hour | Measure::CalendarDay => false,
            Measure::WorkingDay => {
                // The last instant that mattered is the one before the end: 24:00 of the last day is the next day's 00:00.
                let last = (end - 1).max(self.origin).local_date().year();
                let first = date_of_number(self.origin.local_day()).year();
                (first..=last).any(|year| !self.calendar.covers(year))
            }
        }
    }

    fn working(&self, from: Micros, to: Micros) -> i64 {
        let days = from.local_day()..=(to - 1).local_day().min(from.local_day() + 4 * MOST_DAYS);
        let counted = days.filter(|day| self.calendar.works(*day)).map(|day| {
            let (opens, closes) = (Micros::start_of_day_number(day), Micros::start_of_day_number(day + 1));
            (to.min(closes) - from.max(opens)).max(0)
        });
        counted.sum()
    }

    /// The first instant at which `length` has counted since `from`.
    fn after(&self, from: Micros, length: i64) -> Micros {
        match self.measure {
            Measure::Minute | Measure::Hour | Measure::CalendarDay => from + length,
            Measure::WorkingDay => self.after_working(from, length),
        }
    }

    fn after_working(&self, from: Micros, length: i64) -> Micros {
        let (mut at, mut left) = (from, length);
        let mut day = from.local_day();
        // No calendar has ten days without a working day for ever: the bound only keeps a calendar of holidays from hanging us.
        let last = day + 4 * MOST_DAYS;
        while day < last {
            let closes = Micros::start_of_day_number(day + 1);
            // Never negative but at the end of time, where instants saturate.
            let open = (closes - at).max(0);
            if self.calendar.works(day) {
                if left <= open {
                    return at + left;
                }
                left -= open;
            }
            at = at.max(closes);
            day += 1;
        }
        at
    }
}
