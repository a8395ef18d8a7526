//! An evaluation upwards (上评): one rater's score of a unit above for one month. Its id is made of rater, unit and month, so that the second
//! one meets the first. Who rated stands nowhere: not in the event, where the role is all, and not in a column.
//!
//! ```text
//! state  | rate
//! (none) | Evaluated
//! rated  | refused
//! ```

use casebook::{Case, Row, Timer};
use civic::{CaseId, Micros, UnitCode};
use proto::dispatch::v1::stored;
use proto::dispatch::v1::stored::EvaluationEvent;
use proto::dispatch::v1::stored::evaluation_event::Event as Body;
use serde::{Deserialize, Serialize};

use super::authority;
use super::month::Month;
use super::refusal::Refusal;
use super::work_order::{Author, Facts};

/// Below it a number would point at somebody.
pub const RATERS_AT_LEAST: usize = 5;
/// Scores run from 1 to this.
pub const BEST: i32 = 5;

/// What a town thinks of the head of an office stationed in it.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recommendation {
    CommendHead,
    ReplaceHead,
}

impl Recommendation {
    pub const ALL: [Self; 2] = [Self::CommendHead, Self::ReplaceHead];

    /// Number of the contract's enum.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::CommendHead => 1,
            Self::ReplaceHead => 2,
        }
    }

    /// `None` for 0 (not said) and for numbers there are not.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.number() == number)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    pub unit: UnitCode,
    pub month: Month,
    pub score: i32,
    pub recommendation: Option<Recommendation>,
}

/// One rater's opinion of a unit in the month that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    pub unit: UnitCode,
    pub score: i32,
    pub recommendation: Option<Recommendation>,
}

/// What the rated may read: numbers of a whole month, of at least five raters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    pub raters: usize,
    /// How often each score from 1 to 5 was given.
    pub scores: [i32; 5],
    /// Of the heads: commend, replace. None while fewer than five recommended: with one town around a
    /// station that is always.
    pub recommended: [i32; 2],
}

impl Summary {
    /// `None` while there are too few to hide among.
    pub fn of<'a>(evaluations: impl IntoIterator<Item = &'a Evaluation>) -> Option<Self> {
        let mut summary = Self::default();
        for evaluation in evaluations {
            summary.raters += 1;
            let score = usize::try_from(evaluation.score - 1).ok();
            if let Some(count) = score.and_then(|at| summary.scores.get_mut(at)) {
                *count += 1;
            }
            match evaluation.recommendation {
                Some(Recommendation::CommendHead) => summary.recommended[0] += 1,
                Some(Recommendation::ReplaceHead) => summary.recommended[1] += 1,
                None => {}
            }
        }
        let recommended = summary.recommended.iter().sum::<i32>();
        if usize::try_from(recommended).is_ok_and(|count| count < RATERS_AT_LEAST) {
            summary.recommended = [0, 0];
        }
        (summary.raters >= RATERS_AT_LEAST).then_some(summary)
    }
}

fn rate(rate: &Rate, facts: &Facts) -> Result<Body, Refusal> {
    let Author::Person { actor, .. } = &facts.author else { return Err(Refusal::NotOpened) };
    authority::rates_above(actor, &rate.unit, &facts.view)?;
    let stationed = authority::is_stationed(&rate.unit, actor, &facts.view);
    if rate.recommendation.is_some() && !(stationed && authority::speaks_for_town(actor)) {
        return Err(Refusal::RecommendationDenied);
    }
    Ok(Body::Evaluated(stored::Evaluated {
        unit: rate.unit.to_string(),
        month: Month::of(facts.now).number(),
        score: rate.score,
        recommendation: rate.recommendation.map_or(0, Recommendation::number),
    }))
}

impl Case for Evaluation {
    const KIND: &'static str = "evaluation";
    const SCHEMA: i64 = 1;
    type Event = EvaluationEvent;
    type Command = Rate;
    type Facts = Facts;
    type Refusal = Refusal;

    fn decide(state: Option<&Self>, command: &Rate, facts: &Facts) -> Result<Vec<EvaluationEvent>, Refusal> {
        if state.is_some() {
            return Err(Refusal::EvaluatedAlready);
        }
        let body = rate(command, facts)?;
        // The role alone: a unit of few would name the rater.
        let by = facts.author.written();
        let by = by.split('@').next().unwrap_or_default().to_owned();
        Ok(vec![EvaluationEvent { at_us: facts.now.0, by, event: Some(body) }])
    }

    fn evolve(state: Option<Self>, event: &EvaluationEvent) -> Option<Self> {
        let Body::Evaluated(body) = event.event.as_ref()?;
        let known = body.recommendation == 0 || Recommendation::from_number(body.recommendation).is_some();
        (state.is_none() && known).then_some(())?;
        Some(Self {
            unit: body.unit.parse().ok()?,
            month: Month::of_number(body.month),
            score: body.score,
            recommendation: Recommendation::from_number(body.recommendation),
        })
    }

    /// The month is the state that summaries ask for. No place: an evaluation stands in nobody's list.
    fn index(&self) -> Row {
        Row { state: i64::from(self.month.number()), unit: Some(self.unit.to_string()), ..Row::default() }
    }

    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }

    fn event_type(event: &EvaluationEvent) -> &'static str {
        match &event.event {
            Some(Body::Evaluated(_)) => "evaluation.evaluated",
            None => "evaluation.unreadable",
        }
    }

    fn event_time(event: &EvaluationEvent) -> Micros {
        Micros(event.at_us)
    }

    fn event_actor(event: &EvaluationEvent) -> String {
        event.by.clone()
    }

    /// Internal: an event at its instant would tell when somebody rated.
    fn publish(_: CaseId, _: &EvaluationEvent) -> Option<(String, Vec<u8>)> {
        None
    }

    fn legal(state: Option<&Self>, event: &EvaluationEvent) -> bool {
        state.is_none() && event.event.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_than_five_are_told_nothing_of() {
        let of = |score, recommendation| Evaluation {
            unit: "500151001-pingan".parse().unwrap(),
            month: Month::of_number(202_611),
            score,
            recommendation,
        };
        let few: Vec<_> = (1..5).map(|score| of(score, None)).collect();
        assert_eq!(Summary::of(&few), None);
        let enough: Vec<_> = (1..=5).map(|score| of(score, Some(Recommendation::CommendHead))).collect();
        let all = Summary { raters: 5, scores: [1; 5], recommended: [5, 0] };
        assert_eq!(Summary::of(&enough), Some(all.clone()));
        let one_says: Vec<_> = few.into_iter().chain([of(5, Some(Recommendation::ReplaceHead))]).collect();
        assert_eq!(Summary::of(&one_says), Some(Summary { recommended: [0, 0], ..all }));
    }
}
