//! What can be asked of an order, by whom, and what the rules may look at.

use std::sync::Arc;

use civic::{Actor, Calendar, CaseId, DivisionCode, Limit, Micros, Place, Private, Tier, UnitCode, View};

use super::merging::{News, Told};
use super::timers::TimerName;
use super::verb::Verb;
use crate::catalog::Catalog;
use crate::domain::urgency::Urgency;

/// What somebody or something asks.
#[derive(Debug, Clone)]
pub enum Command {
    /// A report was filed: its order is opened. Asked again, it changes nothing.
    Open(Box<Opening>),
    /// A person decided what its report is about or where it lies.
    Reclassify(Box<Ruling>),
    /// Something came to its report after filing.
    Hear(Heard),
    /// A verb of the table.
    Step { step: Step<Private<String>>, note: Option<Private<String>> },
    /// Another order is merged into this one, whose news the other was told: in one commit with that one's step.
    Join { member: CaseId, news: News },
    /// What became of the order that it was merged into.
    Tell { parent: CaseId, news: News },
    /// Members of this order were told what became of it.
    MembersTold(Told),
    /// A timer came due.
    Fire(TimerName),
    /// A calendar year was loaded.
    Recalculate,
}

/// What the report's event tells, and what the duty list answers.
#[derive(Debug, Clone)]
pub struct Opening {
    pub report: String,
    pub tracking_number: String,
    /// The machine that sent the report (`casebook::sender_of`); empty when a person filed it.
    pub sender: String,
    /// Empty while nobody could tell.
    pub category: String,
    pub category_name: String,
    pub urgency: Urgency,
    pub place: Place,
    pub report_kind: i32,
    pub anonymous: bool,
    pub no_reply: bool,
    /// Intake's commit: the total clock starts here.
    pub accepted: Micros,
    /// The limit that the matter came with: the total clock ends then, whatever the urgency would give.
    pub due: Option<Micros>,
    pub reply_approval: bool,
    /// `None`: the duty list does not know, a dispatcher assigns.
    pub answering: Option<Answering>,
    /// What is asked for, when no report tells it.
    pub note: Option<Private<String>>,
    pub tree_version: String,
    /// Cluster that opens it.
    pub owner: String,
}

/// What a ruling on the report says, and what the duty list of its day answers.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// As it stands after the ruling; empty while nobody decided it.
    pub category: String,
    pub category_name: String,
    /// As it stands after the ruling; `None` when our tree does not know it, and the order keeps its own.
    pub place: Option<Place>,
    /// Set when the ruling raised it.
    pub urgency: Option<Urgency>,
    /// `None`: the list has no such duty, and the order keeps what it had.
    pub reply_approval: Option<bool>,
    /// `None`: the duty list does not know.
    pub answering: Option<Answering>,
    pub tree_version: String,
    /// `role@unit` of who decided.
    pub by: String,
}

/// What came to the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub said: Said,
    /// `role@unit`, or `citizen`.
    pub by: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Supplemented {
        attachments: i32,
    },
    Urged {
        total: i32,
    },
    /// Number of intake's emergency line.
    Transferred {
        to: i32,
    },
    Checked {
        confirmed: bool,
    },
    /// Withdrawn or refused: the reason of the cancellation.
    Ended {
        reason: Private<String>,
    },
}

/// A unit that exists today, with its name for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    pub unit: UnitCode,
    pub name: String,
}

/// A verb with what it carries. `T` is the type of free text: plain where it is read, sealed where it is decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<T> {
    Assign {
        to: Answering,
        assignee: String,
    },
    Accept,
    Start,
    Resolve {
        result: T,
        reply: T,
    },
    ApproveReply,
    RefuseReply {
        reason: T,
    },
    Verify(CallBack),
    Rate {
        opinion: Opinion,
        comment: Option<T>,
    },
    Close,
    Return {
        reason: T,
        proposed: Option<UnitCode>,
    },
    Rule {
        to: Answering,
    },
    Reassign {
        to: Answering,
        assignee: String,
    },
    RequestSuspension {
        until: Micros,
        reason: T,
    },
    RequestExtension {
        until: Micros,
        reason: T,
    },
    Approve,
    Decline {
        reason: T,
    },
    Resume,
    WaitForCitizen {
        reason: T,
    },
    CitizenAnswered,
    Reopen {
        reason: T,
    },
    Cancel {
        reason: T,
    },
    /// With what is new of the other order when it is looked at.
    Merge {
        into: CaseId,
        news: News,
    },
    CoHandle {
        units: Vec<Answering>,
        limit: Option<Limit>,
    },
    Whistle {
        units: Vec<Answering>,
        limit: Option<Limit>,
    },
    ReportIn {
        part: u32,
    },
    AnswerPart {
        part: u32,
        answer: T,
    },
    ReleasePart {
        part: u32,
        reason: T,
    },
    StepAside {
        assignee: String,
        reason: T,
    },
    Supervise(Box<Notice<T>>),
    ReplySupervision {
        text: T,
        reached: Vec<u32>,
    },
    ReviewSupervision {
        satisfied: bool,
        text: T,
    },
    Escalate {
        to: Option<Tier>,
        reason: T,
    },
    HandDown {
        into: Option<Place>,
        reason: T,
    },
}

