//! Which reports may tell of the same matter (疑似重复): found by place, time, category and text, shown to a person, never
//! merged here.
//!
//! The text itself is not kept. [`Print`] holds 64 bytes that only say how much two texts share: the least keyed hash of
//! their pairs of characters and words under 64 orders (MinHash), a byte each. The hash is keyed by the cluster, so that
//! nobody can try texts against a print that was stolen. [`Shelves`] keeps prints in memory, by place, the newest first, for as
//! long as a duplicate is worth finding, and forgets a print together with the person. [`score`] says how alike two reports are;
//! [`evaluate`] measures that on pairs we wrote.
//!
//! Known inaccuracies: paraphrases without common words are not found. A number in the text (12号楼) is compared as
//! a whole, so "twelve" written as a word is not.

pub mod evaluate;
mod print;
mod shelves;

pub use print::Print;
pub use shelves::{Shelves, Shelving};

use civic::Micros;

/// Duplicates are looked for this far back. A lamp that fails again after a month is another failure.
pub const WINDOW: i64 = 30 * 24 * 3_600 * Micros::SECOND;
/// Farther apart than this, two reports with coordinates tell of two things. A street lamp is seen from 300 metres at most.
const FAR: f32 = 600.0;
/// From here on a dispatcher is shown the pair. Set on the pairs of `tests/data/pairs.tsv`.
pub const LIKELY: u8 = 50;
/// The same text of the same category at the same point at once.
const MOST: f32 = 1.35 + 0.17 + 0.15;

/// What of a report is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sketch {
    pub at: Micros,
    pub print: Print,
    /// Number of the category, 0 when none is known.
    pub category: u16,
    /// WGS 84, degrees; none when only a place is known.
    pub coordinates: Option<(f32, f32)>,
}

/// How likely two reports of one place tell of the same matter, 0..=100.
pub fn score(a: &Sketch, b: &Sketch) -> u8 {
    if (a.at.0 - b.at.0).abs() > WINDOW || a.print.contradicts(&b.print) {
        return 0;
    }
    let near = match (a.coordinates, b.coordinates) {
        (Some(a), Some(b)) => {
            let apart = metres(a, b);
            if apart > FAR {
                return 0;
            }
            0.15 * (1.0 - apart / FAR)
        }
        // The same village and nothing nearer known.
        _ => 0.05,
    };
    let kind = match (a.category, b.category) {
        (0, _) | (_, 0) => 0.08,
        (a, b) if a == b => 0.17,
        // The same module: noise of a site, noise of renovation.
        (a, b) if a / 100 == b / 100 => 0.0,
        _ => -0.25,
    };
    let text = a.print.shared(&b.print);
    // A few common characters prove nothing.
    if text < 0.05 {
        return 0;
    }
    let age = (a.at.0 - b.at.0).abs() as f32 / WINDOW as f32;
    let sum = (text * 1.35 + kind + near - 0.1 * age).max(0.0);
    // What is likely is spread over the upper half, so that the likeliest can still be told from the likely.
    let likely = f32::from(LIKELY) / 100.0;
    let spread = if sum < likely { sum } else { likely + (sum - likely) / (MOST - likely) * (1.0 - likely) };
    (spread.min(1.0) * 100.0).round() as u8
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
