//! How many requests a second are due, as a function of the time since the run began.

use super::week::Week;
use std::str::FromStr;

/// A run's arrivals, before chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Requests a second: the mean of the run, a storm and a bulk not counted.
    pub rate: f64,
    pub seconds: f64,
    pub base: Base,
    pub storm: Option<Storm>,
    pub bulk: Option<Bulk>,
}

/// The shape that the mean is spread by.
#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    Constant,
    /// From nothing to twice the mean, evenly.
    Ramp,
    /// A city's week: from an hour of it (0 is Monday 00:00), so many times as fast as it was.
    Week {
        week: Box<Week>,
        from: f64,
        speed: f64,
    },
}

/// A typhoon: for a while everybody calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storm {
    /// How many times the rate of the base.
    pub times: f64,
    pub at: f64,
    pub seconds: f64,
}

/// Another system hands its rows over at once: all due at one instant, with one time of occurrence in them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bulk {
    pub rows: usize,
    pub at: f64,
}

impl Curve {
    /// Requests a second at `t` seconds; a bulk is no rate.
    #[must_use]
    pub fn at(&self, t: f64) -> f64 {
        if !(0.0..self.seconds).contains(&t) {
            return 0.0;
        }
        let storm = self.storm.filter(|storm| storm.blows(t)).map_or(1.0, |storm| storm.times);
        self.base.share(t, self.seconds) * storm * self.scale()
    }

    /// No instant has more than this.
    #[must_use]
    pub fn most(&self) -> f64 {
        let storm = self.storm.map_or(1.0, |storm| storm.times.max(1.0));
        self.base.most() * storm * self.scale()
    }

    /// A week may have hours in which nothing ever came.
    fn scale(&self) -> f64 {
        let mean = self.base.mean(self.seconds);
        if mean > 0.0 { self.rate / mean } else { 0.0 }
    }
}

impl Base {
    /// Up to a factor that is the same for the whole run.
    fn share(&self, t: f64, seconds: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Ramp => 2.0 * t / seconds,
            Self::Week { week, from, speed } => week.at(from + t * speed / 3600.0),
        }
    }

    fn mean(&self, seconds: f64) -> f64 {
        match self {
            Self::Constant | Self::Ramp => 1.0,
            Self::Week { week, from, speed } => week.mean(*from, from + seconds * speed / 3600.0),
        }
    }

    fn most(&self) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Ramp => 2.0,
            Self::Week { week, .. } => week.most(),
        }
    }
}

impl Storm {
    fn blows(&self, t: f64) -> bool {
        (self.at..self.at + self.seconds).contains(&t)
    }
}

impl FromStr for Storm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Option<Vec<f64>> = text.split(':').map(positive).collect();
        let [times, at, seconds] = parts.unwrap_or_default()[..] else {
            return Err("a storm is TIMES:AT:SECONDS, such as 10:30:20".to_owned());
        };
        Ok(Self { times, at, seconds })
    }
}

impl FromStr for Bulk {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(rows, at)| Some((rows.parse().ok()?, positive(at)?)));
        let (rows, at) = parsed.ok_or("a bulk is ROWS:AT, such as 5000:30")?;
        Ok(Self { rows, at })
    }
}

fn positive(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(base: Base) -> Curve {
        Curve { rate: 50.0, seconds: 200.0, base, storm: None, bulk: None }
    }

    /// By small steps.
    fn mean(curve: &Curve) -> f64 {
        let steps: u32 = 200_000;
        let step = |n| curve.at((f64::from(n) + 0.5) * curve.seconds / f64::from(steps));
        (0..steps).map(step).sum::<f64>() / f64::from(steps)
    }

    #[test]
    fn every_base_has_the_mean_that_was_asked_for_and_never_more_than_its_most() {
        let week = Box::new(Week::of_counts(std::array::from_fn(|hour| (1 + hour * 37 % 101) as f64)).unwrap());
        let weeks = [(8.0, 3600.0), (167.5, 60.0), (0.25, 7.0)];
        let weeks = weeks.map(|(from, speed)| Base::Week { week: week.clone(), from, speed });
        for base in [Base::Constant, Base::Ramp].into_iter().chain(weeks) {
            let curve = curve(base);
            assert!((mean(&curve) - 50.0).abs() < 0.05, "{curve:?}: {}", mean(&curve));
            assert!((0..2000).all(|n| curve.at(f64::from(n) / 10.0) <= curve.most()), "{curve:?}");
        }
    }

    #[test]
    fn hours_in_which_nothing_ever_came_have_no_requests() {
        let week = Week::of_counts(std::array::from_fn(|hour| if hour == 9 { 1.0 } else { 0.0 })).unwrap();
        let night = curve(Base::Week { week: Box::new(week), from: 2.0, speed: 60.0 });
        assert_eq!((night.at(100.0), night.most()), (0.0, 0.0));
    }

    #[test]
    fn a_storm_multiplies_its_seconds_and_no_others() {
        let storm = Some("10:30:20".parse().unwrap());
        let curve = Curve { storm, ..curve(Base::Constant) };
        let rates = [29.9, 30.0, 49.9, 50.0].map(|t| curve.at(t));
        assert_eq!(rates, [50.0, 500.0, 500.0, 50.0]);
        assert_eq!(curve.most(), 500.0);
    }

    #[test]
    fn what_is_no_storm_and_no_bulk_is_told_how_one_is_written() {
        for text in ["", "10", "10:30", "10:30:x", "10:30:20:1", "-1:2:3", "inf:1:1"] {
            assert!(text.parse::<Storm>().unwrap_err().contains("TIMES:AT:SECONDS"), "{text}");
        }
        for text in ["", "5000", "1.5:3", "5:-1", "x:1"] {
            assert!(text.parse::<Bulk>().unwrap_err().contains("ROWS:AT"), "{text}");
        }
        assert_eq!("5000:30".parse(), Ok(Bulk { rows: 5000, at: 30.0 }));
    }
}
