//! Why the rules of what stands beside the work orders (rosters, tasks, care lists, duties, building days, interviews, task forces,
//! exclusions, evaluations) say no.

use civic::{DivisionCode, Role, UnitCode};

use super::day::Day;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such case, or the caller may not know of it.
    #[error("there is nothing of that name")]
    NotOpened,
    #[error("not for a {role}")]
    Role { role: Role },
    #[error("{place} is not the caller's place and does not lie in it")]
    OutOfReach { place: DivisionCode },
    #[error("it is {state}: this does not lead on from there")]
    State { state: &'static str },
    #[error("the list has no task {number}")]
    TaskUnknown { number: u32 },
    #[error("task {number} is done")]
    TaskDone { number: u32 },
    #[error("the list that runs is that of {list}")]
    OtherDay { list: Day },
    #[error("the task is another worker's")]
    OtherWorker,
    #[error("the roster has no such post")]
    PostUnknown,
    #[error("a post has at most {most} tasks")]
    TooManyTasks { most: usize },
    #[error("the day lies before today")]
    DateNotLater,
    #[error("the end must lie ahead")]
    EndNotLater,
    #[error("the list is for at most {longest} days")]
    EndTooFar { longest: i32 },
    #[error("the first day must lie ahead: what was opened keeps its list")]
    FromNotLater,
    #[error("category and tier of an admitted duty stay: propose another one")]
    OtherDuty,
    #[error("the level that would bear it has not agreed")]
    ReviewObjects,
    #[error("whoever proposed it does not admit it")]
    SamePerson,
    #[error("{unit} does not sit with the leader")]
    UnitNotPresent { unit: UnitCode },
    #[error("a session has at most {most} requests")]
    TooManyRequests { most: usize },
    #[error("the date must lie ahead")]
    DueNotLater,
    #[error("the plan has no milestone {number}")]
    MilestoneUnknown { number: u32 },
    #[error("the order is not under marked supervision")]
    NotMarked,
    #[error("a task force holds at most {most} orders")]
    TooManyOrders { most: usize },
    #[error("the task force holds the order already")]
    HeldAlready,
    #[error("{open} orders that it holds are open")]
    OrdersOpen { open: usize },
    #[error("this list needs the consent of the person, or of a child's guardian")]
    ConsentMissing,
    #[error("the order is with {unit}")]
    NotTheUnit { unit: UnitCode },
    #[error("an exclusion of round {round} was asked for before")]
    ExclusionAskedAlready { round: i32 },
    #[error("whoever is of the unit does not decide")]
    DeciderInUnit,
    #[error("whoever asked does not decide")]
    DeciderAsked,
    #[error("{unit} is not above the caller's place")]
    UnitNotAbove { unit: UnitCode },
    #[error("only a town recommends, and on offices stationed in it")]
    RecommendationDenied,
    #[error("this unit was rated this month")]
    EvaluatedAlready,
    #[error("the month is not over")]
    MonthNotOver,
}

