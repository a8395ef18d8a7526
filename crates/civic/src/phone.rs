//! Telephone numbers of the mainland, brought to one spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::private::mask_phone;

/// A mainland mobile number (eleven digits) or a landline with its area code (`023` and eight digits here). Personal data: it prints
/// masked, and serialises only so that it can be sealed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

/// Why a text is no telephone number. Never quotes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    #[error("a telephone number consists of digits")]
    Character,
    #[error("not a mainland mobile number or a landline with area code")]
    Shape,
}

impl Phone {
    /// Reads a number as people write it: spaces, dashes, brackets and full-width digits; with or without `+86`, `0086` or `86`.
    ///
    /// # Errors
    /// [`PhoneError`] when it is neither a mobile number nor a landline with area code.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let mut digits = String::with_capacity(16);
        for character in text.trim().chars() {
            match character {
                '0'..='9' => digits.push(character),
                '０'..='９' => digits.push(halfwidth(character)),
                '+' | '＋' if digits.is_empty() => digits.push('+'),
                ' ' | '-' | '－' | '—' | '(' | ')' | '（' | '）' | '\u{3000}' | '.' => {}
                _ => return Err(PhoneError::Character),
            }
            if digits.len() > 20 {
                return Err(PhoneError::Shape);
            }
        }
        national(&digits).map(Self).ok_or(PhoneError::Shape)
    }

    /// The digits in the one spelling: `13800001234`, `02368881234`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four digits: what a citizen gives to look after a report.
    #[must_use]
    pub fn last4(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// `138****1234`.
    #[must_use]
    pub fn masked(&self) -> String {
        mask_phone(&self.0)
    }
}

fn halfwidth(digit: char) -> char {
    char::from_u32(u32::from(digit) - u32::from('０') + u32::from('0')).unwrap_or(digit)
}

fn national(digits: &str) -> Option<String> {
    if let Some(rest) = digits.strip_prefix("+86").or_else(|| digits.strip_prefix("0086")) {
        return from_abroad(rest);
    }
    if is_mobile(digits) || is_landline(digits) {
        return Some(digits.to_owned());
    }
    digits.strip_prefix("86").and_then(from_abroad)
}

/// After the country code the area code stands without its zero; people often write it all the same.
fn from_abroad(rest: &str) -> Option<String> {
    if is_mobile(rest) || is_landline(rest) {
        return Some(rest.to_owned());
    }
    let landline = format!("0{rest}");
    is_landline(&landline).then_some(landline)
}

fn is_mobile(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1]) && all_digits(bytes)
}

/// `010` and `02x` have three digits and eight behind them, other area codes four digits and seven or eight behind them.
fn is_landline(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    if bytes.len() < 11 || bytes[0] != b'0' || !all_digits(bytes) {
        return false;
    }
    let area = match bytes[1] {
        b'1' if bytes[2] == b'0' => 3,
        b'2' => 3,
        b'3'..=b'9' => 4,
        _ => return false,
    };
    // Subscribers' numbers do not begin with 0 or 1 (those are for services).
    let subscriber = &bytes[area..];
    let right_length = if area == 3 { subscriber.len() == 8 } else { matches!(subscriber.len(), 7 | 8) };
    right_length && subscriber[0] > b'1'
}

fn all_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

impl FromStr for Phone {
    type Err = PhoneError;
    fn from_str(text: &str) -> Result<Self, PhoneError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Phone {
    type Error = PhoneError;
    fn try_from(text: String) -> Result<Self, PhoneError> {
        Self::parse(&text)
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_number_in_every_spelling_is_one_number() {
        for text in [
            "13800001234",
            "+86 138-0000-1234",
            "0086 13800001234",
            "8613800001234",
            "１３８ ００００ １２３４",
            " 138 0000 1234 ",
        ] {
            assert_eq!(Phone::parse(text).unwrap().as_str(), "13800001234", "{text}");
        }
        for text in ["02368881234", "023-68881234", "(023) 6888 1234", "+86 23 6888 1234", "+86 023 68881234"] {
            assert_eq!(Phone::parse(text).unwrap().as_str(), "02368881234", "{text}");
        }
        assert_eq!(Phone::parse("0871-6312345").unwrap().last4(), "2345");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "12345",
            "12800001234",
            "1380000123",
            "138000012345",
            "68881234",
            "023-6888123",
            "023-08881234",
            "01168881234",
        ] {
            assert_eq!(Phone::parse(text), Err(PhoneError::Shape), "{text}");
        }
        for text in ["1380000abcd", "138+00001234", "138٠٠٠٠1234"] {
            assert_eq!(Phone::parse(text), Err(PhoneError::Character), "{text}");
        }
        assert_eq!(Phone::parse(&"1".repeat(1_000_000)), Err(PhoneError::Shape));
    }

    #[test]
    fn debug_is_masked() {
        assert_eq!(format!("{:?}", Phone::parse("13800001234").unwrap()), "Phone(138****1234)");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_reads_again(text in any::<String>()) {
            if let Ok(phone) = Phone::parse(&text) {
                prop_assert_eq!(Phone::parse(phone.as_str()), Ok(phone));
            }
        }
    }
}
