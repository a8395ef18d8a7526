//! How pressing a matter is (紧急程度): limits hang on it. The word "red" is kept for lamps.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Level one is an emergency, level four the ordinary matter.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Urgency {
    LevelOne,
    LevelTwo,
    LevelThree,
    LevelFour,
}

impl Urgency {
    /// All four, the most pressing first.
    pub const ALL: [Self; 4] = [Self::LevelOne, Self::LevelTwo, Self::LevelThree, Self::LevelFour];

    /// Number of the contract's enum, 1..4.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::LevelOne => 1,
            Self::LevelTwo => 2,
            Self::LevelThree => 3,
            Self::LevelFour => 4,
        }
    }

    /// The level of such a number; `None` for 0 (not said) and for numbers there are not.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }

    /// Place in a table by urgency.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::LevelOne => 0,
            Self::LevelTwo => 1,
            Self::LevelThree => 2,
            Self::LevelFour => 3,
        }
    }

    /// The contract's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LevelOne => "LEVEL_ONE",
            Self::LevelTwo => "LEVEL_TWO",
            Self::LevelThree => "LEVEL_THREE",
            Self::LevelFour => "LEVEL_FOUR",
        }
    }
}

/// The text is none of the four levels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an urgency: LEVEL_ONE to LEVEL_FOUR")]
pub struct UnknownUrgency;

impl FromStr for Urgency {
    type Err = UnknownUrgency;
    fn from_str(text: &str) -> Result<Self, UnknownUrgency> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or(UnknownUrgency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_reads_back_from_number_and_word() {
        for level in Urgency::ALL {
            assert_eq!(Urgency::from_number(level.number()), Some(level));
            assert_eq!(level.as_str().parse(), Ok(level));
            assert_eq!(Urgency::ALL[level.index()], level);
        }
        assert_eq!((Urgency::from_number(0), Urgency::from_number(5)), (None, None));
    }
}
