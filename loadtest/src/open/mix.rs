//! Whose requests they are.

use rand::Rng;
use std::{fmt, str::FromStr};

/// What a request is. Each kind has one sender, so that a kind's latencies are of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A citizen files on the web, without a token.
    Citizen,
    /// The hotline files what a caller said.
    Hotline,
    /// A grid worker files from the village.
    Grid,
    /// A sensor reports a lamp that is out.
    Device,
    /// A wristband's alarm, which starts an emergency.
    Emergency,
    /// A row of another system's bulk upload.
    Bulk,
    /// A citizen looks where the report is.
    Track,
    /// A dispatcher's list of open orders.
    List,
    /// The next step in the life of an order that was filed in this run: accept, resolve, rate.
    Step,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Citizen,
        Self::Hotline,
        Self::Grid,
        Self::Device,
        Self::Emergency,
        Self::Bulk,
        Self::Track,
        Self::List,
        Self::Step,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Citizen => "citizen",
            Self::Hotline => "hotline",
            Self::Grid => "grid",
            Self::Device => "device",
            Self::Emergency => "emergency",
            Self::Bulk => "bulk",
            Self::Track => "track",
            Self::List => "list",
            Self::Step => "step",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = || Self::ALL.map(Self::as_str).join(", ");
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is no kind of request; the kinds are {}", all()))
    }
}

/// Shares of the kinds; what they sum to does not matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix(Vec<(Kind, f64)>);

/// A working day as we imagine it: no source tells how often a citizen looks. Two thirds write; an order's three steps have to
/// find orders, so there are fewer of them than three for each that citizens file. Bulk rows come by their own instant.
const WORKING_DAY: [(Kind, f64); 8] = [
    (Kind::Citizen, 25.0),
    (Kind::Hotline, 20.0),
    (Kind::Grid, 10.0),
    (Kind::Device, 4.0),
    (Kind::Emergency, 1.0),
    (Kind::Track, 15.0),
    (Kind::List, 10.0),
    (Kind::Step, 15.0),
];

impl Default for Mix {
    fn default() -> Self {
        Self(WORKING_DAY.to_vec())
    }
}

impl Mix {
    /// A kind by the shares.
    pub fn draw(&self, rng: &mut impl Rng) -> Kind {
        let total: f64 = self.0.iter().map(|(_, share)| share).sum();
        let mut at = rng.random_range(0.0..total);
        for (kind, share) in &self.0 {
            at -= share;
            if at < 0.0 {
                return *kind;
            }
        }
        // Rounding may leave a grain over.
        self.0[self.0.len() - 1].0
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares: Vec<String> = self.0.iter().map(|(kind, share)| format!("{kind}={share}")).collect();
        f.write_str(&shares.join(","))
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut mix: Vec<(Kind, f64)> = Vec::new();
        for part in text.split(',') {
            let (kind, share) = part.split_once('=').ok_or("a mix is KIND=SHARE,KIND=SHARE")?;
            let kind: Kind = kind.trim().parse()?;
            let share = share.trim().parse().ok().filter(|share: &f64| share.is_finite() && *share > 0.0);
            let share = share.ok_or_else(|| format!("the share of {kind} is no number above 0"))?;
            if mix.iter().any(|(known, _)| *known == kind) {
                return Err(format!("{kind} stands there twice"));
            }
            mix.push((kind, share));
        }
        Ok(Self(mix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng as _, rngs::SmallRng};

    #[test]
    fn kinds_are_drawn_by_their_shares() {
        let (mix, mut rng) = ("list=3,track=1".parse::<Mix>().unwrap(), SmallRng::seed_from_u64(1));
        let lists = (0..40_000).filter(|_| mix.draw(&mut rng) == Kind::List).count();
        assert!((29_500..30_500).contains(&lists), "{lists}");
    }

    #[test]
    fn a_mix_reads_back_and_what_is_none_is_refused_by_name() {
        assert_eq!(Mix::default().to_string().parse(), Ok(Mix::default()));
        for (text, says) in [
            ("", "KIND=SHARE"),
            ("lists=1", "the kinds are citizen"),
            ("list=0", "share of list"),
            ("list=1,list=2", "twice"),
        ] {
            let refused = text.parse::<Mix>().unwrap_err();
            assert!(refused.contains(says), "{text}: {refused}");
        }
    }
}
