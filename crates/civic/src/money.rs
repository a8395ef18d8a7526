//! Amounts of money in fen, never in floating point.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Renminbi in fen (a hundredth of a yuan). Arithmetic is checked: an overflow is an answer, not a wrapped amount.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many fen.
    #[must_use]
    pub const fn from_fen(fen: i64) -> Self {
        Self(fen)
    }

    /// So many whole yuan; `None` when that is more than there can be.
    #[must_use]
    pub const fn from_yuan(yuan: i64) -> Option<Self> {
        match yuan.checked_mul(100) {
            Some(fen) => Some(Self(fen)),
            None => None,
        }
    }

    /// The amount in fen.
    #[must_use]
    pub const fn fen(self) -> i64 {
        self.0
    }

    /// The sum, unless it overflows.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it overflows.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// So many times the amount, unless it overflows.
    #[must_use]
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        self.0.checked_mul(times).map(Self)
    }

    /// Per cent of the amount, rounded down towards zero: a charge computed from an amount never exceeds the exact one.
    #[must_use]
    pub fn percent(self, percent: u32) -> Option<Self> {
        let exact = i128::from(self.0) * i128::from(percent) / 100;
        i64::try_from(exact).ok().map(Self)
    }

    /// The sum of all, unless it overflows.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

/// Yuan with two decimals: `12.34`, `-0.05`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fen = self.0.unsigned_abs();
        f.pad_integral(self.0 >= 0, "", &format!("{}.{:02}", fen / 100, fen % 100))
    }
}

/// Why a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("an amount is written like 12 or 12.34")]
    Shape,
    #[error("the amount is too large")]
    Overflow,
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (yuan, fen) = match digits.split_once('.') {
            Some((yuan, fen)) if fen.len() == 2 => (yuan, fen),
            Some(_) => return Err(MoneyError::Shape),
            None => (digits, "00"),
        };
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(yuan) || !all_digits(fen) {
            return Err(MoneyError::Shape);
        }
        let magnitude: i128 = format!("{yuan}{fen}").parse().map_err(|_| MoneyError::Overflow)?;
        let signed = if negative { -magnitude } else { magnitude };
        i64::try_from(signed).map(Self).map_err(|_| MoneyError::Overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_written_in_yuan_with_two_decimals() {
        let written = |fen| Money::from_fen(fen).to_string();
        assert_eq!([written(1_234), written(-5), written(0), written(7)], ["12.34", "-0.05", "0.00", "0.07"]);
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-", ".50", "1.", "1.5", "1.234", "1,000.00", "１２", "1e3", "+1", "--1", "1.-5"] {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::Shape), "{text}");
        }
        assert_eq!("92233720368547758.08".parse::<Money>(), Err(MoneyError::Overflow));
    }

    #[test]
    fn overflow_is_an_answer() {
        let most = Money::from_fen(i64::MAX);
        assert_eq!(most.checked_add(Money::from_fen(1)), None);
        assert_eq!(Money::from_fen(i64::MIN).checked_sub(Money::from_fen(1)), None);
        assert_eq!(most.checked_mul(2), None);
        assert_eq!(most.percent(101), None);
        assert_eq!(Money::from_fen(150).percent(3), Some(Money::from_fen(4)));
        assert_eq!(Money::from_yuan(i64::MAX), None);
        assert_eq!(Money::sum([most, Money::from_fen(1)]), None);
    }

    proptest! {
        #[test]
        fn every_amount_reads_back(fen: i64) {
            let money = Money::from_fen(fen);
            prop_assert_eq!(money.to_string().parse::<Money>(), Ok(money));
        }
    }
}
