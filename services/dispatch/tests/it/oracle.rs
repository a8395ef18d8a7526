//! The rules once more, written apart: what an order must be after each step, and which steps must be refused with which reason.
//! It reads the table of the documentation and keeps its own account of pauses; it knows nothing of events or calendars.

mod away;
mod family;

use civic::{Actor, Micros, Role, Tier, UnitCode};
use dispatch::domain::urgency::Urgency;
use dispatch::domain::work_order::{Author, Opening, Ruling, State, Step, Verb, WorkOrder};

use crate::beside::Beside;
use crate::table::Line;
use crate::world::{REPORT, reference};
use family::Family;

const WINDOW_DAYS: i64 = 15;
const CHINA: i64 = 8 * Micros::HOUR;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Suspension,
    Extension,
}

/// What the oracle believes.
#[derive(Debug, Clone)]
pub(crate) struct Oracle {
    pub(crate) state: State,
    pub(crate) updated: Micros,
    pub(crate) place: String,
    category: String,
    urgency: Urgency,
    unit: Option<String>,
    responsible: Option<String>,
    ruled: bool,
    returns: i32,
    round: i32,
    extended: bool,
    waiting: bool,
    request: Option<(Asked, Micros, String)>,
    resumes_to: State,
    until: Micros,
    approval: bool,
    reply_pending: bool,
    handler: String,
    window: Micros,
    standing: Option<Micros>,
    stood: i64,
    tier: Tier,
    moved: bool,
    beside: Beside,
    family: Family,
}

impl Oracle {
    pub(crate) fn opened(opening: &Opening, now: Micros) -> Self {
        let unit = opening.answering.as_ref().map(|answering| answering.unit.to_string());
        Self {
            place: opening.place.code.to_string(),
            category: opening.category.clone(),
            urgency: opening.urgency,
            state: if unit.is_some() { State::Assigned } else { State::Created },
            updated: now,
            responsible: unit.clone(),
            unit,
            ruled: false,
            returns: 0,
            round: 1,
            extended: false,
            waiting: false,
            request: None,
            resumes_to: State::Accepted,
            until: Micros(0),
            approval: opening.reply_approval,
            reply_pending: false,
            handler: String::new(),
            window: Micros(0),
            standing: None,
            stood: 0,
            tier: Tier::Town,
            moved: false,
            beside: Beside::default(),
            family: Family::default(),
        }
    }

