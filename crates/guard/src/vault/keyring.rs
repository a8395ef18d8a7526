//! The keys that wrap subjects' keys.

use super::cipher::Cipher;
use casebook::{Hasher, KEY_BYTES, Suite, WrappingKey};
use civic::Rng;
use std::collections::BTreeMap;

/// Hexadecimal digits of a key.
const DIGITS: usize = KEY_BYTES * 2;

/// Why a text is no ring of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    #[error("line {line} is no key: a line is a number and 64 hexadecimal digits")]
    Line { line: usize },
    #[error("key {number} stands there twice")]
    Twice { number: u32 },
    #[error("there is no key in it")]
    Empty,
    #[error("key {} is there, and no greater number: take it out when no process counts old keys", u32::MAX)]
    Last,
}

/// Keys by number; the greatest is wrapped with, the others only unwrap.
pub struct KeyRing {
    keys: BTreeMap<u32, Held>,
}

pub(super) struct Held {
    pub(super) cipher: Cipher,
    check: String,
}

impl KeyRing {
    /// Key 1, derived from the cluster's secret: for a cluster that was given no keys of the vault's own.
    #[must_use]
    pub fn derived(suite: Suite, secret: &[u8; KEY_BYTES]) -> Self {
        let first = Hasher::new(suite, secret).hash(&[b"jiewang vault 1"]);
        Self { keys: BTreeMap::from([(1, Held::new(suite, &first))]) }
    }

    /// A key a line, its number before it; `#` begins a remark.
    ///
    /// # Errors
    /// What is wrong, and in which line. Never what stands there.
    pub fn parse(suite: Suite, text: &str) -> Result<Self, RingError> {
        let mut keys = BTreeMap::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.split('#').next().unwrap_or_default().trim();
            if text.is_empty() {
                continue;
            }
            let (number, secret) = key_of(text).ok_or(RingError::Line { line })?;
            if keys.insert(number, Held::new(suite, &secret)).is_some() {
                return Err(RingError::Twice { number });
            }
        }
        if keys.is_empty() { Err(RingError::Empty) } else { Ok(Self { keys }) }
    }

    /// Also with the keys of another ring whose numbers are not in this one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (number, held) in other.keys {
            self.keys.entry(number).or_insert(held);
        }
        self
    }

    pub(super) fn get(&self, number: u32) -> Option<&Held> {
        self.keys.get(&number)
    }

    /// Number and key that is wrapped with.
    pub(super) fn in_use(&self) -> (u32, &Held) {
        let (number, held) = self.keys.last_key_value().expect("a ring has a key");
        (*number, held)
    }

    /// By number.
    #[must_use]
    pub fn wrapping_keys(&self) -> Vec<WrappingKey> {
        self.keys.iter().map(|(number, held)| WrappingKey { number: *number, check: held.check.clone() }).collect()
    }
}

impl Held {
    fn new(suite: Suite, secret: &[u8; KEY_BYTES]) -> Self {
        let check = Hasher::new(suite, secret).hash(&[b"jiewang vault check 1"]);
        let check = check[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { cipher: Cipher::new(suite, secret), check }
    }
}

fn key_of(text: &str) -> Option<(u32, [u8; KEY_BYTES])> {
    let mut words = text.split_whitespace();
    let (number, digits) = (words.next()?, words.next()?);
    if words.next().is_some() || digits.len() != DIGITS || !digits.is_ascii() {
        return None;
    }
    let mut secret = [0; KEY_BYTES];
    for (byte, pair) in secret.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some((number.parse().ok().filter(|number| *number > 0)?, secret))
}

/// A new key as a line of a ring, one number after the greatest that is there; 1 in a new one.
///
/// # Errors
/// There is no number after the greatest.
pub fn fresh_line(ring: Option<&KeyRing>, rng: &dyn Rng) -> Result<String, RingError> {
    let number = ring.map_or(0, |ring| ring.in_use().0).checked_add(1).ok_or(RingError::Last)?;
    let mut secret = [0; KEY_BYTES];
    rng.fill(&mut secret);
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{number} {digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use civic::SeededRng;

    #[test]
    fn a_ring_is_read_and_the_greatest_number_is_in_use() {
        let first = "0a".repeat(32);
        let text = format!("# of the vault\n 2 {}  # since May\n\n1 {first}\n", "0B".repeat(32));
        let ring = KeyRing::parse(Suite::Aes, &text).unwrap();
        assert_eq!(ring.in_use().0, 2);
        let numbers: Vec<u32> = ring.wrapping_keys().iter().map(|key| key.number).collect();
        assert_eq!(numbers, [1, 2]);
        let line = fresh_line(Some(&ring), &SeededRng::new(1)).unwrap();
        let longer = KeyRing::parse(Suite::Aes, &format!("{text}{line}\n")).unwrap();
        assert_eq!(longer.in_use().0, 3);
        assert_eq!(longer.wrapping_keys()[..2], ring.wrapping_keys()[..]);
    }

    #[test]
    fn behind_the_last_number_there_is_no_new_key() {
        let ring = KeyRing::parse(Suite::Aes, &format!("{} {}", u32::MAX, "0a".repeat(32))).unwrap();
        assert_eq!(fresh_line(Some(&ring), &SeededRng::new(1)), Err(RingError::Last));
    }

    #[test]
    fn a_text_that_is_no_ring_is_refused_by_its_line_and_nothing_of_it_is_told() {
        let key = "0a".repeat(32);
        let wrong = [
            (String::new(), RingError::Empty),
            ("# nothing\n".to_owned(), RingError::Empty),
            (format!("1 {key}\n2 {}\n", &key[1..]), RingError::Line { line: 2 }),
            (format!("0 {key}"), RingError::Line { line: 1 }),
            (format!("1 {key} more"), RingError::Line { line: 1 }),
            (key.clone(), RingError::Line { line: 1 }),
            (format!("1 {}", "é".repeat(32)), RingError::Line { line: 1 }),
            (format!("7 {key}\n7 {key}"), RingError::Twice { number: 7 }),
        ];
        for (text, expected) in wrong {
            let error = KeyRing::parse(Suite::Aes, &text).err().unwrap();
            assert!(!error.to_string().contains("0a0a"), "{error}");
            assert_eq!(error, expected, "{text}");
        }
    }
}
