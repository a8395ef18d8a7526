//! What the oracle believes of parts, of those who stepped aside and of supervision: beside the order's own state.

use civic::Actor;
use dispatch::domain::work_order::{PartStanding, Step, SupervisionStanding, WorkOrder};

#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    pub(crate) parts: Vec<Share>,
    pub(crate) aside: Vec<String>,
    supervised: Supervised,
    milestones: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Share {
    pub(crate) unit: String,
    whistled: bool,
    standing: PartStanding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Supervised {
    #[default]
    Not,
    Noticed,
    Replied,
}

/// Who leads the order, where it lies, and the place of the tier that owns it.
pub(crate) struct Lead {
    pub(crate) unit: Option<String>,
    pub(crate) place: String,
    pub(crate) owner: String,
}

impl Share {
    fn is_open(&self) -> bool {
        matches!(self.standing, PartStanding::Called | PartStanding::ReportedIn)
    }
}

impl Beside {
    fn part(&self, number: u32) -> Option<&Share> {
        self.parts.get(usize::try_from(number).unwrap().checked_sub(1)?)
    }

    pub(crate) fn refuses<T>(&self, step: &Step<T>, actor: &Actor, lead: &Lead) -> Option<&'static str> {
        let when = |wrong: bool, reason| wrong.then_some(reason);
        let not_open = |part: u32| match self.part(part) {
            None => Some("PART_UNKNOWN"),
            Some(share) => when(!share.is_open(), "PART_OVER"),
        };
        let not_own = |part: u32| {
            let own = |share: &Share| actor.unit.as_ref().is_some_and(|unit| unit.as_str() == share.unit);
            when(self.part(part).is_some_and(|share| !own(share)), "PART_OF_ANOTHER_UNIT").or_else(|| not_open(part))
        };
        match step {
            Step::Resolve { .. } => when(self.parts.iter().any(Share::is_open), "PARTS_OPEN"),
            Step::CoHandle { units, .. } => self.refuses_call(units.iter().map(|unit| unit.unit.as_str()), false, lead),
            Step::Whistle { units, .. } => self.refuses_call(units.iter().map(|unit| unit.unit.as_str()), true, lead),
            Step::ReportIn { part } => not_own(*part).or_else(|| {
                when(self.part(*part).unwrap().standing == PartStanding::ReportedIn, "REPORTED_IN_ALREADY")
            }),
            Step::AnswerPart { part, .. } => not_own(*part),
            Step::ReleasePart { part, .. } => not_open(*part),
            Step::Supervise(_) => when(self.supervised != Supervised::Not, "SUPERVISION_OPEN"),
            Step::ReplySupervision { reached, .. } => when(self.supervised == Supervised::Not, "NO_SUPERVISION_OPEN")
                .or_else(|| when(reached.iter().any(|number| *number > self.milestones), "MILESTONES_INVALID")),
            Step::ReviewSupervision { .. } => when(self.supervised == Supervised::Not, "NO_SUPERVISION_OPEN")
                .or_else(|| when(self.supervised == Supervised::Noticed, "NO_SUPERVISION_REPLY")),
            Step::Assign { .. }
            | Step::Accept
            | Step::Start
            | Step::ApproveReply
            | Step::RefuseReply { .. }
            | Step::Verify(_)
            | Step::Rate { .. }
            | Step::Close
            | Step::Return { .. }
            | Step::Rule { .. }
            | Step::Reassign { .. }
            | Step::RequestSuspension { .. }
            | Step::RequestExtension { .. }
            | Step::Approve
            | Step::Decline { .. }
            | Step::Resume
            | Step::WaitForCitizen { .. }
            | Step::CitizenAnswered
            | Step::Reopen { .. }
            | Step::Cancel { .. }
            | Step::Merge { .. }
            | Step::StepAside { .. }
            | Step::Escalate { .. }
            | Step::HandDown { .. } => None,
        }
    }

    /// A town calls its own units; only a whistle reaches the district's, and none the neighbour's.
    fn refuses_call<'a>(
        &self,
        units: impl Iterator<Item = &'a str>,
        whistle: bool,
        lead: &Lead,
    ) -> Option<&'static str> {
        let mut seen: Vec<&str> = Vec::new();
        for unit in units {
            let place = unit.split('-').next().unwrap();
            let above = whistle && lead.place.starts_with(place);
            if !place.starts_with(&lead.owner) && !above {
                return Some("UNIT_OUT_OF_REACH");
            }
            let has_part = self.parts.iter().any(|share| share.is_open() && share.unit == unit);
            if seen.contains(&unit) || has_part || lead.unit.as_deref() == Some(unit) {
                return Some("UNIT_CALLED_ALREADY");
            }
            seen.push(unit);
        }
        (self.parts.len() + seen.len() > 64).then_some("TOO_MANY_PARTS")
    }

    pub(crate) fn take<T>(&mut self, step: &Step<T>, actor: &Actor) {
        let stands = |parts: &mut Vec<Share>, part: u32, standing| {
            parts[usize::try_from(part).unwrap() - 1].standing = standing;
        };
        match step {
            Step::CoHandle { units, .. } | Step::Whistle { units, .. } => {
                let whistled = matches!(step, Step::Whistle { .. });
                let share = |unit: String| Share { unit, whistled, standing: PartStanding::Called };
                self.parts.extend(units.iter().map(|unit| share(unit.unit.to_string())));
            }
            Step::ReportIn { part } => stands(&mut self.parts, *part, PartStanding::ReportedIn),
            Step::AnswerPart { part, .. } => stands(&mut self.parts, *part, PartStanding::Answered),
            Step::ReleasePart { part, .. } => stands(&mut self.parts, *part, PartStanding::Released),
            Step::Cancel { .. } | Step::Merge { .. } => self.end(),
            Step::StepAside { .. } => self.aside.push(actor.subject.clone()),
            Step::Supervise(notice) => {
                self.supervised = Supervised::Noticed;
                self.milestones = u32::try_from(notice.milestones.len()).unwrap();
            }
            Step::ReplySupervision { .. } => self.supervised = Supervised::Replied,
            Step::ReviewSupervision { satisfied, .. } => {
                self.supervised = if *satisfied { Supervised::Not } else { Supervised::Noticed };
            }
            Step::Assign { .. }
            | Step::Accept
            | Step::Start
            | Step::ApproveReply
            | Step::RefuseReply { .. }
            | Step::Verify(_)
            | Step::Rate { .. }
            | Step::Close
            | Step::Return { .. }
            | Step::Rule { .. }
            | Step::Reassign { .. }
            | Step::RequestSuspension { .. }
            | Step::RequestExtension { .. }
            | Step::Approve
            | Step::Decline { .. }
            | Step::Resume
            | Step::WaitForCitizen { .. }
            | Step::CitizenAnswered
            | Step::Reopen { .. }
            | Step::Resolve { .. }
            | Step::Escalate { .. }
            | Step::HandDown { .. } => {}
        }
    }

    /// The order ends, or its report does.
    pub(crate) fn end(&mut self) {
        for share in self.parts.iter_mut().filter(|share| share.is_open()) {
            share.standing = PartStanding::Released;
        }
    }

    pub(crate) fn compare(&self, order: &WorkOrder) -> Result<(), String> {
        let ours: Vec<_> =
            self.parts.iter().map(|share| (share.unit.clone(), share.whistled, share.standing)).collect();
        let parts = &order.head.parts;
        let theirs: Vec<_> = parts.iter().map(|part| (part.unit.to_string(), part.whistled, part.standing)).collect();
        if ours != theirs {
            return Err(format!("parts: {ours:?}\nbut {theirs:?}"));
        }
        for part in parts {
            let runs = order.head.marks.parts.iter().any(|mark| mark.part == part.number);
            if part.watch.stopped.is_some() == part.is_open()
                || runs != (part.is_open() && !order.head.total.is_paused())
            {
                return Err(format!("the clock of {part:?}, total {:?}", order.head.total));
            }
        }
        let supervised = match order.head.supervision.as_ref().map(|supervision| supervision.standing) {
            None | Some(SupervisionStanding::Reviewed) => Supervised::Not,
            Some(SupervisionStanding::Noticed) => Supervised::Noticed,
            Some(SupervisionStanding::Replied) => Supervised::Replied,
        };
        if supervised == self.supervised && order.head.aside.len() == self.aside.len() {
            Ok(())
        } else {
            Err(format!("beside: {self:?}\nbut {order:?}"))
        }
    }
}