    /// Why a step must be refused; `None`: it must be taken. `due` is the total clock's present end.
    pub(crate) fn refuses<T>(
        &self,
        table: &[Line],
        step: &Step<T>,
        actor: &Actor,
        now: Micros,
        due: Option<Micros>,
    ) -> Option<&'static str> {
        let line = table.iter().find(|line| line.verb == step.verb()).unwrap();
        if !role_fits(&line.by, actor, self.owners()) {
            return Some("ROLE_DENIED");
        }
        if !line.from.contains(&self.state) {
            return Some("STATE_REFUSES");
        }
        self.unit_denies(&line.by, actor)
            .or_else(|| self.beside.aside.contains(&actor.subject).then_some("STEPPED_ASIDE"))
            .or_else(|| self.refuses_more(step, actor, now, due))
            .or_else(|| self.beside.refuses(step, actor, &self.lead()))
    }

    fn unit_denies(&self, by: &str, actor: &Actor) -> Option<&'static str> {
        // A place's code begins with the code of what it lies in.
        let of_town = actor.unit.as_ref().is_some_and(|unit| self.place.starts_with(unit.place().as_str()));
        let has_it = actor.unit.as_ref().map(|unit| unit.as_str()) == self.unit.as_deref() && self.unit.is_some();
        let centre = self.unit.as_deref().and_then(|unit| unit.split('-').next())
            == actor.unit.as_ref().map(|unit| unit.as_str());
        let allowed = match by {
            "verifier" if has_it => return Some("VERIFIER_IN_UNIT"),
            "dispatcher" | "verifier" => of_town,
            "unit" => has_it,
            "unit or dispatcher" => {
                if actor.role == Role::DepartmentHandler {
                    has_it
                } else {
                    of_town
                }
            }
            "supervisor" => of_town,
            "called unit" => {
                self.beside.parts.iter().any(|part| actor.unit.as_ref().is_some_and(|unit| part.unit == unit.as_str()))
            }
            "head or dispatcher" => (actor.head && (has_it || centre)) || (actor.role == self.owners() && of_town),
            _ => actor.role == Role::Integrator || actor.subject == format!("reports/{REPORT}"),
        };
        (!allowed).then_some("UNIT_DENIED")
    }

    fn refuses_more<T>(&self, step: &Step<T>, actor: &Actor, now: Micros, due: Option<Micros>) -> Option<&'static str> {
        let beyond = |until: Micros| until > now && due.is_none_or(|due| until > due);
        let when = |wrong: bool, reason| wrong.then_some(reason);
        match step {
            Step::Assign { to, .. } => when(self.state == State::Returned && self.returns >= 2, "RULING_REQUIRED")
                .or_else(|| out_of_reach(&to.unit, actor)),
            Step::Rule { to } | Step::Reassign { to, .. } => out_of_reach(&to.unit, actor),
            Step::ApproveReply => when(!self.reply_pending, "REPLY_NOT_PENDING")
                .or_else(|| when(self.handler == actor.subject, "APPROVER_IS_HANDLER")),
            Step::RefuseReply { .. } => when(!self.reply_pending, "REPLY_NOT_PENDING"),
            Step::Verify(_) => when(self.reply_pending, "REPLY_PENDING")
                .or_else(|| when(self.handler == actor.subject, "VERIFIER_IN_UNIT")),
            Step::Rate { .. } => when(self.reply_pending, "REPLY_PENDING")
                .or_else(|| when(self.waits_for_its_parent(), "PARENT_NOT_ANSWERED"))
                .or_else(|| when(now >= self.rated_until(), "RATING_WINDOW_OVER")),
            Step::Merge { into, .. } => when(into.to_string() == REPORT, "MERGE_INTO_ITSELF")
                .or_else(|| when(self.state == State::Returned && self.returns >= 2, "RULING_REQUIRED"))
                .or_else(|| when(self.has_members(), "HAS_MEMBERS")),
            Step::Return { .. } => when(self.ruled || self.returns >= 2, "NOT_RETURNABLE"),
            Step::RequestSuspension { until, .. } => {
                when(self.request.is_some(), "REQUEST_PENDING").or_else(|| when(*until <= now, "UNTIL_INVALID"))
            }
            Step::RequestExtension { until, .. } => when(self.request.is_some(), "REQUEST_PENDING")
                .or_else(|| when(self.extended, "ALREADY_EXTENDED"))
                .or_else(|| when(!beyond(*until), "UNTIL_INVALID")),
            Step::Approve => match &self.request {
                None => Some("NO_REQUEST_PENDING"),
                Some((_, _, person)) if *person == actor.subject => Some("APPROVER_IS_REQUESTER"),
                Some((Asked::Suspension, until, _)) => when(*until <= now.max(self.updated), "UNTIL_INVALID"),
                Some((Asked::Extension, until, _)) => when(!beyond(*until), "UNTIL_INVALID"),
            },
            Step::Decline { .. } => when(self.request.is_none(), "NO_REQUEST_PENDING"),
            Step::WaitForCitizen { .. } => when(self.waiting, "ALREADY_WAITING"),
            Step::CitizenAnswered => when(!self.waiting, "NOT_WAITING"),
            Step::Reopen { .. } => when(now >= self.window, "WINDOW_OVER"),
            Step::Escalate { to, .. } => when(self.state == State::Returned && self.returns >= 2, "RULING_REQUIRED")
                .or_else(|| when(self.above(*to).is_none(), "NO_SUCH_TIER")),
            Step::HandDown { into, .. } => when(self.state == State::Returned && self.returns >= 2, "RULING_REQUIRED")
                .or_else(|| when(self.below(into.as_ref()).is_none(), "NO_SUCH_TIER")),
            Step::Accept
            | Step::Start
            | Step::Resolve { .. }
            | Step::Close
            | Step::Resume
            | Step::Cancel { .. }
            | Step::CoHandle { .. }
            | Step::Whistle { .. }
            | Step::ReportIn { .. }
            | Step::AnswerPart { .. }
            | Step::ReleasePart { .. }
            | Step::StepAside { .. }
            | Step::Supervise(_)
            | Step::ReplySupervision { .. }
            | Step::ReviewSupervision { .. } => None,
        }
    }

    /// What the order must be after a step that was taken.
    pub(crate) fn take<T>(&mut self, step: &Step<T>, actor: &Actor, now: Micros) {
        let at = now.max(self.updated);
        let before = self.told();
        self.updated = at;
        self.beside.take(step, actor);
        self.go(step, actor, (now, at));
        self.spread(before);
    }

    fn go<T>(&mut self, step: &Step<T>, actor: &Actor, (now, at): (Micros, Micros)) {
        match step {
            Step::Assign { to, .. } | Step::Rule { to } | Step::Reassign { to, .. } => {
                self.give_to(&to.unit.to_string(), at);
                self.ruled = step.verb() == Verb::Rule;
            }
            Step::Accept => {
                self.responsible.clone_from(&self.unit);
                self.state = State::Accepted;
            }
            Step::Start => self.state = State::InProgress,
            Step::Resolve { .. } => {
                self.goes(at);
                self.request = None;
                self.state = State::Resolved;
                self.reply_pending = self.approval;
                self.handler.clone_from(&actor.subject);
                self.window = window(at);
            }
            Step::ApproveReply => self.reply_pending = false,
            Step::RefuseReply { .. } => self.works_again(at, false),
            Step::Verify(heard) if heard.reached && !heard.opinion.solved => self.works_again(at, true),
            Step::Verify(_) => self.state = State::Verified,
            Step::Rate { opinion, .. } if !opinion.satisfied => self.works_again(at, true),
            Step::Rate { .. } if matches!(self.state, State::Closed | State::Merged) => {}
            Step::Rate { .. } | Step::Close => {
                self.state = State::Closed;
                self.window = window(at);
                self.standing = Some(at);
            }
            Step::Return { .. } => {
                self.request = None;
                self.returns += 1;
                self.state = State::Returned;
            }
            Step::RequestSuspension { until, .. } => self.asks(Asked::Suspension, *until, actor),
            Step::RequestExtension { until, .. } => self.asks(Asked::Extension, *until, actor),
            Step::Approve => self.grant(at),
            Step::Decline { .. } => self.request = None,
            Step::Resume => self.resume(at),
            Step::WaitForCitizen { .. } => {
                self.waiting = true;
                self.standing = Some(at);
            }
            Step::CitizenAnswered => self.goes(at),
            Step::Reopen { .. } => self.works_again(at, true),
            Step::Cancel { .. } => self.leaves(State::Cancelled, at),
            Step::Merge { into, news } => self.merges(*into, *news, at),
            Step::StepAside { .. } | Step::Escalate { .. } | Step::HandDown { .. } => self.take_away(step, now, at),
            Step::CoHandle { .. }
            | Step::Whistle { .. }
            | Step::ReportIn { .. }
            | Step::AnswerPart { .. }
            | Step::ReleasePart { .. }
            | Step::Supervise(_)
            | Step::ReplySupervision { .. }
            | Step::ReviewSupervision { .. } => {}
        }
    }

    fn asks(&mut self, what: Asked, until: Micros, actor: &Actor) {
        self.request = Some((what, until, actor.subject.clone()));
    }

    fn leaves(&mut self, state: State, at: Micros) {
        self.goes(at);
        self.request = None;
        self.state = state;
    }

    /// The role whose decisions the order's place asks for.
    fn owners(&self) -> Role {
        match self.tier {
            Tier::City => Role::CityDispatcher,
            Tier::District => Role::DistrictDispatcher,
            Tier::Town | Tier::Village | Tier::Grid => Role::TownDispatcher,
        }
    }

    /// What a ruling on the report does: the number of events it must write.
    pub(crate) fn rule(&mut self, ruling: &Ruling, now: Micros) -> usize {
        if matches!(self.state, State::Closed | State::Merged | State::Cancelled) {
            return 0;
        }
        let before = (self.category.clone(), self.place.clone(), self.urgency, self.approval);
        let waits = self.state == State::Created;
        self.category.clone_from(&ruling.category);
        if let Some(place) = &ruling.place {
            // The district that took it over keeps it for any place of the district, the city for all.
            let digits = match self.tier {
                Tier::City => 0,
                Tier::District => 6,
                Tier::Town | Tier::Village | Tier::Grid => 9,
            };
            let same = self.place.get(..digits) == place.code.as_str().get(..digits);
            if !self.moved || !same {
                self.tier = if place.code.as_str().len() > 6 { Tier::Town } else { Tier::District };
            }
            self.place = place.code.to_string();
        }
        if let Some(urgency) = ruling.urgency.filter(|_| waits) {
            self.urgency = self.urgency.min(urgency);
        }
        self.approval = ruling.reply_approval.unwrap_or(self.approval);
        let to = ruling.answering.as_ref().filter(|_| waits);
        if to.is_none() && before == (self.category.clone(), self.place.clone(), self.urgency, self.approval) {
            return 0;
        }
        let at = now.max(self.updated);
        self.updated = at;
        let Some(to) = to else { return 1 };
        self.give_to(&to.unit.to_string(), at);
        2
    }

    fn give_to(&mut self, unit: &str, at: Micros) {
        self.goes(at);
        self.request = None;
        self.unit = Some(unit.to_owned());
        self.responsible.get_or_insert_with(|| unit.to_owned());
        self.state = State::Assigned;
    }

    fn grant(&mut self, at: Micros) {
        match self.request.take().unwrap() {
            (Asked::Extension, ..) => self.extended = true,
            (Asked::Suspension, until, _) => {
                self.resumes_to = self.state;
                self.until = until;
                self.state = State::Suspended;
                self.standing.get_or_insert(at);
            }
        }
    }

    /// A suspension ends; an order that waited for the citizen before it still waits.
    fn resume(&mut self, at: Micros) {
        if !self.waiting {
            self.goes(at);
        }
        self.state = self.resumes_to;
    }

    /// The date that was granted has come. The pause ends then, however late this is noticed.
    pub(crate) fn resume_by_timer(&mut self, now: Micros) {
        self.updated = now.max(self.updated);
        self.resume(self.until);
    }

    fn works_again(&mut self, at: Micros, next_round: bool) {
        self.goes(at);
        self.reply_pending = false;
        self.round += i32::from(next_round);
        self.leaves_its_parent();
    }

    /// Neither waiting nor suspended nor closed any more.
    fn goes(&mut self, at: Micros) {
        self.waiting = false;
        if let Some(since) = self.standing.take() {
            self.stood += at - since;
        }
    }

    /// Compares with the order; the first difference is told.
    pub(crate) fn compare(&self, order: &WorkOrder) -> Result<(), String> {
        let same = |name: &str, ok: bool| if ok { Ok(()) } else { Err(format!("{name}: {self:?}\nbut {order:?}")) };
        let head = &order.head;
        same("state", order.state() == self.state)?;
        same("updated", head.updated == self.updated)?;
        same("category", head.category == self.category)?;
        same("place", head.place.code.as_str() == self.place)?;
        same("owning tier", head.tier == self.tier)?;
        same("origin", head.origin.is_some() == self.moved)?;
        self.beside.compare(order)?;
        self.family.compare(order)?;
        same("urgency", head.urgency == self.urgency)?;
        same("approval", head.reply_approval == self.approval)?;
        let unit = order.assignment().map(|assignment| assignment.unit.to_string());
        same("one lead unit", unit == self.unit)?;
        same("ruled", order.assignment().is_none_or(|assignment| assignment.ruled == self.ruled))?;
        same("first receiver", head.responsible.as_ref().map(ToString::to_string) == self.responsible)?;
        same("returns", head.returns == self.returns)?;
        same("round", head.round == self.round)?;
        same("extended", head.extended == self.extended)?;
        same("waiting", order.waiting() == self.waiting)?;
        same("request", order.request().is_some() == self.request.is_some())?;
        same("handler", order.resolution().is_none_or(|done| done.handler == reference(&self.handler)))?;
        same("window", order.resolution().is_none_or(|done| done.window_until == self.window))?;
        self.compare_clock(order, same)
    }

    fn compare_clock(&self, order: &WorkOrder, same: impl Fn(&str, bool) -> Result<(), String>) -> Result<(), String> {
        let total = &order.head.total;
        let stopped = matches!(self.state, State::Closed | State::Merged | State::Cancelled);
        same("total stopped", total.stopped.is_some() == stopped)?;
        let stands = self.standing.is_some() && !stopped;
        same("total stands", total.is_paused() == stands)?;
        same("total has an end while it runs", order.head.marks.total.is_some() == (!stands && !stopped))?;
        let until = self.updated;
        let stood: i64 = total.pauses.iter().map(|pause| pause.to.unwrap_or(until) - pause.from).sum();
        let open = self.standing.filter(|_| stands).map_or(0, |since| until - since);
        same("time that does not count", stood == self.stood + open)?;
        let works = matches!(self.state, State::Assigned | State::Accepted | State::InProgress) && !stands;
        same("unit clock has an end while it runs", order.head.marks.unit.is_some() == works)
    }
}

