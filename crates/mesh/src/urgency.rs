//! Who is sent away first when a process is at its limit of calls.
//!
//! Seats are kept back: the last tenth for what cannot wait, and reads give way before everything else. A report is let in on a seat
//! that was kept back, because only its text says whether somebody is in danger; its service asks [`give_way_unless`] as soon as it
//! has read that, before anything is stored. A gateway does the same for a request whose client says so, and tells the service
//! with [`KEPT_BACK`] that the word is to be checked.

use crate::call;
use crate::error::{Code, Fault};
use std::time::Duration;

/// Metadata of a call that a gateway let through on a seat kept for what cannot wait.
pub const KEPT_BACK: &str = "jiewang-kept-back";

/// What is served to the last whatever it says: emergencies and warnings, and the event log that carries them from service to service.
const PRESSING: [&str; 3] =
    ["/jiewang.dispatch.v1.Emergencies/", "/jiewang.dispatch.v1.Warnings/", "/jiewang.events.v1.EventLog/"];
/// A report may be about either.
const PERHAPS: &str = "/jiewang.intake.v1.Reports/CreateReport";

/// Whether calls of this path cannot wait, whatever they say.
#[must_use]
pub fn is_pressing(path: &str) -> bool {
    PRESSING.iter().any(|pressing| path.starts_with(pressing))
}

/// How long a call may wait for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    First,
    Usual,
    /// Whoever looks can look again.
    Last,
}

impl Urgency {
    pub(crate) fn of(path: &str, only_reads: bool) -> Self {
        match () {
            () if is_pressing(path) || path.starts_with(PERHAPS) => Self::First,
            () if only_reads => Self::Last,
            () => Self::Usual,
        }
    }

    /// Of so many seats, those that it may take.
    pub(crate) const fn share(self, seats: usize) -> usize {
        match self {
            Self::First => seats,
            Self::Usual => seats - seats / 10,
            Self::Last => seats - 3 * seats / 10,
        }
    }
}

/// Sends the call that the current task works on away when it has one of the seats kept back and is not `urgent` after all.
pub fn give_way_unless(urgent: impl FnOnce() -> bool) -> Result<(), Fault> {
    let kept_back = call::current().is_some_and(|call| call.kept_back);
    if kept_back && !urgent() { Err(overloaded()) } else { Ok(()) }
}

pub(crate) fn overloaded() -> Fault {
    Fault::new(Code::Unavailable, "OVERLOADED", "the service is at its limit of calls in flight")
        .with_retry_after(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emergencies_are_served_to_the_last_and_lists_give_way_first() {
        assert_eq!(Urgency::of("/jiewang.dispatch.v1.Emergencies/CallAction", false), Urgency::First);
        assert_eq!(Urgency::of("/jiewang.dispatch.v1.Emergencies/ListEmergencies", true), Urgency::First);
        assert_eq!(Urgency::of("/jiewang.intake.v1.Reports/CreateReport", false), Urgency::First);
        assert_eq!(Urgency::of("/jiewang.dispatch.v1.WorkOrders/AssignWorkOrder", false), Urgency::Usual);
        assert_eq!(Urgency::of("/jiewang.dispatch.v1.WorkOrders/ListWorkOrders", true), Urgency::Last);
    }

    #[test]
    fn of_a_hundred_seats_ten_are_kept_back_and_of_one_none() {
        let shares = |seats| [Urgency::First, Urgency::Usual, Urgency::Last].map(|urgency| urgency.share(seats));
        assert_eq!(shares(100), [100, 90, 70]);
        assert_eq!(shares(1), [1, 1, 1]);
    }
}
