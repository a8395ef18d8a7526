//! Which reports may tell of the same matter (疑似重复): found by place, time, category and text, shown to a person, never
//! merged here.
//!
//! The text itself is not kept. [`Print`] holds 64 bytes that only say how much two texts share: the least hash of their characters and
//! pairs of characters under 64 orders (MinHash), a byte each. Hashing begins at a seed of the cluster's key, so that nobody can try texts
//! against a print that was stolen. [`Shelves`] keeps prints in memory, by town, the newest first, for as long as a duplicate is worth
//! finding. [`score`] says how alike two reports are; [`evaluate`] measures that on pairs we wrote, on the half that the weights were not
//! set by.
//!
//! Why characters and no words: with jieba's dictionary 1.6 more in a hundred duplicates are found on those pairs, at the same share of
//! traps, for tens of megabytes in every process (ADR 23).
//!
//! Known inaccuracies: paraphrases without common characters are not found. A number in the text (12号楼) is compared as a whole, so
//! "twelve" written as a word is not. A place that a reform moves to another town
//! takes its prints along at the next start only.

pub mod evaluate;
mod print;
mod shelves;

pub use print::Print;
pub use shelves::{Shelves, Shelving};

use civic::{DivisionCode, Micros, Place};

/// Duplicates are looked for this far back. A lamp that fails again after a month is another failure.
pub const WINDOW: i64 = 30 * 24 * 3_600 * Micros::SECOND;
/// Farther apart than this, two reports with coordinates tell of two things. A street lamp is seen from 300 metres at most.
const FAR: f32 = 600.0;
/// From here on somebody is shown the pair.
pub const LIKELY: u8 = 50;
/// What a pair must reach to be [`LIKELY`]. This and the weights in [`score`] were set on one half of `tests/data/pairs.tsv`.
const REACHED: f32 = 0.36;
/// The same text of the same category at the same point at once.
const MOST: f32 = 1.35 + 0.17 + 0.1;

/// Where a report lies, as numbers: its shelf, and the village on it. 0 where that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Neighbourhood {
    /// Town, or district when no town is known.
    pub town: u64,
    pub village: u64,
}

impl Neighbourhood {
    pub fn of(place: &Place) -> Self {
        let number = |code: &Option<DivisionCode>| code.as_ref().map_or(0, |code| code.as_str().parse().unwrap_or(0));
        let town = number(if place.town.is_some() { &place.town } else { &place.district });
        Self { town, village: number(&place.village) }
    }
}

/// What of a report is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sketch {
    pub at: Micros,
    pub print: Print,
    /// Number of the category, 0 when none is known.
    pub category: u16,
    /// WGS 84, degrees; none when only a place is known.
    pub coordinates: Option<(f32, f32)>,
    pub place: Neighbourhood,
}

/// How likely two reports of one town tell of the same matter, 0..=100.
pub fn score(a: &Sketch, b: &Sketch) -> u8 {
    let villages = [a.place.village, b.place.village];
    let elsewhere = villages[0] != villages[1] && !villages.contains(&0);
    if elsewhere || (a.at.0 - b.at.0).abs() > WINDOW || a.print.contradicts(&b.print) {
        return 0;
    }
    let text = a.print.shared(&b.print);
    // A few common characters prove nothing.
    if text < 0.05 {
        return 0;
    }
    let near = match (a.coordinates, b.coordinates) {
        (Some(a), Some(b)) => {
            let apart = metres(a, b);
            if apart > FAR {
                return 0;
            }
            0.1 * (1.0 - apart / FAR)
        }
        // The same town or village, and nothing nearer known.
        _ => 0.0,
    };
    let age = (a.at.0 - b.at.0).abs() as f32 / WINDOW as f32;
    let sum = (text * 1.35 + kind(a.category, b.category) + near - 0.05 * age).max(0.0);
    // What is likely is spread over the upper half, so that the likeliest can still be told from the likely.
    let likely = f32::from(LIKELY) / 100.0;
    let spread = if sum < REACHED {
        sum / REACHED * likely * 0.99
    } else {
        likely + (sum - REACHED) / (MOST - REACHED) * (1.0 - likely)
    };
    (spread.min(1.0) * 100.0).floor() as u8
}

/// Whether two texts are likely one idea: nothing but the words counts.
pub fn alike(a: &Print, b: &Print) -> bool {
    /// Of the shingles of either, both have a quarter.
    const SHARED: f32 = 0.25;
    a.shared(b) >= SHARED
}

/// What the categories add: one that nobody knows says nothing against.
fn kind(a: u16, b: u16) -> f32 {
    if a == 0 || b == 0 || a == b {
        0.17
    } else if a / 100 == b / 100 {
        // The same module: noise of a site, noise of renovation.
        -0.1
    } else {
        -0.25
    }
}

/// On the flat: exact to a metre within a kilometre, and nothing farther is asked.
fn metres((south, west): (f32, f32), (north, east): (f32, f32)) -> f32 {
    const DEGREE: f32 = 111_195.0;
    let across = (east - west) * south.to_radians().cos();
    let up = north - south;
    (across * across + up * up).sqrt() * DEGREE
}

#[cfg(test)]
mod tests;
