//! Why the rules of what stands beside the work orders (rosters, lists of tasks, care entries) say no.

use civic::{DivisionCode, Role};

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
    #[error("this list needs the consent of the person, or of a child's guardian")]
    ConsentMissing,
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
        }
    }

    /// Path of the field at fault, where there is one.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotOpened | Self::Role { .. } | Self::State { .. } | Self::TooManyTasks { .. } => None,
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
            Self::OutOfReach { .. } => Some("each acts in the own place only"),
            Self::State { .. } => Some("each step leads on from its own states only"),
            Self::TaskDone { .. } | Self::OtherDay { .. } | Self::OtherWorker => {
                Some("daily tasks (照单履职): ticked off once, on the day of the list, by whose day it is")
            }
            Self::TooManyTasks { .. } => Some("a list that nobody can work off helps nobody"),
            Self::EndTooFar { .. } => {
                Some("care lists (关爱名单): each entry has an end, within the longest time of its purpose")
            }
            Self::ConsentMissing => Some("中华人民共和国个人信息保护法第二十九条、第三十一条"),
        }
    }
}