/// 督办: what a supervisor wants to know, and by when.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice<T> {
    pub text: T,
    /// For the reply.
    pub limit: Limit,
    /// 挂牌督办.
    pub marked: bool,
    pub task_force: Option<Answering>,
    /// Title and date, in the order of the dates.
    pub milestones: Vec<(T, Micros)>,
}

/// What the call-back heard (核查).
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub struct CallBack {
    pub reached: bool,
    pub opinion: Opinion,
}

/// The citizen's word.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub struct Opinion {
    pub answered: bool,
    pub solved: bool,
    pub satisfied: bool,
}

impl<T> Step<T> {
    /// The verb without what it carries.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Assign { .. } => Verb::Assign,
            Self::Accept => Verb::Accept,
            Self::Start => Verb::Start,
            Self::Resolve { .. } => Verb::Resolve,
            Self::ApproveReply => Verb::ApproveReply,
            Self::RefuseReply { .. } => Verb::RefuseReply,
            Self::Verify(_) => Verb::Verify,
            Self::Rate { .. } => Verb::Rate,
            Self::Close => Verb::Close,
            Self::Return { .. } => Verb::Return,
            Self::Rule { .. } => Verb::Rule,
            Self::Reassign { .. } => Verb::Reassign,
            Self::RequestSuspension { .. } => Verb::RequestSuspension,
            Self::RequestExtension { .. } => Verb::RequestExtension,
            Self::Approve => Verb::Approve,
            Self::Decline { .. } => Verb::Decline,
            Self::Resume => Verb::Resume,
            Self::WaitForCitizen { .. } => Verb::WaitForCitizen,
            Self::CitizenAnswered => Verb::CitizenAnswered,
            Self::Reopen { .. } => Verb::Reopen,
            Self::Cancel { .. } => Verb::Cancel,
            Self::Merge { .. } => Verb::Merge,
            Self::CoHandle { .. } => Verb::CoHandle,
            Self::Whistle { .. } => Verb::Whistle,
            Self::ReportIn { .. } => Verb::ReportIn,
            Self::AnswerPart { .. } => Verb::AnswerPart,
            Self::ReleasePart { .. } => Verb::ReleasePart,
            Self::StepAside { .. } => Verb::StepAside,
            Self::Supervise(_) => Verb::Supervise,
            Self::ReplySupervision { .. } => Verb::ReplySupervision,
            Self::ReviewSupervision { .. } => Verb::ReviewSupervision,
            Self::Escalate { .. } => Verb::Escalate,
            Self::HandDown { .. } => Verb::HandDown,
        }
    }

    /// The same step with every free text put through `seal`.
    ///
    /// # Errors
    /// The first that `seal` gives.
    pub fn try_map<U, E>(self, mut seal: impl FnMut(T) -> Result<U, E>) -> Result<Step<U>, E> {
        Ok(match self {
            Self::Assign { to, assignee } => Step::Assign { to, assignee },
            Self::Accept => Step::Accept,
            Self::Start => Step::Start,
            Self::Resolve { result, reply } => Step::Resolve { result: seal(result)?, reply: seal(reply)? },
            Self::ApproveReply => Step::ApproveReply,
            Self::RefuseReply { reason } => Step::RefuseReply { reason: seal(reason)? },
            Self::Verify(call_back) => Step::Verify(call_back),
            Self::Rate { opinion, comment } => Step::Rate { opinion, comment: comment.map(seal).transpose()? },
            Self::Close => Step::Close,
            Self::Return { reason, proposed } => Step::Return { reason: seal(reason)?, proposed },
            Self::Rule { to } => Step::Rule { to },
            Self::Reassign { to, assignee } => Step::Reassign { to, assignee },
            Self::RequestSuspension { until, reason } => Step::RequestSuspension { until, reason: seal(reason)? },
            Self::RequestExtension { until, reason } => Step::RequestExtension { until, reason: seal(reason)? },
            Self::Approve => Step::Approve,
            Self::Decline { reason } => Step::Decline { reason: seal(reason)? },
            Self::Resume => Step::Resume,
            Self::WaitForCitizen { reason } => Step::WaitForCitizen { reason: seal(reason)? },
            Self::CitizenAnswered => Step::CitizenAnswered,
            Self::Reopen { reason } => Step::Reopen { reason: seal(reason)? },
            Self::Cancel { reason } => Step::Cancel { reason: seal(reason)? },
            Self::Merge { into, news } => Step::Merge { into, news },
            Self::CoHandle { units, limit } => Step::CoHandle { units, limit },
            Self::Whistle { units, limit } => Step::Whistle { units, limit },
            Self::ReportIn { part } => Step::ReportIn { part },
            Self::AnswerPart { part, answer } => Step::AnswerPart { part, answer: seal(answer)? },
            Self::ReleasePart { part, reason } => Step::ReleasePart { part, reason: seal(reason)? },
            Self::StepAside { assignee, reason } => Step::StepAside { assignee, reason: seal(reason)? },
            Self::Supervise(notice) => Step::Supervise(Box::new(notice.try_map(seal)?)),
            Self::ReplySupervision { text, reached } => Step::ReplySupervision { text: seal(text)?, reached },
            Self::ReviewSupervision { satisfied, text } => Step::ReviewSupervision { satisfied, text: seal(text)? },
            Self::Escalate { to, reason } => Step::Escalate { to, reason: seal(reason)? },
            Self::HandDown { into, reason } => Step::HandDown { into, reason: seal(reason)? },
        })
    }
}

