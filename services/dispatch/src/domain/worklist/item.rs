//! One line of a list, and where it comes from.

use civic::{CaseId, Micros, Private};
use proto::dispatch::v1::stored;
use serde::{Deserialize, Serialize};

use super::Evidence;
use crate::domain::day::Day;

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub number: u32,
    pub source: Source,
    /// Of an assigned one.
    pub text: Option<Private<String>>,
    /// First day it stands on a list.
    pub since: Day,
    pub done: Option<Ticked>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    pub at: Micros,
    pub evidence: Evidence,
}

/// Why it is done. The same source comes again after its interval.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// A rule about the grid, by its code.
    Rule(String),
    /// A visit to somebody on a care list, by the rule's code.
    Care(String, CaseId),
    /// Somebody assigned it.
    Assigned,
}

/// Something that a post does each so many days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub source: Source,
    pub every: i32,
}

impl Source {
    pub(super) fn store(&self, number: u32) -> stored::StoredTask {
        let (rule, care_entry) = match self {
            Self::Rule(rule) => (rule.clone(), String::new()),
            Self::Care(rule, entry) => (rule.clone(), entry.to_string()),
            Self::Assigned => (String::new(), String::new()),
        };
        stored::StoredTask { number, rule, care_entry }
    }

    /// `None` when the stored task cannot be: assigned ones have an event of their own.
    pub(super) fn read(task: &stored::StoredTask) -> Option<Self> {
        match (task.rule.is_empty(), task.care_entry.is_empty()) {
            (false, true) => Some(Self::Rule(task.rule.clone())),
            (false, false) => Some(Self::Care(task.rule.clone(), task.care_entry.parse().ok()?)),
            (true, _) => None,
        }
    }
}

impl Item {
    /// Days it was carried over until this one.
    #[must_use]
    pub fn carried(&self, day: Day) -> i32 {
        day.since(self.since).max(0)
    }
}
