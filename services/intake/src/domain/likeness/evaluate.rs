//! How well duplicates are told from traps, on pairs that we wrote: `same metres hours category category text text`, where
//! `metres` is `-` when the village is all that is known.

use super::{LIKELY, Neighbourhood, Print, Sketch, score};
use crate::domain::classifier::stable_hash;
use civic::Micros;

/// The pairs of this release.
pub const BUILTIN: &str = include_str!("../../../tests/data/pairs.tsv");

/// Two reports and whether they tell of the same matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub same: bool,
    pub apart: Option<f32>,
    pub hours: i64,
    pub categories: [u16; 2],
    pub texts: [String; 2],
}

/// What came of all pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    pub pairs: u32,
    pub traps: u32,
    /// Duplicates that were found.
    pub found: u32,
    /// Duplicates that were not.
    pub missed: u32,
    /// Traps that were taken for duplicates.
    pub trapped: u32,
}

impl Measured {
    /// Share of what was shown that was right.
    pub fn precision(&self) -> f64 {
        f64::from(self.found) / f64::from((self.found + self.trapped).max(1))
    }

    /// Share of the duplicates that was shown.
    pub fn recall(&self) -> f64 {
        f64::from(self.found) / f64::from((self.found + self.missed).max(1))
    }
}

/// (for setting the weights, held out): by a stable hash of the first text, so that both traps of one text are on one side.
pub fn split(pairs: Vec<Pair>) -> (Vec<Pair>, Vec<Pair>) {
    pairs.into_iter().partition(|pair| (stable_hash(pair.texts[0].as_bytes()) >> 32).is_multiple_of(2))
}

/// Reads the pairs.
///
/// # Errors
/// The number of the first line that cannot be taken.
pub fn read(text: &str) -> Result<Vec<Pair>, usize> {
    let lines = text.lines().enumerate().skip(1);
    lines.map(|(index, line)| pair(line).ok_or(index + 1)).collect()
}

fn pair(line: &str) -> Option<Pair> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [same, apart, hours, one, other, a, b] = cells[..] else {
        return None;
    };
    let category = |code: &str| if code == "-" { Some(0) } else { code.parse().ok() };
    Some(Pair {
        same: same == "1",
        apart: if apart == "-" { None } else { Some(apart.parse().ok()?) },
        hours: hours.parse().ok()?,
        categories: [category(one)?, category(other)?],
        texts: [a.to_owned(), b.to_owned()],
    })
}

/// Both reports of a pair as they would be compared.
pub fn sketches(pair: &Pair, seed: u64) -> [Sketch; 2] {
    const HOUR: i64 = 3_600 * Micros::SECOND;
    const DEGREE: f32 = 111_195.0;
    let sketch = |index: usize, hours: i64, metres: Option<f32>| Sketch {
        at: Micros(hours * HOUR),
        print: Print::of(&pair.texts[index], seed),
        category: pair.categories[index],
        coordinates: metres.map(|metres| (29.5 + metres / DEGREE, 106.5)),
        place: Neighbourhood::default(),
    };
    [sketch(0, 0, pair.apart.map(|_| 0.0)), sketch(1, pair.hours, pair.apart)]
}

/// Measures all pairs.
pub fn evaluate(pairs: &[Pair], seed: u64) -> Measured {
    let mut measured = Measured::default();
    for pair in pairs {
        let [a, b] = sketches(pair, seed);
        let shown = score(&a, &b) >= LIKELY;
        measured.pairs += 1;
        measured.traps += u32::from(!pair.same);
        measured.found += u32::from(pair.same && shown);
        measured.missed += u32::from(pair.same && !shown);
        measured.trapped += u32::from(!pair.same && shown);
    }
    measured
}