impl<T> Notice<T> {
    fn try_map<U, E>(self, mut seal: impl FnMut(T) -> Result<U, E>) -> Result<Notice<U>, E> {
        let Self { text, limit, marked, task_force, milestones } = self;
        let text = seal(text)?;
        let milestones =
            milestones.into_iter().map(|(title, due)| Ok((seal(title)?, due))).collect::<Result<_, E>>()?;
        Ok(Notice { text, limit, marked, task_force, milestones })
    }
}

/// Who or what stands behind a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// A person or machine with a token. `reference` is a keyed hash of the subject: it tells persons apart and names nobody.
    Person {
        actor: Actor,
        reference: [u8; 16],
    },
    /// The event of a report.
    Report,
    Timer,
    /// An operator loaded a calendar.
    Calendar,
    /// A reform of the divisions.
    Reform,
    /// A district leader decided on the spot (楼栋工作日); `by` is role and unit.
    BuildingDay {
        by: String,
    },
    /// The order that it was merged into.
    Parent,
}

impl Author {
    /// As events keep it: `role@unit`, never a name.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::Person { actor, .. } => match &actor.unit {
                Some(unit) => format!("{}@{unit}", actor.role),
                None => actor.role.to_string(),
            },
            Self::Report => "intake".to_owned(),
            Self::Timer => "timer".to_owned(),
            Self::Calendar => "calendar".to_owned(),
            Self::Reform => "reform".to_owned(),
            Self::BuildingDay { by } => by.clone(),
            Self::Parent => "parent".to_owned(),
        }
    }

    /// The keyed hash of the person; empty for timers and events.
    #[must_use]
    pub const fn reference(&self) -> &[u8] {
        match self {
            Self::Person { reference, .. } => reference,
            Self::Report | Self::Timer | Self::Calendar | Self::Reform | Self::Parent | Self::BuildingDay { .. } => &[],
        }
    }
}

/// What the rules look at besides the state.
#[derive(Debug, Clone)]
pub struct Facts {
    pub now: Micros,
    pub author: Author,
    pub catalog: Arc<Catalog>,
    pub calendar: Arc<Calendar>,
    /// The division tree of today.
    pub view: View,
    /// The territory of this cluster.
    pub root: DivisionCode,
}
