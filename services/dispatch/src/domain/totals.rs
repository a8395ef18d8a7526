//! How many there are, for those who may know of none (domain.md 1: an analyst is told totals of ten or more).
//!
//! A total of fewer is not told, and neither does it follow from others: groups that are too small stand together without a name, and when
//! they are too few together, the smallest of the others joins them. So every total that is told is of [`AT_LEAST`] or more, and all of them
//! together are all there are. One table is told for a place and a month that is over, none for a part of it.

use std::collections::BTreeMap;

use civic::{DivisionCode, Place, Tier};

/// Below it a number would point at somebody.
pub const AT_LEAST: usize = 10;

/// By what orders are counted.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub enum Grouping {
    Category,
    /// One tier below the place that is asked about.
    Place,
}

/// So many orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// Category or place; empty: those that have no name of their own.
    pub key: String,
    pub orders: usize,
}

/// The place that an order is counted under, seen from a tier: empty where none below is known.
#[must_use]
pub fn place_below(tier: Tier, place: &Place) -> String {
    let below = match tier {
        Tier::City => &place.district,
        Tier::District => &place.town,
        Tier::Town => &place.village,
        Tier::Village | Tier::Grid => &place.grid,
    };
    below.as_ref().map(DivisionCode::to_string).unwrap_or_default()
}

/// What is told of these counts, by key; nothing when all together are too few.
#[must_use]
pub fn told(counts: BTreeMap<String, usize>) -> Vec<Total> {
    let (mut large, small): (Vec<_>, Vec<_>) =
        counts.into_iter().partition(|(key, orders)| !key.is_empty() && *orders >= AT_LEAST);
    let mut others: usize = small.iter().map(|(_, orders)| orders).sum();
    while (1..AT_LEAST).contains(&others) {
        let least = large.iter().enumerate().min_by_key(|(_, (_, orders))| *orders).map(|(at, _)| at);
        let Some(least) = least else { return Vec::new() };
        others += large.remove(least).1;
    }
    let others = Some((String::new(), others)).filter(|(_, orders)| *orders > 0);
    large.into_iter().chain(others).map(|(key, orders)| Total { key, orders }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Seed;

    fn table(counts: &[(&str, usize)]) -> Vec<(String, usize)> {
        let counts = counts.iter().map(|(key, orders)| ((*key).to_owned(), *orders)).collect();
        told(counts).into_iter().map(|total| (total.key, total.orders)).collect()
    }

    #[test]
    fn small_groups_stand_together_and_never_alone() {
        let plain = |rows: &[(&str, usize)]| -> Vec<(String, usize)> {
            rows.iter().map(|(key, orders)| ((*key).to_owned(), *orders)).collect()
        };
        assert_eq!(table(&[("a", 10), ("b", 40)]), plain(&[("a", 10), ("b", 40)]));
        assert_eq!(table(&[("a", 9), ("b", 40), ("c", 1)]), plain(&[("b", 40), ("", 10)]));
        assert_eq!(table(&[("a", 30), ("b", 12), ("c", 3)]), plain(&[("a", 30), ("", 15)]), "12 joins 3");
        assert_eq!(table(&[("a", 9)]), plain(&[]));
        assert_eq!(table(&[("a", 11), ("b", 2)]), plain(&[("", 13)]));
        assert_eq!(table(&[("", 25), ("a", 10)]), plain(&[("a", 10), ("", 25)]), "without a category");
        assert_eq!(table(&[]), plain(&[]));
    }

    #[test]
    fn every_total_is_of_ten_or_more_and_all_are_told_or_none() {
        let seed = Seed::from_env();
        for _ in 0..2_000 {
            let groups = seed.below(9);
            let counts: BTreeMap<String, usize> = (0..groups)
                .map(|n| (if n == 7 { String::new() } else { n.to_string() }, usize::try_from(seed.below(25)).unwrap()))
                .collect();
            let (all, told) = (counts.values().sum::<usize>(), told(counts.clone()));
            assert!(told.iter().all(|total| total.orders >= AT_LEAST), "{counts:?}: {told:?}");
            let sum: usize = told.iter().map(|total| total.orders).sum();
            assert_eq!(sum, if all < AT_LEAST { 0 } else { all }, "{counts:?}: {told:?}");
        }
    }
}
