//! Where a case lies, as the case stores it.

use serde::{Deserialize, Serialize};

use super::{DivisionCode, Tier};

/// The code a case was opened for, with what it lay in by the tree of that day: the columns lists are filtered by. The code never changes; its name and
/// parents are shown by today's tree.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Place {
    pub code: DivisionCode,
    pub district: Option<DivisionCode>,
    pub town: Option<DivisionCode>,
    pub village: Option<DivisionCode>,
    pub grid: Option<DivisionCode>,
}

impl Place {
    /// The lowest tier that is known.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        self.code.tier()
    }

    /// What it lies in at a tier, or itself; `None` below its own tier, and for the city, which is no column of its own.
    #[must_use]
    pub const fn at(&self, tier: Tier) -> Option<&DivisionCode> {
        match tier {
            Tier::City => None,
            Tier::District => self.district.as_ref(),
            Tier::Town => self.town.as_ref(),
            Tier::Village => self.village.as_ref(),
            Tier::Grid => self.grid.as_ref(),
        }
    }

    /// The place is `ancestor` or lay in it when the case was opened.
    #[must_use]
    pub fn lies_in(&self, ancestor: &DivisionCode) -> bool {
        // The city is no column: every code of its own, local ones included, begins with its two digits.
        let city = ancestor.tier() == Tier::City && self.code.as_str().starts_with(ancestor.as_str());
        city || self.code == *ancestor || self.at(ancestor.tier()) == Some(ancestor)
    }
}
