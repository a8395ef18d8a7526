//! What must happen later, from instants that events have already written.

use std::fmt;
use std::str::FromStr;

use casebook::Timer;
use civic::{Lamp, Micros};

use super::clocks::Mark;
use super::merging;
use super::parts::{self, Late};
use super::state::{Phase, WorkOrder};
use super::supervision;

/// The timers an order can have, at most one of each.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerName {
    TotalYellow,
    TotalRed,
    UnitYellow,
    UnitRed,
    AcceptDue,
    SuspensionUntil,
    PartReportIn,
    PartYellow,
    PartRed,
    SupervisionDue,
    MembersTell,
}

impl TimerName {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::TotalYellow,
        Self::TotalRed,
        Self::UnitYellow,
        Self::UnitRed,
        Self::AcceptDue,
        Self::SuspensionUntil,
        Self::PartReportIn,
        Self::PartYellow,
        Self::PartRed,
        Self::SupervisionDue,
        Self::MembersTell,
    ];

    /// As the row keeps it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TotalYellow => "total.yellow",
            Self::TotalRed => "total.red",
            Self::UnitYellow => "unit.yellow",
            Self::UnitRed => "unit.red",
            Self::AcceptDue => "accept.due",
            Self::SuspensionUntil => "suspension.until",
            Self::PartReportIn => "part.reportIn",
            Self::PartYellow => "part.yellow",
            Self::PartRed => "part.red",
            Self::SupervisionDue => "supervision.due",
            Self::MembersTell => "members.tell",
        }
    }
}

/// No timer of a work order has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a timer of a work order")]
pub struct UnknownTimer;

impl FromStr for TimerName {
    type Err = UnknownTimer;
    fn from_str(text: &str) -> Result<Self, UnknownTimer> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or(UnknownTimer)
    }
}

impl fmt::Display for TimerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// When a timer of this state is due; `None` when it is not armed.
pub(super) fn due(order: &WorkOrder, name: TimerName) -> Option<Micros> {
    let head = &order.head;
    match name {
        TimerName::TotalYellow => yellow(head.marks.total, head.lamps.total),
        TimerName::TotalRed => red(head.marks.total, head.lamps.total),
        TimerName::UnitYellow => yellow(head.marks.unit, head.lamps.unit),
        TimerName::UnitRed => red(head.marks.unit, head.lamps.unit),
        TimerName::AcceptDue => accept_due(&order.phase),
        TimerName::SuspensionUntil => suspension_until(&order.phase),
        TimerName::PartReportIn => parts::next(head, Late::ReportIn),
        TimerName::PartYellow => parts::next(head, Late::Yellow),
        TimerName::PartRed => parts::next(head, Late::Red),
        TimerName::SupervisionDue => supervision::next(order),
        TimerName::MembersTell => merging::next(head),
    }
}

pub(super) fn timers(order: &WorkOrder) -> Vec<Timer> {
    let armed = TimerName::ALL.into_iter().filter_map(|name| Some((name, due(order, name)?)));
    armed.map(|(name, due)| Timer { name: name.as_str().to_owned(), due }).collect()
}

fn yellow(mark: Option<Mark>, lamp: Lamp) -> Option<Micros> {
    mark.filter(|_| lamp < Lamp::Yellow).map(|mark| mark.yellow)
}

fn red(mark: Option<Mark>, lamp: Lamp) -> Option<Micros> {
    mark.filter(|_| lamp < Lamp::Red).map(|mark| mark.due)
}

fn accept_due(phase: &Phase) -> Option<Micros> {
    if let Phase::Assigned(phase) = phase { (!phase.overdue).then_some(phase.accept_due) } else { None }
}

fn suspension_until(phase: &Phase) -> Option<Micros> {
    if let Phase::Suspended(phase) = phase { Some(phase.until) } else { None }
}
