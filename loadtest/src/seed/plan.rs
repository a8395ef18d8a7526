//! What becomes of each seeded report: where it lies, what it is about, how pressing it is, how far it gets.
//!
//! A list filter needs two hundred matches among the open cases, of which there are a thousand when there are ten thousand cases.
//! So two thirds of the reports lie in one town, half of these in one of its villages; the others are spread over all towns.

use civic::{Clock as _, Micros, SystemClock};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};

/// The district, town, village and category that filters ask for.
pub const DISTRICT: &str = "500151";
pub const TOWN: &str = "500151001";
pub const VILLAGE: &str = "500151001001";
/// A lamp that is out. Its duty list names the town's section for people's livelihood, in a village the village's desk.
pub const CATEGORY: &str = "0612";
/// The unit that answers for it in the town.
pub const UNIT: &str = "500151001-minsheng";

/// How far back the first report lies.
const DAYS: f64 = 16.0;
/// Share of the cases that are still open.
const OPEN: f64 = 0.10;
/// Age in days at which a lamp is yellow, by urgency: closing limits of 7 and 15 calendar days, yellow at 70 %. Half of the open ones
/// of these levels lie in there.
const YELLOW: [(f64, f64); 2] = [(5.1, 6.8), (10.7, 14.7)];

/// Where a report lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Town,
    Village,
    /// One of the other towns, by its number modulo theirs.
    Elsewhere(usize),
}

/// How far its order gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nobody could tell what it is about: a person must look.
    Unplaced,
    Assigned,
    Accepted,
    InProgress,
    Resolved,
    /// Rated by a satisfied citizen.
    Closed,
}

/// The plan of one report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Life {
    pub at: Micros,
    pub place: Where,
    /// 1 to 4.
    pub urgency: i32,
    pub fate: Fate,
    /// Picks category and words where the place does not.
    pub pick: usize,
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    seed: u64,
    pub cases: usize,
    end: Micros,
}

impl Plan {
    /// Ends now.
    pub fn new(seed: u64, cases: usize) -> Self {
        Self { seed, cases, end: SystemClock.now() }
    }

    pub fn beginning(&self) -> Micros {
        self.end - days(DAYS)
    }

    /// The `n`th report, of `cases`, in the order of time.
    pub fn life(&self, n: usize) -> Life {
        let mut rng = SmallRng::seed_from_u64(self.seed ^ (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let age = DAYS * (1.0 - n as f64 / self.cases as f64);
        let urgency = rng.random_range(1..=4);
        let place = match rng.random_range(0..100) {
            0..35 => Where::Town,
            35..65 => Where::Village,
            _ => Where::Elsewhere(rng.random_range(0..usize::MAX)),
        };
        let fate = if rng.random_bool(open(urgency, age)) { still_open(&mut rng) } else { Fate::Closed };
        Life { at: self.end - days(age), place, urgency, fate, pick: rng.random_range(0..usize::MAX) }
    }
}

fn days(count: f64) -> i64 {
    (count * Micros::DAY as f64) as i64
}

/// Chance to be open still, such that it is [`OPEN`] over all ages.
fn open(urgency: i32, age: f64) -> f64 {
    let Some((from, to)) = usize::try_from(urgency - 3).ok().and_then(|at| YELLOW.get(at)) else { return OPEN };
    let share = (to - from) / DAYS;
    if (*from..*to).contains(&age) { OPEN / 2.0 / share } else { OPEN / 2.0 / (1.0 - share) }
}

fn still_open(rng: &mut SmallRng) -> Fate {
    match rng.random_range(0..100) {
        0..30 => Fate::Unplaced,
        30..65 => Fate::Assigned,
        65..80 => Fate::Accepted,
        80..90 => Fate::InProgress,
        _ => Fate::Resolved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_case_in_ten_is_open_and_every_filter_has_its_two_hundred_at_ten_thousand() {
        let plan = Plan::new(super::super::SEED, 10_000);
        let open: Vec<Life> = (0..10_000).map(|n| plan.life(n)).filter(|life| life.fate != Fate::Closed).collect();
        assert!((900..=1100).contains(&open.len()), "{} are open", open.len());
        let count = |of: &dyn Fn(&Life) -> bool| open.iter().filter(|life| of(life)).count();
        let known = |life: &Life| life.fate != Fate::Unplaced;
        let age = |life: &Life| (plan.end - life.at) as f64 / Micros::DAY as f64;
        let yellow = |l: &Life| {
            l.urgency > 2 && {
                let (a, b) = YELLOW[(l.urgency - 3) as usize];
                (a..b).contains(&age(l))
            }
        };
        let matches = [
            ("village", count(&|l| l.place == Where::Village)),
            ("unit", count(&|l| l.place == Where::Town && known(l))),
            ("flagged", count(&|l| !known(l))),
            ("assigned", count(&|l| l.fate == Fate::Assigned)),
            ("level one", count(&|l| l.urgency == 1)),
            ("level four", count(&|l| l.urgency == 4)),
            ("yellow", count(&yellow)),
            ("red", count(&|l| l.urgency < 3 && age(l) > 1.0)),
        ];
        for (filter, found) in matches {
            assert!(found >= 205, "{filter}: {found}");
        }
    }

    #[test]
    fn the_same_seed_plans_the_same_lives() {
        let (one, two) = (Plan::new(1, 100), Plan { end: Plan::new(1, 100).end, ..Plan::new(1, 100) });
        assert!((0..100).all(|n| one.life(n).fate == two.life(n).fate && one.life(n).place == two.life(n).place));
        assert!((0..100).any(|n| one.life(n).fate != Plan::new(2, 100).life(n).fate));
    }
}