/// A place's code begins with the code of what it lies in.
fn out_of_reach(unit: &UnitCode, actor: &Actor) -> Option<&'static str> {
    let own = actor.unit.as_ref().unwrap().place();
    (!unit.as_str().starts_with(own.as_str())).then_some("UNIT_OUT_OF_REACH")
}

fn role_fits(by: &str, actor: &Actor, owners: Role) -> bool {
    let dispatcher = actor.role == owners;
    match by {
        "dispatcher" | "verifier" => dispatcher,
        "unit" | "called unit" => actor.role == Role::DepartmentHandler,
        "unit or dispatcher" => dispatcher || actor.role == Role::DepartmentHandler,
        "supervisor" => actor.role == Role::Supervisor,
        "head or dispatcher" => dispatcher || actor.head,
        "citizen or hotline" => matches!(actor.role, Role::Citizen | Role::Integrator),
        other => panic!("the table says {other}"),
    }
}

/// 24:00 in China of the fifteenth day after this one.
fn window(at: Micros) -> Micros {
    let day = (at.0 + CHINA).div_euclid(Micros::DAY);
    Micros((day + 1 + WINDOW_DAYS) * Micros::DAY - CHINA)
}

/// What the model needs to know of an author that is no person.
pub(crate) fn actor_of(author: &Author) -> Option<&Actor> {
    match author {
        Author::Person { actor, .. } => Some(actor),
        Author::Report
        | Author::Timer
        | Author::Calendar
        | Author::Reform
        | Author::Parent
        | Author::BuildingDay { .. } => None,
    }
}
