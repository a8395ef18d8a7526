//! 并案: many callers, one matter. An order is merged into another, which carries its matter on from then; the parent counts its members,
//! and each member has the parent's id as a column of its row, so the parent's state stays small however many there are.
//!
//! What becomes of the parent is told to each member as an event of the member's own, because each member has a citizen who waits: that it was
//! answered (and the citizen is asked), closed, taken up again, or ended. The newest news is numbered, and told page by page: a timer
//! of the parent tells one page and moves on, so a page that was told twice changes nothing and a crash in between repeats one page.
//!
//! A member's citizen rates the answer like any other. Who is not satisfied gets the own order back for another round; the others stay.

use casebook::Tag;
use civic::{CaseId, Micros};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::WorkOrderEvent;
use proto::dispatch::v1::stored::work_order_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::command::Facts;
use super::decide::name;
use super::event::record;
use super::refusal::Refusal;
use super::state::{Assignment, Head, InProgress, Phase, State, WorkOrder};
use super::tiers;

/// How a parent stands, as far as that is news to a member's citizen.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    BeingHandled,
    /// There is a reply that may be told.
    Answered,
    Closed,
    Cancelled,
}

/// What a member is told.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Counted by the parent; a higher one is newer.
    pub number: u32,
    pub standing: Standing,
    /// Until when the members' citizens may rate; of an answered or closed parent.
    pub window_until: Micros,
}

/// What a merged order knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Merged {
    pub into: CaseId,
    pub news: News,
    /// Who had it, and will have it again if its citizen is not satisfied.
    pub before: Option<Assignment>,
}

/// What a parent knows of its members: how many have joined, and how far the newest news has come.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Members {
    pub joined: u32,
    pub news: u32,
    pub telling: Option<Telling>,
}

/// News on its way to the members, in the order of their ids.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// The last member that was told.
    pub after: Option<CaseId>,
    /// Instant of the step that left members to be told.
    pub since: Micros,
}

impl Standing {
    const ALL: [Self; 4] = [Self::BeingHandled, Self::Answered, Self::Closed, Self::Cancelled];

    /// The contract's state that says the same of an order of one's own.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::BeingHandled => State::InProgress.number(),
            Self::Answered => State::Resolved.number(),
            Self::Closed => State::Closed.number(),
            Self::Cancelled => State::Cancelled.number(),
        }
    }

    /// There is something to rate.
    #[must_use]
    pub const fn is_answered(self) -> bool {
        matches!(self, Self::Answered | Self::Closed)
    }
}

impl News {
    /// Before the parent was looked at.
    pub const NONE: Self = Self { number: 0, standing: Standing::BeingHandled, window_until: Micros(0) };

    pub(super) fn to_stored(self) -> stored::News {
        stored::News { number: self.number, parent_state: self.standing.number(), window_until_us: self.window_until.0 }
    }

    fn from_stored(news: Option<&stored::News>) -> Option<Self> {
        let news = news?;
        let standing = Standing::ALL.into_iter().find(|standing| standing.number() == news.parent_state)?;
        Some(Self { number: news.number, standing, window_until: Micros(news.window_until_us) })
    }
}

impl WorkOrder {
    /// What its members would be told now.
    #[must_use]
    pub fn news(&self) -> News {
        let standing = match &self.phase {
            Phase::Resolved(resolved) if resolved.reply_pending => Standing::BeingHandled,
            Phase::Resolved(_) | Phase::Verified(_) => Standing::Answered,
            Phase::Closed(_) => Standing::Closed,
            Phase::Cancelled(_) => Standing::Cancelled,
            Phase::Created
            | Phase::Assigned(_)
            | Phase::Accepted(_)
            | Phase::InProgress(_)
            | Phase::Suspended(_)
            | Phase::Returned(_)
            | Phase::Merged(_) => Standing::BeingHandled,
        };
        let resolution = self.resolution().filter(|_| standing.is_answered());
        let window_until = resolution.map_or(Micros(0), |resolution| resolution.window_until);
        News { number: self.head.members.map_or(0, |members| members.news), standing, window_until }
    }

    /// The order that carries this one's matter on.
    #[must_use]
    pub const fn merged(&self) -> Option<&Merged> {
        if let Phase::Merged(merged) = &self.phase { Some(merged) } else { None }
    }

    /// Members that must hear of what has just become of it.
    pub(super) fn spread(&mut self, before: News, at: Micros) {
        let now = self.news();
        if let Some(members) = self.head.members.as_mut().filter(|_| now != before) {
            members.news += 1;
            members.telling = Some(Telling { after: None, since: at });
        }
    }

    /// Further lists that it stands in, sorted: of the units with a part of it, of the members of its parent, and of what a machine sent.
    pub(super) fn tags(&self) -> Vec<Tag> {
        let called = self.head.called_units().into_iter().map(|unit| Tag::Unit(unit.to_string()));
        let sender = Some(&self.head.sender).filter(|sender| !sender.is_empty());
        let parent = self.merged().map(|merged| Tag::Parent(merged.into));
        called.chain(parent).chain(sender.cloned().map(Tag::Sender)).collect()
    }
}

