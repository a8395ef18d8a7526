//! The clocks of a case (挂单计时): a start, a limit, pauses, perhaps an extension; and what follows from them under a calendar.
//!
//! *Running time* is time in the limit's measure while the watch is not paused. Minutes and hours are time on the clock. For days the rest of the
//! day of the start does not count; from the next 00:00 in China each day counts twenty-four hours, with working days only those on which people
//! work. The watch is due at the first instant at which the running time reaches the limit, so N days end at 24:00 of the Nth day, and
//! a pause before that moves the end by the pause's own length in the same measure (a suspension over a weekend moves a working-day limit by
//! nothing). The lamp turns yellow at the first instant with 70 % of the limit. A pause after the end moves nothing: red stays red.
//!
//! The calendar is not part of a watch: loading a new year recomputes the same watches. Instants are clamped to never go backwards.

mod measuring;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::limit::{Lamp, Limit};
use crate::time::Micros;
use measuring::Measuring;

/// Written as the reason of the pause that the time between closing and reopening becomes; nobody asked for it, so `by` is empty.
pub const CLOSED: &str = "closed";

/// Time that does not count. Without an end it still lasts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pause {
    pub from: Micros,
    pub to: Option<Micros>,
    pub by: String,
    pub reason: String,
}

/// A later end, granted at an instant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Extension {
    pub to: Micros,
    pub at: Micros,
    pub by: String,
    pub reason: String,
}

/// A running clock of a case. Pure data: stored with the case, computed under a calendar when asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stopwatch {
    pub started: Micros,
    pub limit: Limit,
    /// In order, not overlapping; only the last can be without an end.
    pub pauses: Vec<Pause>,
    pub extended_to: Option<Extension>,
    pub stopped: Option<Micros>,
}

/// When a watch is due.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Due {
    /// The end: from this instant the lamp is red.
    pub due: Micros,
    /// From this instant the lamp is yellow. Never after `due`.
    pub yellow: Micros,
    /// Computed with a year whose arrangement is not loaded.
    pub provisional: bool,
    /// The watch is paused, so both instants still move: they are those that hold if it resumed at the instant asked for. Arm no timer on them.
    pub paused: bool,
}

/// Whether a stretch of time counted.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentKind {
    Running,
    Paused,
}

/// A stretch of time of one kind. Running ones have neither `by` nor `reason`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Segment {
    pub kind: SegmentKind,
    pub from: Micros,
    pub to: Micros,
    pub by: String,
    pub reason: String,
}

/// How a watch came to its end: what a citizen, a handler and a supervisor can all recompute.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explanation {
    pub limit: Limit,
    pub due: Micros,
    pub yellow: Micros,
    /// They join without gap from the start to the instant asked for, or to where the watch was stopped.
    pub segments: Vec<Segment>,
    pub extension: Option<Extension>,
    pub calendar_version: String,
    pub provisional: bool,
    pub paused: bool,
}

impl Stopwatch {
    /// A watch that runs from `at`.
    #[must_use]
    pub const fn start(at: Micros, limit: Limit) -> Self {
        Self { started: at, limit, pauses: Vec::new(), extended_to: None, stopped: None }
    }

    /// Stops counting. Nothing happens to a watch that is paused or stopped already.
    pub fn pause(&mut self, at: Micros, by: impl Into<String>, reason: impl Into<String>) {
        if self.is_running() {
            let from = self.not_before(at);
            self.pauses.push(Pause { from, to: None, by: by.into(), reason: reason.into() });
        }
    }

    /// Counts again. Nothing happens to a watch that is not paused.
    pub fn resume(&mut self, at: Micros) {
        let at = self.not_before(at);
        if let Some(pause) = self.pauses.last_mut().filter(|pause| pause.to.is_none()) {
            pause.to = Some(at);
        }
    }

    /// Grants a later end. A pause after the grant moves that end on; an end earlier than the one without it has no effect. The last grant holds.
    pub fn extend(&mut self, to: Micros, by: impl Into<String>, reason: impl Into<String>, at: Micros) {
        self.extended_to = Some(Extension { to, at, by: by.into(), reason: reason.into() });
    }

    /// Stops for good, or until reopened; ends a pause.
    pub fn stop(&mut self, at: Micros) {
        if self.stopped.is_none() {
            let at = self.not_before(at);
            self.resume(at);
            self.stopped = Some(at);
        }
    }

