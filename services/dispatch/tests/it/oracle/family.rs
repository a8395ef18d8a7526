//! What the oracle believes of parents and members, and of what is heard of the report.

use civic::{CaseId, Micros};
use dispatch::domain::work_order::{News, Said, Standing, State, WorkOrder};

use super::Oracle;

#[derive(Debug, Clone, Default)]
pub(crate) struct Family {
    merged: Option<(CaseId, News)>,
    members: Option<Members>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Members {
    joined: u32,
    news: u32,
    /// Being told; the last one that was.
    telling: Option<Option<CaseId>>,
}

impl Family {
    pub(super) fn compare(&self, order: &WorkOrder) -> Result<(), String> {
        let members = order.head.members.map(|members| Members {
            joined: members.joined,
            news: members.news,
            telling: members.telling.map(|telling| telling.after),
        });
        let merged = order.merged().map(|merged| (merged.into, merged.news));
        if (members, merged) == (self.members, self.merged) { Ok(()) } else { Err(format!("{self:?}\nbut {order:?}")) }
    }
}

impl Oracle {
    /// What members must know: standing, and until when they may rate.
    pub(super) fn told(&self) -> (Standing, Micros) {
        match self.state {
            State::Resolved if self.reply_pending => (Standing::BeingHandled, Micros(0)),
            State::Resolved | State::Verified => (Standing::Answered, self.window),
            State::Closed => (Standing::Closed, self.window),
            State::Cancelled => (Standing::Cancelled, Micros(0)),
            State::Created
            | State::Assigned
            | State::Accepted
            | State::InProgress
            | State::Returned
            | State::Suspended
            | State::Merged => (Standing::BeingHandled, Micros(0)),
        }
    }

    pub(super) fn spread(&mut self, before: (Standing, Micros)) {
        let now = self.told();
        if let Some(members) = self.family.members.as_mut().filter(|_| now != before) {
            members.news += 1;
            members.telling = Some(None);
        }
    }

    pub(super) fn waits_for_its_parent(&self) -> bool {
        self.family.merged.is_some_and(|(_, news)| !matches!(news.standing, Standing::Answered | Standing::Closed))
    }

    pub(super) fn rated_until(&self) -> Micros {
        self.family.merged.map_or(self.window, |(_, news)| news.window_until)
    }

    pub(super) const fn has_members(&self) -> bool {
        self.family.members.is_some()
    }

    pub(super) fn merges(&mut self, into: CaseId, news: News, at: Micros) {
        self.leaves(State::Merged, at);
        self.standing = Some(at);
        self.family.merged = Some((into, news));
    }

    /// Worked on again: by itself, if it was a member.
    pub(super) fn leaves_its_parent(&mut self) {
        let nobody = self.family.merged.take().is_some() && self.unit.is_none();
        self.state = if nobody { State::Created } else { State::InProgress };
    }

    /// Another order comes to be its member.
    pub(crate) fn join(&mut self, news: News, now: Micros) -> Result<(), &'static str> {
        if matches!(self.state, State::Closed | State::Merged | State::Cancelled) {
            return Err("PARENT_OVER");
        }
        let (standing, window_until) = self.told();
        let number = self.family.members.map_or(0, |members| members.news);
        if (news.number, news.standing, news.window_until) != (number, standing, window_until) {
            return Err("PARENT_MOVED");
        }
        self.family.members.get_or_insert_default().joined += 1;
        self.updated = now.max(self.updated);
        Ok(())
    }

    /// The number of events that news of a parent must write.
    pub(crate) fn hears_of_its_parent(&mut self, parent: CaseId, news: News, now: Micros) -> usize {
        let Some((into, known)) = &mut self.family.merged else { return 0 };
        if *into != parent || news.number <= known.number {
            return 0;
        }
        *known = news;
        self.updated = now.max(self.updated);
        1
    }

    /// The number of events that a told page must write.
    pub(crate) fn tells_a_page(&mut self, upto: CaseId, done: bool, now: Micros) -> usize {
        let Some(members) = self.family.members.as_mut().filter(|members| members.telling.is_some()) else { return 0 };
        members.telling = (!done).then_some(Some(upto));
        self.updated = now.max(self.updated);
        1
    }

    /// The number of events that something heard of the report must write.
    pub(crate) fn hear(&mut self, said: &Said, now: Micros) -> usize {
        let at = now.max(self.updated);
        let before = self.told();
        let again = matches!(said, Said::Checked { confirmed: false })
            && matches!(self.state, State::Resolved | State::Verified | State::Closed);
        if again {
            self.works_again(at, true);
        } else if matches!(self.state, State::Closed | State::Cancelled) {
            return 0;
        } else if matches!(said, Said::Ended { .. }) && self.state != State::Merged && !self.has_members() {
            self.beside.end();
            self.leaves(State::Cancelled, at);
        }
        self.updated = at;
        self.spread(before);
        1
    }
}