/// A dispatcher finds that it is the matter of another order. `news` is where that one was seen to stand.
pub(super) fn merge(order: &WorkOrder, into: CaseId, news: News) -> Result<Body, Refusal> {
    if name(order) == into.to_string() {
        return Err(Refusal::MergeIntoItself { order: name(order) });
    }
    tiers::ruling_is_not_due(order)?;
    // So there is neither a circle nor a chain: whoever has members is nobody's member.
    if order.head.members.is_some() {
        return Err(Refusal::HasMembers { order: name(order) });
    }
    Ok(Body::Merged(stored::Merged { into: into.to_string(), news: Some(news.to_stored()) }))
}

/// The other half of a merge, in the same commit: the parent takes a member.
pub(super) fn join(
    order: &WorkOrder,
    member: CaseId,
    news: News,
    facts: &Facts,
) -> Result<Vec<WorkOrderEvent>, Refusal> {
    if !order.state().is_open() {
        return Err(Refusal::ParentOver { order: name(order), state: order.state() });
    }
    if order.news() != news {
        return Err(Refusal::ParentMoved { order: name(order) });
    }
    let body = Body::MemberJoined(stored::MemberJoined { member: member.to_string() });
    Ok(vec![record(Some(order), body, None, facts).0])
}

/// News of the parent. Older than what is known, or of a parent that it has left, it says nothing.
pub(super) fn tell(order: &WorkOrder, parent: CaseId, news: News, facts: &Facts) -> Vec<WorkOrderEvent> {
    let waits = order.merged().is_some_and(|merged| merged.into == parent && merged.news.number < news.number);
    if !waits {
        return Vec::new();
    }
    let body = Body::ParentStepped(stored::ParentStepped { news: Some(news.to_stored()) });
    vec![record(Some(order), body, None, facts).0]
}

/// A page of members was told. Nothing, when there are other news by now: they begin with the first member.
pub(super) fn members_told(order: &WorkOrder, told: &Told, facts: &Facts) -> Vec<WorkOrderEvent> {
    let Some(members) = order.head.members else { return Vec::new() };
    let Some(telling) = members.telling else { return Vec::new() };
    if (members.news, telling.after) != (told.number, told.after) {
        return Vec::new();
    }
    let upto = told.upto.map(|member| member.to_string()).unwrap_or_default();
    let body = Body::MembersTold(stored::MembersTold { upto, done: told.done });
    vec![record(Some(order), body, None, facts).0]
}

/// One page of members that were told some news.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub struct Told {
    pub number: u32,
    pub after: Option<CaseId>,
    /// The last of the page.
    pub upto: Option<CaseId>,
    /// There are no more.
    pub done: bool,
}

/// Both clocks end with the order's own life; nobody does a part of it any more.
pub(super) fn merged(head: &mut Head, phase: Phase, body: &stored::Merged, at: Micros) -> Option<Phase> {
    let mut before = match phase {
        Phase::Created => None,
        Phase::Assigned(phase) => Some(phase.to),
        Phase::Accepted(phase) => Some(phase.to),
        Phase::InProgress(phase) => Some(phase.to),
        Phase::Suspended(phase) => Some(phase.to),
        Phase::Returned(phase) => Some(phase.by),
        Phase::Resolved(_) | Phase::Verified(_) | Phase::Closed(_) | Phase::Merged(_) | Phase::Cancelled(_) => {
            return None;
        }
    };
    head.total.stop(at);
    head.release_parts(at);
    if let Some(assignment) = &mut before {
        assignment.watch.stop(at);
    }
    let news = News::from_stored(body.news.as_ref())?;
    Some(Phase::Merged(Merged { into: body.into.parse().ok()?, news, before }))
}

pub(super) fn parent_stepped(phase: Phase, body: &stored::ParentStepped) -> Option<Phase> {
    let Phase::Merged(merged) = phase else { return None };
    Some(Phase::Merged(Merged { news: News::from_stored(body.news.as_ref())?, ..merged }))
}

pub(super) fn member_joined(head: &mut Head) {
    head.members.get_or_insert_default().joined += 1;
}

pub(super) fn page_told(head: &mut Head, body: &stored::MembersTold, at: Micros) -> Option<()> {
    let members = head.members.as_mut()?;
    let telling = members.telling?;
    let after = if body.upto.is_empty() { telling.after } else { Some(body.upto.parse().ok()?) };
    members.telling = (!body.done).then_some(Telling { after, since: at });
    Some(())
}

/// The member's citizen is not satisfied with what the parent brought: the own order lives again, with whoever had it.
pub(super) fn leave(head: &mut Head, merged: Merged, at: Micros) -> Phase {
    head.total.reopen(at);
    head.round += 1;
    let Some(mut to) = merged.before else { return Phase::Created };
    to.watch.reopen(at);
    Phase::InProgress(InProgress { to, request: None, waiting: false })
}

/// When the next page of members is to be told.
pub(super) fn next(head: &Head) -> Option<Micros> {
    head.members?.telling.map(|telling| telling.since)
}
