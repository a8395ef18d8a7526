//! The code of a place and the tier its length stands for.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

const LONGEST: usize = 15;

/// The five tiers of places.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// 市
    City,
    /// 区县, and development zones
    District,
    /// 镇街
    Town,
    /// 村社区
    Village,
    /// 网格
    Grid,
}

impl Tier {
    /// From the city down.
    pub const ALL: [Self; 5] = [Self::City, Self::District, Self::Town, Self::Village, Self::Grid];

    /// `city`, `district`, `town`, `village`, `grid`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::District => "district",
            Self::Town => "town",
            Self::Village => "village",
            Self::Grid => "grid",
        }
    }

    /// The next tier towards the city.
    #[must_use]
    pub const fn above(self) -> Option<Self> {
        match self {
            Self::City => None,
            Self::District => Some(Self::City),
            Self::Town => Some(Self::District),
            Self::Village => Some(Self::Town),
            Self::Grid => Some(Self::Village),
        }
    }

    /// Digits in a code of this tier.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Self::City => 2,
            Self::District => 6,
            Self::Town => 9,
            Self::Village => 12,
            Self::Grid => LONGEST,
        }
    }

    fn of_digits(digits: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.digits() == digits)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a text is no code of a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DivisionCodeError {
    #[error("the code of a place has 2, 6, 9, 12 or 15 digits")]
    Length,
    #[error("the code of a place consists of digits")]
    Digit,
}

/// The code of a place: 2 (city), 6 (district), 9 (town), 12 (village) or 15 (grid) digits. A local code (development zones) has the same shape; that it
/// is local stands in the tree. Kept inline, so a clone copies sixteen bytes and allocates nothing. Orders as text does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode {
    // ASCII digits, then zeros: comparing the array compares the text.
    digits: [u8; LONGEST],
    tier: Tier,
}

impl DivisionCode {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.tier.digits()]).expect("only ASCII digits are stored")
    }

    /// The tier, by the number of digits.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        self.tier
    }

    /// The code without its last part. The parent in the national list where nothing else is said, and no more than that: ask the tree.
    pub(super) fn listed_parent(&self) -> Option<Self> {
        let above = self.tier.above()?;
        let text = self.as_str().get(..above.digits())?;
        text.parse().ok()
    }
}

impl FromStr for DivisionCode {
    type Err = DivisionCodeError;

    fn from_str(text: &str) -> Result<Self, DivisionCodeError> {
        let bytes = text.as_bytes();
        if !bytes.iter().all(u8::is_ascii_digit) {
            return Err(DivisionCodeError::Digit);
        }
        let tier = Tier::of_digits(bytes.len()).ok_or(DivisionCodeError::Length)?;
        let mut digits = [0; LONGEST];
        digits[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { digits, tier })
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DivisionCode({})", self.as_str())
    }
}

impl Serialize for DivisionCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DivisionCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = DivisionCode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the code of a place")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DivisionCode, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_digits_is_the_tier() {
        for tier in Tier::ALL {
            let code: DivisionCode = "500151001002003"[..tier.digits()].parse().unwrap();
            assert_eq!((code.tier(), code.as_str().len()), (tier, tier.digits()));
            assert_eq!(code.listed_parent().map(|parent| parent.tier()), tier.above());
        }
    }

    #[test]
    fn codes_order_as_text_does() {
        let mut codes =
            ["500151", "50", "500151001", "500112", "500151001002"].map(|text| text.parse::<DivisionCode>().unwrap());
        codes.sort();
        assert_eq!(codes.each_ref().map(DivisionCode::as_str), ["50", "500112", "500151", "500151001", "500151001002"]);
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "5", "5001", "5001510010020031"] {
            assert_eq!(text.parse::<DivisionCode>(), Err(DivisionCodeError::Length), "{text}");
        }
        for text in ["50015x", "铜梁", " 50"] {
            assert_eq!(text.parse::<DivisionCode>(), Err(DivisionCodeError::Digit), "{text}");
        }
        assert!(serde_json::from_str::<DivisionCode>("\"5001\"").is_err());
    }

    #[test]
    fn a_code_is_stored_as_its_text() {
        let code: DivisionCode = "500151001".parse().unwrap();
        let packed = postcard::to_stdvec(&code).unwrap();
        assert_eq!(packed.len(), 10);
        assert_eq!(postcard::from_bytes::<DivisionCode>(&packed).unwrap(), code);
    }
}
