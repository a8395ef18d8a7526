//! What can be read off an order in any phase.

use civic::{Micros, UnitCode};

use super::{Assignment, Before, Head, Phase, Request, Resolution, State, WorkOrder};
use crate::domain::work_order::decide::RETURNS_AT_MOST;
use crate::domain::work_order::evolve::IMPORTED;

impl Head {
    /// The end that the matter came with, as long as no extension was granted.
    #[must_use]
    pub fn imported_due(&self) -> Option<Micros> {
        self.total.extended_to.as_ref().filter(|end| end.reason == IMPORTED).map(|end| end.to)
    }
}

impl WorkOrder {
    /// The phase by name.
    #[must_use]
    pub const fn state(&self) -> State {
        match self.phase {
            Phase::Created => State::Created,
            Phase::Assigned(_) => State::Assigned,
            Phase::Accepted(_) => State::Accepted,
            Phase::InProgress(_) => State::InProgress,
            Phase::Suspended(_) => State::Suspended,
            Phase::Resolved(_) => State::Resolved,
            Phase::Verified(_) => State::Verified,
            Phase::Closed(_) => State::Closed,
            Phase::Returned(_) => State::Returned,
            Phase::Merged(_) => State::Merged,
            Phase::Cancelled(_) => State::Cancelled,
        }
    }

    /// The present or last assignment.
    #[must_use]
    pub const fn assignment(&self) -> Option<&Assignment> {
        match &self.phase {
            Phase::Created => None,
            Phase::Assigned(phase) => Some(&phase.to),
            Phase::Accepted(phase) => Some(&phase.to),
            Phase::InProgress(phase) => Some(&phase.to),
            Phase::Suspended(phase) => Some(&phase.to),
            Phase::Resolved(phase) => Some(&phase.to),
            Phase::Verified(phase) => Some(&phase.to),
            Phase::Closed(phase) => Some(&phase.to),
            Phase::Returned(phase) => Some(&phase.by),
            Phase::Merged(phase) => phase.before.as_ref(),
            Phase::Cancelled(to) => to.as_ref(),
        }
    }

    /// Unit that answers for it now. A returned order still belongs to the first receiver (首接负责).
    #[must_use]
    pub const fn unit(&self) -> Option<&UnitCode> {
        if let (Phase::Returned(_), Some(responsible)) = (&self.phase, &self.head.responsible) {
            return Some(responsible);
        }
        match self.assignment() {
            Some(assignment) => Some(&assignment.unit),
            None => None,
        }
    }

    /// The request a dispatcher has to decide.
    #[must_use]
    pub const fn request(&self) -> Option<&Request> {
        match &self.phase {
            Phase::Accepted(phase) => phase.request.as_ref(),
            Phase::InProgress(phase) => phase.request.as_ref(),
            Phase::Created
            | Phase::Assigned(_)
            | Phase::Suspended(_)
            | Phase::Resolved(_)
            | Phase::Verified(_)
            | Phase::Closed(_)
            | Phase::Returned(_)
            | Phase::Merged(_)
            | Phase::Cancelled(_) => None,
        }
    }

    /// What the unit answered, once it has.
    #[must_use]
    pub const fn resolution(&self) -> Option<&Resolution> {
        match &self.phase {
            Phase::Resolved(phase) => Some(&phase.resolution),
            Phase::Verified(phase) => Some(&phase.resolution),
            Phase::Closed(phase) => Some(&phase.resolution),
            Phase::Created
            | Phase::Assigned(_)
            | Phase::Accepted(_)
            | Phase::InProgress(_)
            | Phase::Suspended(_)
            | Phase::Returned(_)
            | Phase::Merged(_)
            | Phase::Cancelled(_) => None,
        }
    }

    /// Both clocks stand until the citizen answers.
    #[must_use]
    pub const fn waiting(&self) -> bool {
        match &self.phase {
            Phase::InProgress(phase) => phase.waiting,
            Phase::Suspended(phase) => matches!(phase.before, Before::InProgress { waiting: true }),
            Phase::Created
            | Phase::Assigned(_)
            | Phase::Accepted(_)
            | Phase::Resolved(_)
            | Phase::Verified(_)
            | Phase::Closed(_)
            | Phase::Returned(_)
            | Phase::Merged(_)
            | Phase::Cancelled(_) => false,
        }
    }

    /// The unit may still say that it is the wrong one: at most twice, and never after a ruling.
    #[must_use]
    pub const fn returnable(&self) -> bool {
        match self.assignment() {
            Some(assignment) => !assignment.ruled && self.head.returns < RETURNS_AT_MOST,
            None => false,
        }
    }
}
