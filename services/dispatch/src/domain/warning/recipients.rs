//! Whom a warning goes down to.

use std::collections::BTreeSet;

use civic::{CaseId, DivisionCode, Tier, UnitCode, View};
use serde::{Deserialize, Serialize};

/// The levels that must answer, in the order in which they are called.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    District,
    Town,
    Village,
    /// Households and enterprises: one answer for a village, given by its grid workers, who go from door to door.
    Household,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::District, Self::Town, Self::Village, Self::Household];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::Town => "town",
            Self::Village => "village",
            Self::Household => "household",
        }
    }

    /// `None` for what a warning cannot name: the city is above every level, a grid is a part of its village.
    #[must_use]
    pub const fn of(tier: Tier) -> Option<Self> {
        match tier {
            Tier::District => Some(Self::District),
            Tier::Town => Some(Self::Town),
            Tier::Village => Some(Self::Village),
            Tier::City | Tier::Grid => None,
        }
    }
}

/// One place that must answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient {
    pub level: Level,
    pub code: DivisionCode,
}

/// What stands behind a village's code in the name of its households.
const HOUSEHOLDS: &str = "-households";

impl Recipient {
    /// As its name ends: `500151001`, `500151001001-households`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.level {
            Level::Household => format!("{}{HOUSEHOLDS}", self.code),
            Level::District | Level::Town | Level::Village => self.code.to_string(),
        }
    }

    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (code, households) = match name.strip_suffix(HOUSEHOLDS) {
            Some(code) => (code, true),
            None => (name, false),
        };
        let code: DivisionCode = code.parse().ok()?;
        let level = Level::of(code.tier())?;
        match (households, level) {
            (false, level) => Some(Self { level, code }),
            (true, Level::Village) => Some(Self { level: Level::Household, code }),
            (true, Level::District | Level::Town | Level::Household) => None,
        }
    }

    /// Who is called: the place's own desk, for households the village's grid team.
    #[must_use]
    pub fn unit(&self) -> UnitCode {
        match self.level {
            Level::Household => {
                format!("{}-wangge", self.code).parse().expect("a village's code with a slug is a unit's")
            }
            Level::District | Level::Town | Level::Village => UnitCode::desk(&self.code),
        }
    }

    /// Who is told when the place stays silent: the desk of the level above, for households the village's.
    #[must_use]
    pub fn above(&self, view: &View) -> UnitCode {
        if self.level == Level::Household {
            return UnitCode::desk(&self.code);
        }
        let parent = view.ancestors(&self.code).find(|division| division.code != self.code);
        UnitCode::desk(parent.map_or(&self.code, |parent| &parent.code))
    }

    /// Of its warning, so that opening a page twice opens nothing twice and a name leads to its row: the instant of the warning, then
    /// level and code, which lists are in the order of, and two bytes that tell warnings of one instant apart.
    #[must_use]
    pub fn id(&self, warning: CaseId) -> CaseId {
        let parent = warning.as_bytes();
        let mut bytes = *parent;
        bytes[8] = 0x80 | Level::ALL.iter().position(|level| *level == self.level).map_or(0, |at| at as u8 + 1);
        // Twelve digits fit five bytes.
        let number: u64 = self.code.as_str().parse().unwrap_or(u64::MAX);
        bytes[9..14].copy_from_slice(&number.to_be_bytes()[3..]);
        CaseId::from_bytes(bytes)
    }
}

/// Every place between the sender's and those named, and everything below them, in the order of level and code.
#[must_use]
pub fn recipients(view: &View, issuer: &DivisionCode, places: &[DivisionCode]) -> Vec<Recipient> {
    let mut found = BTreeSet::new();
    for place in places {
        for between in view.ancestors(place).take_while(|division| division.code != *issuer) {
            add(&mut found, &between.code, between.tier);
        }
        below(view, place, &mut found);
    }
    found.into_iter().collect()
}

fn below(view: &View, place: &DivisionCode, found: &mut BTreeSet<Recipient>) {
    for child in view.children(place) {
        if add(found, &child.code, child.tier) {
            below(view, &child.code, found);
        }
    }
}

/// Whether there is a level for it.
fn add(found: &mut BTreeSet<Recipient>, code: &DivisionCode, tier: Tier) -> bool {
    let Some(level) = Level::of(tier) else { return false };
    if level == Level::Village {
        found.insert(Recipient { level: Level::Household, code: code.clone() });
    }
    found.insert(Recipient { level, code: code.clone() });
    true
}