    /// Runs again. The time spent stopped becomes a pause.
    pub fn reopen(&mut self, at: Micros) {
        if let Some(from) = self.stopped.take() {
            let to = Some(at.max(from));
            self.pauses.push(Pause { from, to, by: String::new(), reason: CLOSED.to_owned() });
        }
    }

    /// Paused, and not stopped.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.pauses.last().is_some_and(|pause| pause.to.is_none())
    }

    /// Neither paused nor stopped.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.stopped.is_none() && !self.is_paused()
    }

    /// When it is due and turns yellow. `now` matters only while the watch is paused: a pause without an end is taken to end then.
    #[must_use]
    pub fn due(&self, calendar: &Calendar, now: Micros) -> Due {
        let measuring = Measuring::new(calendar, self.started, self.limit.measure);
        let pauses = self.pauses_by(now);
        let limit = measuring.length(self.limit);
        let plain = measuring.end(self.started, limit, &pauses);
        let (due, total) = match &self.extended_to {
            None => (plain, limit),
            Some(extension) => self.extended(&measuring, &pauses, extension, plain, limit),
        };
        // Seven tenths, rounded down: at least 70 % is never announced late.
        let yellow = measuring.end(self.started, total / 10 * 7 + total % 10 * 7 / 10, &pauses).min(due);
        Due { due, yellow, provisional: measuring.is_provisional(due), paused: self.is_paused() }
    }

    /// The end under an extension, and the running time from the start to it.
    fn extended(
        &self,
        measuring: &Measuring<'_>,
        pauses: &[(Micros, Micros)],
        extension: &Extension,
        plain: Micros,
        limit: i64,
    ) -> (Micros, i64) {
        let later: Vec<(Micros, Micros)> =
            pauses.iter().map(|(from, to)| (extension.at.max(*from), *to)).filter(|(from, to)| from < to).collect();
        let end = measuring.end(extension.to, 0, &later);
        if end <= plain {
            return (plain, limit);
        }
        let paused: i64 = pauses.iter().map(|(from, to)| measuring.between(*from, (*to).min(end))).sum();
        (end, measuring.between(self.started, end).saturating_sub(paused).max(limit))
    }

    /// The lamp at `now` for instants this watch gave: of a stopped watch, as it stood when it stopped.
    #[must_use]
    pub fn lamp(&self, due: Due, now: Micros) -> Lamp {
        let at = self.stopped.unwrap_or(now);
        if at >= due.due {
            Lamp::Red
        } else if at >= due.yellow {
            Lamp::Yellow
        } else {
            Lamp::Green
        }
    }

    /// Everything that led to the end, as of `now`.
    #[must_use]
    pub fn explain(&self, calendar: &Calendar, now: Micros) -> Explanation {
        let Due { due, yellow, provisional, paused } = self.due(calendar, now);
        Explanation {
            limit: self.limit,
            due,
            yellow,
            segments: self.segments(self.stopped.unwrap_or(now).max(self.started)),
            extension: self.extended_to.clone(),
            calendar_version: calendar.version().to_owned(),
            provisional,
            paused,
        }
    }

    fn segments(&self, end: Micros) -> Vec<Segment> {
        let mut segments = Vec::with_capacity(2 * self.pauses.len() + 1);
        let mut from = self.started;
        let mut push = |kind, from: Micros, to: Micros, by: &str, reason: &str| {
            if from < to {
                segments.push(Segment { kind, from, to, by: by.to_owned(), reason: reason.to_owned() });
            }
        };
        for pause in &self.pauses {
            let to = pause.to.unwrap_or(end).min(end);
            push(SegmentKind::Running, from, pause.from.min(end), "", "");
            push(SegmentKind::Paused, pause.from, to, &pause.by, &pause.reason);
            from = to.max(pause.from);
        }
        push(SegmentKind::Running, from, end, "", "");
        segments
    }

    fn pauses_by(&self, now: Micros) -> Vec<(Micros, Micros)> {
        let ended = |pause: &Pause| (pause.from, pause.to.unwrap_or(now).max(pause.from));
        self.pauses.iter().map(ended).collect()
    }

    /// Commands of one case come in order, their clocks perhaps not: an instant earlier than the last one counts as that one.
    fn not_before(&self, at: Micros) -> Micros {
        let last = self.pauses.last().map_or(self.started, |pause| pause.to.unwrap_or(pause.from));
        at.max(last)
    }
}
