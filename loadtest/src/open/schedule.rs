//! What is due when, laid down before the run: a function of curve, mix and seed.

use super::{
    curve::Curve,
    mix::{Kind, Mix},
};
use rand::{Rng, SeedableRng as _, rngs::SmallRng};

/// A request that will be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Microseconds after the beginning.
    pub due: u64,
    pub kind: Kind,
}

/// In the order in which they are due. Callers do not know of each other: the gaps are those of a Poisson process whose rate is the
/// curve (on New York's densest evening in the 311 data their variation is 1.03 of the mean; a Poisson process has 1).
///
/// Drawn by thinning: arrivals of the highest rate there is, of which each stays with the chance that its instant's rate is of it.
#[must_use]
pub fn draw(curve: &Curve, mix: &Mix, seed: u64) -> Vec<Arrival> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let (most, mut arrivals) = (curve.most(), Vec::new());
    // Where there is no rate, the first gap has no end.
    let gap = |rng: &mut SmallRng| -(1.0 - rng.random::<f64>()).ln() / most;
    let mut t = gap(&mut rng);
    while t < curve.seconds {
        if rng.random::<f64>() * most < curve.at(t) {
            arrivals.push(Arrival { due: micros(t), kind: mix.draw(&mut rng) });
        }
        t += gap(&mut rng);
    }
    if let Some(bulk) = curve.bulk {
        let row = Arrival { due: micros(bulk.at), kind: Kind::Bulk };
        arrivals.extend(std::iter::repeat_n(row, bulk.rows));
        arrivals.sort_by_key(|arrival| arrival.due);
    }
    arrivals
}

pub(super) fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::curve::{Base, Bulk, Storm};

    fn curve(rate: f64, seconds: f64) -> Curve {
        Curve { rate, seconds, base: Base::Constant, storm: None, bulk: None }
    }

    fn between(arrivals: &[Arrival], from: f64, until: f64) -> usize {
        arrivals.iter().filter(|a| (micros(from)..micros(until)).contains(&a.due)).count()
    }

    #[test]
    fn a_schedule_has_the_mean_that_was_asked_for() {
        for base in [Base::Constant, Base::Ramp] {
            let curve = Curve { base, ..curve(200.0, 300.0) };
            let count = draw(&curve, &Mix::default(), 7).len();
            // 60,000 with a deviation of 245.
            assert!((59_000..61_000).contains(&count), "{curve:?}: {count}");
        }
    }

    #[test]
    fn gaps_vary_as_those_of_callers_who_do_not_know_of_each_other() {
        let arrivals = draw(&curve(100.0, 400.0), &Mix::default(), 3);
        let gaps: Vec<f64> = arrivals.windows(2).map(|pair| (pair[1].due - pair[0].due) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        let variation = variance.sqrt() / mean;
        assert!((0.97..1.03).contains(&variation), "{variation}");
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let draw = |seed| draw(&curve(50.0, 20.0), &Mix::default(), seed);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).is_sorted_by_key(|arrival| arrival.due));
    }

    #[test]
    fn a_ramp_begins_with_nothing_and_ends_with_twice_the_mean() {
        let ramp = draw(&Curve { base: Base::Ramp, ..curve(200.0, 100.0) }, &Mix::default(), 5);
        let (first, last) = (between(&ramp, 0.0, 10.0), between(&ramp, 90.0, 100.0));
        // A tenth of the mean's 2,000, and 1.9 times.
        assert!((145..255).contains(&first) && (3_550..4_050).contains(&last), "{first} {last}");
    }

    #[test]
    fn a_storm_stands_out_by_its_factor() {
        let storm = Some(Storm { times: 10.0, at: 30.0, seconds: 20.0 });
        let arrivals = draw(&Curve { storm, ..curve(20.0, 100.0) }, &Mix::default(), 11);
        let (before, during) = (between(&arrivals, 0.0, 30.0), between(&arrivals, 30.0, 50.0));
        assert!((500..700).contains(&before), "{before}");
        assert!((3_750..4_250).contains(&during), "{during}");
    }

    #[test]
    fn a_bulk_is_due_at_one_instant_and_changes_nothing_else() {
        let quiet = curve(20.0, 10.0);
        let bulk = Curve { bulk: Some(Bulk { rows: 5_000, at: 4.5 }), ..quiet.clone() };
        let (rows, others): (Vec<_>, Vec<_>) =
            draw(&bulk, &Mix::default(), 1).into_iter().partition(|a| a.kind == Kind::Bulk);
        assert_eq!((rows.len(), others), (5_000, draw(&quiet, &Mix::default(), 1)));
        assert!(rows.iter().all(|row| row.due == 4_500_000));
    }

    #[test]
    fn no_rate_is_no_request() {
        assert_eq!(draw(&curve(0.0, 10.0), &Mix::default(), 1), []);
    }
}
