//! The instants of both clocks as events write them, and the lamps that timers turn.

use civic::{Calendar, Lamp, Micros, Stopwatch};
use proto::dispatch::v1::stored;
use serde::{Deserialize, Serialize};

use super::state::{Phase, WorkOrder};

/// Due instant of a running clock under the calendar of the step that wrote it.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub yellow: Micros,
    pub due: Micros,
    /// Beyond the loaded calendar: Monday to Friday was assumed.
    pub provisional: bool,
}

impl Mark {
    fn of(watch: &Stopwatch, calendar: &Calendar, now: Micros) -> Self {
        let due = watch.due(calendar, now);
        Self { yellow: due.yellow, due: due.due, provisional: due.provisional }
    }

    /// What the lamp shows at an instant.
    #[must_use]
    pub fn lamp(&self, at: Micros) -> Lamp {
        if at >= self.due {
            Lamp::Red
        } else if at >= self.yellow {
            Lamp::Yellow
        } else {
            Lamp::Green
        }
    }

    const fn to_stored(self) -> stored::ClockMark {
        stored::ClockMark { due_us: self.due.0, yellow_us: self.yellow.0, provisional: self.provisional }
    }

    fn from_stored(mark: Option<&stored::ClockMark>) -> Option<Self> {
        let mark = mark.filter(|mark| mark.due_us != 0)?;
        Some(Self { yellow: Micros(mark.yellow_us), due: Micros(mark.due_us), provisional: mark.provisional })
    }
}

/// Both clocks; `None` while one stands or is stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marks {
    pub total: Option<Mark>,
    pub unit: Option<Mark>,
    pub calendar_version: String,
    /// Of the parts whose clock runs.
    pub parts: Vec<PartMark>,
}

/// The instants of one part's clock.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartMark {
    pub part: u32,
    pub mark: Mark,
}

impl Marks {
    /// Where both clocks stand now, under a calendar.
    pub(super) fn measure(order: &WorkOrder, calendar: &Calendar) -> Self {
        let now = order.head.updated;
        let unit = order.assignment().filter(|_| unit_runs(&order.phase));
        Self {
            total: total_runs(&order.phase).then(|| Mark::of(&order.head.total, calendar, now)),
            unit: unit.map(|assignment| Mark::of(&assignment.watch, calendar, now)),
            calendar_version: calendar.version().to_owned(),
            parts: parts(order, calendar),
        }
    }

    pub(super) fn to_stored(&self) -> stored::Clocks {
        stored::Clocks {
            total: self.total.map(Mark::to_stored),
            unit: self.unit.map(Mark::to_stored),
            calendar_version: self.calendar_version.clone(),
            parts: self.parts.iter().map(|mark| mark.to_stored()).collect(),
        }
    }

    pub(super) fn from_stored(clocks: &stored::Clocks) -> Self {
        Self {
            total: Mark::from_stored(clocks.total.as_ref()),
            unit: Mark::from_stored(clocks.unit.as_ref()),
            calendar_version: clocks.calendar_version.clone(),
            parts: clocks.parts.iter().filter_map(PartMark::from_stored).collect(),
        }
    }
}

impl PartMark {
    const fn to_stored(self) -> stored::PartMark {
        stored::PartMark { part: self.part, mark: Some(self.mark.to_stored()) }
    }

    fn from_stored(mark: &stored::PartMark) -> Option<Self> {
        Some(Self { part: mark.part, mark: Mark::from_stored(mark.mark.as_ref())? })
    }
}

fn parts(order: &WorkOrder, calendar: &Calendar) -> Vec<PartMark> {
    let running = order.head.parts.iter().filter(|part| part.watch.is_running());
    let mark = |watch: &Stopwatch| Mark::of(watch, calendar, order.head.updated);
    running.map(|part| PartMark { part: part.number, mark: mark(&part.watch) }).collect()
}

/// The total clock stands while the order is suspended or waits, and is stopped once it is closed, merged or cancelled.
fn total_runs(phase: &Phase) -> bool {
    match phase {
        Phase::InProgress(phase) => !phase.waiting,
        Phase::Suspended(_) | Phase::Closed(_) | Phase::Merged(_) | Phase::Cancelled(_) => false,
        Phase::Created
        | Phase::Assigned(_)
        | Phase::Accepted(_)
        | Phase::Resolved(_)
        | Phase::Verified(_)
        | Phase::Returned(_) => true,
    }
}

/// The unit clock runs while the unit has something to do.
fn unit_runs(phase: &Phase) -> bool {
    match phase {
        Phase::InProgress(phase) => !phase.waiting,
        Phase::Assigned(_) | Phase::Accepted(_) => true,
        Phase::Created
        | Phase::Suspended(_)
        | Phase::Resolved(_)
        | Phase::Verified(_)
        | Phase::Closed(_)
        | Phase::Returned(_)
        | Phase::Merged(_)
        | Phase::Cancelled(_) => false,
    }
}

/// Both lamps as last turned.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lamps {
    pub total: Lamp,
    pub unit: Lamp,
}

impl Lamps {
    pub(super) const GREEN: Self = Self { total: Lamp::Green, unit: Lamp::Green };

    /// New instants may put a lamp back (an extension moves the due date away); only a timer puts it forward.
    pub(super) fn settle(&mut self, marks: &Marks, at: Micros) {
        let back = |lamp: &mut Lamp, mark: Option<Mark>| {
            if let Some(mark) = mark {
                *lamp = (*lamp).min(mark.lamp(at));
            }
        };
        back(&mut self.total, marks.total);
        back(&mut self.unit, marks.unit);
    }
}
