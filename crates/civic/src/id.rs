//! Ids of cases: UUID version 7 (RFC 9562) inside, 26 characters of Crockford's base 32 outside.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};

use crate::{Micros, Rng};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;

/// The id of a case. Orders by the time it was made: 48 bits of milliseconds, then 12 bits for the fraction of the millisecond
/// (RFC 9562 section 6.2, method 3), then 62 random bits. It says nothing about anybody.
///
/// Written as a string where a format is for people (JSON), as sixteen bytes where it is not.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId([u8; 16]);

impl CaseId {
    /// A fresh id. An instant before 1970 counts as 1970.
    #[must_use]
    pub fn new(now: Micros, rng: &dyn Rng) -> Self {
        let micros = now.0.max(0).unsigned_abs();
        let millis = micros / 1_000;
        let fraction = micros % 1_000 * 4_096 / 1_000;
        let random = rng.u64();
        let high = (millis << 16) | 0x7000 | fraction;
        let low = (random >> 2) | 0x8000_0000_0000_0000;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        Self(bytes)
    }

    /// The id with exactly these bytes: from a database row or a message.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes, in the order in which ids sort.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// When it was made: milliseconds since the Unix epoch.
    #[must_use]
    pub fn millis(&self) -> i64 {
        self.0[..6].iter().fold(0, |millis, byte| (millis << 8) | i64::from(*byte))
    }

    /// The partition of the event log this case belongs to, in `0..partitions`: FNV-1a over the bytes, then modulo. Fixed for ever,
    /// because positions already given out depend on it. Zero partitions count as one.
    #[must_use]
    pub fn partition(&self, partitions: u16) -> u16 {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let hash = self.0.iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
        u16::try_from(hash % u64::from(partitions.max(1))).expect("a remainder of a u16 fits one")
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = u128::from_be_bytes(self.0);
        let mut text = [0; LENGTH];
        for (place, character) in text.iter_mut().enumerate() {
            let shift = 5 * (LENGTH - 1 - place);
            *character = ALPHABET[usize::try_from((value >> shift) & 31).expect("five bits")];
        }
        f.pad(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaseId({self})")
    }
}

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseIdError {
    #[error("an id has 26 characters, not {0}")]
    Length(usize),
    #[error("an id consists of digits and lowercase letters without i, l, o and u")]
    Character,
    #[error("an id begins with 0 to 7")]
    Overflow,
}

/// Only the one spelling that [`fmt::Display`] gives: an id that could be written in two ways would be two keys somewhere.
impl FromStr for CaseId {
    type Err = CaseIdError;

    fn from_str(text: &str) -> Result<Self, CaseIdError> {
        if text.len() != LENGTH {
            return Err(CaseIdError::Length(text.chars().count()));
        }
        if text.as_bytes()[0] > b'7' {
            return Err(CaseIdError::Overflow);
        }
        let mut value: u128 = 0;
        for byte in text.bytes() {
            let digit = ALPHABET.iter().position(|letter| *letter == byte).ok_or(CaseIdError::Character)?;
            value = (value << 5) | u128::try_from(digit).expect("below 32");
        }
        Ok(Self(value.to_be_bytes()))
    }
}

impl Serialize for CaseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for CaseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
        } else {
            <[u8; 16]>::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRng;

    #[test]
    fn an_id_is_a_version_seven_uuid_that_remembers_its_millisecond() {
        let id = CaseId::new(Micros(1_764_000_000_123_999), &SeededRng::new(1));
        assert_eq!(id.millis(), 1_764_000_000_123);
        assert_eq!(id.as_bytes()[6] >> 4, 7);
        assert_eq!(id.as_bytes()[8] >> 6, 0b10);
    }

    #[test]
    fn ids_sort_by_microsecond_as_bytes_and_as_text() {
        let rng = SeededRng::new(2);
        let ids: Vec<CaseId> = (0..2_000).map(|i| CaseId::new(Micros(1_764_000_000_000_000 + i), &rng)).collect();
        assert!(ids.windows(2).all(|w| w[0] < w[1] && w[0].to_string() < w[1].to_string()));
    }

    #[test]
    fn the_partition_of_an_id_never_changes() {
        let id = CaseId::from_bytes(*b"0123456789abcdef");
        assert_eq!((id.partition(64), id.partition(1), id.partition(0)), (61, 0, 0));
        assert!((0..500).all(|i| CaseId::new(Micros(i), &SeededRng::new(3)).partition(64) < 64));
    }

    #[test]
    fn only_the_one_spelling_is_read() {
        let id = CaseId::new(Micros(1_764_000_000_000_000), &SeededRng::new(4));
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_uppercase().parse::<CaseId>(), Err(CaseIdError::Character));
        assert_eq!("8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<CaseId>(), Err(CaseIdError::Overflow));
        assert_eq!("7zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<CaseId>().map(|i| *i.as_bytes()), Ok([255; 16]));
        assert_eq!("".parse::<CaseId>(), Err(CaseIdError::Length(0)));
        assert!("爱爱爱爱爱爱爱爱爱a".parse::<CaseId>().is_err());
    }
}
