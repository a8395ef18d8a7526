//! The number a citizen gets with a report, made to be read aloud over a telephone.
//!
//! Seventeen digits: fourteen count time in steps of ten microseconds since 2020-01-01 (China), two are the *lane*, the last is a check digit.
//! The number orders by time until 2051-09, when the count begins again at zero. It holds nothing about the person or the matter.
//!
//! **Unique per cluster** because of two things: a [`TrackingSequence`] never gives a step twice, whatever the clock does, and each replica
//! that hands out numbers has a lane of its own (0 to 99: the number of its lease). [`TrackingNumber::new`] draws its lane by chance instead; that
//! is enough for tests and for a desk with a few reports a second, and the store's unique index decides in any case.
//!
//! The check digit is H. Michael Damm's ("Total anti-symmetrische Quasigruppen", Marburg 2004, the table of order 10): it shows every single
//! wrong digit and every swap of two neighbours, which are the mistakes people make when they read and type.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

use crate::{Micros, Rng};

const LENGTH: usize = 17;
const STEP_MICROS: i64 = 10;
/// Fourteen digits of steps: 31.7 years.
const STEPS: i64 = 100_000_000_000_000;
const LANES: u8 = 100;
/// 2020-01-01T00:00:00+08:00.
const BEGINNING: i64 = 1_577_808_000_000_000;
/// Four groups of four, the last of five: how it is printed and read.
const GROUPS: [usize; 4] = [4, 4, 4, 5];

const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// A tracking number: seventeen digits, the last a check digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrackingNumber(String);

/// Why a text is no tracking number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrackingNumberError {
    #[error("a tracking number consists of digits")]
    Character,
    #[error("a tracking number has 17 digits, not {0}")]
    Length(usize),
    #[error("the check digit does not fit: a digit is wrong or two are swapped")]
    CheckDigit,
}

impl TrackingNumber {
    /// A number for this instant with a lane drawn by chance. Where reports come fast use a [`TrackingSequence`].
    #[must_use]
    pub fn new(now: Micros, rng: &dyn Rng) -> Self {
        let lane = u8::try_from(rng.below(u64::from(LANES))).expect("below 100");
        Self::of(step_at(now), lane)
    }

    /// Reads a number as people write it: with spaces, dashes or full-width digits.
    ///
    /// # Errors
    /// [`TrackingNumberError`]; a failing check digit has its own, so that the caller can ask to look again.
    pub fn parse(text: &str) -> Result<Self, TrackingNumberError> {
        let mut digits = String::with_capacity(LENGTH);
        let mut count = 0;
        for character in text.chars() {
            let digit = match character {
                '0'..='9' => character,
                '０'..='９' => char::from_digit(u32::from(character) - u32::from('０'), 10).unwrap_or('0'),
                _ if character.is_whitespace() || matches!(character, '-' | '－' | '–' | '—') => {
                    continue;
                }
                _ => return Err(TrackingNumberError::Character),
            };
            count += 1;
            if count <= LENGTH {
                digits.push(digit);
            }
        }
        if count != LENGTH {
            return Err(TrackingNumberError::Length(count));
        }
        if damm(&digits) == 0 { Ok(Self(digits)) } else { Err(TrackingNumberError::CheckDigit) }
    }

    /// The seventeen digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In groups, for a screen, a message, a voice: `2174 0812 3456 78905`.
    #[must_use]
    pub fn spoken(&self) -> String {
        let mut rest = self.0.as_str();
        let mut groups = Vec::with_capacity(GROUPS.len());
        for length in GROUPS {
            let (group, behind) = rest.split_at(length);
            groups.push(group);
            rest = behind;
        }
        groups.join(" ")
    }

    fn of(step: i64, lane: u8) -> Self {
        let payload = format!("{:014}{:02}", step.rem_euclid(STEPS), lane % LANES);
        let check = damm(&payload);
        Self(format!("{payload}{check}"))
    }
}

fn step_at(now: Micros) -> i64 {
    (now - Micros(BEGINNING)).div_euclid(STEP_MICROS)
}

/// The interim digit after all digits of an ASCII text: the check digit of a payload, 0 for a whole valid number.
fn damm(digits: &str) -> u8 {
    digits.bytes().fold(0, |interim, digit| DAMM[usize::from(interim)][usize::from(digit - b'0')])
}

