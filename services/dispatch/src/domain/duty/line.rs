//! What a line of the duty list says, as a proposal carries it.

use civic::Tier;
use proto::dispatch::v1::stored;
use serde::{Deserialize, Serialize};

use crate::domain::urgency::Urgency;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub category: String,
    /// Of the list.
    pub tier: Tier,
    /// `<tier>/<slug>`.
    pub unit: String,
    pub co_handling: Vec<String>,
    pub urgency: Urgency,
    pub reply_approval: bool,
    pub law: String,
    pub article: String,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    Enter,
    Adjust,
    Retire,
}

impl Change {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Adjust => "adjust",
            Self::Retire => "retire",
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::Enter, Self::Adjust, Self::Retire].into_iter().find(|change| change.as_str() == text)
    }
}

impl Line {
    pub(super) fn store(&self) -> stored::StoredDuty {
        stored::StoredDuty {
            category: self.category.clone(),
            tier: self.tier.as_str().to_owned(),
            unit: self.unit.clone(),
            co_handling: self.co_handling.clone(),
            urgency: self.urgency.as_str().to_owned(),
            reply_approval: self.reply_approval,
            law: self.law.clone(),
            article: self.article.clone(),
        }
    }

    pub(super) fn read(stored: &stored::StoredDuty) -> Option<Self> {
        Some(Self {
            category: stored.category.clone(),
            tier: Tier::ALL.into_iter().find(|tier| tier.as_str() == stored.tier)?,
            unit: stored.unit.clone(),
            co_handling: stored.co_handling.clone(),
            urgency: stored.urgency.parse().ok()?,
            reply_approval: stored.reply_approval,
            law: stored.law.clone(),
            article: stored.article.clone(),
        })
    }
}