impl Refusal {
    /// Stable, for clients.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotOpened => "NOT_FOUND",
            Self::Role { .. } => "ROLE_DENIED",
            Self::OutOfReach { .. } => "PLACE_OUT_OF_REACH",
            Self::State { .. } => "STATE_REFUSES",
            Self::TaskUnknown { .. } => "TASK_UNKNOWN",
            Self::TaskDone { .. } => "TASK_DONE",
            Self::OtherDay { .. } => "TASK_OTHER_DAY",
            Self::OtherWorker => "TASK_OTHER_WORKER",
            Self::PostUnknown => "POST_UNKNOWN",
            Self::TooManyTasks { .. } => "TOO_MANY_TASKS",
            Self::DateNotLater => "DATE_NOT_LATER",
            Self::EndNotLater => "END_NOT_LATER",
            Self::EndTooFar { .. } => "END_TOO_FAR",
            Self::ConsentMissing => "CONSENT_MISSING",
            Self::FromNotLater => "DATE_NOT_LATER",
            Self::OtherDuty => "DUTY_INVALID",
            Self::ReviewObjects => "REVIEW_OBJECTS",
            Self::SamePerson => "APPROVER_IS_REQUESTER",
            Self::UnitNotPresent { .. } => "UNIT_NOT_PRESENT",
            Self::TooManyRequests { .. } => "SESSION_FULL",
            Self::DueNotLater => "DUE_NOT_LATER",
            Self::MilestoneUnknown { .. } => "MILESTONES_INVALID",
            Self::NotMarked => "NOT_MARKED",
            Self::TooManyOrders { .. } => "FORCE_FULL",
            Self::HeldAlready => "HELD_ALREADY",
            Self::OrdersOpen { .. } => "ORDERS_OPEN",
            Self::NotTheUnit { .. } => "UNIT_DENIED",
            Self::ExclusionAskedAlready { .. } => "EXCLUSION_ASKED_ALREADY",
            Self::DeciderInUnit => "DECIDER_IN_UNIT",
            Self::DeciderAsked => "APPROVER_IS_REQUESTER",
            Self::UnitNotAbove { .. } => "UNIT_NOT_ABOVE",
            Self::RecommendationDenied => "RECOMMENDATION_DENIED",
            Self::EvaluatedAlready => "EVALUATED_ALREADY",
            Self::MonthNotOver => "MONTH_NOT_OVER",
        }
    }

    /// Path of the field at fault, where there is one.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotOpened
            | Self::Role { .. }
            | Self::State { .. }
            | Self::TooManyTasks { .. }
            | Self::ReviewObjects
            | Self::SamePerson
            | Self::TooManyRequests { .. }
            | Self::TooManyOrders { .. }
            | Self::OrdersOpen { .. }
            | Self::NotTheUnit { .. }
            | Self::ExclusionAskedAlready { .. }
            | Self::DeciderInUnit
            | Self::DeciderAsked => None,
            Self::FromNotLater => Some("from"),
            Self::OtherDuty => Some("duty"),
            Self::UnitNotPresent { .. } | Self::UnitNotAbove { .. } | Self::EvaluatedAlready => Some("unit"),
            Self::DueNotLater => Some("dueTime"),
            Self::MilestoneUnknown { .. } => Some("milestone"),
            Self::NotMarked | Self::HeldAlready => Some("workOrder"),
            Self::RecommendationDenied => Some("recommendation"),
            Self::MonthNotOver => Some("month"),
            Self::OutOfReach { .. } => Some("divisionCode"),
            Self::TaskUnknown { .. } | Self::TaskDone { .. } | Self::OtherWorker => Some("name"),
            Self::OtherDay { .. } | Self::DateNotLater => Some("date"),
            Self::PostUnknown => Some("post"),
            Self::EndNotLater | Self::EndTooFar { .. } => Some("endDate"),
            Self::ConsentMissing => Some("consent"),
        }
    }

    /// The rule that refuses, in words that may be shown; `None` where the request itself is wrong.
    #[must_use]
    pub const fn law(&self) -> Option<&'static str> {
        match self {
            Self::NotOpened | Self::TaskUnknown { .. } | Self::PostUnknown | Self::DateNotLater | Self::EndNotLater => {
                None
            }
            Self::Role { .. } => Some("each step is for its own roles"),
            Self::NotTheUnit { .. } | Self::ExclusionAskedAlready { .. } | Self::DeciderInUnit | Self::DeciderAsked => {
                Some("exclusions: asked for by the unit, once a round, decided by somebody outside it")
            }
            Self::UnitNotAbove { .. } | Self::RecommendationDenied | Self::EvaluatedAlready => {
                Some("evaluation runs upwards in the own place's line, once a rater and month")
            }
            Self::MonthNotOver => Some("raters are hidden from the rated: numbers only of whole months"),
            Self::OutOfReach { .. } => Some("each acts in the own place only"),
            Self::State { .. } => Some("each step leads on from its own states only"),
            Self::TaskDone { .. } | Self::OtherDay { .. } | Self::OtherWorker => {
                Some("daily tasks (照单履职): ticked off once, on the day of the list, by whose day it is")
            }
            Self::TooManyTasks { .. } => Some("a list that nobody can work off helps nobody"),
            Self::EndTooFar { .. } => {
                Some("care lists (关爱名单): each entry has an end, within the longest time of its purpose")
            }
            Self::MilestoneUnknown { .. } | Self::DueNotLater | Self::HeldAlready => None,
            Self::FromNotLater | Self::OtherDuty => {
                Some("duty lists (事项清单): a change holds from a day ahead, open orders keep their list")
            }
            Self::ReviewObjects | Self::SamePerson => Some(
                "duty lists (准入、调整、评估): reviewed by the level that would bear it, admitted by somebody other than who proposed",
            ),
            Self::UnitNotPresent { .. } | Self::TooManyRequests { .. } => {
                Some("building days (楼栋工作日): decided on the spot by those who are there")
            }
            Self::NotMarked => Some("task forces (专班): they hold orders under marked supervision (挂牌督办)"),
            Self::TooManyOrders { .. } => Some("task forces (专班): made for one matter"),
            Self::OrdersOpen { .. } => Some("task forces (专班): ended when their matters are"),
            Self::ConsentMissing => Some("中华人民共和国个人信息保护法第二十九条、第三十一条"),
        }
    }
}