impl FromStr for TrackingNumber {
    type Err = TrackingNumberError;
    fn from_str(text: &str) -> Result<Self, TrackingNumberError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TrackingNumber {
    type Error = TrackingNumberError;
    fn try_from(text: String) -> Result<Self, TrackingNumberError> {
        Self::parse(&text)
    }
}

impl From<TrackingNumber> for String {
    fn from(number: TrackingNumber) -> Self {
        number.0
    }
}

impl fmt::Display for TrackingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Hands out numbers that never repeat and always rise, also when several are asked for at once or the clock is set back.
#[derive(Debug)]
pub struct TrackingSequence {
    lane: u8,
    last: AtomicI64,
}

impl TrackingSequence {
    /// A sequence in its lane; no two replicas of a cluster may share one. The lane counts modulo 100.
    #[must_use]
    pub const fn new(lane: u8) -> Self {
        Self { lane: lane % LANES, last: AtomicI64::new(i64::MIN) }
    }

    /// The next number: of this instant, or the step after the last one given when that is later.
    #[must_use]
    pub fn next(&self, now: Micros) -> TrackingNumber {
        let wanted = step_at(now);
        let after = |last: i64| Some(wanted.max(last.saturating_add(1)));
        let last = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, after).unwrap_or_else(|last| last);
        TrackingNumber::of(wanted.max(last.saturating_add(1)), self.lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRng;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const NOW: Micros = Micros(1_795_000_000_000_000);

    #[test]
    fn the_published_example_of_the_check_digit_holds() {
        assert_eq!((damm("572"), damm("5724")), (4, 0));
    }

    #[test]
    fn a_number_is_read_as_it_is_spoken() {
        let number = TrackingNumber::new(NOW, &SeededRng::new(1));
        assert_eq!(number.as_str().len(), LENGTH);
        assert_eq!(TrackingNumber::parse(&number.spoken()), Ok(number.clone()));
        assert_eq!(TrackingNumber::parse(&number.spoken().replace(' ', "-")), Ok(number.clone()));
        let full_width: String =
            number.as_str().bytes().map(|b| char::from_u32(u32::from('０') + u32::from(b - b'0')).unwrap()).collect();
        assert_eq!(TrackingNumber::parse(&full_width), Ok(number));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(TrackingNumber::parse(""), Err(TrackingNumberError::Length(0)));
        assert_eq!(TrackingNumber::parse("1234567890123456a"), Err(TrackingNumberError::Character));
        assert_eq!(TrackingNumber::parse(&"0".repeat(1_000_000)), Err(TrackingNumberError::Length(1_000_000)));
    }

    #[test]
    fn a_sequence_rises_and_never_repeats_under_threads_and_a_clock_set_back() {
        let sequence = TrackingSequence::new(7);
        let batches: Vec<Vec<TrackingNumber>> = std::thread::scope(|scope| {
            let draw = |back: i64| (0..5_000).map(|i| sequence.next(NOW - back * i)).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|back| scope.spawn(move || draw(back))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(batches.iter().all(|batch| batch.windows(2).all(|w| w[0] < w[1])));
        let distinct: HashSet<&TrackingNumber> = batches.iter().flatten().collect();
        assert_eq!(distinct.len(), 20_000);
    }

    #[test]
    fn instants_before_the_beginning_still_give_valid_numbers() {
        for now in [Micros(0), Micros(i64::MIN), Micros::MAX] {
            let number = TrackingNumber::new(now, &SeededRng::new(3));
            assert_eq!(TrackingNumber::parse(number.as_str()), Ok(number));
        }
    }

    proptest! {
        #[test]
        fn every_wrong_digit_and_every_swap_is_noticed(at in 0_i64..900_000_000_000_000, place in 0..LENGTH, digit in 0_u8..10) {
            let number = TrackingNumber::new(Micros(BEGINNING + at), &SeededRng::new(at.unsigned_abs()));
            let mut wrong = number.as_str().as_bytes().to_vec();
            wrong[place] = b'0' + digit;
            let mut swapped = number.as_str().as_bytes().to_vec();
            swapped.swap(place, (place + 1) % LENGTH);
            for bytes in [wrong, swapped] {
                let text = String::from_utf8(bytes).unwrap();
                let neighbours = place + 1 < LENGTH;
                if text != number.as_str() && neighbours {
                    prop_assert_eq!(TrackingNumber::parse(&text), Err(TrackingNumberError::CheckDigit));
                }
            }
        }

        #[test]
        fn later_reports_have_larger_numbers(at in 0_i64..900_000_000_000_000, gap in 10_i64..1_000_000_000) {
            let rng = SeededRng::new(at.unsigned_abs());
            prop_assert!(TrackingNumber::new(Micros(BEGINNING + at), &rng) < TrackingNumber::new(Micros(BEGINNING + at + gap), &rng));
        }
    }
}
